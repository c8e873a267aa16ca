"""A datagram in, whether it is a message of OPC UA PubSub in its binary form (UADP) out.

OPC 10000-14 v1.05 section 7.2.4.4.2 (header, flags), annex A.2 (the layouts that profiles require) and 7.2.4.6
(discovery), read 2026-11-25 at reference.opcfoundation.org. The format has no magic number: a message is recognised by
flags that agree with one another and lead to data that is marked valid, and counts only once another datagram of the
same flow has that too. One that names no publisher, or neither its version nor its writers, is not told. Compiled:
called by ``plant``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRSTS, GROUP, WRITERS, DISCOVERY = (0xB1, 0xD1, 0xF1), 0x20, 0x40, 0x91
"""Version 1, a publisher, more flags; and a group's header, or a list of writers, or both; or neither: discovery."""
LONG = 3
"""Types of a publisher's identifier up to UInt64, each twice as long as the one before; strings are not told."""
SECURED, MORE, KIND = 0x10, 0x80, 0x07
IN_GROUP, VERSION, NUMBER, SEQUENCE = 1, 2, 4, 8
OLDEST, NEWEST = 473_385_600, 1_577_923_200
"""Of a version's time in seconds since 2000: the beginnings of 2015 and of 2050."""
PROBE, ANNOUNCEMENT = 0x04, 0x08
MOST_WRITERS = 32
NOTHING = -1


@helper
def behind_group(data: NDArray[np.uint8], at: int, end: int, needs_version: bool) -> int:
    """Return where a group's header ends, or NOTHING."""
    flags = u8(data, at) if at + 1 < end else 0
    if flags & IN_GROUP == 0 or flags > 0xF or (needs_version and flags & VERSION == 0):
        return NOTHING
    at += 3
    if flags & VERSION:
        if at + 4 > end or not OLDEST <= le32(data, at) < NEWEST:
            return NOTHING
        at += 4
    return at + (2 if flags & NUMBER else 0) + (2 if flags & SEQUENCE else 0)


@helper
def is_content(data: NDArray[np.uint8], at: int, end: int, count: int, is_secured: bool) -> bool:
    """Return whether data of so many writers follows, or a header of security in front of it."""
    if at >= end:
        return False
    if is_secured:
        return u8(data, at) & 0xF1 == 1 and at + 6 <= end
    if count > 1:
        size, first = 0, at + 2 * count
        if first >= end:
            return False
        for i in range(count):
            size += le16(data, at + 2 * i)
        if size != end - first:
            return False
        at = first
    return u8(data, at) & 1 == 1 and u8(data, at) >> 1 & 3 < 3


@helper
def is_uadp(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram has the header of a message, and what it promises."""
    if end - at < 12:
        return False
    first, flags = u8(data, at), u8(data, at + 1)
    kind, is_secured = flags & KIND, flags & SECURED > 0
    if kind > LONG or flags & 0x68:
        return False
    if first == DISCOVERY:
        what = u8(data, at + 2)
        at += 3 + (1 << kind)
        return flags & MORE > 0 and what in (PROBE, ANNOUNCEMENT) and at + 3 <= end and 1 <= u8(data, at) <= 6
    if first not in FIRSTS or flags & MORE or flags == 0:
        return False
    at += 2 + (1 << kind)
    count = 1
    if first & GROUP:
        at = behind_group(data, at, end, first & WRITERS == 0)
    if at == NOTHING or at >= end:
        return False
    if first & WRITERS:
        count = u8(data, at)
        at += 1 + 2 * count
    return 1 <= count <= MOST_WRITERS and is_content(data, at, end, count, is_secured)
