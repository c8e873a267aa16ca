"""What stands above a link header and is no IP in, the protocol of the plant or of the switches that it speaks out.

By content: an ethertype alone is never enough. PROFINET (IEC 61158-6-10): DCP, cyclic data and alarms (RT), clocks
(PTCP); IEC 61850-8-1 (GOOSE, GSE management) and 61850-9-2 (sampled values); EtherCAT (IEC 61158-4-12); Ethernet
POWERLINK (EPSG DS 301), version 1 too; SERCOS III (IEC 61158-4-19); EtherNet/IP Device Level Ring (ODVA CIP volume 2);
MRP (IEC 62439-2); PRP and HSR supervision (IEC 62439-3); PTP (IEEE 1588-2008) with the TLV of the power profile (IEEE
C37.238); bridges' spanning tree (IEEE 802.1D); BACnet (ASHRAE 135 clauses 6.2, 7 to 9). Layouts as Wireshark 4.0 reads
them, and compared with it in tests. Of CC-Link IE Field and Control (0x890F) there is neither a dissector there nor a
capture: its header is from one secondary source and unverified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, u8, u16, u24, u32
from kwel.model.kinds import Lan, LanSide

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

ETHER_PROFINET, ETHER_GOOSE, ETHER_GSE, ETHER_SV, ETHER_ETHERCAT = 0x8892, 0x88B8, 0x88B9, 0x88BA, 0x88A4
ETHER_POWERLINK, ETHER_POWERLINK_1, ETHER_SERCOS, ETHER_CCLINK = 0x88AB, 0x3E3F, 0x88CD, 0x890F
ETHER_MRP, ETHER_PTP, ETHER_PRP, ETHER_DLR = 0x88E3, 0x88F7, 0x88FB, 0x80E1
LLC_BACNET, MSTP, MSTP_DATA, MSTP_HEADER = 0x828203, 0x55FF, (5, 6), 8
LLC_SPANNING_TREE, SNAP_CISCO, SPANNING_TREE_CISCO = 0x424203, 0xAAAA0300, 0x000C010B

DCP_HEAD = 12  # frame id, service, type, transaction, delay, length
DCP_HELLO, DCP_GET_SET, DCP_ASK, DCP_ANSWER = 0xFEFC, 0xFEFD, 0xFEFE, 0xFEFF
DCP_GET, DCP_SET, DCP_IDENTIFY, DCP_SAY_HELLO = 3, 4, 5, 6
RT_FIRST, RT_LAST, RT_ALARMS = 0x0100, 0xFBFF, (0xFC01, 0xFE01)
RT_PARTS = 0xFF8
RT_STATUS, RT_RESERVED, RT_VALID = 4, 0x48, 0x04  # cycle counter, data status, transfer status
FCS = 4
GOOSE_TAG, SV_TAG, FIRST_MEMBER, MANAGEMENT_TAGS = 0x61, 0x60, 0x80, (0x30, 0x60, 0x61)
MOST_SIZE = 1500
MANAGING_NODE, EVERY_NODE, LAST_CONTROLLED = 240, 255, 239
SOC, PREQ, PRES, SOA, ASND, AMNI, AINV = 1, 3, 4, 5, 6, 7, 13
POWER_PROFILE = 0x1C129D  # the organisation number of IEEE C37.238
PTP_SIZES = (44, 44, 54, 54, 0, 0, 0, 0, 44, 54, 60, 64, 44, 48, 0, 0)
"""Bytes of each type of PTP message, sections 13.5 to 13.12; 0: no such type."""

P_DCP, P_RT, P_PTCP = int(Lan.PROFINET_DCP), int(Lan.PROFINET_RT), int(Lan.PROFINET_PTCP)
P_GOOSE, P_GSE, P_SV, P_ETHERCAT = int(Lan.GOOSE), int(Lan.GSE), int(Lan.SV), int(Lan.ETHERCAT)
P_POWERLINK, P_SERCOS, P_CCLINK, P_DLR = int(Lan.POWERLINK), int(Lan.SERCOS), int(Lan.CCLINK_IE), int(Lan.DLR)
P_BACNET = int(Lan.BACNET_LAN)
P_MRP, P_PTP, P_POWER, P_PRP, P_STP = int(Lan.MRP), int(Lan.PTP), int(Lan.PTP_POWER), int(Lan.PRP), int(Lan.STP)
STATION, CLIENT, SERVER = int(LanSide.STATION) << 8, int(LanSide.CLIENT) << 8, int(LanSide.SERVER) << 8
PUBLISHER, MASTER, SLAVE = int(LanSide.PUBLISHER) << 8, int(LanSide.MASTER) << 8, int(LanSide.SLAVE) << 8
NONE = 0


@helper
def lan_protocol(data: NDArray[np.uint8], at: int, end: int, kind: int) -> int:
    """Return the `Lan` that a payload with ethertype *kind* speaks, and << 8 the sender's `LanSide`; 0 is none."""
    if end - at < 8:
        return NONE
    if kind == ETHER_PROFINET:
        return profinet_of(data, at, end)
    if kind in (ETHER_GOOSE, ETHER_GSE, ETHER_SV):
        return substation_of(data, at, end, kind)
    if kind == ETHER_ETHERCAT:
        return ethercat_of(data, at, end)
    if kind in (ETHER_POWERLINK, ETHER_POWERLINK_1):
        return powerlink_of(data, at)
    if kind == ETHER_SERCOS:
        return sercos_of(data, at, end)
    if kind == ETHER_CCLINK:
        return cclink_of(data, at, end)
    if kind == ETHER_PTP:
        return ptp_of(data, at, end)
    return ring_of(data, at, end, kind)


@helper
def profinet_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return which part of PROFINET a frame is, by its frame id and what that asks of the rest."""
    frame_id = u16(data, at)
    if DCP_HELLO <= frame_id <= DCP_ANSWER:
        return dcp_of(data, at, end, frame_id)
    if RT_FIRST <= frame_id <= RT_LAST:
        is_data = is_cyclic(data, at, end) or is_cyclic(data, at, end - FCS)
        return P_RT | STATION if is_data else NONE
    if frame_id in RT_ALARMS:  # two endpoints, version 1 and a type, flags, numbers, length
        is_alarm = end - at >= 14 and 0x11 <= u8(data, at + 6) <= 0x14 and u16(data, at + 12) <= end - at - 14
        return P_RT | STATION if is_alarm else NONE
    if frame_id >> 4 == RT_PARTS:  # a frame in parts: how many times eight bytes, and which
        return P_RT | STATION if u8(data, at + 3) & 0x40 == 0 and 4 + (u8(data, at + 2) << 3) <= end - at else NONE
    if frame_id >> 8 == 0xFF and end - at >= 28 and u8(data, at + 1) & 0xBF <= 0x21 and u32(data, at + 2) == 0:
        return P_PTCP | STATION  # 0xFF00, 01, 20, 21, 40 to 43 …: four reserved bytes come first
    return NONE


@helper
def dcp_of(data: NDArray[np.uint8], at: int, end: int, frame_id: int) -> int:
    """Return P_DCP for a message whose service, type and length agree with its frame id."""
    if end - at < DCP_HEAD or u16(data, at + 10) > end - at - DCP_HEAD:
        return NONE
    service, kind = u8(data, at + 2), u8(data, at + 3)
    if frame_id == DCP_HELLO:
        return P_DCP | SERVER if service == DCP_SAY_HELLO and kind == 0 else NONE
    if frame_id == DCP_GET_SET:
        if service not in (DCP_GET, DCP_SET) or kind not in (0, 1, 5):
            return NONE
        return P_DCP | (CLIENT if kind == 0 else SERVER)
    if service != DCP_IDENTIFY or kind != (0 if frame_id == DCP_ASK else 1):
        return NONE
    return P_DCP | (CLIENT if frame_id == DCP_ASK else SERVER)


@helper
def is_cyclic(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of cyclic data ends as they do: status of the data, valid; status of transfer, 0."""
    if end - at < 2 + RT_STATUS + 1 or u8(data, end - 1) != 0:
        return False
    return u8(data, end - 2) & (RT_RESERVED | RT_VALID) == RT_VALID


@helper
def substation_of(data: NDArray[np.uint8], at: int, end: int, kind: int) -> int:
    """Return GOOSE, GSE or SV for a frame whose length and first BER elements fit (IEC 61850-8-1 annex C.2).

    The frame may be cut: a message is known by how it begins.
    """
    size = u16(data, at + 2)
    if end - at < 14 or not 14 <= size <= MOST_SIZE:
        return NONE
    tag, first = u8(data, at + 8), u8(data, at + 9)
    long = first & 0x7F if first & 0x80 else 0
    if long > 2:
        return NONE
    inner = first if long == 0 else u8(data, at + 10) if long == 1 else u16(data, at + 10)
    if inner > size - 10 - long:
        return NONE
    member = u8(data, at + 10 + long)
    if kind == ETHER_GOOSE and tag == GOOSE_TAG and member == FIRST_MEMBER:
        return P_GOOSE | PUBLISHER
    if kind == ETHER_SV and tag == SV_TAG and member == FIRST_MEMBER:
        return P_SV | PUBLISHER
    return P_GSE | STATION if kind == ETHER_GSE and tag in MANAGEMENT_TAGS and size <= end - at else NONE


@helper
def ethercat_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return ETHERCAT for datagrams that fill the frame's length. Slaves have no MAC: who sends is the master."""
    head = le16(data, at)
    size, kind = head & 0x7FF, head >> 12
    if size < 12 or at + 2 + size > end or head & 0x800:
        return NONE
    if kind == 4:  # network variables: who publishes them, how many
        return P_ETHERCAT | PUBLISHER
    if kind != 1:
        return NONE
    place, limit = at + 2, at + 2 + size
    for _ in range(16):
        if place + 12 > limit or u8(data, place) > 14:
            return NONE
        word = le16(data, place + 6)
        place += 12 + (word & 0x7FF)
        if word & 0x8000 == 0:
            break
    return P_ETHERCAT | MASTER if place <= limit else NONE


@helper
def powerlink_of(data: NDArray[np.uint8], at: int) -> int:
    """Return POWERLINK for a message type that agrees with the numbers of the nodes."""
    kind, to, node = u8(data, at) & 0x7F, u8(data, at + 1), u8(data, at + 2)
    is_managing = node == MANAGING_NODE
    if kind in (SOC, SOA):
        return P_POWERLINK | MASTER if is_managing and to == EVERY_NODE else NONE
    if kind == PREQ:
        return P_POWERLINK | MASTER if is_managing and 1 <= to <= LAST_CONTROLLED else NONE
    if kind == PRES:
        is_node = 1 <= node <= MANAGING_NODE and to in (EVERY_NODE, MANAGING_NODE)
        return P_POWERLINK | (MASTER if is_managing else SLAVE) if is_node else NONE
    if kind in (ASND, AMNI, AINV) and 1 <= node <= 254 and to:
        return P_POWERLINK | (MASTER if is_managing else SLAVE if node <= LAST_CONTROLLED else STATION)
    return NONE


@helper
def sercos_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return SERCOS for one of the telegrams MDT0 to AT3 in one of the phases: they all come from the master."""
    is_telegram = u8(data, at) & 0x3C == 0 and u8(data, at + 1) & 0x0F <= 4 and end - at >= 46
    return P_SERCOS | MASTER if is_telegram else NONE


@helper
def cclink_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return CCLINK_IE for a frame type that has a name, a protocol that exists, and a reserved byte that is 0."""
    kind, protocol = u8(data, at), u8(data, at + 8) if end - at >= 14 else 0xFF
    is_type = 0x10 <= kind <= 0x15 or 0x20 <= kind <= 0x25 or 0x80 <= kind <= 0x8F
    return P_CCLINK | STATION if is_type and protocol & 0xCC == 0 and u8(data, at + 9) == 0 else NONE


@helper
def ptp_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return PTP for a message that counts its own bytes, PTP_POWER where it has the TLV of the power profile."""
    if end - at < 44 or u8(data, at + 1) & 0x0F not in (1, 2):
        return NONE
    kind, size = u8(data, at) & 0x0F, u16(data, at + 2)
    if u8(data, at + 1) & 0x0F == 1 or PTP_SIZES[kind] == 0 or not PTP_SIZES[kind] <= size <= end - at:
        return NONE
    side = MASTER if kind in (0, 8, 9, 11) else STATION
    if kind == 11:
        place = at + 64
        while place + 7 <= at + size:
            if u16(data, place) == 3 and u24(data, place + 4) == POWER_PROFILE:
                return P_POWER | side
            place += 4 + u16(data, place + 2)
    return P_PTP | side


@helper
def ring_of(data: NDArray[np.uint8], at: int, end: int, kind: int) -> int:
    """Return the protocol by which switches keep a ring or parallel networks going."""
    if kind == ETHER_MRP:  # version 1, then an element; who tests the ring is its manager
        element = u8(data, at + 2)
        if u16(data, at) != 1 or not (1 <= element <= 10 or element == 0x7F) or at + 4 + u8(data, at + 3) > end:
            return NONE
        return P_MRP | (MASTER if element in (2, 3) else STATION)
    if kind == ETHER_DLR:  # ring subtype 2, version 1; the supervisor's beacons are type 1
        frame = u8(data, at + 2)
        if u16(data, at) != 0x0201 or not 1 <= frame <= 10 or end - at < 16:
            return NONE
        return P_DLR | (MASTER if frame == 1 else STATION)
    if kind == ETHER_PRP:  # path and version 0 or 1, sequence, an element of six or more bytes
        element, size = u8(data, at + 4), u8(data, at + 5)
        is_element = element in (20, 21, 22, 23, 30) and 6 <= size <= 12
        return P_PRP | STATION if u16(data, at) & 0xFFF <= 1 and is_element else NONE
    return NONE


@helper
def note_spanning_tree(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> bool:
    """Note in *packet* that a message of bridges stands there, behind LLC, or SNAP as Cisco's; return whether one does.

    Notice of a change, or a configuration of any version: of STP, RSTP or MSTP.
    """
    if end - at >= 15 and u32(data, at) == SNAP_CISCO and u32(data, at + 4) == SPANNING_TREE_CISCO:
        at += 5
    elif end - at < 7 or u24(data, at) != LLC_SPANNING_TREE:
        return False
    if u16(data, at + 3) != 0 or u8(data, at + 5) > 4:
        return False
    kind = u8(data, at + 6)
    if kind != 0x80 and (kind not in (0, 2) or end - at < 38):
        return False
    packet.transport, packet.flags = P_STP, STATION
    return True


@helper
def note_bacnet(data: NDArray[np.uint8], at: int, end: int, packet: Any) -> int:
    """Note in *packet* that a message of BACnet is there, behind LLC or in a frame of MS/TP; return where, or -1.

    Behind Ethernet the length says where it ends, for short frames are filled up.
    """
    if end - at >= 7 and u24(data, at) == LLC_BACNET:
        if 7 <= packet.source_port <= MOST_SIZE:
            end = min(end, at + packet.source_port)
        at += 3
    elif end - at >= 12 and u16(data, at) == MSTP and u8(data, at + 2) in MSTP_DATA:
        end = min(end, at + MSTP_HEADER + u16(data, at + 5))
        at += MSTP_HEADER
    else:
        return -1
    if u8(data, at) != 1 or u8(data, at + 1) & 0x50:  # the version; bits that are reserved
        return -1
    control, side, place = u8(data, at + 1), STATION, at + 2
    if control & 0x20 and place + 3 < end:
        place += 4 + u8(data, place + 2)  # to whom, and how far
    if control & 0x88 == 0 and place < end:  # neither of the network nor for somebody else
        kind = u8(data, place) >> 4
        side = CLIENT if kind == 0 else SERVER if kind in (2, 3) else STATION
    packet.payload, packet.end = at, end
    packet.transport, packet.flags = P_BACNET, side >> 8
    return at


@helper
def is_to_all(data: NDArray[np.uint8], packet: Any) -> bool:
    """Return whether a frame is for everyone, as every telegram of SERCOS is."""
    at = packet.ethernet
    return at >= 0 and u16(data, at) == 0xFFFF and u32(data, at + 2) == 0xFFFFFFFF


@helper
def note_protocol(data: NDArray[np.uint8], at: int, end: int, kind: int, packet: Any) -> bool:
    """Note in *packet* which protocol stands there; return whether it is one that is known."""
    found = lan_protocol(data, at, end, kind)
    if found == NONE or (kind == ETHER_SERCOS and not is_to_all(data, packet)):
        return False
    packet.transport, packet.flags = found & 0xFF, found >> 8
    return True
