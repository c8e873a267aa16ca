"""A segment in, where the message that it carries begins out: behind what some protocols put before it.

HAProxy proxy-protocol.txt sections 2.1 and 2.2 (a line, or a binary header, before anything else); MS-TDS section
2.2.3.1 (packet header: SQL Server carries the TLS handshake inside PRELOGIN packets); OpenVPN over TCP (a length, then
P_CONTROL packets with TLS inside); RFC 1928 section 4 (SOCKS 5), openssh.org/txt/socks4a.protocol (SOCKS 4a).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24, u32
from kwel.protocols.hello import HANDSHAKE_CLIENT_HELLO
from kwel.protocols.http import find_byte
from kwel.protocols.tls import RECORD_HANDSHAKE, RECORD_HEADER

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROX, Y_SPACE, LF, MAX_PROXY_LINE = 0x50524F58, 0x5920, 10, 107
CR, PROXY_SIGNATURE, PROXY_HEADER = 13, (0x0D0A0D0A, 0x000D0A51, 0x5549540A), 16
TDS_PRELOGIN, TDS_REPLY, TDS_HEADER = 0x12, 0x04, 8
CONTROL, CONTROL_MASK, CONTROL_HEADER, CONTROL_MOST = 0x20, 0xF8, 16, 120
"""OpenVPN's P_CONTROL_V1 with any key; before the TLS in it stand 16 bytes at least, with HMAC and time many more."""
SOCKS4, SOCKS5, SOCKS_CONNECT, SOCKS_DOMAIN, SOCKS_METHODS = 4, 5, 1, 3, 8


@helper
def skip_prelude(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset behind what stands before a message in its segment; *at* where nothing does."""
    if at + TDS_HEADER > end:
        return at
    first = u8(data, at)
    if u32(data, at) == PROX and u16(data, at + 4) == Y_SPACE:
        line = find_byte(data, at, min(end, at + MAX_PROXY_LINE), LF)
        return line + 1 if line < end and u8(data, line) == LF else at
    if first == CR and at + PROXY_HEADER <= end and u32(data, at) == PROXY_SIGNATURE[0]:
        behind = at + PROXY_HEADER + u16(data, at + 14)
        is_header = u32(data, at + 4) == PROXY_SIGNATURE[1] and u32(data, at + 8) == PROXY_SIGNATURE[2]
        return behind if is_header and behind <= end else at
    if first in (TDS_PRELOGIN, TDS_REPLY):
        is_record = at + TDS_HEADER + 2 <= end and u16(data, at + TDS_HEADER) == RECORD_HANDSHAKE << 8 | 3
        return at + TDS_HEADER if is_record else at
    if is_openvpn_control(data, at, end):
        return find_hello(data, at + CONTROL_HEADER, min(end, at + CONTROL_MOST), at, end)
    return at


@helper
def is_openvpn_control(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a segment is one OpenVPN control packet with its length before it."""
    return at + 3 <= end and u8(data, at + 2) & CONTROL_MASK == CONTROL and at + 2 + u16(data, at) == end


@helper
def find_hello(data: NDArray[np.uint8], start: int, stop: int, otherwise: int, end: int) -> int:
    """Return where between *start* and *stop* a record with a ClientHello begins, else *otherwise*."""
    at = find_byte(data, start, stop, RECORD_HANDSHAKE)
    while at < stop:
        message = at + RECORD_HEADER
        if (
            message + 6 <= end
            and u16(data, at) == RECORD_HANDSHAKE << 8 | 3
            and u8(data, message) == HANDSHAKE_CLIENT_HELLO
            and u24(data, message + 1) + 4 >= u16(data, at + 3)
            and u8(data, message + 4) == 3
        ):
            return at
        at = find_byte(data, at + 1, stop, RECORD_HANDSHAKE)
    return otherwise


@helper
def read_socks(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int, int]:
    """Return (start, end, port, offset behind it) of the name in a SOCKS 4a or 5 CONNECT request, or zeros.

    The user's name of SOCKS 4 is stepped over, and a greeting of SOCKS 5 that an eager client did not wait behind.
    """
    if at + 9 > end or u8(data, at) not in (SOCKS4, SOCKS5):
        return 0, 0, 0, 0
    if u8(data, at) == SOCKS4:
        if u8(data, at + 1) != SOCKS_CONNECT or u24(data, at + 4) != 0 or u8(data, at + 7) == 0:
            return 0, 0, 0, 0
        name = find_byte(data, at + 8, end, 0) + 1
        stop = find_byte(data, name, end, 0)
        return (name, stop, u16(data, at + 2), stop + 1) if stop < end else (0, 0, 0, 0)
    methods = u8(data, at + 1)
    if u8(data, at + 2) == 0 and 1 <= methods <= SOCKS_METHODS and at + 2 + methods + 7 <= end:
        behind = at + 2 + methods
        if u8(data, behind) == SOCKS5 and u8(data, behind + 1) == SOCKS_CONNECT and u8(data, behind + 2) == 0:
            at = behind
    if u8(data, at + 1) != SOCKS_CONNECT or u8(data, at + 2) != 0 or u8(data, at + 3) != SOCKS_DOMAIN:
        return 0, 0, 0, 0
    stop = at + 5 + u8(data, at + 4)
    return (at + 5, stop, u16(data, stop), stop + 2) if stop + 2 <= end else (0, 0, 0, 0)
