"""A TPKT in, the code of the request that it carries out: S7comm, S7comm-plus or MMS.

RFC 1006 section 6 and ITU-T X.224 section 13.7; MMS by ISO 9506-2 (2003) in its presentation data (ITU-T X.226 section
8.2) and session (X.225 section 8.3). S7comm and its successor as Wireshark's dissectors show them, for want of a public
document. Compiled: called by ``commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DATA, LAST = 0xF0, 0x80
"""A TPDU with data (ITU-T X.224 section 13.7), and the bit that says that its message ends with it."""
S7, S7_PLUS = 0x32, 0x72
JOB, USERDATA = 1, 7
PI_SERVICE = 0x28
USER = 0x70000
"""Added to group and function of S7's user data."""
PLUS_REQUEST, DIGEST_VERSION = 0x31, 3
INITIATE, CONCLUDE = 0x10000, 0x10001
"""Beside the services of MMS: an association begins, or ends."""
GIVE_TOKENS = 0x01000100


@helper
def continues(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the message in a TPKT goes on in the next one."""
    return end - at >= 7 and u8(data, at + 5) == DATA and u8(data, at + 6) & LAST == 0


@helper
def s7_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the code of an S7 job, or of user data that ask; -1 for none. *at*: of the protocol's number."""
    if end - at < 11 or u8(data, at) != S7:
        return -1
    kind = u8(data, at + 1)
    at += 10
    if kind == USERDATA:
        if end - at < 7 or u24(data, at) != 0x000112 or u8(data, at + 5) >> 4 != 4:
            return -1
        return USER | (u8(data, at + 5) & 0xF) << 8 | u8(data, at + 6)
    if kind != JOB:
        return -1
    if u8(data, at) == PI_SERVICE and end - at >= 10:  # which one: the first two letters of its name
        name = at + 10 + u16(data, at + 8)
        if name + 3 <= end:
            return PI_SERVICE << 16 | u16(data, name + 1)
    return u8(data, at)


@helper
def plus_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the function of an S7comm-plus request; -1 for none."""
    if end - at < 9 or u8(data, at) != S7_PLUS:
        return -1
    start = at + 4
    if u8(data, at + 1) == DIGEST_VERSION:
        start += 1 + u8(data, at + 4)
    if start + 5 > end or u8(data, start) != PLUS_REQUEST:
        return -1
    return u16(data, start + 3)


@helper
def inside(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the content of a BER element begins, or *end* if its length cannot be read (X.690 section 8.1)."""
    if at + 2 > end:
        return end
    first = u8(data, at + 1)
    return min(at + 2 + (first & 0x7F if first & 0x80 else 0), end)


@helper
def service_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the service of a confirmed request, at its invocation number; -1 for none."""
    at = inside(data, at, end)
    if at + 2 > end or u8(data, at) != 0x02:
        return -1
    at += 2 + u8(data, at + 1)
    if at + 2 > end:
        return -1
    if u8(data, at) & 0x3F == 0x20:  # modifiers of the request come first
        at += 2 + u8(data, at + 1)
    if at + 2 > end or u8(data, at) & 0xC0 != 0x80:
        return -1
    tag = u8(data, at) & 0x1F
    return tag if tag < 0x1F else u8(data, at + 1) & 0x7F


@helper
def mms_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the service of an MMS request, with or without the layers between; -1 for none."""
    if end - at >= 8 and u16(data, at) == GIVE_TOKENS >> 16 and u16(data, at + 2) == GIVE_TOKENS & 0xFFFF:
        at += 4
        for tag in (0x61, 0x30):
            if at >= end or u8(data, at) != tag:
                return -1
            at = inside(data, at, end)
        if at + 2 > end or u8(data, at) != 0x02:
            return -1
        at += 2 + u8(data, at + 1)  # the presentation context
        if at >= end or u8(data, at) != 0xA0:
            return -1
        at = inside(data, at, end)
    if at + 2 > end:
        return -1
    kind = u8(data, at)
    if kind == 0xA0:
        return service_code(data, at, end)
    if kind == 0xA8:
        return INITIATE
    return CONCLUDE if kind == 0x8B else -1


@helper
def iso_code(data: NDArray[np.uint8], at: int, end: int, is_s7: bool, is_plus: bool) -> int:
    """Return the code of the request in a TPKT; -1 for none."""
    if end - at < 9 or u8(data, at + 5) != DATA or u8(data, at + 4) != 2:
        return -1
    if is_s7:
        return s7_code(data, at + 7, end)
    return plus_code(data, at + 7, end) if is_plus else mms_code(data, at + 7, end)
