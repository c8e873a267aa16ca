"""Packets that begin a direction in, payloads in which a host tells what it is out: a kernel behind ``listen``.

Ports choose the reader of a datagram where nothing in it does; the reader decides by content. RFC 1002
(NetBIOS datagrams), UPnP Device Architecture 2.0 section 1 (SSDP), RFC 6762 (mDNS), OASIS WS-Discovery 1.1, RFC 8415
(DHCPv6), RFC 5424 (syslog), RFC 8489 section 5 (STUN's magic cookie), MS-ADTS section 6.3.3 (CLDAP); RFC 6143 section
7.1.1 (RFB), RFC 1939 (POP3), RFC 3501 (IMAP), RFC 854 (Telnet). Compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.loads import u8, u16, u32
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, MARK, PACKET, Mark
from kwel.streams.room import C_MARKS

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MAX_MARKS = 16
"""Payloads of one direction that go to a Python dissector."""
SHORTEST = 8
NOTIFY, SEARCH, HTTP = 0x4E4F5449, 0x4D2D5345, 0x48545450
STUN_COOKIE, BER_SEQUENCE, LESS = 0x2112A442, 0x30, 0x3C
DATAGRAM_FIRST, DATAGRAM_LAST = 0x10, 0x12
PORT_DATAGRAM, PORT_LDAP, PORT_SYSLOG, PORT_DHCPV6_CLIENT, PORT_DHCPV6_SERVER = 138, 389, 514, 546, 547
PORT_DISCOVERY, PORT_MDNS, PORT_MNDP, PORT_UBIQUITI = 3702, 5353, 5678, 10001
RESPONSE = 0x80
RFB_, OK_POP, OK_IMAP, IAC, WILL = 0x52464220, 0x2B4F4B20, 0x2A204F4B, 0xFF, 0xFB
PJL, ESCAPE = 0x40504A4C, 0x1B252D31
MYSQL_10, SESSION_REQUEST, ENCODED_LENGTH = 0x000A, 0x81000044, 0x20
M_BROWSER, M_SSDP, M_MDNS, M_WSD = int(Mark.BROWSER), int(Mark.SSDP), int(Mark.MDNS), int(Mark.WSD)
M_DHCPV6, M_CLDAP, M_SYSLOG, M_STUN = int(Mark.DHCPV6), int(Mark.CLDAP), int(Mark.SYSLOG), int(Mark.STUN)
M_MNDP, M_UBIQUITI, M_BANNER, M_SMB = int(Mark.MNDP), int(Mark.UBIQUITI), int(Mark.BANNER), int(Mark.SMB)


@helper
def told_by_datagram(data: NDArray[np.uint8], packet: Any) -> int:
    """Return the mark of the dissector that should read a datagram, or 0."""
    at = packet.payload
    first, word = u8(data, at), u32(data, at)
    if word in (NOTIFY, SEARCH, HTTP):
        return M_SSDP
    if u32(data, at + 4) == STUN_COOKIE:
        return M_STUN
    low, high = min(packet.source_port, packet.destination_port), max(packet.source_port, packet.destination_port)
    if low < 1024:
        if low == PORT_DATAGRAM:
            return M_BROWSER if DATAGRAM_FIRST <= first <= DATAGRAM_LAST else 0
        if low == PORT_LDAP:
            return M_CLDAP if first == BER_SEQUENCE and packet.source_port == PORT_LDAP else 0
        if low == PORT_SYSLOG:
            return M_SYSLOG if first == LESS else 0
        return M_DHCPV6 if low in (PORT_DHCPV6_CLIENT, PORT_DHCPV6_SERVER) else 0
    if low == PORT_MDNS or high == PORT_MDNS:
        return M_MDNS if u8(data, at + 2) & RESPONSE else 0
    if low == PORT_DISCOVERY or high == PORT_DISCOVERY:
        return M_WSD if first == LESS else 0
    if low == PORT_MNDP and high == PORT_MNDP:
        return M_MNDP
    return M_UBIQUITI if (low == PORT_UBIQUITI or high == PORT_UBIQUITI) and first in (1, 2) else 0


@helper
def told_by_banner(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the mark of what reads the first payload of a TCP direction, or 0."""
    word = u32(data, at)
    is_banner = (
        word in (RFB_, OK_POP, OK_IMAP, PJL, ESCAPE)
        or (word >> 24 == IAC and word >> 16 & 0xFF >= WILL)
        or (u16(data, at + 3) == MYSQL_10 and u8(data, at) + 4 == end - at and u16(data, at + 1) == 0)
    )
    if is_banner:
        return M_BANNER
    return M_SMB if word == SESSION_REQUEST and u8(data, at + 4) == ENCODED_LENGTH else 0


@kernel(np.uint8, int, int, PACKET, np.int64, HALF, MARK, np.int64)
def mark_tellers(
    data: NDArray[np.uint8], index: int, count: int, packets: Rows, early: NDArray[np.int64], halves: Rows, marks: Rows,
    counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Mark what tells of its sender among early packets from *index*; return where the marks ran out, or *count*."""
    used = counters[C_MARKS]
    while index < count and used < len(marks):
        packet = packets[early[index]]
        index += 1
        if packet.end - packet.payload < SHORTEST:
            continue
        if packet.transport == IP_UDP:
            kind = told_by_datagram(data, packet)
        elif packet.transport == IP_TCP:
            kind = told_by_banner(data, packet.payload, packet.end)
        else:
            continue
        if kind == 0:
            continue
        half = halves[2 * packet.flow + packet.side]
        if half.marked >= MAX_MARKS:
            continue
        half.marked += 1
        mark = marks[used]
        mark.kind, mark.start, mark.end, mark.packet = kind, packet.payload, packet.end, packet.index
        mark.frame, mark.time, mark.flow, mark.side = packet.frame, packet.time, packet.flow, packet.side
        used += 1
    counters[C_MARKS] = used
    return index
