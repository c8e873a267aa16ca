"""The first payload of a direction in, the protocol of plants, meters or buildings that it speaks out.

Each is told by what its specification fixes: a magic number, a length that counts what is there, a checksum. Modbus and
what lies on ISO transport have more to say and are told in ``shapes``; what lies on Ethernet without IP is not told
here. A port never counts.

IEEE 1815-2012 clause 9 (DNP3 link header); IEC 60870-5-104:2006 clause 5; CIP Networks Library volume 2, chapter 2
(EtherNet/IP encapsulation); OPC 10000-6 section 7.1.2; ANSI/ASHRAE 135 annex J (BACnet/IP) and clause 6.2; Omron W227
(FINS) and W421 (FINS/TCP); Mitsubishi SH-080956 (SLMP); Beckhoff, ADS/AMS specification; IEEE C37.118.2-2011 section 6;
FieldComm HCF_SPEC-085 chapter 10 (HART-IP); IEC 62056-47 (DLMS wrapper) and 62056-21; EN ISO 22510 clause 5
(KNXnet/IP); IVI-6.1 section 2 (HiSLIP); OMG DDSI-RTPS 2.3 section 9.4; RFC 7252 section 3 (CoAP); AMQP 0-9-1 section
4.2; MQTT 3.1.1 section 2; IEC 61375-2-3 annex A (TRDP); ANSI C12.22-2012 (its object identifiers); Emerson D301180X012
section 1 (ROC Plus); EIA-852 (CN/IP); GE GFK-2224 (EGD). As Wireshark's dissectors show them, for want of a public
document: Ether-S-Bus, Ether-S-I/O, Niagara Fox, GENISYS, PROFINET's context management (by its UUIDs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u16, u24, u32
from kwel.model.kinds import Application
from kwel.protocols.channels import codesys_of
from kwel.protocols.makers import maker_of_datagram, maker_of_stream
from kwel.protocols.pubsub import is_uadp
from kwel.protocols.shapes import HINT, is_modbus
from kwel.protocols.telecontrol import (
    is_c1222,
    is_dlms,
    is_dnp3,
    is_genisys,
    is_iec104,
    is_roc,
    is_sbus,
    is_synchrophasor,
    is_trdp,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN = int(Application.UNKNOWN)
DNP3, IEC104, ENIP, OPCUA = (
    int(Application.DNP3), int(Application.IEC104), int(Application.ENIP), int(Application.OPCUA),
)  # fmt: skip
BACNET, FINS, SLMP, ADS = int(Application.BACNET), int(Application.FINS), int(Application.SLMP), int(Application.ADS)
C37118, HARTIP, DLMS, KNX = (
    int(Application.C37118), int(Application.HARTIP), int(Application.DLMS), int(Application.KNX),
)  # fmt: skip
HISLIP, RTPS, COAP, AMQP = int(Application.HISLIP), int(Application.RTPS), int(Application.COAP), int(Application.AMQP)
TRDP, C1222, ROC, SBUS = int(Application.TRDP), int(Application.C1222), int(Application.ROC), int(Application.SBUS)
ESIO, FOX, CODESYS, GENISYS = (
    int(Application.ESIO), int(Application.FOX), int(Application.CODESYS), int(Application.GENISYS),
)  # fmt: skip
PROFINET, IEC62056, EGD, CNIP = (
    int(Application.PROFINET), int(Application.IEC62056), int(Application.EGD), int(Application.CNIP),
)  # fmt: skip
MODBUS, CCIEFB, MQTT = int(Application.MODBUS), int(Application.CCIEFB), int(Application.MQTT)
UADP = int(Application.UADP)
CYCLIC = 0x0E70
PROFINET_UUID, ENDPOINT_MAPPER = 0xDEA00000, 0xE1AF8308
"""The first words of dea0000x-6c97-11d1-8271-… and of e1af8308-5d1f-11c9-91a4-08002b14a0fa (C706 appendix O)."""
AMQP_VERSIONS = (0x00000901, 0x01010009, 0x01010800, 0x00010000, 0x02010000, 0x03010000)
AMQP_CLASSES = (10, 20, 40, 50, 60, 85, 90)

LETTERS = 6
"""Small letters in CoAP's options that make chance unlikely."""


@helper
def is_enip(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether encapsulated EtherNet/IP begins, or implicit messages of CIP lie in the datagram."""
    size = end - at
    if size >= 20 and u32(data, at) == 0x02000280 and u16(data, at + 4) == 0x0800:  # a sequenced address, then data
        return u16(data, at + 14) in (0xB100, 0xB000) and le16(data, at + 16) == size - 18
    if size < 24 or u32(data, at + 20):
        return False
    command, length, status = le16(data, at), le16(data, at + 2), le32(data, at + 8)
    if 24 + length > size or (status > 3 and status not in (0x64, 0x65, 0x69)):
        return False
    if command in (0x04, 0x63, 0x64):  # lists: nothing asks for one, a count of items answers
        return length == 0 or (length >= 2 and le32(data, at + 4) == 0 and le16(data, at + 24) <= 8)
    if command == 0x65:  # a session begins: version 1, no options
        return length == 4 and le32(data, at + 24) == 1
    return command in (0x66, 0x6F, 0x70, 0x72, 0x73)


@helper
def is_opcua(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of OPC UA's binary connection protocol begins."""
    if end - at < 8:
        return False
    kind, chunk, size = u24(data, at), u8(data, at + 3), le32(data, at + 4)
    if kind in (0x48454C, 0x41434B, 0x455252, 0x524845):  # HEL, ACK, ERR, RHE
        return chunk == 0x46 and 8 <= size <= 0x4000
    return kind in (0x4F504E, 0x4D5347, 0x434C4F) and chunk in (0x46, 0x43, 0x41) and 12 <= size < 1 << 24


@helper
def is_bacnet(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram is BACnet/IP's: its type, its length, and a network message where it carries one."""
    if end - at < 4 or u8(data, at) != 0x81 or u16(data, at + 2) != end - at:
        return False
    function = u8(data, at + 1)
    if function in (0x0A, 0x0B, 0x09):
        return end - at >= 6 and u8(data, at + 4) == 1
    return (function == 0x04 and end - at >= 12 and u8(data, at + 10) == 1) or (
        function in (0x00, 0x05, 0x06, 0x0C) and end - at >= 6
    )


@helper
def fins_of_datagram(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return FINS, with a hint only, for a header of it: a gateway count, addresses, a command that exists."""
    if end - at < 12 or u8(data, at) & 0xBE != 0x80 or u8(data, at + 1) or u8(data, at + 2) > 7:
        return UNKNOWN
    if u8(data, at + 3) > 0x7F or u8(data, at + 6) > 0x7F:
        return UNKNOWN
    command = u8(data, at + 10)
    is_command = 1 <= command <= 9 or command in (0x0C, 0x20, 0x21, 0x22, 0x23, 0x26, 0x30)
    return FINS | HINT if is_command and u8(data, at + 11) <= 0x60 else UNKNOWN


@helper
def is_slmp(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of MELSEC 3E or 4E, binary, is there and counts its own bytes."""
    if end - at < 11:
        return False
    kind = u16(data, at)
    if kind in (0x5400, 0xD400):
        if u16(data, at + 4):
            return False
        at += 4
    elif kind not in (0x5000, 0xD000):
        return False
    return end - at >= 11 and u16(data, at + 4) == 0xFF03 and 9 + le16(data, at + 7) == end - at


@helper
def is_cyclic(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of SLMP is one of CC-Link IE Field Basic: a request of its own command."""
    return end - at >= 15 and u16(data, at) == 0x5000 and le16(data, at + 11) == CYCLIC


@helper
def is_ads(data: NDArray[np.uint8], at: int, end: int, is_stream: bool) -> bool:
    """Return whether an AMS packet is there, or the datagram by which its devices find one another."""
    if not is_stream:
        return end - at >= 24 and u32(data, at) == 0x03661471 and le32(data, at + 8) & 0x7FFFFFFF <= 16
    if end - at < 38 or u16(data, at) or le32(data, at + 2) < 32:
        return False
    command, flags = le16(data, at + 22), le16(data, at + 24)
    return 1 <= command <= 9 and flags & 0xFFBE == 4 and le32(data, at + 26) == le32(data, at + 2) - 32


@helper
def is_hart(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether messages of HART-IP are there and count their own bytes."""
    while at + 8 <= end and u16(data, at + 6) >= 8:
        version, kind, number = u8(data, at), u8(data, at + 1), u8(data, at + 2)
        if version not in (1, 2) or kind not in (0, 1, 2, 3, 15) or number > 5:
            return False
        at += u16(data, at + 6)
        if at == end:
            return True
    return False


@helper
def is_knx(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether KNXnet/IP frames are there and count their own bytes."""
    while at + 8 <= end and u16(data, at) == 0x0610 and 2 <= u8(data, at + 2) <= 9 and u16(data, at + 4) >= 8:
        at += u16(data, at + 4)
        if at == end:
            return True
    return False


@helper
def is_hislip(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of HiSLIP begins: two letters, a type, and a length that no instrument exceeds."""
    return end - at >= 16 and u16(data, at) == 0x4853 and u8(data, at + 2) <= 27 and u32(data, at + 8) == 0


@helper
def coap_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return COAP for a datagram whose options can be walked to the end; a hint only, unless it asks for a path."""
    if end - at < 4 or u8(data, at) >> 6 != 1 or u8(data, at) & 0xF > 8:
        return UNKNOWN
    code = u8(data, at + 1)
    if not (1 <= code <= 7 or 0x41 <= code <= 0x45 or 0x80 <= code <= 0x8F or 0xA0 <= code <= 0xA5):
        return UNKNOWN
    letters = 0
    at += 4 + (u8(data, at) & 0xF)
    while at < end and u8(data, at) != 0xFF:
        delta, size = u8(data, at) >> 4, u8(data, at) & 0xF
        if delta == 15 or size == 15:
            return UNKNOWN
        at += 1
        at += (delta == 13) + 2 * (delta == 14)
        if size == 13:
            size = 13 + u8(data, at) if at < end else 0
            at += 1
        elif size == 14:
            size = 269 + u16(data, at) if at + 1 < end else 0
            at += 2
        for i in range(at, min(at + size, end)):
            letters += 0x61 <= u8(data, i) <= 0x7A
        at += size
    if at > end:
        return UNKNOWN
    return COAP if code <= 4 and letters >= LETTERS else COAP | HINT


@helper
def is_profinet(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a connectionless DCE/RPC message is to an interface of PROFINET IO (dea0000x-6c97-11d1-8271-…).

    Or to the endpoint mapper, and such an interface is asked for or told there.
    """
    if end - at < 80 or u8(data, at) != 4 or u8(data, at + 1) > 10:
        return False
    is_little = u8(data, at + 4) & 0x10 > 0
    interface = le32(data, at + 24) if is_little else u32(data, at + 24)
    if interface & 0xFFFFFFF0 == PROFINET_UUID:
        return (le16(data, at + 28) if is_little else u16(data, at + 28)) == 0x6C97
    if interface != ENDPOINT_MAPPER:
        return False
    for i in range(at + 80, min(end - 8, at + 320)):
        if u32(data, i) & 0xF0FFFFFF == 0x0000A0DE and u16(data, i + 4) == 0x976C:
            return True
        if u32(data, i) & 0xFFFFFFF0 == PROFINET_UUID and u16(data, i + 4) == 0x6C97:
            return True
    return False


@helper
def amqp_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return AMQP for its header of version 0-8, 0-9 or 1.0, or a frame of a session that stands."""
    if end - at < 8:
        return UNKNOWN
    if u32(data, at) == 0x414D5150:
        return AMQP if u32(data, at + 4) in AMQP_VERSIONS else UNKNOWN
    kind, size = u8(data, at), u32(data, at + 3)
    if kind not in (1, 2, 3, 8) or at + 8 + size > end or u8(data, at + 7 + size) != 0xCE:
        return UNKNOWN
    if kind == 1:
        return AMQP if size >= 4 and u16(data, at + 7) in AMQP_CLASSES and u16(data, at + 9) <= 120 else UNKNOWN
    return AMQP | HINT


@helper
def is_mqtt(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether whole control packets of MQTT, of a session that stands, fill the payload."""
    while at + 2 <= end:
        kind, flags, size, shift = u8(data, at) >> 4, u8(data, at) & 0xF, 0, 0
        at += 1
        while at < end and shift < 28:
            size |= (u8(data, at) & 0x7F) << shift
            shift += 7
            at += 1
            if not u8(data, at - 1) & 0x80:
                break
        if u8(data, at - 1) & 0x80 or at + size > end:
            return False
        if kind == 3:  # a topic, of which the first letter
            if size < 4 or not 1 <= u16(data, at) <= size - 2 or not 0x21 <= u8(data, at + 2) <= 0x7E:
                return False
        elif kind in (12, 13):
            if size or flags:
                return False
        elif not 4 <= kind <= 11 or flags != (2 if kind in (6, 8, 10) else 0) or size < 2 or (kind < 8 and size > 4):
            return False
        at += size
    return at == end


@helper
def is_egd(data: NDArray[np.uint8], at: int, end: int, source: int) -> bool:
    """Return whether a datagram is one of Ethernet Global Data: its type, and its sender's own address in it."""
    return end - at >= 32 and u16(data, at) == 0x0D01 and u32(data, at + 4) == source


@helper
def is_cnip(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram has the header of LonWorks over IP, and counts its own bytes."""
    if end - at < 20 or u16(data, at) != end - at or u8(data, at + 2) != 1 or u8(data, at + 4):
        return False
    return u8(data, at + 3) in (0x01, 0x03, 0x04, 0x06, 0x07, 0x08, 0x60, 0x63, 0x64, 0x66, 0x67, 0x68, 0x70, 0x71)


@helper
def plant_of_both(data: NDArray[np.uint8], at: int, end: int, is_stream: bool) -> int:
    """Return what is the same in streams and in datagrams."""
    if is_dnp3(data, at, end):
        return DNP3
    if is_enip(data, at, end):
        return ENIP
    if is_synchrophasor(data, at, end):
        return C37118
    if is_hart(data, at, end):
        return HARTIP
    if is_dlms(data, at, end):
        return DLMS
    if is_knx(data, at, end):
        return KNX
    if is_slmp(data, at, end):
        return SLMP if is_stream or not is_cyclic(data, at, end) else CCIEFB
    if is_ads(data, at, end, is_stream):
        return ADS
    if is_c1222(data, at, end):
        return C1222
    return ROC if is_roc(data, at, end) else UNKNOWN


@helper
def plant_of_stream(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application of the first bytes of a TCP direction, with HINT where others may look so, or UNKNOWN."""
    if end - at < 5:
        return MQTT | HINT if is_mqtt(data, at, end) else UNKNOWN
    found = plant_of_both(data, at, end, True)
    if found != UNKNOWN:
        return found
    if is_iec104(data, at, end):
        return IEC104
    if is_opcua(data, at, end):
        return OPCUA
    if is_genisys(data, at, end):
        return GENISYS
    if is_hislip(data, at, end):
        return HISLIP
    if end - at < 8:
        return maker_of_stream(data, at, end)
    word, after = u32(data, at), u32(data, at + 4)
    if word == 0x46494E53:  # FINS, then the length of what follows
        is_whole = after == end - at - 8 or (after < end - at - 12 and u32(data, at + 8 + after) == word)
        return FINS if is_whole else UNKNOWN
    if word == 0x666F7820 and after >> 24 == 0x61:  # "fox a"
        return FOX
    if word == 0x000117E8 and le32(data, at + 4) == end - at:
        return CODESYS
    if word >> 16 == 0x2F3F and u16(data, end - 2) == 0x0D0A and u8(data, end - 3) == 0x21:  # "/?" … "!"
        return IEC62056
    found = amqp_of(data, at, end)
    if found == UNKNOWN:
        found = maker_of_stream(data, at, end)
    return MQTT | HINT if found == UNKNOWN and is_mqtt(data, at, end) else found


@helper
def plant_of_datagram(data: NDArray[np.uint8], at: int, end: int, source: int) -> int:
    """Return the Application of a datagram, with HINT where others may look so, or UNKNOWN. *source*: IPv4 address."""
    if end - at < 4:
        return UNKNOWN
    found = plant_of_both(data, at, end, False)
    if found != UNKNOWN:
        return found
    if is_bacnet(data, at, end):
        return BACNET
    if is_sbus(data, at, end):
        return SBUS
    if is_profinet(data, at, end):
        return PROFINET
    if is_trdp(data, at, end):
        return TRDP
    if is_egd(data, at, end, source):
        return EGD
    if is_cnip(data, at, end):
        return CNIP | HINT
    word = u32(data, at)
    if word == 0x52545053 and end - at >= 20:  # RTPS
        return RTPS
    if word == 0x4553494F:  # ESIO
        return ESIO
    found = codesys_of(data, at, end)
    if found == UNKNOWN:
        found = maker_of_datagram(data, at, end)
    if found != UNKNOWN:
        return found
    if is_modbus(data, at, end):
        return MODBUS | HINT
    if is_uadp(data, at, end):
        return UADP | HINT
    found = fins_of_datagram(data, at, end)
    return found if found != UNKNOWN else coap_of(data, at, end)
