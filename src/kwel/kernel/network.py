"""IP and transport headers in, addresses, ports and the bounds of the payload out.

RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 9260. A header's own length field bounds what is above it, so padding never
becomes payload. Every read is preceded by a check that the bytes are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u32, u64
from kwel.kernel.rows import Stop
from kwel.model.records.columns import MAPPED

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

IP_HOPOPTS, IP_ICMP, IP_IPIP, IP_TCP, IP_UDP, IP_6IN4 = 0, 1, 4, 6, 17, 41
IP_DCCP, IP_ROUTING, IP_FRAGMENT, IP_GRE, IP_ESP, IP_AH, IP_ICMPV6, IP_DSTOPTS = 33, 43, 44, 47, 50, 51, 58, 60
IP_ETHERIP, IP_PIM, IP_L2TP, IP_SCTP, IP_MOBILITY, IP_UDP_LITE, IP_MPLS = 97, 103, 115, 132, 135, 136, 137
IP_VRRP = 112
MAX_EXTENSIONS = 8

S_USED, S_FRAGMENT = int(Stop.USED), int(Stop.FRAGMENT)
S_CUT_NETWORK, S_BAD_NETWORK, S_CUT_TRANSPORT = int(Stop.CUT_NETWORK), int(Stop.BAD_NETWORK), int(Stop.CUT_TRANSPORT)
MAPPED64 = np.uint64(MAPPED)
U32, U48 = np.uint64(32), np.uint64(48)


@helper
def ipv4_header(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int, int]:
    """Read an IPv4 header (RFC 791 section 3.1); return (stop, protocol, offset above, end above).

    The stop of a fragment, whichever it is of its datagram, is FRAGMENT; its bytes begin at the offset above.
    """
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
    packet.trace = np.uint64(u16(data, at + 4))
    stop = S_FRAGMENT if u16(data, at + 6) & 0x3FFF else S_USED
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
    packet.trace = np.uint64(0)
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
            is_part = u16(data, at + 2) & 0xFFF9
            protocol = u8(data, at)
            at += 8
            if is_part:
                stop = S_FRAGMENT
                break
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
def sum_of_first(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return 32 bits of the first bytes of what has no checksum that would tell two packets apart."""
    total = 0
    for i in range(at, min(end, at + 64)):
        total = (total * 257 + u8(data, i)) & 0xFFFFFFFF
    return total


@helper
def transport_header(data: NDArray[np.uint8], at: int, end: int, protocol: int, packet: Any) -> int:
    """Read TCP (RFC 9293 section 3.1), UDP (RFC 768), or the ports of SCTP, DCCP and UDP-Lite; return a stop."""
    packet.transport = protocol
    packet.source_port = packet.destination_port = 0
    packet.payload, packet.end = at, end
    packet.trace = (packet.trace << U48) | (np.uint64((end - at) & 0xFFFF) << U32)
    if protocol not in (IP_TCP, IP_UDP, IP_SCTP, IP_DCCP, IP_UDP_LITE):
        packet.sequence = sum_of_first(data, at, end)
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
        packet.trace |= np.uint64((u8(data, at + 13) << 16) | u16(data, at + 16))
        packet.payload = min(end, at + ((u8(data, at + 12) >> 4) << 2))
    elif protocol == IP_UDP:
        packet.payload = min(end, at + 8)
        if at + 8 <= end:
            length, checksum = u16(data, at + 4), u16(data, at + 6)
            if length >= 8:
                packet.end = min(end, at + length)
            packet.trace |= np.uint64(checksum)
            packet.sequence = 0 if checksum else sum_of_first(data, at + 8, packet.end)
    else:
        packet.payload = min(end, at + 12)
        packet.sequence = sum_of_first(data, at, end)
    return S_USED
