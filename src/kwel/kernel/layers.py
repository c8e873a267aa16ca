"""Captured frames in, decoded packets out: link, tunnels, network and transport headers, read in turn.

RFC 2003 and 4213 (IP in IP); what is above and below in ``links``, ``tunnels`` and ``network``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import MIRROR, RECORD, Tunnel
from kwel.kernel.fragments import MOST_AT_ONCE, SLOT, TAIL, Memory, note_mirror, settle, take_in
from kwel.kernel.links import (
    NEXT_DONE,
    NEXT_ETHERNET,
    NEXT_ETHERTYPE,
    NEXT_IP,
    NEXT_IPV4,
    NEXT_IPV6,
    ethernet_layer,
    ethertype_layer,
    link_layer,
)
from kwel.kernel.loads import u8
from kwel.kernel.network import IP_6IN4, IP_GRE, IP_IPIP, IP_UDP, ipv4_header, ipv6_header, transport_header
from kwel.kernel.rows import PACKET, Stop
from kwel.kernel.tunnels import gre_layer, udp_tunnel
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

MAX_DEPTH = 8

S_USED, S_LINK_TYPE, S_CUT_LINK, S_NOT_IP = (
    int(Stop.USED),
    int(Stop.LINK_TYPE),
    int(Stop.CUT_LINK),
    int(Stop.NOT_IP),
)
S_CUT_NETWORK, S_FRAGMENT, S_TOO_DEEP = int(Stop.CUT_NETWORK), int(Stop.FRAGMENT), int(Stop.TOO_DEEP)
T_IPIP = int(Tunnel.IPIP)


@helper
def walk(data: NDArray[np.uint8], at: int, end: int, link: int, packet: Any, memory: Memory) -> int:
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
        header = at
        if layer == NEXT_IPV4:
            stop, protocol, at, end = ipv4_header(data, at, end, packet)
        else:
            stop, protocol, at, end = ipv6_header(data, at, end, packet)
        if stop:
            packet.transport = protocol
            if stop != S_FRAGMENT or packet.fragment:
                return stop
            stop, whole, bound = take_in(data, header, at, end, protocol, packet, memory)
            if stop == S_USED:
                layer, at, end = NEXT_IP, whole, bound
                continue
            if packet.fragment == 0:
                return stop
        if protocol in (IP_IPIP, IP_6IN4):
            packet.tunnel = T_IPIP << 24
            layer = NEXT_IPV4 if protocol == IP_IPIP else NEXT_IPV6
            continue
        if protocol == IP_GRE:
            layer, at, kind = gre_layer(data, at, end, packet)
            if layer > 0:
                if layer == NEXT_ETHERNET:
                    note_mirror(packet, memory)
                packet.vlan = 0
                continue
            return transport_header(data, at, end, protocol, packet)
        stop = transport_header(data, at, end, protocol, packet)
        if stop == S_USED and protocol == IP_UDP:
            inner, above = udp_tunnel(data, packet)
            if inner:
                layer, at, end = inner, above, packet.end
                if layer == NEXT_ETHERNET:
                    note_mirror(packet, memory)
                packet.vlan = 0
                continue
        return stop
    return S_TOO_DEEP


@kernel(np.uint8, RECORD, int, int, int, PACKET, np.int64, SLOT, np.uint8, np.uint64, MIRROR, np.int64)
def decode(
    data: NDArray[np.uint8], records: Rows, count: int, first_frame: int, capture: int, packets: Rows,
    stops: NDArray[np.int64], slots: Rows, held: NDArray[np.uint8], covered: NDArray[np.uint64],
    mirrors: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Decode up to *count* records into *packets*, row by row, and count the stops; return how many.

    It ends early where the room behind the batch, from ``counters[TAIL]`` on, is full of datagrams out of fragments.
    """
    memory = Memory(stops, slots, held, covered, mirrors, counters)
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
        stop = walk(data, start, end, np.int64(record.link), packet, memory)
        if packet.fragment:
            stop = settle(stop, packet, memory)
        packet.stop = stop
        stops[stop] += np.int64(packet.frames)
    return count
