"""An EtherNet/IP message in, the codes of the requests that it carries out: encapsulation, CIP services, PCCC.

CIP Networks Library volume 2, chapter 2 (encapsulation) and volume 1, chapter 2-4 (requests) and appendix C (segments
of a path); a request inside "Unconnected Send" or a "Multiple Service Packet" counts beside what carries it. PCCC as
Rockwell 1770-6.5.16 (DF1 Protocol and Command Set, 1996) describes it. Compiled: called by ``commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENCAPSULATION, PCCC = 0x1000000, 0x2000000
"""Added to the code of an encapsulation command, and to the two bytes of a PCCC command and function."""
SEND_RR, SEND_UNIT = 0x6F, 0x70
UNCONNECTED, CONNECTED = 0xB2, 0xB1
REPLY = 0x80
MULTIPLE, UNCONNECTED_SEND, EXECUTE_PCCC = 0x0A, 0x52, 0x4B
ROUTER, MANAGER, PCCC_OBJECT, SYMBOL = 0x02, 0x06, 0x67, 0x6B
EXTENDED = 0x0F
"""A PCCC command that a function number belongs to."""


@helper
def object_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the class that the first segment of a path names; that of symbols for a name; 0 for none."""
    if at + 2 > end:
        return 0
    kind = u8(data, at)
    if kind == 0x20:
        return u8(data, at + 1)
    if kind == 0x21 and at + 4 <= end:
        return le16(data, at + 2)
    return SYMBOL if kind == 0x91 else 0


@helper
def pccc_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the code of a PCCC command behind the identity of whoever asks; 0 for none."""
    if at >= end:
        return 0
    at += u8(data, at)
    if at + 5 > end:
        return 0
    command = u8(data, at)
    if command & 0x40:  # a reply
        return 0
    return PCCC | command << 8 | (u8(data, at + 4) if command & 0x0F == EXTENDED or command in (6, 7) else 0)


@helper
def read_request(data: NDArray[np.uint8], at: int, end: int, codes: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Add the code of a request; return how many there are then, and where another one lies in it, or 0."""
    if at + 2 > end or u8(data, at) & REPLY or count >= len(codes):
        return count, 0
    service, path = u8(data, at), at + 2
    body, target = path + 2 * u8(data, at + 1), object_of(data, path, min(path + 2 * u8(data, at + 1), end))
    codes[count] = target << 8 | service
    count += 1
    if body >= end:
        return count, 0
    if service == EXECUTE_PCCC and target == PCCC_OBJECT and count < len(codes):
        code = pccc_code(data, body, end)
        if code:
            codes[count] = code
            count += 1
        return count, 0
    if service == UNCONNECTED_SEND and target == MANAGER:
        return count, body
    return count, body if service == MULTIPLE and target == ROUTER else 0


@helper
def read_requests(data: NDArray[np.uint8], at: int, end: int, codes: NDArray[np.int64], count: int) -> int:
    """Add the codes of a request and of those inside it; return how many there are then."""
    is_sent = at + 2 <= end and u8(data, at) == UNCONNECTED_SEND
    count, inner = read_request(data, at, end, codes, count)
    if inner and is_sent:  # two bytes of time, the size of what is sent, and that
        if inner + 4 > end:
            return count
        at, end = inner + 4, min(end, inner + 4 + le16(data, inner + 2))
        count, inner = read_request(data, at, end, codes, count)
    if inner and inner + 2 <= end:
        for i in range(min(le16(data, inner), len(codes))):
            if inner + 4 + 2 * i > end:
                break
            start = inner + le16(data, inner + 2 + 2 * i)
            count, _ = read_request(data, start, end, codes, count)
    return count


@helper
def cip_codes(data: NDArray[np.uint8], at: int, end: int, codes: NDArray[np.int64]) -> int:
    """Add the codes of an encapsulated message; return how many."""
    if end - at < 24 or u32(data, at) == 0x02000280 or le32(data, at + 8):
        return 0
    command = le16(data, at)
    if command not in (SEND_RR, SEND_UNIT):
        codes[0] = ENCAPSULATION | command
        return 1
    at += 30
    if at + 2 > end:
        return 0
    items, count = min(le16(data, at), 8), 0
    at += 2
    for _ in range(items):
        if at + 4 > end:
            break
        kind, size = le16(data, at), le16(data, at + 2)
        at += 4
        if kind == UNCONNECTED:
            count = read_requests(data, at, min(at + size, end), codes, count)
        elif kind == CONNECTED and command == SEND_UNIT:
            count = read_requests(data, at + 2, min(at + size, end), codes, count)
        at += size
    return count


@helper
def is_answer(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an encapsulated message is an answer: it carries what was asked for, or the session that began."""
    if end - at < 24:
        return False
    command = le16(data, at)
    return le16(data, at + 2) > 0 if command in (0x04, 0x63, 0x64) else command == 0x65 and le32(data, at + 4) > 0
