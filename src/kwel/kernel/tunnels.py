"""IP payloads that carry frames or packets of their own in, what they carry out.

RFC 2784, 2890, 1701 (GRE), RFC 7637 (NVGRE), RFC 2637 (PPTP), draft-foschiano-erspan, draft-wilson-wrec-wccp-v2,
RFC 2003, 4213 (IP in IP), RFC 4302 (AH), RFC 3378 (EtherIP), RFC 3931 (L2TPv3), RFC 4023 (MPLS in IP), RFC 7761 (PIM
Register). A number that each direction chooses for itself (TEID, SPI, call, session of L2TP) is not in a flow's key;
one that both share (VNI, VSID, GRE key, ERSPAN session) is. What is above UDP is in ``overlays``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.carriers import seems_ethernet, seems_ip
from kwel.kernel.links import (
    NEXT_ETHERNET,
    NEXT_ETHERTYPE,
    NEXT_IP,
    NEXT_IPV4,
    NEXT_IPV6,
    NEXT_MPLS,
    NEXT_PPP,
    NEXT_WLAN,
)
from kwel.kernel.loads import le16, u8, u16, u32
from kwel.kernel.network import IP_6IN4, IP_AH, IP_ETHERIP, IP_GRE, IP_IPIP, IP_L2TP, IP_MPLS, IP_PIM
from kwel.model.records.columns import Tunnel

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

GRE_TEB, GRE_ERSPAN, GRE_ERSPAN3, GRE_WCCP, GRE_PPP, GRE_EOIP = 0x6558, 0x88BE, 0x22EB, 0x883E, 0x880B, 0x6400
GRE_ARUBA_FIRST, GRE_ARUBA_LAST = 0x8200, 0x83FF
GRE_CHECKSUM, GRE_ROUTING, GRE_KEY, GRE_SEQUENCE, GRE_ACKNOWLEDGE, GRE_VERSION = 0x8000, 0x4000, 0x2000, 0x1000, 0x80, 7
NVGRE_FIRST = 0x1000  # VSIDs below are reserved (RFC 7637 section 3.3)
ETHERIP_VERSION, PIM_REGISTER, PIM_NULL = 0x30, 0x21, 0x40

T_GRE, T_ERSPAN, T_NVGRE, T_PPTP = int(Tunnel.GRE), int(Tunnel.ERSPAN), int(Tunnel.NVGRE), int(Tunnel.PPTP)
T_IPIP, T_AH, T_L2TP, T_MPLS = int(Tunnel.IPIP), int(Tunnel.AH), int(Tunnel.L2TP), int(Tunnel.MPLS)


@helper
def is_carrier(protocol: int) -> bool:
    """Return whether packets of an IP protocol carry packets or frames that `ip_tunnel` finds."""
    return protocol in (IP_IPIP, IP_6IN4, IP_GRE, IP_ETHERIP, IP_PIM, IP_L2TP, IP_MPLS)


@helper
def ip_tunnel(data: NDArray[np.uint8], at: int, end: int, protocol: int, packet: Any) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of what an IP packet carries; next 0 is nothing."""
    if protocol == IP_GRE:
        return gre_layer(data, at, end, packet)
    if protocol in (IP_IPIP, IP_6IN4):
        if not seems_ip(data, at, end):
            return 0, at, 0
        packet.tunnel = T_IPIP << 24
        return (NEXT_IPV4 if protocol == IP_IPIP else NEXT_IPV6), at, 0
    if at + 12 > end:
        return 0, at, 0
    if protocol == IP_ETHERIP:
        return (
            (NEXT_ETHERNET if u8(data, at) == ETHERIP_VERSION and seems_ethernet(data, at + 2, end) else 0),
            at + 2,
            0,
        )
    if protocol == IP_PIM:
        is_register = u8(data, at) == PIM_REGISTER and not u8(data, at + 4) & PIM_NULL
        return (NEXT_IP if is_register and seems_ip(data, at + 8, end) else 0), at + 8, 0
    if protocol == IP_MPLS:
        packet.tunnel = T_MPLS << 24
        return NEXT_MPLS, at, 0
    if u32(data, at) == 0:  # L2TPv3 control
        return 0, at, 0
    packet.tunnel = T_L2TP << 24
    return l2tp3_layer(data, at + 4, end)


@helper
def l2tp3_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return (next layer, its offset, 0) behind an L2TPv3 session id; next 0 is nothing.

    Whether a cookie and a sublayer header stand in front was agreed where nobody sees it, so the places are tried.
    """
    for skip in range(0, 16, 4):
        if seems_ethernet(data, at + skip, end):
            return NEXT_ETHERNET, at + skip, 0
        if seems_ip(data, at + skip, end):
            return NEXT_IP, at + skip, 0
    return 0, at, 0


@helper
def skip_authentication(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int]:
    """Step over an authentication header (RFC 4302 section 2); return (protocol, offset), IP_AH when cut."""
    if at + 8 > end or at + ((u8(data, at + 1) + 2) << 2) > end:
        return IP_AH, at
    packet.tunnel = T_AH << 24
    return u8(data, at), at + ((u8(data, at + 1) + 2) << 2)


@helper
def gre_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of a GRE payload; next 0 is cut or nothing to read."""
    if at + 8 > end:
        return 0, at, 0
    flags, kind = u16(data, at), u16(data, at + 2)
    if flags & GRE_VERSION:
        return gre1_layer(data, at, end, flags, kind, packet)
    inner = at + 4
    if flags & (GRE_CHECKSUM | GRE_ROUTING):
        inner += 4
    key = -1
    if flags & GRE_KEY:
        if inner + 4 > end:
            return 0, at, 0
        key = u32(data, inner)
        inner += 4
    if flags & GRE_SEQUENCE:
        inner += 4
    if flags & GRE_ROUTING:  # source routes, the last of which has length 0
        while inner + 4 <= end and u8(data, inner + 3):
            inner += 4 + u8(data, inner + 3)
        inner += 4
    if inner + 4 > end:
        return 0, at, 0
    return gre_payload(data, inner, end, flags, kind, key, packet)


@helper
def gre_payload(
    data: NDArray[np.uint8], at: int, end: int, flags: int, kind: int, key: int, packet: Any
) -> tuple[int, int, int]:
    """Return as `gre_layer` does for the bytes behind a header of version 0."""
    if kind in (GRE_ERSPAN, GRE_ERSPAN3):
        return erspan_layer(data, at, end, flags, kind, packet)
    if kind == GRE_TEB and key >> 8 >= NVGRE_FIRST:
        packet.tunnel = (T_NVGRE << 24) | (key >> 8)
        return NEXT_ETHERNET, at, 0
    packet.tunnel = (T_GRE << 24) | (key & 0xFFFFFF if key > 0 else 0)
    if kind == GRE_TEB:
        return NEXT_ETHERNET, at, 0
    if GRE_ARUBA_FIRST <= kind <= GRE_ARUBA_LAST:
        return NEXT_WLAN, at, 0
    if kind == GRE_WCCP:  # version 2 puts a redirect header in front
        return NEXT_IP, (at if seems_ip(data, at, end) else at + 4), 0
    if kind == GRE_PPP:
        return NEXT_PPP, at, 0
    return NEXT_ETHERTYPE, at, kind


@helper
def erspan_layer(
    data: NDArray[np.uint8], at: int, end: int, flags: int, kind: int, packet: Any
) -> tuple[int, int, int]:
    """Return as `gre_layer` does for ERSPAN: type I has no header of its own, II eight bytes, III twelve or more."""
    packet.tunnel = T_ERSPAN << 24
    if kind == GRE_ERSPAN:
        if flags & GRE_SEQUENCE and at + 8 <= end:
            packet.tunnel |= u16(data, at + 2) & 0x3FF  # session
            at += 8
        return NEXT_ETHERNET, at, 0
    if at + 12 > end:
        return 0, at, 0
    packet.tunnel |= u16(data, at + 2) & 0x3FF
    platform = u8(data, at + 11) & 1  # the O bit: a platform sub-header follows
    return NEXT_ETHERNET, at + 12 + (8 if platform else 0), 0


@helper
def gre1_layer(data: NDArray[np.uint8], at: int, end: int, flags: int, kind: int, packet: Any) -> tuple[int, int, int]:
    """Return as `gre_layer` does for version 1: PPTP's PPP, and MikroTik's EoIP, which borrows its header."""
    if kind == GRE_EOIP:
        packet.tunnel = (T_GRE << 24) | le16(data, at + 6)
        return (NEXT_ETHERNET if seems_ethernet(data, at + 8, end) else 0), at + 8, 0
    if kind != GRE_PPP or not flags & GRE_KEY or u16(data, at + 4) == 0:  # no payload: an acknowledgement
        return 0, at, 0
    packet.tunnel = T_PPTP << 24
    return NEXT_PPP, at + 8 + (4 if flags & GRE_SEQUENCE else 0) + (4 if flags & GRE_ACKNOWLEDGE else 0), 0
