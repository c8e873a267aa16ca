"""Payloads in, which encrypted tunnel they begin out: WireGuard, OpenVPN, IPsec's IKE and ESP in UDP, SSTP.

WireGuard, the protocol page of wireguard.com; OpenVPN, doc/tls-crypt-v2.txt and src/openvpn/ssl_pkt.h of its sources;
RFC 2408 and 7296 (IKE), RFC 3948 (ESP in UDP); MS-SSTP section 2.2. The content decides; where it says little, as in
the middle of a session, the port must agree too. Tor looks like any TLS from outside; see ``tor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le32, u8, u16, u24, u32
from kwel.model.kinds import Application

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PORT_IKE, PORT_NAT, PORT_OPENVPN = 500, 4500, 1194
WIREGUARD_SIZES = (148, 92, 64)  # of its three handshake messages
WIREGUARD_DATA, WIREGUARD_LEAST = 4, 32
RESET_CLIENT, RESET_SERVER, RESET_CLIENT3, DATA2 = 0x38, 0x40, 0x50, 0x48
RESET_PLAIN, RESET_SEALED = 14, (42, 54, 58, 66, 70, 86, 90)
"""Bytes of OpenVPN's first message: alone, and with a digest of 20 to 64 bytes and a number against replay."""
EARLY_NEGOTIATION = 0x0F000001
IKE_HEADER, ESP_LEAST = 28, 32
IKE_VERSIONS, IKE_EXCHANGES1, IKE_EXCHANGES2 = (0x10, 0x20), (2, 4, 5, 6, 32, 33), (34, 47)
SSTP, DUPLEX = 0x53535450, 0x5F445550  # "SSTP_DUP"

A_UNKNOWN, A_OPENVPN, A_WIREGUARD = int(Application.UNKNOWN), int(Application.OPENVPN), int(Application.WIREGUARD)
A_IKE, A_SSTP = int(Application.IKE), int(Application.SSTP)


@helper
def tunnel_of_datagram(data: NDArray[np.uint8], at: int, end: int, source: int, destination: int) -> int:
    """Return the Application of a datagram that belongs to an encrypted tunnel, or UNKNOWN. Ports are two-way."""
    if end - at < RESET_PLAIN:
        return A_UNKNOWN
    if source == PORT_IKE or destination == PORT_IKE:
        return A_IKE if is_ike(data, at, end) else A_UNKNOWN
    if source == PORT_NAT or destination == PORT_NAT:
        if u32(data, at) == 0:
            return A_IKE if is_ike(data, at + 4, end) else A_UNKNOWN
        # ESP has a number of its own, then counts, and ends on a multiple of four
        return A_IKE if end - at >= ESP_LEAST and (end - at) & 3 == 0 and u32(data, at + 4) >> 24 == 0 else A_UNKNOWN
    if is_wireguard(data, at, end):
        return A_WIREGUARD
    if is_openvpn_reset(data, at, end):
        return A_OPENVPN
    is_known = source == PORT_OPENVPN or destination == PORT_OPENVPN
    if is_known and u8(data, at) & 0xF8 == DATA2 and u24(data, at + 1) < 0x1000 and u32(data, at + 4) >> 28 == 0:
        return A_OPENVPN
    return A_UNKNOWN


@helper
def is_wireguard(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a payload is a message of WireGuard: a type, three zero bytes, and the length of that type."""
    kind, size = le32(data, at), end - at
    if kind == WIREGUARD_DATA:  # then the receiver's index, a counter of 64 bits, and padded ciphertext
        return size >= WIREGUARD_LEAST and size & 15 == 0 and u32(data, at + 12) == 0 and u32(data, at + 4) != 0
    return 1 <= kind <= 3 and size == WIREGUARD_SIZES[kind - 1] and u32(data, at + 4) != 0


@helper
def is_openvpn_reset(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a payload is OpenVPN's first message of either side."""
    kind, size = u8(data, at), end - at
    if kind not in (RESET_CLIENT, RESET_SERVER, RESET_CLIENT3) or u32(data, at + 1) == 0:
        return False
    if kind == RESET_CLIENT and size == RESET_PLAIN:  # a session, nothing acknowledged, message 0
        return u8(data, at + 9) == 0 and u32(data, at + 10) == 0
    if size >= 50 and u32(data, at + 9) in (1, EARLY_NEGOTIATION):  # tls-crypt: a number against replay comes first
        return True
    if kind == RESET_CLIENT and size in RESET_SEALED:  # tls-auth: the digest comes first
        return u8(data, end - 5) == 0 and u32(data, end - 4) == 0 and u32(data, end - 13) == 1
    # a server's answer acknowledges message 0
    return kind == RESET_SERVER and size >= 26 and u8(data, at + 9) == 1 and u32(data, at + 10) == 0


@helper
def is_ike(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a payload is an IKE message: its version, an exchange of that version, and its own length."""
    if at + IKE_HEADER > end or (u32(data, at) == 0 and u32(data, at + 4) == 0):
        return False
    version, exchange, size = u8(data, at + 17), u8(data, at + 18), u32(data, at + 24)
    if size < IKE_HEADER or size < end - at - 16:
        return False
    if version == IKE_VERSIONS[0]:
        return exchange in IKE_EXCHANGES1
    return version & 0xF0 == IKE_VERSIONS[1] and IKE_EXCHANGES2[0] <= exchange <= IKE_EXCHANGES2[1]


@helper
def tunnel_of_stream(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application of the first bytes of a TCP direction, or UNKNOWN. SSTP shows only outside of TLS."""
    if end - at < 16:
        return A_UNKNOWN
    if u32(data, at) == SSTP and u32(data, at + 4) == DUPLEX:
        return A_SSTP
    if u16(data, at) == end - at - 2 and is_openvpn_reset(data, at + 2, end):
        return A_OPENVPN
    return A_UNKNOWN
