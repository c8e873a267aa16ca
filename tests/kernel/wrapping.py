"""One UDP packet, wrapped in every link and tunnel that kwel opens. The layouts come from the documents named there."""

from __future__ import annotations

import struct

from tests.streams.making import MAC_A, MAC_B, ethernet, ipv4, ipv6, udp

INNER = ipv4(udp(b"what is inside", 40000, 2000), 17, "192.0.2.1", "192.0.2.2")
INNER6 = ipv6(udp(b"what is inside", 40000, 2000), 17, bytes(15) + b"\x11", bytes(15) + b"\x22")
FRAME = ethernet(INNER)
SNAP = bytes.fromhex("aaaa03 000000 0800")


def wlan(body: bytes, control: int = 0x08, flags: int = 0x01, *, more: bytes = b"") -> bytes:
    """Return an 802.11 frame (IEEE 802.11-2020 section 9.2.4)."""
    fourth = bytes(6) if flags & 3 == 3 else b""
    return bytes([control, flags]) + bytes(2) + MAC_A + MAC_B + MAC_A + bytes(2) + fourth + more + body


def radiotap(body: bytes, fields: bytes = b"", present: int = 0) -> bytes:
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + body


def mpls(body: bytes, labels: int = 2) -> bytes:
    """Return a label stack (RFC 3032 section 2.1) and what it carries."""
    stack = [struct.pack(">I", (100 + i) << 12 | (i == labels - 1) << 8 | 64) for i in range(labels)]
    return b"".join(stack) + body


def pppoe(body: bytes, session: int = 7) -> bytes:
    return struct.pack(">BBHH", 0x11, 0, session, 2 + len(body)) + b"\0\x21" + body


def gre(body: bytes, kind: int, flags: int = 0, fields: bytes = b"") -> bytes:
    return ipv4(struct.pack(">HH", flags, kind) + fields + body, 47)


def over_udp(body: bytes, port: int) -> bytes:
    return ethernet(ipv4(udp(body, 50000, port), 17))


def authenticated(body: bytes, following: int) -> bytes:
    """Return an authentication header (RFC 4302 section 2) and what it covers."""
    return struct.pack(">BBHII", following, 4, 0, 0x100, 1) + bytes(12) + body


LINKS: dict[str, tuple[int, bytes]] = {
    "null": (0, b"\2\0\0\0" + INNER),
    "null, big-endian": (0, b"\0\0\0\2" + INNER),
    "null, IPv6 of Darwin": (0, b"\x1e\0\0\0" + INNER6),
    "ethernet": (1, FRAME),
    "BACnet MS/TP, its LLC": (165, SNAP + INNER),
    "token ring": (6, b"\x10\x40" + MAC_A + MAC_B + SNAP + INNER),
    "token ring with a route": (6, b"\x10\x40" + MAC_A + b"\x80" + MAC_B[1:] + b"\x06\0\0\0\0\0" + SNAP + INNER),
    "arcnet of BSD": (7, b"\1\2\xd4\0\0\1" + INNER),
    "slip": (8, bytes(16) + INNER),
    "ppp": (9, b"\0\x21" + INNER),
    "ppp with address and control": (9, b"\xff\3\0\x21" + INNER),
    "ppp with a short protocol": (9, b"\x21" + INNER),
    "ppp, IPv6": (9, b"\0\x57" + INNER6),
    "ppp, one fragment of multilink": (9, b"\xff\3\0\x3d\xc0\0\0\1\0\x21" + INNER),
    "ppp, MPLS": (9, b"\2\x81" + mpls(INNER)),
    "ppp, bridged": (9, b"\0\x31\0\1" + FRAME),
    "fddi": (10, b"\x51" + MAC_A + MAC_B + SNAP + INNER),
    "raw": (12, INNER),
    "raw of OpenBSD": (14, INNER6),
    "clip": (106, SNAP + INNER),
    "clip without LLC": (19, INNER),
    "ppp in hdlc": (50, b"\xff\3\0\x21" + INNER),
    "cisco hdlc in ppp hdlc": (50, b"\x0f\0\x08\0" + INNER),
    "pppoe": (51, pppoe(INNER)),
    "atm": (100, SNAP + INNER),
    "atm, routed NLPID": (100, bytes.fromhex("fefe03cc") + INNER),
    "atm, bridged": (100, bytes.fromhex("aaaa03 0080c2 0007 0000") + FRAME),
    "raw IP": (101, INNER),
    "cisco hdlc": (104, b"\x0f\0\x08\0" + INNER),
    "frame relay": (107, b"\x18\x41\x03\xcc" + INNER),
    "frame relay with padding": (107, b"\x18\x41\x03\0\xcc" + INNER),
    "frame relay, SNAP": (107, b"\x18\x41\x03\0\x80\0\0\0\x08\0" + INNER),
    "frame relay of Cisco": (107, b"\x18\x41\x08\0" + INNER),
    "frame relay, four bytes of address": (107, b"\x18\x40\x40\x01\x03\x8e" + INNER6),
    "loop": (108, b"\0\0\0\2" + INNER),
    "enc": (109, b"\2\0\0\0" + bytes(8) + INNER),
    "cooked": (113, bytes(14) + b"\x08\0" + INNER),
    "pflog": (117, bytes([61, 2]) + bytes(62) + INNER),
    "ip over fibre channel": (122, bytes(16) + SNAP + INNER),
    "sunatm": (123, b"\x02\0\0\x20" + SNAP + INNER),
    "arcnet of Linux": (129, b"\1\2\0\0\xd4\0\0\1" + INNER),
    "arcnet, exception": (129, b"\1\2\0\0\xd4\xff\0\0\xd4\0\0\1" + INNER),
    "firewire": (138, bytes(16) + b"\x08\0" + INNER),
    "docsis": (143, b"\0\0\0\0\0\0" + FRAME),
    "docsis, extended": (143, b"\1\4\0\0" + bytes(4) + b"\0\0" + FRAME),
    "pppd": (166, b"\1\3\0\x21" + INNER),
    "juniper ethernet": (178, b"MGC\x80\0\6" + bytes(6) + FRAME),
    "juniper ppp": (179, b"MGC\0" + b"\0\x21" + INNER),
    "juniper frame relay": (180, b"MGC\0\x18\x41\x03\xcc" + INNER),
    "juniper cisco hdlc": (181, b"MGC\0\x0f\0\x08\0" + INNER),
    "ppp with direction": (204, b"\1\xff\3\0\x21" + INNER),
    "cisco hdlc with direction": (205, b"\1\x0f\0\x08\0" + INNER),
    "frame relay with direction": (206, b"\1\x18\x41\x03\xcc" + INNER),
    "ipnet": (226, b"\1\2" + bytes(22) + INNER),
    "ipv4": (228, INNER),
    "ipv6": (229, INNER6),
    "nflog": (239, b"\2\0\0\0" + struct.pack("<HHI", 8, 1, 3) + struct.pack("<HH", 4 + len(INNER), 9) + INNER),
    "nflog, big-endian": (239, b"\2\0\0\0" + struct.pack(">HHI", 8, 1, 3) + struct.pack(">HH", 99, 9) + INNER),
    "ipoib": (242, bytes(40) + b"\x08\0\0\0" + INNER),
    "pktap": (258, struct.pack("<III", 108, 1, 1) + bytes(96) + FRAME),
    "cooked 2": (276, b"\x08\0" + bytes(18) + INNER),
    "dsa of Broadcom": (281, MAC_A + MAC_B + bytes(4) + b"\x08\0" + INNER),
    "dsa of Broadcom, in front": (282, bytes(4) + FRAME),
    "dsa": (284, MAC_A + MAC_B + bytes(4) + b"\x08\0" + INNER),
    "edsa": (285, MAC_A + MAC_B + b"\xda\xda" + bytes(6) + b"\x08\0" + INNER),
    "wlan": (105, wlan(SNAP + INNER)),
    "wlan, QoS": (105, wlan(SNAP + INNER, 0x88, more=bytes(2))),
    "wlan, QoS and HT control": (105, wlan(SNAP + INNER, 0x88, 0x81, more=bytes(6))),
    "wlan, four addresses": (105, wlan(SNAP + INNER, 0x88, 0x03, more=bytes(2))),
    "wlan, A-MSDU": (105, wlan(MAC_A + MAC_B + b"\0\x40" + SNAP + INNER, 0x88, more=b"\x80\0")),
    "wlan with a check sequence": (105, wlan(SNAP + INNER) + bytes(4)),
    "prism": (119, struct.pack("<II", 0x44, 144) + bytes(136) + wlan(SNAP + INNER)),
    "prism, AVS": (119, struct.pack(">II", 0x80211001, 64) + bytes(56) + wlan(SNAP + INNER)),
    "avs": (163, struct.pack(">II", 0x80211001, 64) + bytes(56) + wlan(SNAP + INNER)),
    "radiotap": (127, radiotap(wlan(SNAP + INNER))),
    "radiotap, header padded": (127, radiotap(wlan(SNAP + INNER, 0x88, more=bytes(4)), b"\x20", 2)),
    "radiotap, flags behind a time": (127, radiotap(wlan(SNAP + INNER, 0x88, more=bytes(4)), bytes(8) + b"\x20", 3)),
    "ppi": (192, struct.pack("<BBHI", 0, 0, 8, 105) + wlan(SNAP + INNER)),
    "ppi, ethernet": (192, struct.pack("<BBHI", 0, 0, 12, 1) + bytes(4) + FRAME),
}  # fmt: skip
"""LINKTYPE_ number and frame."""

L2TP = bytes.fromhex("0002 0001 0002")
NSH = bytes.fromhex("0002 0203 00000100")
SWAPPED = b"\1\x08" + wlan(b"")[2:22] + b"\x76\x30" + SNAP + INNER
PLATFORM = bytes(4) + b"\x20\0\0\x64" + bytes(7) + b"\1" + bytes(8)
TUNNELS: dict[str, tuple[bytes, int]] = {
    "LLC and SNAP": (ethernet(SNAP + INNER, 100), 0),
    "LLC of IP": (ethernet(b"\6\6\3" + INNER, 100), 0),
    "SNAP, bridge tunnel": (ethernet(bytes.fromhex("aaaa03 0000f8 0800") + INNER, 100), 0),
    "Cisco metadata": (ethernet(bytes.fromhex("0101 0001 0002 0800") + INNER, 0x8909), 0),
    "VN-Tag": (ethernet(bytes.fromhex("00010002 0800") + INNER, 0x8926), 16 << 24),
    "E-TAG": (ethernet(bytes.fromhex("000100020000 0800") + INNER, 0x893F), 0),
    "FabricPath": (ethernet(b"\0\x40" + FRAME, 0x8903), 17 << 24),
    "MACsec in clear": (ethernet(bytes.fromhex("0000 00000001 0800") + INNER, 0x88E5), 0),
    "MACsec in clear, with SCI": (ethernet(bytes.fromhex("2000 00000001") + bytes(8) + b"\x08\0" + INNER, 0x88E5), 0),
    "NSH": (ethernet(bytes.fromhex("0002 0203 00000100") + FRAME, 0x894F), 0),
    "NSH, IPv4": (ethernet(bytes.fromhex("0002 0201 00000100") + INNER, 0x894F), 0),
    "MPLS": (ethernet(mpls(INNER), 0x8847), 8 << 24),
    "MPLS, IPv6": (ethernet(mpls(INNER6, 1), 0x8847), 8 << 24),
    "MPLS, pseudowire": (ethernet(mpls(FRAME), 0x8847), 8 << 24),
    "MPLS, pseudowire with control word": (ethernet(mpls(bytes(4) + FRAME), 0x8847), 8 << 24),
    "PBB": (ethernet(bytes.fromhex("00 000309") + FRAME, 0x88E7), 9 << 24 | 0x309),
    "PPPoE": (ethernet(pppoe(INNER), 0x8864), 14 << 24 | 7),
    "GRE": (ethernet(gre(INNER, 0x0800)), 1 << 24),
    "GRE, all fields": (ethernet(gre(INNER, 0x0800, 0xB000, bytes(4) + b"\0\0\0\5" + bytes(4))), 1 << 24 | 5),
    "GRE with source routes": (ethernet(gre(INNER, 0x0800, 0x4000, bytes(4) + b"\x08\0\0\4" + bytes(8))), 1 << 24),
    "GRE, Ethernet": (ethernet(gre(FRAME, 0x6558)), 1 << 24),
    "GRE, MPLS": (ethernet(gre(mpls(INNER), 0x8847)), 8 << 24),
    "GRE, PPP": (ethernet(gre(b"\0\x21" + INNER, 0x880B)), 1 << 24),
    "GRE, WCCP": (ethernet(gre(INNER, 0x883E)), 1 << 24),
    "GRE, WCCP 2": (ethernet(gre(bytes(4) + INNER, 0x883E)), 1 << 24),
    "GRE, 802.11": (ethernet(gre(wlan(SNAP + INNER), 0x8200)), 1 << 24),
    "NVGRE": (ethernet(gre(FRAME, 0x6558, 0x2000, b"\0\x12\x34\x05")), 10 << 24 | 0x1234),
    "PPTP": (ethernet(gre(b"\xff\3\0\x21" + INNER, 0x880B, 0x3081, b"\0\x40\0\1" + bytes(8))), 18 << 24),
    "EoIP": (ethernet(gre(FRAME, 0x6400, 0x2001, b"\0\x40\x19\0")), 1 << 24 | 0x19),
    "ERSPAN I": (ethernet(gre(FRAME, 0x88BE)), 2 << 24),
    "ERSPAN II": (ethernet(gre(FRAME, 0x88BE, 0x1000, bytes(4) + b"\x10\0\0\x64" + bytes(4))), 2 << 24 | 100),
    "ERSPAN III": (ethernet(gre(FRAME, 0x22EB, 0x1000, bytes(4) + b"\x20\0\0\x64" + bytes(8))), 2 << 24 | 100),
    "ERSPAN III, platform": (ethernet(gre(FRAME, 0x22EB, 0x1000, PLATFORM)), 2 << 24 | 100),
    "IP in IP": (ethernet(ipv4(INNER, 4)), 5 << 24),
    "6in4": (ethernet(ipv4(INNER6, 41)), 5 << 24),
    "AH": (ethernet(ipv4(authenticated(udp(b"what is inside", 40000, 2000), 17), 51)), 15 << 24),
    "AH, IP": (ethernet(ipv4(authenticated(INNER, 4), 51)), 5 << 24),
    "EtherIP": (ethernet(ipv4(b"\x30\0" + FRAME, 97)), 0),
    "PIM Register": (ethernet(ipv4(b"\x21\0\0\0\0\0\0\0" + INNER, 103)), 0),
    "L2TPv3": (ethernet(ipv4(b"\0\0\0\7" + FRAME, 115)), 13 << 24),
    "L2TPv3 with a cookie": (ethernet(ipv4(b"\0\0\0\7" + b"\xfa" * 8 + FRAME, 115)), 13 << 24),
    "MPLS in IP": (ethernet(ipv4(mpls(INNER), 137)), 8 << 24),
    "VXLAN": (over_udp(b"\x08\0\0\0\0\1\2\0" + FRAME, 4789), 3 << 24 | 0x102),
    "VXLAN of Linux": (over_udp(b"\x08\0\0\0\0\1\2\0" + FRAME, 8472), 3 << 24 | 0x102),
    "VXLAN-GPE": (over_udp(b"\x0c\0\0\3\0\1\2\0" + FRAME, 4790), 11 << 24 | 0x102),
    "VXLAN-GPE, IPv4": (over_udp(b"\x0c\0\0\1\0\1\2\0" + INNER, 4790), 11 << 24 | 0x102),
    "VXLAN-GPE, NSH": (over_udp(b"\x0c\0\0\4\0\1\2\0" + NSH + FRAME, 4790), 11 << 24 | 0x102),
    "GENEVE": (over_udp(b"\0\0\x65\x58\0\1\2\0" + FRAME, 6081), 6 << 24 | 0x102),
    "GENEVE with options, IPv4": (over_udp(b"\1\0\x08\0\0\1\2\0" + bytes(4) + INNER, 6081), 6 << 24 | 0x102),
    "TZSP": (over_udp(b"\1\0\0\1\1" + FRAME, 37008), 4 << 24),
    "TZSP with tags": (over_udp(b"\1\0\0\1\0\x0a\1\7\1" + FRAME, 37008), 4 << 24),
    "GTP-U": (over_udp(b"\x30\xff\0\x40\0\0\0\7" + INNER, 2152), 7 << 24),
    "GTP-U with extensions": (over_udp(b"\x34\xff\0\x40\0\0\0\7\0\0\0\x85\1\0\1\0" + INNER, 2152), 7 << 24),
    "Teredo": (over_udp(INNER6, 3544), 12 << 24),
    "Teredo, all headers": (over_udp(b"\0\1\0\0" + bytes(9) + b"\0\0" + bytes(6) + INNER6, 3544), 12 << 24),
    "L2TP": (over_udp(L2TP + b"\xff\3\0\x21" + INNER, 1701), 13 << 24),
    "L2TP with all fields": (over_udp(b"\x4a\2\0\x40\0\1\0\2\0\0\0\0\0\2\0\0\0\x21" + INNER, 1701), 13 << 24),
    "LISP": (over_udp(bytes(8) + INNER, 4341), 20 << 24),
    "CAPWAP": (over_udp(b"\0\x10\3\0\0\0\0\0" + wlan(SNAP + INNER), 5247), 19 << 24),
    "CAPWAP, swapped": (over_udp(b"\0\x10\3\0\0\0\0\0" + SWAPPED, 5247), 19 << 24),
    "CAPWAP, 802.3": (over_udp(b"\0\x10\2\0\0\0\0\0" + FRAME, 5247), 19 << 24),
    "GRE in UDP": (over_udp(b"\0\0\x08\0" + INNER, 4754), 1 << 24),
    "MPLS in UDP": (over_udp(mpls(INNER), 6635), 8 << 24),
}  # fmt: skip
"""Ethernet frame, and the tunnel in the key of the flow inside."""
