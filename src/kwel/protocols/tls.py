"""The bytes of a TLS stream in, where its records and their ClientHello begin out.

RFC 8446 section 5.1 (records), RFC 5246 appendix E.2 and RFC 6101 appendix E (the ClientHello of SSL 2.0). Compiled:
called by ``streams`` on the first bytes of a direction, which may stop short or be spread over several records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16
from kwel.protocols.hello import HANDSHAKE_CLIENT_HELLO, MAX_HELLO

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECORD_HANDSHAKE, RECORD_FIRST, RECORD_LAST = 22, 20, 24
RECORD_HEADER = 5
MAX_RECORD = 16384 + 2048  # RFC 5246 section 6.2.3
SSL2, SSL2_HEADER = 0x0002, 11


@helper
def looks_like_record(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a TLS record header of any type starts at *at*."""
    return (
        at + RECORD_HEADER <= end
        and RECORD_FIRST <= u8(data, at) <= RECORD_LAST
        and u8(data, at + 1) == 3
        and u8(data, at + 2) <= 4
        and u16(data, at + 3) <= MAX_RECORD
    )


@helper
def looks_like_ssl2_hello(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a whole SSL 2.0 ClientHello stands at *at*: its lengths add up."""
    if at + SSL2_HEADER > end or u8(data, at) & 0xC0 != 0x80 or u8(data, at + 2) != HANDSHAKE_CLIENT_HELLO:
        return False
    version, ciphers, session, challenge = u16(data, at + 3), u16(data, at + 5), u16(data, at + 7), u16(data, at + 9)
    return (
        (version == SSL2 or version >> 8 == 3)
        and ciphers > 0
        and ciphers % 3 == 0
        and session in (0, 16)
        and 16 <= challenge <= 32
        and (u16(data, at) & 0x7FFF) + 2 == SSL2_HEADER + ciphers + session + challenge
    )


@helper
def looks_like_hello(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes present could begin a record that carries a ClientHello. True for a lone 0x16 0x03."""
    size = end - at
    if size >= SSL2_HEADER and u8(data, at) >= 0x80:
        return looks_like_ssl2_hello(data, at, end)
    if size < 2 or u8(data, at) != RECORD_HANDSHAKE or u8(data, at + 1) != 3:
        return False
    if size > 2 and u8(data, at + 2) > 4:
        return False
    if size >= RECORD_HEADER and not 0 < u16(data, at + 3) <= MAX_RECORD:
        return False
    return size <= RECORD_HEADER or u8(data, at + RECORD_HEADER) == HANDSHAKE_CLIENT_HELLO


@helper
def join_records(data: NDArray[np.uint8], at: int, end: int, joined: NDArray[np.uint8]) -> int:
    """Copy the handshake bytes of consecutive records to *joined*; return how many."""
    size = 0
    while at + RECORD_HEADER <= end and u8(data, at) == RECORD_HANDSHAKE and size < MAX_HELLO:
        stop = min(end, at + RECORD_HEADER + u16(data, at + 3))
        at += RECORD_HEADER
        part = min(stop - at, MAX_HELLO - size)
        for i in range(part):
            joined[np.uint64(size + i)] = data[np.uint64(at + i)]
        size += part
        at = stop
    return size
