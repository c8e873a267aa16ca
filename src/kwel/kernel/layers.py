"""Captured frames in, decoded packets out: link, tunnels, network and transport headers, read in turn.

Of nested tunnels the innermost packet is kept. ``links`` steps over link headers, ``carriers`` over what stands between
them and IP, ``tunnels`` and ``overlays`` open what IP and UDP carry, ``network`` reads IP and what is on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.carriers import ETHER_IPV4, ETHER_VLAN, carrier_layer, ethernet_layer, ethertype_layer
from kwel.kernel.fragments import MOST_AT_ONCE, SLOT, TAIL, Memory, note_mirror, settle, take_in
from kwel.kernel.links import (
    LINK_ETHERNET,
    NEXT_DONE,
    NEXT_ETHERNET,
    NEXT_ETHERTYPE,
    NEXT_IP,
    NEXT_IPV4,
    NEXT_PPP,
    link_layer,
)
from kwel.kernel.loads import u8, u16
from kwel.kernel.network import IP_AH, IP_TCP, IP_UDP, ipv4_header, ipv6_header, transport_header
from kwel.kernel.overlays import has_tunnel_port, udp_tunnel
from kwel.kernel.rows import PACKET, Stop
from kwel.kernel.tunnels import ip_tunnel, is_carrier, skip_authentication
from kwel.model.records.columns import MIRROR, RECORD

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MAX_DEPTH = 8
"""Tunnels, one in the other, that are opened. A packet in a ninth is set aside: whose it is was not read."""
MAX_STEPS = 48
"""Headers that are read of one frame, tags and tunnels alike."""

S_USED, S_LINK_TYPE, S_CUT_LINK, S_NOT_IP = (
    int(Stop.USED),
    int(Stop.LINK_TYPE),
    int(Stop.CUT_LINK),
    int(Stop.NOT_IP),
)
S_CUT_NETWORK, S_FRAGMENT, S_TOO_DEEP = int(Stop.CUT_NETWORK), int(Stop.FRAGMENT), int(Stop.TOO_DEEP)
S_BAD_NETWORK, S_CUT_TRANSPORT = int(Stop.BAD_NETWORK), int(Stop.CUT_TRANSPORT)


@helper
def link_of(data: NDArray[np.uint8], at: int, end: int, layer: int, kind: int, packet: Any) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) behind a header below IP, or (-stop, …) to end here."""
    if layer == NEXT_ETHERNET:
        kind, at = ethernet_layer(data, at, end, packet)
        if kind < 0:
            return -S_CUT_LINK, at, 0
        layer = NEXT_ETHERTYPE
    if layer == NEXT_ETHERTYPE:
        layer, at, kind = ethertype_layer(data, at, end, kind, packet)
    if layer >= NEXT_PPP and layer != NEXT_DONE:
        layer, at, kind = carrier_layer(data, at, end, layer, packet)
    return layer, at, kind


@helper
def upper_layer(
    data: NDArray[np.uint8], at: int, end: int, protocol: int, opens: bool, packet: Any
) -> tuple[int, int, int]:
    """Read what is on IP; return (next layer, its offset, its ethertype) of what it carries, or (-stop, …).

    *opens*: whether tunnels are opened; else what carries a packet is taken for a packet.
    """
    if protocol not in (IP_TCP, IP_UDP):
        while protocol == IP_AH:
            above = at
            protocol, at = skip_authentication(data, at, end, packet)
            if at == above:
                break
        if opens and is_carrier(protocol):
            through = packet.tunnel
            layer, inner, kind = ip_tunnel(data, at, end, protocol, packet)
            if layer:
                packet.end = end
                return layer, inner, kind
            packet.tunnel = through
    stop = transport_header(data, at, end, protocol, packet)
    if stop == S_USED and protocol == IP_UDP and opens and has_tunnel_port(packet):
        through = packet.tunnel
        layer, inner, kind = udp_tunnel(data, packet)
        if layer:
            return layer, inner, kind
        packet.tunnel = through
    return -stop, at, 0


@helper
def plain_frame(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> int:
    """Decode a frame like most, Ethernet with at most one VLAN tag, IPv4, TCP or UDP; return a stop, or -1 for others.

    `walk` would do the same: this is its shortest way, for speed.
    """
    if at + 38 > end:
        return -1
    kind, above, tag = u16(data, at + 12), at + 14, 0
    if kind == ETHER_VLAN:
        kind, above, tag = u16(data, at + 16), at + 18, u16(data, at + 14) & 0xFFF
    if kind != ETHER_IPV4:
        return -1
    stop, protocol, above, bound = ipv4_header(data, above, end, packet)
    if stop or (protocol != IP_TCP and protocol != IP_UDP):
        return -1
    stop = transport_header(data, above, bound, protocol, packet)
    if stop == S_USED and protocol == IP_UDP and has_tunnel_port(packet):
        return -1
    packet.ethernet, packet.vlan = at, tag
    return stop


@helper
def walk(
    data: NDArray[np.uint8], at: int, end: int, layer: int, kind: int, opens: bool, packet: Any, memory: Memory
) -> tuple[int, int, int, int, int]:
    """Decode one frame into *packet*, from a layer on.

    Returns:
        A stop; and where the last tunnel is no tunnel, because what it carries is no packet: the offset and the end of
        the packet that it is instead, its VLAN and its tunnel. The offset is -1 where that is not so.
    """
    depth = 0
    outside, bound, vlan, tunnel = -1, 0, 0, 0
    for _ in range(MAX_STEPS):
        if layer >= NEXT_ETHERNET:
            if layer != NEXT_DONE:
                layer, at, kind = link_of(data, at, end, layer, kind, packet)
            if layer <= 0 or layer == NEXT_DONE:
                stop = -layer if layer <= 0 else S_NOT_IP
                return stop, (outside if stop in (S_NOT_IP, S_CUT_LINK) else -1), bound, vlan, tunnel
            if layer >= NEXT_ETHERNET:
                continue
        if layer == NEXT_IP:
            if at >= end:
                return S_CUT_NETWORK, outside, bound, vlan, tunnel
            layer = NEXT_IPV4 + (1 if u8(data, at) >> 4 == 6 else 0)
        header, edge = at, end
        if layer == NEXT_IPV4:
            stop, protocol, at, end = ipv4_header(data, at, end, packet)
        else:
            stop, protocol, at, end = ipv6_header(data, at, end, packet)
        if stop:
            packet.transport = protocol
            if stop != S_FRAGMENT or packet.fragment:
                return stop, (outside if stop != S_FRAGMENT else -1), bound, vlan, tunnel
            stop, whole, limit = take_in(data, header, at, end, protocol, packet, memory)
            if stop == S_USED:
                layer, at, end = NEXT_IP, whole, limit
                continue
            if packet.fragment == 0:
                return stop, -1, 0, 0, 0
        here, through = packet.vlan, packet.tunnel
        layer, at, kind = upper_layer(data, at, end, protocol, opens, packet)
        if layer <= 0:
            return -layer, (outside if layer == -S_CUT_TRANSPORT else -1), bound, vlan, tunnel
        if depth >= MAX_DEPTH:
            return S_TOO_DEEP, -1, 0, 0, 0
        depth += 1
        end = packet.end
        if layer == NEXT_ETHERNET:  # any frame may be in it, IP or not
            outside = -1
            note_mirror(packet, memory)
        else:
            outside, bound, vlan, tunnel = header, edge, here, through
        packet.vlan = 0
    return S_TOO_DEEP, -1, 0, 0, 0


@helper
def walk_from(data: NDArray[np.uint8], at: int, end: int, link: int, packet: Any, memory: Memory) -> int:
    """Decode one frame of link type *link* into *packet*; return a stop."""
    layer, at, kind = link_layer(data, at, end, link)
    if layer <= 0:
        return S_CUT_LINK if layer == 0 else S_LINK_TYPE
    stop, at, end, vlan, tunnel = walk(data, at, end, layer, kind, True, packet, memory)
    if at >= 0:
        packet.vlan, packet.tunnel = vlan, tunnel
        stop, at, end, vlan, tunnel = walk(data, at, end, NEXT_IP, 0, False, packet, memory)
    return stop


@kernel(np.uint8, RECORD, int, int, int, PACKET, np.int64, SLOT, np.uint32, np.uint8, np.uint64, MIRROR, np.int64)
def decode(
    data: NDArray[np.uint8], records: Rows, count: int, first_frame: int, capture: int, packets: Rows,
    stops: NDArray[np.int64], slots: Rows, slot_heads: NDArray[np.uint32], held: NDArray[np.uint8],
    covered: NDArray[np.uint64], mirrors: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Decode up to *count* records into *packets*, row by row, and count the stops; return how many.

    It ends early where the room behind the batch, from ``counters[TAIL]`` on, is full of datagrams out of fragments.
    """
    memory = Memory(stops, slots, slot_heads, held, covered, mirrors, counters)
    tail = counters[TAIL]
    for i in range(count):
        if counters[TAIL] != tail and counters[TAIL] + MOST_AT_ONCE > len(data):
            return i
        record, packet = records[i], packets[i]
        start = np.int64(record.start)
        end = start + np.int64(record.captured)
        packet.time, packet.wire, packet.frames = record.time, record.wire, 1
        packet.cut = record.captured < record.wire
        packet.frame, packet.index, packet.capture = first_frame + i, i, capture
        packet.flow, packet.ethernet = -1, -1
        packet.vlan = packet.tunnel = packet.payload = packet.end = 0
        packet.source_port = packet.destination_port = packet.sequence = packet.acknowledgement = 0
        packet.flags = packet.transport = packet.version = packet.side = packet.fresh = packet.hops = 0
        packet.fragment = 0
        stop = plain_frame(data, start, end, packet) if record.link == LINK_ETHERNET else -1
        if stop < 0:
            stop = walk_from(data, start, end, np.int64(record.link), packet, memory)
        if packet.fragment:
            stop = settle(stop, packet, memory)
        packet.stop = stop
        stops[stop] += np.int64(packet.frames)
    return count
