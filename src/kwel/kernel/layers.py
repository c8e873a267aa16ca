"""Captured frames in, decoded packets out: link, tunnels, network and transport headers.

IEEE 802.3 and 802.1Q, LINKTYPE_ registry (tcpdump.org), RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 2784 and 2890
(GRE), draft-foschiano-erspan, RFC 7348 (VXLAN), TZSP, TS 29.281 (GTP-U), RFC 2003 and 4213. A header's own length
field bounds what is above it, so padding never becomes payload. Every read is preceded by a check that the bytes are
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import MAPPED, RECORD, Tunnel
from kwel.kernel.loads import u8, u16, u24, u32, u64
from kwel.kernel.rows import PACKET, Stop
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

# LINKTYPE_ numbers, https://www.tcpdump.org/linktypes.html
LINK_NULL, LINK_ETHERNET, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_RAW = 0, 1, 12, 14, 101
LINK_LOOP, LINK_SLL, LINK_IPV4, LINK_IPV6, LINK_SLL2 = 108, 113, 228, 229, 276
LINKS_READ = (
    LINK_NULL, LINK_ETHERNET, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_RAW,
    LINK_LOOP, LINK_SLL, LINK_IPV4, LINK_IPV6, LINK_SLL2,
)  # fmt: skip

ETHER_IPV4, ETHER_ARP, ETHER_VLAN, ETHER_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD
ETHER_QINQ, ETHER_QINQ_OLD, ETHER_LLDP, ETHER_CISCO_METADATA = 0x88A8, 0x9100, 0x88CC, 0x8909
ETHER_TEB, ETHER_ERSPAN, ETHER_ERSPAN3 = 0x6558, 0x88BE, 0x22EB
ETHER_LENGTH_MAX = 1500  # below: an IEEE 802.3 length, and LLC follows
SNAP_CDP_HI, SNAP_CDP_LO = 0xAAAA0300, 0x000C2000  # LLC/SNAP, Cisco, protocol 0x2000

IP_HOPOPTS, IP_ICMP, IP_IPIP, IP_TCP, IP_UDP, IP_6IN4 = 0, 1, 4, 6, 17, 41
IP_ROUTING, IP_FRAGMENT, IP_GRE, IP_ICMPV6, IP_DSTOPTS, IP_MOBILITY, IP_SCTP = 43, 44, 47, 58, 60, 135, 132
PORT_VXLAN, PORT_VXLAN_LINUX, PORT_TZSP, PORT_GTP_U = 4789, 8472, 37008, 2152
MAX_DEPTH = 8
MAX_EXTENSIONS = 8

# what `walk` is to read next
NEXT_ETHERNET, NEXT_ETHERTYPE, NEXT_IP, NEXT_IPV4, NEXT_IPV6, NEXT_DONE = 1, 2, 3, 4, 5, 6
FAMILY_INET = 2
FAMILIES_INET6 = (10, 24, 28, 30)  # Linux, OpenBSD and NetBSD, FreeBSD, Darwin

S_USED, S_LINK_TYPE, S_CUT_LINK, S_NOT_IP = (
    int(Stop.USED),
    int(Stop.LINK_TYPE),
    int(Stop.CUT_LINK),
    int(Stop.NOT_IP),
)
S_CUT_NETWORK, S_BAD_NETWORK, S_FRAGMENT = int(Stop.CUT_NETWORK), int(Stop.BAD_NETWORK), int(Stop.FRAGMENT)
S_CUT_TRANSPORT, S_TOO_DEEP, S_DISCOVERY = int(Stop.CUT_TRANSPORT), int(Stop.TOO_DEEP), int(Stop.DISCOVERY)
T_GRE, T_ERSPAN, T_VXLAN = int(Tunnel.GRE), int(Tunnel.ERSPAN), int(Tunnel.VXLAN)
T_TZSP, T_IPIP, T_GTP = int(Tunnel.TZSP), int(Tunnel.IPIP), int(Tunnel.GTP)
U32 = np.uint64(32)
MAPPED64 = np.uint64(MAPPED)


@helper
def link_layer(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of a frame of link type *link*; next 0 is cut, -1 not read."""
    if link == LINK_ETHERNET:
        return NEXT_ETHERNET, at, 0
    if link in (LINK_RAW, LINK_RAW_BSD, LINK_RAW_OPENBSD):
        return NEXT_IP, at, 0
    if link == LINK_SLL:
        return (NEXT_ETHERTYPE, at + 16, u16(data, at + 14)) if at + 16 <= end else (0, at, 0)
    if link == LINK_SLL2:
        return (NEXT_ETHERTYPE, at + 20, u16(data, at)) if at + 20 <= end else (0, at, 0)
    if link == LINK_IPV4:
        return NEXT_IPV4, at, 0
    if link == LINK_IPV6:
        return NEXT_IPV6, at, 0
    if link in (LINK_NULL, LINK_LOOP):
        if at + 4 > end:
            return 0, at, 0
        family = u32(data, at)  # in the byte order of the capturing machine: both are tried
        if family > 0xFFFF:
            family >>= 24
        if family == FAMILY_INET:
            return NEXT_IPV4, at + 4, 0
        if family in FAMILIES_INET6:
            return NEXT_IPV6, at + 4, 0
        return NEXT_DONE, at, 0
    return -1, at, 0


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


@helper
def ipv4_header(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int, int]:
    """Read an IPv4 header (RFC 791 section 3.1); return (stop, protocol, offset above, end above)."""
    if at + 20 > end:
        return S_CUT_NETWORK, 0, at, end
    first = u8(data, at)
    header, total = (first & 15) << 2, u16(data, at + 2)
    if first >> 4 != 4 or header < 20 or (total and total < header):
        return S_BAD_NETWORK, 0, at, end
    if at + header > end:
        return S_CUT_NETWORK, 0, at, end
    packet.version = 4
    packet.hops = u8(data, at + 8)
    packet.source_hi = np.uint64(0)
    packet.source_lo = MAPPED64 | np.uint64(u32(data, at + 12))
    packet.destination_hi = np.uint64(0)
    packet.destination_lo = MAPPED64 | np.uint64(u32(data, at + 16))
    stop = S_FRAGMENT if u16(data, at + 6) & 0x1FFF else S_USED
    # A total length of 0 is segmentation offload: the frame's end bounds the packet.
    above = end if total == 0 else min(end, at + total)
    return stop, u8(data, at + 9), at + header, above


@helper
def ipv6_header(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int, int]:
    """Read an IPv6 header and its extensions (RFC 8200 section 4); return as `ipv4_header` does."""
    if at + 40 > end:
        return S_CUT_NETWORK, 0, at, end
    if u8(data, at) >> 4 != 6:
        return S_BAD_NETWORK, 0, at, end
    packet.version = 6
    packet.hops = u8(data, at + 7)
    packet.source_hi, packet.source_lo = u64(data, at + 8), u64(data, at + 16)
    packet.destination_hi, packet.destination_lo = u64(data, at + 24), u64(data, at + 32)
    length, protocol = u16(data, at + 4), u8(data, at + 6)
    above = end if length == 0 else min(end, at + 40 + length)
    at += 40
    stop = S_USED
    for _ in range(MAX_EXTENSIONS):
        if protocol == IP_FRAGMENT:
            if at + 8 > above:
                return S_CUT_NETWORK, protocol, at, above
            if u16(data, at + 2) >> 3:
                stop = S_FRAGMENT
            protocol = u8(data, at)
            at += 8
        elif protocol in (IP_HOPOPTS, IP_ROUTING, IP_DSTOPTS, IP_MOBILITY):
            if at + 8 > above:
                return S_CUT_NETWORK, protocol, at, above
            protocol, at = u8(data, at), at + ((u8(data, at + 1) + 1) << 3)
        else:
            break
    if at > above:
        return S_CUT_NETWORK, protocol, at, above
    return stop, protocol, at, above


@helper
def transport_header(data: NDArray[np.uint8], at: int, end: int, protocol: int, packet: Any) -> int:
    """Read TCP (RFC 9293 section 3.1), UDP (RFC 768) or SCTP ports, or nothing; return a stop."""
    packet.transport = protocol
    packet.source_port = packet.destination_port = 0
    packet.payload, packet.end = at, end
    if protocol not in (IP_TCP, IP_UDP, IP_SCTP):
        return S_USED
    if at + 4 > end:
        return S_CUT_TRANSPORT
    packet.source_port, packet.destination_port = u16(data, at), u16(data, at + 2)
    if protocol == IP_TCP:
        if at + 20 > end:  # cut by the snap length: the ports still tell the flow
            packet.payload = end
            return S_USED
        packet.sequence, packet.acknowledgement = u32(data, at + 4), u32(data, at + 8)
        packet.flags = u8(data, at + 13)
        packet.payload = min(end, at + ((u8(data, at + 12) >> 4) << 2))
    elif protocol == IP_UDP:
        packet.payload = min(end, at + 8)
        if at + 8 <= end:
            length = u16(data, at + 4)
            if length >= 8:
                packet.end = min(end, at + length)
    else:
        packet.payload = min(end, at + 12)
    return S_USED


@helper
def ethernet_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int]:
    """Step over an Ethernet header; return (ethertype, offset above), ethertype -1 when cut."""
    if at + 14 > end:
        return -1, at
    packet.ethernet = at
    return u16(data, at + 12), at + 14


@helper
def ethertype_layer(data: NDArray[np.uint8], at: int, end: int, kind: int, packet: Any) -> tuple[int, int]:
    """Step over VLAN tags (IEEE 802.1Q) and decide; return (next layer, offset), or (-stop, offset) to end here."""
    while kind in (ETHER_VLAN, ETHER_QINQ, ETHER_QINQ_OLD):
        if at + 4 > end:
            return -S_CUT_LINK, at
        tag = u16(data, at) & 0xFFF
        packet.vlan = ((packet.vlan & 0xFFFF) << 16) | tag
        kind, at = u16(data, at + 2), at + 4
    if kind == ETHER_CISCO_METADATA:  # version, length in words, options, and the next ethertype
        if at + 2 > end or at + 4 + 4 * u8(data, at + 1) > end:
            return -S_CUT_LINK, at
        at += 2 + 4 * u8(data, at + 1)
        kind, at = u16(data, at), at + 2
    if kind == ETHER_IPV4:
        return NEXT_IPV4, at
    if kind == ETHER_IPV6:
        return NEXT_IPV6, at
    packet.payload, packet.end = at, end
    if kind in (ETHER_ARP, ETHER_LLDP):
        packet.source_port = kind
        return -S_DISCOVERY, at
    if kind <= ETHER_LENGTH_MAX and at + 8 <= end and u32(data, at) == SNAP_CDP_HI and u32(data, at + 4) == SNAP_CDP_LO:
        packet.source_port = 0x2000
        packet.payload = at + 8
        return -S_DISCOVERY, at
    packet.source_port = kind
    return -S_NOT_IP, at


@helper
def walk(data: NDArray[np.uint8], at: int, end: int, link: int, packet: Any) -> int:
    """Decode one frame into *packet*; return a stop. The innermost packet of nested tunnels is kept."""
    layer, at, kind = link_layer(data, at, end, link)
    if layer <= 0:
        return S_CUT_LINK if layer == 0 else S_LINK_TYPE
    for _ in range(MAX_DEPTH):
        if layer == NEXT_DONE:
            return S_NOT_IP
        if layer == NEXT_ETHERNET:
            kind, at = ethernet_layer(data, at, end, packet)
            if kind < 0:
                return S_CUT_LINK
            layer = NEXT_ETHERTYPE
        if layer == NEXT_ETHERTYPE:
            layer, at = ethertype_layer(data, at, end, kind, packet)
            if layer <= 0:
                return -layer
        if layer == NEXT_IP:
            if at >= end:
                return S_CUT_NETWORK
            layer = NEXT_IPV6 if u8(data, at) >> 4 == 6 else NEXT_IPV4
        if layer == NEXT_IPV4:
            stop, protocol, at, end = ipv4_header(data, at, end, packet)
        else:
            stop, protocol, at, end = ipv6_header(data, at, end, packet)
        if stop:
            packet.transport = protocol
            return stop
        if protocol in (IP_IPIP, IP_6IN4):
            packet.tunnel = T_IPIP << 24
            layer = NEXT_IPV4 if protocol == IP_IPIP else NEXT_IPV6
            continue
        if protocol == IP_GRE:
            layer, at, kind = gre_layer(data, at, end, packet)
            if layer > 0:
                packet.vlan = 0
                continue
            return transport_header(data, at, end, protocol, packet)
        stop = transport_header(data, at, end, protocol, packet)
        if stop == S_USED and protocol == IP_UDP:
            inner, above = udp_tunnel(data, packet)
            if inner:
                layer, at, end = inner, above, packet.end
                packet.vlan = 0
                continue
        return stop
    return S_TOO_DEEP


@kernel(np.uint8, RECORD, int, int, int, PACKET, np.int64)
def decode(
    data: NDArray[np.uint8],
    records: Rows,
    count: int,
    first_frame: int,
    capture: int,
    packets: Rows,
    stops: NDArray[np.int64],
) -> int:
    """Decode *count* records into *packets*, row by row, and count the stops."""
    for i in range(count):
        record, packet = records[i], packets[i]
        start = np.int64(record.start)
        end = start + np.int64(record.captured)
        packet.time, packet.wire = record.time, record.wire
        packet.cut = record.captured < record.wire
        packet.frame, packet.index, packet.capture = first_frame + i, i, capture
        packet.flow, packet.ethernet = -1, -1
        packet.vlan = packet.tunnel = packet.payload = packet.end = 0
        packet.source_port = packet.destination_port = packet.sequence = packet.acknowledgement = 0
        packet.flags = packet.transport = packet.version = packet.side = packet.fresh = packet.hops = 0
        stop = walk(data, start, end, np.int64(record.link), packet)
        packet.stop = stop
        stops[stop] += 1
    return count
