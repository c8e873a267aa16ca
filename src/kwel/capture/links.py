"""A link type in, its name out. Numbers: the LINKTYPE_ registry, https://www.tcpdump.org/linktypes.html."""

from __future__ import annotations

NAMES = {
    0: "BSD loopback",
    1: "Ethernet",
    6: "Token Ring",
    7: "ARCNET",
    8: "SLIP",
    9: "PPP",
    10: "FDDI",
    50: "PPP in HDLC framing",
    51: "PPPoE",
    100: "ATM RFC 1483",
    101: "raw IP",
    104: "Cisco HDLC",
    105: "IEEE 802.11",
    107: "Frame Relay",
    108: "OpenBSD loopback",
    113: "Linux cooked v1",
    117: "OpenBSD pflog",
    119: "IEEE 802.11 with Prism header",
    127: "IEEE 802.11 with radiotap header",
    163: "IEEE 802.11 with AVS header",
    165: "BACnet MS/TP",
    178: "Juniper Ethernet",
    187: "Bluetooth HCI H4",
    189: "Linux USB",
    192: "PPI",
    195: "IEEE 802.15.4",
    197: "Endace ERF",
    201: "Bluetooth HCI H4 with direction",
    219: "MPLS",
    220: "Linux USB, padded",
    223: "WirelessHART",
    227: "SocketCAN",
    228: "raw IPv4",
    229: "raw IPv6",
    230: "IEEE 802.15.4 without FCS",
    231: "D-Bus",
    239: "Linux NFLOG",
    240: "netANALYZER",
    241: "netANALYZER, transparent",
    247: "InfiniBand",
    249: "USBPcap",
    250: "SEL RTAC serial",
    251: "Bluetooth Low Energy",
    253: "Linux netlink",
    256: "Bluetooth Low Energy with radio header",
    257: "PROFIBUS",
    258: "Apple PKTAP",
    271: "Linux vsock",
    272: "Nordic Bluetooth Low Energy sniffer",
    274: "IEEE 802.3br mPackets",
    276: "Linux cooked v2",
    279: "EBHSCR",
    281: "Broadcom switch tag",
    282: "Broadcom switch tag, prepended",
    283: "IEEE 802.15.4 TAP",
    284: "Marvell DSA",
    285: "Marvell EDSA",
}


def link_name(link: int) -> str:
    """Return what a link type is called.

    >>> link_name(1), link_name(4711)
    ('Ethernet', 'link type 4711')
    """
    return NAMES.get(link, f"link type {link}")
