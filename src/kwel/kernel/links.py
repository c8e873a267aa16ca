"""Captured frames in, what stands above their link headers out: a layer, its offset and its ethertype.

LINKTYPE_ registry, https://www.tcpdump.org/linktypes.html, which holds the layout of every pseudo-header read here;
Cisco HDLC, Frame Relay, ATM (RFC 2684), Token Ring (IEEE 802.5), FDDI (ISO 9314), ARCNET (RFC 1201, RFC 1051), switch
tags of Marvell and Broadcom. What is above Ethernet, LLC and PPP is in ``carriers``, 802.11 in ``wireless``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u16, u24, u32

if TYPE_CHECKING:
    from numpy.typing import NDArray

# LINKTYPE_ numbers that need more than a row in the table below
LINK_NULL, LINK_ETHERNET, LINK_TOKEN_RING, LINK_ARCNET, LINK_PPP, LINK_FDDI, LINK_PPP_HDLC = 0, 1, 6, 7, 9, 10, 50
LINK_LOOP, LINK_PFLOG, LINK_PRISM, LINK_SUNATM, LINK_RADIOTAP, LINK_ARCNET_LINUX = 108, 117, 119, 123, 127, 129
LINK_DOCSIS, LINK_AVS, LINK_PPI, LINK_NFLOG, LINK_IPOIB, LINK_PKTAP, LINK_SLL2 = 143, 163, 192, 239, 242, 258, 276
LINK_JUNIPER_ETHER, LINK_JUNIPER_PPP, LINK_JUNIPER_FRAME_RELAY, LINK_JUNIPER_C_HDLC = 178, 179, 180, 181

NEXT_IPV4, NEXT_IPV6, NEXT_IP, NEXT_ETHERNET, NEXT_ETHERTYPE, NEXT_PPP, NEXT_LLC = 1, 2, 3, 4, 5, 6, 7
NEXT_MPLS, NEXT_FRAME_RELAY, NEXT_WLAN, NEXT_WLAN_PADDED, NEXT_CLIP, NEXT_DONE = 8, 9, 10, 11, 12, 13
"""What `layers.walk` is to read next. The first three end the link; the last is nothing that leads to IP."""

PLAIN = {
    LINK_ETHERNET: (0, NEXT_ETHERNET),
    8: (16, NEXT_IP),  # SLIP
    LINK_PPP: (0, NEXT_PPP),
    11: (0, NEXT_LLC),  # DLT_ATM_RFC1483 of the BSDs
    12: (0, NEXT_IP),  # DLT_RAW
    14: (0, NEXT_IP),  # DLT_RAW of OpenBSD
    19: (0, NEXT_CLIP),  # DLT_ATM_CLIP
    LINK_PPP_HDLC: (0, NEXT_PPP),
    51: (6, NEXT_PPP),  # PPP_ETHER
    100: (0, NEXT_LLC),  # ATM_RFC1483
    101: (0, NEXT_IP),  # RAW
    104: (4, NEXT_ETHERTYPE),  # C_HDLC
    105: (0, NEXT_WLAN),  # IEEE802_11
    106: (0, NEXT_CLIP),  # ATM_CLIP
    107: (0, NEXT_FRAME_RELAY),  # FRELAY
    109: (12, NEXT_IP),  # ENC
    113: (16, NEXT_ETHERTYPE),  # LINUX_SLL
    122: (16, NEXT_LLC),  # IP_OVER_FC
    138: (18, NEXT_ETHERTYPE),  # APPLE_IP_OVER_IEEE1394
    165: (0, NEXT_LLC),  # BACNET_MS_TP: its data frames are told from LLC by how they begin
    166: (2, NEXT_PPP),  # PPP_PPPD
    204: (1, NEXT_PPP),  # PPP_WITH_DIR
    205: (5, NEXT_ETHERTYPE),  # C_HDLC_WITH_DIR
    206: (1, NEXT_FRAME_RELAY),  # FRELAY_WITH_DIR
    226: (24, NEXT_IP),  # IPNET
    228: (0, NEXT_IPV4),  # IPV4
    229: (0, NEXT_IPV6),  # IPV6
    281: (18, NEXT_ETHERTYPE),  # DSA_TAG_BRCM
    282: (4, NEXT_ETHERNET),  # DSA_TAG_BRCM_PREPEND
    284: (18, NEXT_ETHERTYPE),  # DSA_TAG_DSA
    285: (22, NEXT_ETHERTYPE),  # DSA_TAG_EDSA
}
"""LINKTYPE_: bytes to step over, and the layer behind them; an ethertype is the last two of these bytes."""
ODD = (
    LINK_NULL, LINK_TOKEN_RING, LINK_ARCNET, LINK_FDDI, LINK_LOOP, LINK_PFLOG, LINK_PRISM, LINK_SUNATM, LINK_RADIOTAP,
    LINK_ARCNET_LINUX, LINK_DOCSIS, LINK_AVS, LINK_PPI, LINK_NFLOG, LINK_IPOIB, LINK_PKTAP, LINK_SLL2,
    LINK_JUNIPER_ETHER, LINK_JUNIPER_PPP, LINK_JUNIPER_FRAME_RELAY, LINK_JUNIPER_C_HDLC,
)  # fmt: skip
LINKS_READ = (*PLAIN, *ODD)
PLAIN_SIZE = max(PLAIN) + 1
PLAIN_SKIP, PLAIN_NEXT = np.zeros(PLAIN_SIZE, np.uint8), np.zeros(PLAIN_SIZE, np.uint8)
for _link, (_skip, _next) in PLAIN.items():
    PLAIN_SKIP[_link], PLAIN_NEXT[_link] = _skip, _next

FAMILY_INET = 2
FAMILIES_INET6 = (10, 24, 26, 28, 30)  # Linux; OpenBSD and NetBSD; Solaris; FreeBSD; Darwin
ARCNET_IP_1051, ARCNET_IP_1201, ARCNET_EXCEPTION, ARCNET_BACNET = 0xF0, 0xD4, 0xFF, 0xCD
SUNATM_LLC = 2
NFLOG_PAYLOAD = 9
JUNIPER_MAGIC, JUNIPER_NO_LINK, JUNIPER_EXTENSIONS = 0x4D4743, 0x02, 0x80
AVS_MAGIC = 0x80211000


@helper
def link_layer(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int, int]:
    """Return (next layer, its offset, its ethertype) of a frame of link type *link*; next 0 is cut, -1 not read."""
    if link == LINK_ETHERNET:
        return NEXT_ETHERNET, at, 0
    if link in (LINK_PPI, LINK_PKTAP):
        at, link = inner_link(data, at, end, link)
    layer = np.int64(PLAIN_NEXT[np.uint64(link)]) if 0 <= link < PLAIN_SIZE else 0
    if layer == 0:
        return odd_link(data, at, end, link)
    skip = np.int64(PLAIN_SKIP[np.uint64(link)])
    if at + skip > end:
        return 0, at, 0
    return layer, at + skip, (u16(data, at + skip - 2) if layer == NEXT_ETHERTYPE else 0)


@helper
def inner_link(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int]:
    """Return (offset, link type) of the frame behind a header that names its link type: PPI, and Apple's PKTAP."""
    if at + 12 > end:
        return end, LINK_ETHERNET
    if link == LINK_PPI:
        return min(end, at + le16(data, at + 2)), le32(data, at + 4)
    return min(end, at + le32(data, at)), le32(data, at + 8)


@helper
def family_layer(family: int, at: int) -> tuple[int, int, int]:
    """Return (next layer, offset, 0) for an address family of BSD or Linux."""
    if family == FAMILY_INET:
        return NEXT_IPV4, at, 0
    return (NEXT_IPV6 if family in FAMILIES_INET6 else NEXT_DONE), at, 0


@helper
def odd_link(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for headers of which the length or the meaning varies."""
    if link not in ODD:
        return -1, at, 0
    if at + 8 > end:
        return 0, at, 0
    if link in (LINK_NULL, LINK_LOOP):
        family = u32(data, at)  # in the byte order of the capturing machine: both are tried
        return family_layer(family >> 24 if family > 0xFFFF else family, at + 4)
    if link == LINK_SLL2:
        return (NEXT_ETHERTYPE, at + 20, u16(data, at)) if at + 20 <= end else (0, at, 0)
    if link in (LINK_RADIOTAP, LINK_PRISM, LINK_AVS):
        return radio_link(data, at, end, link)
    if link in (LINK_ARCNET, LINK_ARCNET_LINUX):
        return arcnet_link(data, at, end, at + (2 if link == LINK_ARCNET else 4))
    if link == LINK_PFLOG:  # its length, without padding, and the family
        return family_layer(u8(data, at + 1), at + ((u8(data, at) + 3) & ~3))
    if link == LINK_SUNATM:
        return (NEXT_LLC if u8(data, at) & 0x0F == SUNATM_LLC else NEXT_DONE), at + 4, 0
    if link == LINK_NFLOG:
        return nflog_link(data, at, end)
    if link == LINK_IPOIB:  # GRH of 40 bytes, ethertype, two bytes reserved
        return (NEXT_ETHERTYPE, at + 44, u16(data, at + 40)) if at + 44 <= end else (0, at, 0)
    if link == LINK_TOKEN_RING:
        return ring_link(data, at, end)
    if link == LINK_FDDI:  # frame control: asynchronous frames with LLC are 01LLxxxx with LL = 01
        return (NEXT_LLC if u8(data, at) & 0xF0 == 0x50 else NEXT_DONE), at + 13, 0
    if link == LINK_DOCSIS:  # packet PDUs; the extended header's length is in the second byte
        extended = u8(data, at + 1) if u8(data, at) & 1 else 0
        return (NEXT_ETHERNET if u8(data, at) & 0xC0 == 0 else NEXT_DONE), at + 6 + extended, 0
    return juniper_link(data, at, end, link)


@helper
def radio_link(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for 802.11 with what the radio knew in front: radiotap, Prism or AVS."""
    if link == LINK_RADIOTAP:
        size = le16(data, at + 2)
        padded = radiotap_flags(data, at, min(end, at + size)) & 0x20  # header padded to four bytes
        return (NEXT_WLAN_PADDED if padded else NEXT_WLAN), at + size, 0
    if u32(data, at) & 0xFFFFF000 == AVS_MAGIC:
        return NEXT_WLAN, at + u32(data, at + 4), 0
    size = le32(data, at + 4)
    return NEXT_WLAN, at + (size if size < 1024 else u32(data, at + 4)), 0


@helper
def radiotap_flags(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the flags field of a radiotap header, https://www.radiotap.org, or 0."""
    present, field = le32(data, at + 4), at + 8
    word = present
    while word >> 31 and field + 4 <= end:
        word = le32(data, field)
        field += 4
    if present & 1:  # a time stamp, aligned to eight bytes
        field = at + ((field - at + 7) & ~7) + 8
    return u8(data, field) if present & 2 and field < end else 0


@helper
def arcnet_link(data: NDArray[np.uint8], at: int, end: int, kind_at: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for ARCNET, with the packet's type at *kind_at*. Split packets are not joined."""
    kind = u8(data, kind_at)
    if kind == ARCNET_BACNET:
        return NEXT_LLC, kind_at + 1, 0
    if kind == ARCNET_IP_1051:
        return NEXT_IP, kind_at + 1, 0
    if kind != ARCNET_IP_1201 or kind_at + 8 > end:
        return NEXT_DONE, at, 0
    return NEXT_IP, kind_at + (8 if u8(data, kind_at + 1) == ARCNET_EXCEPTION else 4), 0


@helper
def nflog_link(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for Linux's NFLOG: family, then attributes in the capturing machine's byte order."""
    family, field = u8(data, at), at + 4
    little = le16(data, field) < u16(data, field)
    while field + 4 <= end:
        size = le16(data, field) if little else u16(data, field)
        kind = le16(data, field + 2) if little else u16(data, field + 2)
        if size < 4:
            break
        if kind & 0x7FFF == NFLOG_PAYLOAD:
            return family_layer(family, field + 4)
        field += (size + 3) & ~3
    return NEXT_DONE, at, 0


@helper
def ring_link(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for Token Ring: access and frame control, addresses, perhaps a route, LLC."""
    if u8(data, at + 1) & 0xC0 != 0x40:
        return NEXT_DONE, at, 0
    if at + 16 > end:
        return 0, at, 0
    route = u8(data, at + 14) & 0x1F if u8(data, at + 8) & 0x80 else 0
    return NEXT_LLC, at + 14 + route, 0


@helper
def juniper_link(data: NDArray[np.uint8], at: int, end: int, link: int) -> tuple[int, int, int]:
    """Return as `link_layer` does for Juniper's header: magic, flags, extensions with their length in front."""
    if u24(data, at) != JUNIPER_MAGIC or u8(data, at + 3) & JUNIPER_NO_LINK:
        return NEXT_DONE, at, 0
    inner = at + 4
    if u8(data, at + 3) & JUNIPER_EXTENSIONS:
        inner += 2 + u16(data, at + 4)
    if inner + 4 > end:
        return 0, at, 0
    if link == LINK_JUNIPER_ETHER:
        return NEXT_ETHERNET, inner, 0
    if link == LINK_JUNIPER_PPP:
        return NEXT_PPP, inner, 0
    if link == LINK_JUNIPER_FRAME_RELAY:
        return NEXT_FRAME_RELAY, inner, 0
    return NEXT_ETHERTYPE, inner + 4, u16(data, inner + 2)
