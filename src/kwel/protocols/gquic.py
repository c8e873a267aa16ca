"""A Google QUIC packet in, the server name of its client hello (CHLO) out.

Google's "QUIC Wire Layout Specification" and "QUIC Crypto" (2016), and for Q044 to Q049, whose headers came nearer to
the IETF's, the public descriptions in Chromium. The hello is sent in the clear, or, in Q050, like any QUIC Initial.
Compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HAS_VERSION, HAS_ID, RESET, UNUSED = 0x01, 0x08, 0x02, 0xC0
"""Bits of the public flags. A client's first packets have an id of eight bytes and a version, and are no reset."""
ID = 8
VERSION_AT = 1 + ID
Q, ZERO, NINE = 0x51, 0x30, 0x39
FIRST_CLEAR, LAST_CLEAR, LAST_PUBLIC = 24, 49, 43
"""Versions whose hello is in the clear, and the last one with public flags."""
CHLO, SNI, PAD = 0x43484C4F, 0x534E4900, 0x50414400
SEARCH = 80
"""Bytes behind the first five in which the hello begins: ids, nonce, packet number, hash, frame header."""
MAX_TAGS = 128
MAX_NAME = 255
NONE, FOUND = 0, 2


@helper
def version_number(version: int) -> int:
    """Return 43 for "Q043", 0 for anything else."""
    hundreds, tens, ones = (version >> 16) & 0xFF, (version >> 8) & 0xFF, version & 0xFF
    if version >> 24 != Q or hundreds != ZERO or not (ZERO <= tens <= NINE and ZERO <= ones <= NINE):
        return 0
    return 10 * (tens - ZERO) + ones - ZERO


@helper
def clear_version(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the number of a version with public flags, 0 if the datagram is none such."""
    flags = u8(data, at)
    if end - at < VERSION_AT + 4 or flags & (HAS_VERSION | HAS_ID | RESET | UNUSED) != HAS_VERSION | HAS_ID:
        return 0
    number = version_number(u32(data, at + VERSION_AT))
    return number if FIRST_CLEAR <= number <= LAST_PUBLIC else 0


@helper
def find_hello(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset of a client hello that begins within the next SEARCH bytes, or -1."""
    for i in range(at, min(at + SEARCH, end - 8)):
        if u8(data, i) == CHLO >> 24 and u32(data, i) == CHLO:
            return i
    return -1


@helper
def little(data: NDArray[np.uint8], at: int) -> int:
    """Return the 32 bits at *at* in little-endian order."""
    return u8(data, at) | (u8(data, at + 1) << 8) | (u8(data, at + 2) << 16) | (u8(data, at + 3) << 24)


@helper
def find_google_name(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return (outcome, start, end) of the SNI tag in the hello at *at*: a count of tags, then tag and end of value."""
    if at + 8 > end:
        return NONE, 0, 0
    tags = u8(data, at + 4) | (u8(data, at + 5) << 8)
    values, start = at + 8 + 8 * tags, 0
    if tags > MAX_TAGS or values > end:
        return NONE, 0, 0
    for i in range(tags):
        tag, stop = u32(data, at + 8 + 8 * i), little(data, at + 12 + 8 * i)
        if stop < start or values + stop > end:
            return NONE, 0, 0
        if tag == SNI:
            return (FOUND if 0 < stop - start <= MAX_NAME else NONE), values + start, values + stop
        start = stop
    return NONE, 0, 0
