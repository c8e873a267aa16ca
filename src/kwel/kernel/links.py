"""Captured frames in, the ethertype above their link headers out.

IEEE 802.3 and 802.1Q; LINKTYPE_ registry, https://www.tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.loads import u8, u16, u32
from kwel.kernel.rows import Stop
from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

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

# what `layers.walk` is to read next
NEXT_ETHERNET, NEXT_ETHERTYPE, NEXT_IP, NEXT_IPV4, NEXT_IPV6, NEXT_DONE = 1, 2, 3, 4, 5, 6
FAMILY_INET = 2
FAMILIES_INET6 = (10, 24, 28, 30)  # Linux, OpenBSD and NetBSD, FreeBSD, Darwin

S_CUT_LINK, S_NOT_IP, S_DISCOVERY = int(Stop.CUT_LINK), int(Stop.NOT_IP), int(Stop.DISCOVERY)


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
