"""A message of C12.22 in, where its services begin and the codes of what they ask for out.

ANSI C12.22-2012 annex A (the association control service element that carries a message, in BER: ITU-T X.690 section
8.1) and clause 5.3 (EPSEM: flags, then services, each behind its length), as Wireshark's dissector shows them. What is
encrypted has no codes. Compiled: called by ``commands`` and ``telling``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MESSAGE, USER_INFORMATION, EXTERNAL, OCTETS = 0x60, 0xBE, 0x28, 0x81
CLASS_THERE, CLASS, CHECKED = 0x10, 4, 4
"""A flag: four bytes that name a class of device follow. What is authenticated ends in a checksum of four bytes."""
FIRST_REQUEST, FULL_WRITE, WRITE_AT, PROCEDURE = 0x20, 0x40, 0x4F, 7
"""Services from 0x20 on ask. What is written to table 7 starts a procedure: this is told by a code of its own."""
MOST_ELEMENTS = 16


@helper
def ber_size(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the length that is written at *at*, in at most three bytes, or -1."""
    if at >= end:
        return -1
    first = u8(data, at)
    if first < 0x80:
        return first
    if first == 0x81 and at + 1 < end:
        return u8(data, at + 1)
    return u16(data, at + 1) if first == 0x82 and at + 2 < end else -1


@helper
def ber_width(first: int) -> int:
    """Return how many bytes a length takes that begins with *first*."""
    return 1 if first < 0x80 else 1 + (first & 0x7F)


@helper
def flags_at(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the flags of a message's services stand, or *end* where there are none."""
    if end - at < 4 or u8(data, at) != MESSAGE:
        return end
    at += 1 + ber_width(u8(data, at + 1))
    for _ in range(MOST_ELEMENTS):
        if at + 2 > end:
            return end
        tag, size = u8(data, at), ber_size(data, at + 1, end)
        at += 1 + ber_width(u8(data, at + 1))
        if size < 0 or at >= end:
            return end
        if tag in (USER_INFORMATION, EXTERNAL):
            continue
        if tag == OCTETS:
            return at
        at += size
    return end


@helper
def c1222_codes(data: NDArray[np.uint8], at: int, end: int, codes: NDArray[np.int64]) -> int:
    """Write the codes of what a message in clear asks for; return how many."""
    at = flags_at(data, at, end)
    if at >= end:
        return 0
    flags = u8(data, at)
    security = flags >> 2 & 3
    if security > 1:
        return 0
    at += 1 + (CLASS if flags & CLASS_THERE else 0)
    end -= CHECKED if security else 0
    count = 0
    while count < len(codes):
        size = ber_size(data, at, end)
        if size < 1:
            return count
        at += ber_width(u8(data, at))
        if at >= end or u8(data, at) < FIRST_REQUEST:
            return count
        code = u8(data, at)
        if FULL_WRITE <= code <= WRITE_AT and size >= 3 and at + 3 <= end and u16(data, at + 1) == PROCEDURE:
            code = code << 16 | PROCEDURE
        codes[count] = code
        count += 1
        at += size
    return count
