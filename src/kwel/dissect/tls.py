"""The bytes of a TLS stream in, the server name that a client asks for out.

RFC 8446 section 4.1.2 (ClientHello), section 5.1 (records), RFC 6066 section 3 (server_name). Compiled: called by
``streams`` on the first bytes of a direction, which may stop short or be spread over several records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.loads import u8, u16, u24
from kwel.native import helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECORD_HANDSHAKE, RECORD_FIRST, RECORD_LAST = 22, 20, 24
HANDSHAKE_CLIENT_HELLO = 1
EXTENSION_SERVER_NAME = 0
RECORD_HEADER, HANDSHAKE_HEADER = 5, 4
MAX_RECORD = 16384 + 2048  # RFC 5246 section 6.2.3
MAX_HELLO = 16384
MAX_NAME = 255

NONE, MORE, FOUND = 0, 1, 2
"""Outcomes: no name here; more bytes needed; a name."""


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
def looks_like_hello(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes present could begin a record that carries a ClientHello. True for a lone 0x16 0x03."""
    size = end - at
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


@helper
def find_server_name(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return (outcome, start, end) of the server name in the ClientHello message that starts at *at*."""
    if at + HANDSHAKE_HEADER > end:
        return MORE, 0, 0
    whole = at + HANDSHAKE_HEADER + u24(data, at + 1)
    short = MORE if whole > end else NONE  # what running out of bytes means
    end = min(end, whole)
    at += HANDSHAKE_HEADER + 2 + 32  # legacy version, random
    if at + 1 > end:
        return short, 0, 0
    at += 1 + u8(data, at)  # session id
    if at + 2 > end:
        return short, 0, 0
    at += 2 + u16(data, at)  # cipher suites
    if at + 1 > end:
        return short, 0, 0
    at += 1 + u8(data, at)  # compression methods
    if at + 2 > end:
        return short, 0, 0
    stop = at + 2 + u16(data, at)
    at += 2
    short = MORE if stop > end and short == MORE else NONE
    stop = min(stop, end)
    while at + 4 <= stop:
        kind, size = u16(data, at), u16(data, at + 2)
        at += 4
        if kind == EXTENSION_SERVER_NAME:
            if at + 5 > stop:
                return short, 0, 0
            name, length = at + 5, u16(data, at + 3)
            if name + length > stop:
                return short, 0, 0
            if u8(data, at + 2) != 0 or not 0 < length <= MAX_NAME:
                return NONE, 0, 0
            return FOUND, name, name + length
        at += size
    return short, 0, 0
