"""Payloads that carry frames or packets of their own in, what they carry out.

RFC 2784 and 2890 (GRE), draft-foschiano-erspan, RFC 7348 (VXLAN), TZSP, TS 29.281 (GTP-U).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import Tunnel
from kwel.kernel.links import ETHER_ERSPAN, ETHER_ERSPAN3, ETHER_TEB, NEXT_ETHERNET, NEXT_ETHERTYPE, NEXT_IP
from kwel.kernel.loads import u8, u16, u24, u32
from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

PORT_VXLAN, PORT_VXLAN_LINUX, PORT_TZSP, PORT_GTP_U = 4789, 8472, 37008, 2152

T_GRE, T_ERSPAN, T_VXLAN = int(Tunnel.GRE), int(Tunnel.ERSPAN), int(Tunnel.VXLAN)
T_TZSP, T_GTP = int(Tunnel.TZSP), int(Tunnel.GTP)


@helper
def gre_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of a GRE payload (RFC 2784, RFC 2890); next 0 is cut or unread."""
    if at + 4 > end:
        return 0, at, 0
    flags, kind = u16(data, at), u16(data, at + 2)
    if flags & 0x7:  # version 1 is PPTP (RFC 2637)
        return 0, at, 0
    inner = at + 4
    if flags & 0x8000 or flags & 0x4000:
        inner += 4
    key = 0
    if flags & 0x2000:
        if inner + 4 > end:
            return 0, at, 0
        key = u32(data, inner) & 0xFFFFFF
        inner += 4
    sequenced = flags & 0x1000
    if sequenced:
        inner += 4
    if kind == ETHER_TEB:
        packet.tunnel = (T_GRE << 24) | key
        return NEXT_ETHERNET, inner, 0
    if kind == ETHER_ERSPAN:
        packet.tunnel = T_ERSPAN << 24
        if sequenced and inner + 8 <= end:  # type II has a header and type I has none
            packet.tunnel |= u16(data, inner + 2) & 0x3FF  # session
            inner += 8
        return NEXT_ETHERNET, inner, 0
    if kind == ETHER_ERSPAN3:
        if inner + 12 > end:
            return 0, at, 0
        packet.tunnel = (T_ERSPAN << 24) | (u16(data, inner + 2) & 0x3FF)
        platform = u8(data, inner + 11) & 1  # the O bit: a platform sub-header follows
        return NEXT_ETHERNET, inner + 12 + (8 if platform else 0), 0
    packet.tunnel = (T_GRE << 24) | key
    return NEXT_ETHERTYPE, inner, kind


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
    if at + 8 > end or u8(data, at) >> 4 != 3 or u8(data, at + 1) != 255:
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
    if inner >= end or u8(data, inner) >> 4 not in (4, 6):
        return 0
    packet.tunnel = (T_GTP << 24) | (u32(data, at + 4) & 0xFFFFFF)
    return inner


@helper
def udp_tunnel(data: NDArray[np.uint8], packet: Any) -> tuple[int, int]:
    """Return (next layer, its offset) of what a UDP datagram carries as a mirror or an overlay; next 0 is nothing."""
    port, at, end = packet.destination_port, packet.payload, packet.end
    if port in (PORT_VXLAN, PORT_VXLAN_LINUX):
        if at + 22 <= end and u8(data, at) & 0x08 and u8(data, at + 7) == 0:
            packet.tunnel = (T_VXLAN << 24) | u24(data, at + 4)
            return NEXT_ETHERNET, at + 8
    elif port == PORT_TZSP:
        inner = tzsp_layer(data, at, end)
        if inner:
            packet.tunnel = T_TZSP << 24
            return NEXT_ETHERNET, inner
    elif port == PORT_GTP_U:
        inner = gtp_layer(data, at, end, packet)
        if inner:
            return NEXT_IP, inner
    return 0, at
