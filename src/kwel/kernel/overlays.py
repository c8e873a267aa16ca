"""UDP datagrams that carry frames or packets of their own in, what they carry out.

RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (GENEVE), TZSP, TS 29.281 (GTP-U), RFC 4380 (Teredo), RFC 2661
(L2TPv2), RFC 6830 (LISP), RFC 5415 (CAPWAP), RFC 8086 (GRE in UDP), RFC 7510 (MPLS in UDP). A port only chooses the
reader: the bytes must be of the right shape, and what they lead to must be a packet, or the datagram stays a datagram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.carriers import ETHER_NSH, seems_ethernet, seems_ip
from kwel.kernel.links import (
    NEXT_ETHERNET,
    NEXT_ETHERTYPE,
    NEXT_IP,
    NEXT_IPV6,
    NEXT_MPLS,
    NEXT_PPP,
    NEXT_WLAN,
)
from kwel.kernel.loads import u8, u16, u24
from kwel.kernel.tunnels import gre_layer
from kwel.model.records.columns import Tunnel

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

PORT_L2TP, PORT_GTP_U, PORT_TEREDO, PORT_LISP, PORT_GRE = 1701, 2152, 3544, 4341, 4754
PORT_VXLAN, PORT_VXLAN_GPE, PORT_CAPWAP, PORT_GENEVE, PORT_MPLS = 4789, 4790, 5247, 6081, 6635
PORT_VXLAN_LINUX, PORT_TZSP = 8472, 37008
LOWEST, HIGHEST = PORT_L2TP, PORT_VXLAN_LINUX
"""Of all but TZSP's: most ports lie outside, and are told by that."""
GPE_IPV4, GPE_IPV6, GPE_ETHERNET, GPE_NSH, GPE_MPLS = 1, 2, 3, 4, 5
TEREDO_AUTHENTICATION, TEREDO_ORIGIN = 1, 0
ETHER_TEB = 0x6558
CAPWAP_NATIVE, CAPWAP_WLAN, CAPWAP_FRAGMENT, CAPWAP_KEEP_ALIVE = 0x01, 1, 0x80, 0x08
L2TP_CONTROL, L2TP_LENGTH, L2TP_SEQUENCE, L2TP_OFFSET = 0x8000, 0x4000, 0x0800, 0x0200

T_VXLAN, T_VXLAN_GPE, T_GENEVE = int(Tunnel.VXLAN), int(Tunnel.VXLAN_GPE), int(Tunnel.GENEVE)
T_TZSP, T_GTP, T_TEREDO, T_L2TP = int(Tunnel.TZSP), int(Tunnel.GTP), int(Tunnel.TEREDO), int(Tunnel.L2TP)
T_CAPWAP, T_LISP, T_MPLS = int(Tunnel.CAPWAP), int(Tunnel.LISP), int(Tunnel.MPLS)


@helper
def has_tunnel_port(packet: Any) -> bool:
    """Return whether either port of a datagram is one that `udp_tunnel` knows."""
    return is_tunnel_port(packet.destination_port) or is_tunnel_port(packet.source_port)


@helper
def is_tunnel_port(port: int) -> bool:
    """Return whether a port chooses a reader of `udp_tunnel`."""
    if port < LOWEST or port > HIGHEST:
        return port == PORT_TZSP
    return port in (
        PORT_L2TP, PORT_GTP_U, PORT_TEREDO, PORT_LISP, PORT_GRE, PORT_VXLAN, PORT_VXLAN_GPE, PORT_CAPWAP,
        PORT_GENEVE, PORT_MPLS, PORT_VXLAN_LINUX,
    )  # fmt: skip


@helper
def udp_tunnel(data: NDArray[np.uint8], packet: Any) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of what a datagram with a tunnel's port carries; 0 is nothing."""
    port, at, end = packet.destination_port, packet.payload, packet.end
    if not is_tunnel_port(port):
        port = packet.source_port
    if at + 8 > end:
        return 0, at, 0
    if port in (PORT_VXLAN, PORT_VXLAN_LINUX):
        if not u8(data, at) & 0x08 or u8(data, at + 7) or not seems_ethernet(data, at + 8, end):
            return 0, at, 0
        packet.tunnel = (T_VXLAN << 24) | u24(data, at + 4)
        return NEXT_ETHERNET, at + 8, 0
    if port == PORT_GENEVE:
        return geneve_layer(data, at, end, packet)
    if port == PORT_VXLAN_GPE:
        return gpe_layer(data, at, end, packet)
    if port == PORT_GTP_U:
        inner = gtp_layer(data, at, end, packet)
        return (NEXT_IP if inner else 0), inner, 0
    if port == PORT_L2TP:
        return l2tp_layer(data, at, end, packet)
    if port == PORT_TEREDO:
        inner = teredo_layer(data, at, end)
        if inner:
            packet.tunnel = T_TEREDO << 24
        return (NEXT_IPV6 if inner else 0), inner, 0
    if port == PORT_TZSP:
        inner = tzsp_layer(data, at, end)
        if inner:
            packet.tunnel = T_TZSP << 24
        return (NEXT_ETHERNET if inner else 0), inner, 0
    if port == PORT_CAPWAP:
        return capwap_layer(data, at, end, packet)
    if port == PORT_LISP:
        if seems_ip(data, at + 8, end):
            packet.tunnel = T_LISP << 24
            return NEXT_IP, at + 8, 0
        return 0, at, 0
    if port == PORT_GRE:
        return gre_layer(data, at, end, packet)
    packet.tunnel = T_MPLS << 24
    return NEXT_MPLS, at, 0


@helper
def geneve_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return as `udp_tunnel` does for GENEVE: version 0, options of a length that it names, any ethertype."""
    inner, kind = at + 8 + ((u8(data, at) & 0x3F) << 2), u16(data, at + 2)
    if u8(data, at) >> 6 or u8(data, at + 7) or inner >= end:
        return 0, at, 0
    if kind == ETHER_TEB and not seems_ethernet(data, inner, end):
        return 0, at, 0
    packet.tunnel = (T_GENEVE << 24) | u24(data, at + 4)
    return (NEXT_ETHERNET if kind == ETHER_TEB else NEXT_ETHERTYPE), inner, kind


@helper
def gpe_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return as `udp_tunnel` does for the generic protocol extension of VXLAN: version 0, next protocol."""
    flags, kind = u8(data, at), u8(data, at + 3)
    if flags & 0xB0 or not flags & 0x08:
        return 0, at, 0
    packet.tunnel = (T_VXLAN_GPE << 24) | u24(data, at + 4)
    if kind in (GPE_IPV4, GPE_IPV6):
        return (NEXT_IP if seems_ip(data, at + 8, end) else 0), at + 8, 0
    if kind == GPE_NSH:
        return NEXT_ETHERTYPE, at + 8, ETHER_NSH
    if kind == GPE_MPLS:
        return NEXT_MPLS, at + 8, 0
    if flags & 0x04 and kind != GPE_ETHERNET:
        return 0, at, 0
    return (NEXT_ETHERNET if seems_ethernet(data, at + 8, end) else 0), at + 8, 0


@helper
def tzsp_layer(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset of the Ethernet frame inside TZSP version 1, or 0."""
    if at + 5 > end or u8(data, at) != 1 or u16(data, at + 2) != 1:
        return 0
    at += 4
    while at < end:
        tag = u8(data, at)
        if tag == 1:  # end of tags
            return at + 1
        if tag == 0:  # padding
            at += 1
            continue
        if at + 2 > end:
            return 0
        at += 2 + u8(data, at + 1)
    return 0


@helper
def gtp_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> int:
    """Return the offset of the IP packet inside a GTP-U message (3GPP TS 29.281 section 5), or 0."""
    if u8(data, at) >> 5 != 1 or u8(data, at + 1) != 255:
        return 0
    inner = at + 8
    if u8(data, at) & 7:  # sequence number, N-PDU number, next extension type
        inner += 4
        if inner > end:
            return 0
        extension = u8(data, inner - 1)
        while extension:
            if inner + 4 > end or u8(data, inner) == 0 or inner + 4 * u8(data, inner) > end:
                return 0
            inner += 4 * u8(data, inner)
            extension = u8(data, inner - 1)
    if not seems_ip(data, inner, end):
        return 0
    packet.tunnel = T_GTP << 24
    return inner


@helper
def teredo_layer(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset of the IPv6 packet inside a Teredo datagram (RFC 4380 section 5.1.1), or 0."""
    if u16(data, at) == TEREDO_AUTHENTICATION:
        at += 13 + u8(data, at + 2) + u8(data, at + 3)
    if at + 8 <= end and u16(data, at) == TEREDO_ORIGIN:
        at += 8
    if at + 40 > end or u8(data, at) >> 4 != 6 or at + 40 + u16(data, at + 4) > end:
        return 0
    return at


@helper
def l2tp_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return as `udp_tunnel` does for an L2TP data message (RFC 2661 section 3.1)."""
    flags = u16(data, at)
    if flags & L2TP_CONTROL or flags & 0x34F0 or flags & 0x0F != 2:
        return 0, at, 0
    inner = at + 6
    if flags & L2TP_LENGTH:
        inner += 2
    if flags & L2TP_SEQUENCE:
        inner += 4
    if flags & L2TP_OFFSET:
        if inner + 2 > end:
            return 0, at, 0
        inner += 2 + u16(data, inner)
    packet.tunnel = T_L2TP << 24
    return NEXT_PPP, inner, 0


@helper
def capwap_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return as `udp_tunnel` does for CAPWAP data in clear (RFC 5415 section 4.3): 802.11 or 802.3."""
    inner, about, flags = at + (u8(data, at + 1) >> 3 << 2), u8(data, at + 2), u8(data, at + 3)
    if u8(data, at) or inner < at + 8 or flags & (CAPWAP_FRAGMENT | CAPWAP_KEEP_ALIVE):
        return 0, at, 0
    packet.tunnel = T_CAPWAP << 24
    if about & CAPWAP_NATIVE:
        return (NEXT_WLAN if about >> 1 & 0x1F == CAPWAP_WLAN else 0), inner, 0
    return (NEXT_ETHERNET if seems_ethernet(data, inner, end) else 0), inner, 0
