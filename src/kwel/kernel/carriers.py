"""What stands above a link header in, the IP packet that it leads to out: tags, LLC, PPP, Frame Relay, MPLS, MACsec.

IEEE 802.3, 802.1Q, 802.1ah (PBB), 802.1BR (E-TAG), 802.1AE (MACsec); RFC 1042 (SNAP), RFC 2684 (bridged frames over
LLC), RFC 2427 (Frame Relay), RFC 1661, 1662, 1990 (PPP), RFC 2516 (PPPoE), RFC 3032, 4385, 4448 (MPLS, pseudowires),
RFC 8300 (NSH); Cisco's VN-Tag, FabricPath and metadata headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.lan import note_bacnet, note_protocol, note_spanning_tree
from kwel.kernel.links import (
    NEXT_CLIP,
    NEXT_DONE,
    NEXT_ETHERNET,
    NEXT_ETHERTYPE,
    NEXT_FRAME_RELAY,
    NEXT_IP,
    NEXT_IPV4,
    NEXT_IPV6,
    NEXT_LLC,
    NEXT_MPLS,
    NEXT_PPP,
    NEXT_WLAN_PADDED,
)
from kwel.kernel.loads import u8, u16, u24
from kwel.kernel.rows import Stop
from kwel.kernel.wireless import wlan_layer
from kwel.model.records.columns import Tunnel

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

ETHER_IPV4, ETHER_ARP, ETHER_VLAN, ETHER_IPV6 = 0x0800, 0x0806, 0x8100, 0x86DD
ETHER_QINQ, ETHER_QINQ_OLD, ETHER_LLDP, ETHER_CISCO_METADATA = 0x88A8, 0x9100, 0x88CC, 0x8909
ETHER_MPLS, ETHER_MPLS_MULTICAST, ETHER_PPP, ETHER_PPPOE, ETHER_PBB = 0x8847, 0x8848, 0x880B, 0x8864, 0x88E7
ETHER_MACSEC, ETHER_FABRICPATH, ETHER_VNTAG, ETHER_ETAG, ETHER_NSH = 0x88E5, 0x8903, 0x8926, 0x893F, 0x894F
ETHER_HSR = 0x892F  # IEC 62439-3 section 5.6
ETHER_CDP = 0x2000  # in SNAP with Cisco's number, in Cisco HDLC and in GRE
ETHER_LENGTH_MAX = 1500  # below: an IEEE 802.3 length, and LLC follows
LLC_SNAP, LLC_IP, LLC_ISO = 0xAAAA, 0x0606, 0xFEFE  # both service access points
OUI_ETHERTYPE, OUI_TUNNEL, OUI_CISCO, OUI_BRIDGED = 0, 0x0000F8, 0x00000C, 0x0080C2
BRIDGED_FCS, BRIDGED = 1, 7
NLPID_SNAP, NLPID_IPV6, NLPID_IPV4, NLPID_PPP = 0x80, 0x8E, 0xCC, 0xCF
PPP_IPV4, PPP_IPV6, PPP_BRIDGED, PPP_MULTILINK, PPP_MPLS, PPP_MPLS_MULTICAST = 0x21, 0x57, 0x31, 0x3D, 0x281, 0x283
PPP_ENCRYPTED = (0x53, 0x55, 0xFB, 0xFD)  # ECP (RFC 1968) and CCP (RFC 1962), in which MPPE hides (RFC 3078)
HDLC_ALL_STATIONS, HDLC_CISCO = 0xFF03, (0x0F00, 0x8F00)
MACSEC_SCI, MACSEC_ENCRYPTED = 0x20, 0x0C
NSH_IPV4, NSH_IPV6, NSH_ETHERNET, NSH_MPLS = 1, 2, 3, 5
MAX_LABELS = 16

S_CUT_LINK, S_NOT_IP, S_DISCOVERY = int(Stop.CUT_LINK), int(Stop.NOT_IP), int(Stop.DISCOVERY)
S_LINK_ENCRYPTED, S_LAN = int(Stop.LINK_ENCRYPTED), int(Stop.LAN)
T_MPLS, T_PBB, T_PPPOE = int(Tunnel.MPLS), int(Tunnel.PBB), int(Tunnel.PPPOE)
T_VNTAG, T_FABRICPATH = int(Tunnel.VNTAG), int(Tunnel.FABRICPATH)


@helper
def ethernet_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int]:
    """Step over an Ethernet header; return (ethertype, offset above), ethertype -1 when cut."""
    if at + 14 > end:
        return -1, at
    packet.ethernet = at
    return u16(data, at + 12), at + 14


@helper
def ethertype_layer(data: NDArray[np.uint8], at: int, end: int, kind: int, packet: Any) -> tuple[int, int, int]:
    """Step over VLAN tags (IEEE 802.1Q); return (next layer, offset, ethertype), or (-stop, …) to end here."""
    while kind in (ETHER_VLAN, ETHER_QINQ, ETHER_QINQ_OLD):
        if at + 4 > end:
            return -S_CUT_LINK, at, kind
        tag = u16(data, at) & 0xFFF
        packet.vlan = ((packet.vlan & 0xFFFF) << 16) | tag
        kind, at = u16(data, at + 2), at + 4
    if kind == ETHER_IPV4:
        return NEXT_IPV4, at, kind
    if kind == ETHER_IPV6:
        return NEXT_IPV6, at, kind
    return rare_ethertype(data, at, end, kind, packet)


@helper
def rare_ethertype(data: NDArray[np.uint8], at: int, end: int, kind: int, packet: Any) -> tuple[int, int, int]:
    """Return as `ethertype_layer` does for what is neither a VLAN tag nor IP."""
    packet.payload, packet.end = at, end
    packet.source_port = kind
    if kind in (ETHER_ARP, ETHER_LLDP, ETHER_CDP):
        return -S_DISCOVERY, at, kind
    if kind <= ETHER_LENGTH_MAX:
        return NEXT_LLC, at, kind
    if kind in (ETHER_MPLS, ETHER_MPLS_MULTICAST):
        return NEXT_MPLS, at, kind
    if kind == ETHER_PPP:
        return NEXT_PPP, at, kind
    if at + 10 > end:
        return -S_NOT_IP, at, kind
    if kind == ETHER_PPPOE:  # version and type, code 0, session, length
        packet.tunnel = (T_PPPOE << 24) | u16(data, at + 2)
        return (NEXT_PPP if u16(data, at) == 0x1100 else NEXT_DONE), at + 6, kind
    if kind == ETHER_PBB:  # flags, I-SID, and the customer's frame
        packet.tunnel, packet.vlan = (T_PBB << 24) | u24(data, at + 1), 0
        return NEXT_ETHERNET, at + 4, kind
    if kind == ETHER_FABRICPATH:
        packet.tunnel, packet.vlan = T_FABRICPATH << 24, 0
        return NEXT_ETHERNET, at + 2, kind
    if kind == ETHER_VNTAG:
        packet.tunnel = T_VNTAG << 24
        return NEXT_ETHERTYPE, at + 6, u16(data, at + 4)
    if kind == ETHER_ETAG:
        return NEXT_ETHERTYPE, at + 8, u16(data, at + 6)
    if kind == ETHER_CISCO_METADATA:  # version, length in words, options, and the next ethertype
        at += 2 + 4 * u8(data, at + 1)
        return (NEXT_ETHERTYPE, at + 2, u16(data, at)) if at + 2 <= end else (-S_CUT_LINK, at, kind)
    if kind == ETHER_NSH:
        return nsh_layer(data, at)
    if kind == ETHER_MACSEC:
        if u8(data, at) & MACSEC_ENCRYPTED:
            return -S_LINK_ENCRYPTED, at, kind
        at += 14 if u8(data, at) & MACSEC_SCI else 6
        return (NEXT_ETHERTYPE, at + 2, u16(data, at)) if at + 2 <= end else (-S_CUT_LINK, at, kind)
    if kind == ETHER_HSR:  # path and size, sequence, and the next ethertype
        return NEXT_ETHERTYPE, at + 6, u16(data, at + 4)
    return -(S_LAN if note_protocol(data, at, end, kind, packet) else S_NOT_IP), at, kind


@helper
def nsh_layer(data: NDArray[np.uint8], at: int) -> tuple[int, int, int]:
    """Return (next layer, offset, 0) of what a Network Service Header carries."""
    inner, kind = at + ((u16(data, at) & 0x3F) << 2), u8(data, at + 3)
    if kind in (NSH_IPV4, NSH_IPV6):
        return NEXT_IP, inner, 0
    if kind == NSH_ETHERNET:
        return NEXT_ETHERNET, inner, 0
    return (NEXT_MPLS if kind == NSH_MPLS else NEXT_DONE), inner, 0


@helper
def carrier_layer(data: NDArray[np.uint8], at: int, end: int, layer: int, packet: Any) -> tuple[int, int, int]:
    """Read one layer that is neither Ethernet nor IP; return (next layer, offset, ethertype), or (-stop, …)."""
    if at + 4 > end:
        return -S_CUT_LINK, at, 0
    if layer == NEXT_LLC:
        if note_spanning_tree(data, at, end, packet):
            return -S_LAN, at, 0
        message = note_bacnet(data, at, end, packet)
        return (-S_LAN, message, 0) if message >= 0 else llc_layer(data, at, end)
    if layer == NEXT_PPP:
        return ppp_layer(data, at, end)
    if layer == NEXT_MPLS:
        return mpls_layer(data, at, end, packet)
    if layer == NEXT_FRAME_RELAY:
        return frame_relay_layer(data, at, end)
    if layer == NEXT_CLIP:
        return (NEXT_LLC if u16(data, at) == LLC_SNAP else NEXT_IP), at, 0
    return wlan_layer(data, at, end, layer == NEXT_WLAN_PADDED)


@helper
def llc_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for IEEE 802.2: SNAP, IP's own service access point, or an NLPID."""
    points, control = u16(data, at), u8(data, at + 2)
    if control & 0xEF != 3:  # unnumbered information, with or without poll
        return NEXT_DONE, at, 0
    if points == LLC_SNAP:
        return snap_layer(data, at + 3, end)
    if points == LLC_IP:
        return NEXT_IP, at + 3, 0
    return nlpid_layer(data, at + 3, end) if points == LLC_ISO else (NEXT_DONE, at, 0)


@helper
def snap_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for an organisation's number and its protocol number."""
    if at + 5 > end:
        return -S_CUT_LINK, at, 0
    organisation, kind = u24(data, at), u16(data, at + 3)
    at += 5
    if organisation in (OUI_ETHERTYPE, OUI_TUNNEL, OUI_CISCO):
        return (NEXT_ETHERTYPE if kind > ETHER_LENGTH_MAX else NEXT_DONE), at, kind
    if organisation == OUI_BRIDGED and kind in (BRIDGED, BRIDGED_FCS):  # over ATM two bytes of padding come first
        return NEXT_ETHERNET, (at if seems_ethernet(data, at, end) else at + 2), 0
    return NEXT_DONE, at, 0


@helper
def nlpid_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for a network layer protocol identifier (ISO/IEC TR 9577)."""
    if at >= end:
        return -S_CUT_LINK, at, 0
    kind = u8(data, at)
    if kind == NLPID_IPV4:
        return NEXT_IPV4, at + 1, 0
    if kind == NLPID_IPV6:
        return NEXT_IPV6, at + 1, 0
    if kind == NLPID_SNAP:
        return snap_layer(data, at + 1, end)
    return (NEXT_PPP if kind == NLPID_PPP else NEXT_DONE), at + 1, 0


@helper
def frame_relay_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for Frame Relay: an address of two to four bytes, then NLPID or an ethertype."""
    size = 2
    while size < 4 and u8(data, at + size - 1) & 1 == 0:
        size += 1
    at += size
    if at + 3 > end:
        return -S_CUT_LINK, at, 0
    if u8(data, at) != 3:
        return NEXT_ETHERTYPE, at + 2, u16(data, at)  # Cisco's own encapsulation
    return nlpid_layer(data, at + (2 if u8(data, at + 1) == 0 else 1), end)


@helper
def ppp_layer(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for PPP, with or without address and control, protocol in one byte or two."""
    if u16(data, at) == HDLC_ALL_STATIONS:
        at += 2
    elif u16(data, at) in HDLC_CISCO:
        return NEXT_ETHERTYPE, at + 4, u16(data, at + 2)
    kind, inner = u8(data, at), at + 1
    if kind & 1 == 0:
        kind, inner = u16(data, at), at + 2
    if kind == PPP_MULTILINK and inner + 6 <= end and u8(data, inner) & 0xC0 == 0xC0:  # a packet in one fragment
        kind, inner = u8(data, inner + 4), inner + 5
        if kind & 1 == 0:
            kind, inner = (kind << 8) | u8(data, inner), inner + 1
    if kind == PPP_IPV4:
        return NEXT_IPV4, inner, 0
    if kind == PPP_IPV6:
        return NEXT_IPV6, inner, 0
    if kind in (PPP_MPLS, PPP_MPLS_MULTICAST):
        return NEXT_MPLS, inner, 0
    if kind == PPP_BRIDGED:  # RFC 3518 section 4.2: flags and pads, MAC type
        return NEXT_ETHERNET, inner + 2, 0
    return (-S_LINK_ENCRYPTED if kind in PPP_ENCRYPTED else NEXT_DONE), inner, 0


@helper
def mpls_layer(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> tuple[int, int, int]:
    """Return as `carrier_layer` does for a label stack. What it carries is not said: the first bytes must tell.

    The labels of the two directions differ, so the flow's key holds only that there were labels.
    """
    for _ in range(MAX_LABELS):
        if at + 8 > end:
            return -S_CUT_LINK, at, 0
        at += 4
        if u8(data, at - 2) & 1:
            break
    packet.tunnel = T_MPLS << 24
    if seems_ip(data, at, end):
        return NEXT_IP, at, 0
    if u8(data, at) >> 4 == 0 and seems_ethernet(data, at + 4, end):  # a control word (RFC 4385) comes first
        packet.vlan = 0
        return NEXT_ETHERNET, at + 4, 0
    if seems_ethernet(data, at, end):
        packet.vlan = 0
        return NEXT_ETHERNET, at, 0
    return NEXT_DONE, at, 0


@helper
def seems_ip(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an IP header may stand at *at*: its version, and lengths that can be."""
    if at + 20 > end:
        return False
    first = u8(data, at)
    if first >> 4 == 6:
        return at + 40 <= end
    return first >> 4 == 4 and 20 <= (first & 15) << 2 <= u16(data, at + 2)


@helper
def seems_ethernet(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an Ethernet header may stand at *at*: an ethertype in use, or a length that can be."""
    if at + 18 > end:
        return False
    kind = u16(data, at + 12)
    if kind <= ETHER_LENGTH_MAX:
        return kind >= 3 and u8(data, at + 16) & 3 == 3  # LLC of unnumbered frames
    return kind in (ETHER_IPV4, ETHER_ARP, ETHER_IPV6) or 0x8035 <= kind <= 0x9300
