"""The head of an HTTP/1 request in, the host that it is meant for out.

RFC 9112 sections 3 (request line) and 3.2 (Host, absolute form), RFC 9110 section 9.3.6 (CONNECT). Compiled: called by
``streams``. Only the head is read, and of it only the target and the Host field: cookies and tokens are stepped over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u32
from kwel.protocols.hello import FOUND, MORE, NONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACE, TAB, CR, LF, COLON, SLASH, AT, BRACKET = 32, 9, 13, 10, 58, 47, 64, 91
MAX_METHOD = 16
MAX_HEAD = 8192
PORT_HTTP = 80
CONN, ECT_ = 0x434F4E4E, 0x45435420  # "CONNECT " in two halves
HTTP, HOST = 0x48545450, 0x686F7374  # "HTTP", "host"


@helper
def looks_like_request(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes begin with a method: three capitals or more, and then a space."""
    stop = min(end, at + MAX_METHOD)
    i = at
    while i < stop:
        byte = u8(data, i)
        if byte == SPACE:
            return i - at >= 3
        if not (65 <= byte <= 90 or byte == 45):
            return False
        i += 1
    return False


@helper
def find_byte(data: NDArray[np.uint8], at: int, end: int, byte: int) -> int:
    """Return the offset of the next *byte*, or *end*."""
    while at < end and data[np.uint64(at)] != byte:
        at += 1
    return at


@helper
def read_authority(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return (start, end, port) of ``[user@]host[:port]`` (RFC 3986 section 3.2); port 0 where there is none."""
    user = find_byte(data, at, end, AT)
    if user < end:
        at = user + 1
    while at < end and u8(data, at) in (SPACE, TAB):
        at += 1
    while end > at and u8(data, end - 1) in (SPACE, TAB, CR):
        end -= 1
    if at < end and u8(data, at) == BRACKET:
        stop = find_byte(data, at, end, 93)
        colon = stop + 1
        at += 1
    else:
        stop = colon = find_byte(data, at, end, COLON)
    port = 0
    if colon < end and u8(data, colon) == COLON:
        for i in range(colon + 1, end):
            digit = u8(data, i) - 48
            if not 0 <= digit <= 9 or port > 6553:
                port = 0
                break
            port = port * 10 + digit
    return at, stop, port & 0xFFFF


@helper
def read_target(data: NDArray[np.uint8], target: int, version: int) -> tuple[int, int, int]:
    """Return (start, end, port) of the host in an absolute target, which only a proxy gets; (0, 0, 0) for any other."""
    scheme = find_byte(data, target, version, COLON)
    if scheme + 3 >= version or u8(data, scheme + 1) != SLASH or u8(data, scheme + 2) != SLASH:
        return 0, 0, 0
    start, stop, port = read_authority(data, scheme + 3, find_byte(data, scheme + 3, version, SLASH))
    return start, stop, port if port else PORT_HTTP


@helper
def read_request(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, bool, int, int, int]:
    """Return (outcome, is CONNECT, start, end, port) of the host that a request is for; port 0: not by a proxy."""
    short = MORE if end - at < MAX_HEAD else NONE
    line = find_byte(data, at, end, LF)
    if line >= end:
        return short, False, 0, 0, 0
    target = find_byte(data, at, line, SPACE) + 1
    version = find_byte(data, target, line, SPACE)
    if version + 5 > line or u32(data, version + 1) != HTTP:
        return NONE, False, 0, 0, 0
    if u32(data, at) == CONN and u32(data, at + 4) == ECT_:
        start, stop, port = read_authority(data, target, version)
        return (FOUND if stop > start else NONE), True, start, stop, port
    start, stop, port = read_target(data, target, version)
    if stop > start:
        return FOUND, False, start, stop, port
    host = line + 1
    while host < end:
        stop = find_byte(data, host, end, LF)
        if stop >= end:
            return short, False, 0, 0, 0
        if stop - host <= 1:
            return NONE, False, 0, 0, 0  # an empty line: the head ends, and no Host was in it
        if stop - host > 5 and u32(data, host) | 0x20202020 == HOST and u8(data, host + 4) == COLON:
            start, stop, _ = read_authority(data, host + 5, stop)
            return (FOUND if stop > start else NONE), False, start, stop, 0
        host = stop + 1
    return short, False, 0, 0, 0
