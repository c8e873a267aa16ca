"""A payload of a known OT protocol in, whether it may tell what its sender is out: a look at a few bytes, compiled.

``streams`` asks it of every payload of a plant's flows, so that what identifies a device reaches a Python dissector
however late it comes. The documents are named by the dissectors; see ``registry``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u16, u24, u32
from kwel.model.kinds import Application
from kwel.protocols.channels import codesys_tells
from kwel.protocols.epsem import ber_size, ber_width, flags_at
from kwel.protocols.shapes import FUNCTION_MEI, FUNCTION_REPORT_ID, S7_USERDATA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TELLS, ASKS = 1, 2
"""What a message does: tells what its sender is, or asks another to; then the answer counts."""
MBAP, TPKT = 7, 7
FUNCTION_UMAS = 0x5A
S7_LIST = 0x84
"""Type and group of the answer to a question of the CPU functions; a question has 0x44."""
MANAGED, SYSTEM_GROUP, PARTS_GROUP = 0x2B060102, 0x0101, 0x012F
"""1.3.6.1.2, as BER writes it; below it 1.1, the group "system" (RFC 3418), and 1.47, of physical parts (RFC 6933)."""
MODBUS, S7COMM, S7PLUS, MMS = (
    int(Application.MODBUS), int(Application.S7COMM), int(Application.S7PLUS), int(Application.MMS),
)  # fmt: skip
ENIP, OPCUA, BACNET, DNP3 = (
    int(Application.ENIP), int(Application.OPCUA), int(Application.BACNET), int(Application.DNP3),
)  # fmt: skip
IEC104, HARTIP, FINS, SLMP = (
    int(Application.IEC104), int(Application.HARTIP), int(Application.FINS), int(Application.SLMP),
)  # fmt: skip
UMAS = int(Application.UMAS)
ADS, FOX, KNX, C37118 = int(Application.ADS), int(Application.FOX), int(Application.KNX), int(Application.C37118)
CODESYS, PROFINET, SRTP, ROC, C1222 = (
    int(Application.CODESYS), int(Application.PROFINET), int(Application.GESRTP), int(Application.ROC),
    int(Application.C1222),
)  # fmt: skip
CONNECT, READ, READ_IMPLICIT, LOOKUP = 0, 2, 5, 2
"""Operations of PROFINET's context management, and the one of an endpoint mapper that lists what there is."""
PROFINET_UUID, IDENTIFICATION = 0xDEA00000, (0x0020, 0x0021, 0x0022, 0x0023)
"""The first word of its interfaces' UUIDs; types of blocks that identify a module (I&M0 to 3)."""
C1222_READ, C1222_READ_AT, C1222_TABLES, C1222_SHORTEST = 0x30, 0x3F, (1, 5), 24
"""Services that read, tables that name a device, and the size of an answer that holds one of them."""
MOST_SERVICES = 16
PROGRAM_NAMES, SYSTEM_CONFIGURATION = 3, 6
"""A service of GE-SRTP, an opcode of ROC Plus."""


@helper
def is_told_of(application: int) -> bool:
    """Return whether a protocol can tell identity after the first payloads of a flow."""
    return application in (
        BACNET, MODBUS, UMAS, S7COMM, S7PLUS, MMS, ENIP, OPCUA, DNP3, IEC104, HARTIP, FINS, SLMP, ADS, FOX, KNX, C37118,
        CODESYS, PROFINET, SRTP, ROC, C1222,
    )  # fmt: skip


@helper
def always_read(application: int) -> int:
    """Return how many payloads of a direction are read whatever they hold, for roles, units and addresses."""
    if application in (MODBUS, UMAS, S7COMM, DNP3, IEC104, ADS, FOX, C1222):
        return 2
    if application == MMS:  # what is read of a server lies in one of its domains
        return 6
    return 1 if application == S7PLUS else 0


@helper
def goes_on(data: NDArray[np.uint8], at: int, end: int, application: int) -> bool:
    """Return whether a message is a part only, and the next one of its direction belongs to it (X.224 section 13.7)."""
    return application in (S7COMM, S7PLUS, MMS) and end - at >= TPKT and u8(data, at + 6) & 0x80 == 0


@helper
def says(data: NDArray[np.uint8], at: int, end: int, application: int, is_stream: bool) -> int:
    """Return TELLS, ASKS or 0 of the message that begins at *at*."""
    if application in (MODBUS, UMAS):
        return modbus_says(data, at, end)
    if application == S7COMM:
        return s7comm_says(data, at, end)
    if application == MMS:
        return mms_says(data, at, end)
    if application == ENIP:
        return enip_says(data, at, end)
    if application == OPCUA:
        return TELLS if opcua_tells(data, at, end) else 0
    if application == BACNET:
        return TELLS if not is_stream and bacnet_tells(data, at, end) else 0
    if application == DNP3:  # the response's first object is of group 0: the attributes of a device
        return TELLS if end - at >= 17 and u8(data, at + 12) in (129, 130) and u8(data, at + 15) == 0 else 0
    if application == HARTIP:
        return TELLS if hart_tells(data, at, end) else 0
    if application == FINS:
        header = at + 16 if is_stream else at  # the answer to "read the controller's data"
        return TELLS if header + 12 < end and u8(data, header) & 0x40 and u16(data, header + 10) == 0x0501 else 0
    if application == SLMP:
        return slmp_says(data, at, end)
    if application == ADS:
        if not is_stream:
            return TELLS
        return TELLS if end - at >= 62 and u16(data, at + 22) == 0x0100 and u8(data, at + 24) & 1 else 0
    if application == KNX:
        return TELLS if end - at >= 14 and u16(data, at + 2) in (0x0202, 0x0204, 0x020C) else 0
    if application == C37118:  # a header, or one of the three configuration frames
        return TELLS if end - at >= 16 and (u8(data, at + 1) >> 4) & 7 in (1, 2, 3, 5) else 0
    return field_says(data, at, end, application)


@helper
def field_says(data: NDArray[np.uint8], at: int, end: int, application: int) -> int:
    """Return the same of protocols of controllers and meters."""
    if application == PROFINET:
        return TELLS if profinet_tells(data, at, end) else 0
    if application == CODESYS:
        return TELLS if codesys_tells(data, at, end) else 0
    if application == ROC:
        is_told = end - at >= 27 and u8(data, at + 4) == SYSTEM_CONFIGURATION and u8(data, at + 5) >= 19
        return TELLS if is_told else 0
    if application == C1222:
        return c1222_says(data, at, end)
    if application != SRTP or end - at < 56 or u8(data, at) != 2:
        return 0
    kind = u8(data, at + 31)
    return ASKS if u8(data, at + (42 if kind == 0xC0 else 50)) == PROGRAM_NAMES and kind in (0xC0, 0x80) else 0


@helper
def profinet_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether stations connect, a module's identification is read, or an endpoint mapper tells of a device."""
    if end - at < 104:
        return False
    kind, is_little = u8(data, at + 1), u8(data, at + 4) & 0x10 > 0
    operation = le16(data, at + 68) if is_little else u16(data, at + 68)
    interface = le32(data, at + 24) if is_little else u32(data, at + 24)
    if interface & 0xFFFFFFF0 != PROFINET_UUID:
        return kind == 2 and operation == LOOKUP
    if operation == CONNECT:
        return kind in (0, 2)
    return (
        kind == 2 and operation in (READ, READ_IMPLICIT) and end - at >= 174 and u16(data, at + 164) in IDENTIFICATION
    )


@helper
def c1222_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return ASKS where a table is read that names the device, TELLS where a read in clear is answered."""
    at = flags_at(data, at, end)
    if at >= end or u8(data, at) & 0x08:  # encrypted
        return 0
    at += 1 + 4 * (u8(data, at) & 0x10 != 0)
    for _ in range(MOST_SERVICES):
        size = ber_size(data, at, end)
        if size < 1:
            return 0
        at += ber_width(u8(data, at))
        if at + 3 > end:
            return 0
        if u8(data, at) in (C1222_READ, C1222_READ_AT) and u16(data, at + 1) in C1222_TABLES:
            return ASKS
        if u8(data, at) == 0 and size >= C1222_SHORTEST:
            return TELLS
        at += size
    return 0


@helper
def modbus_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Read the function code."""
    if at + MBAP + 1 > end:
        return 0
    function = u8(data, at + MBAP)
    if function in (FUNCTION_MEI, FUNCTION_REPORT_ID):
        return TELLS
    return ASKS if function == FUNCTION_UMAS and u16(data, at + 4) == 4 and u8(data, at + MBAP + 2) == 2 else 0


@helper
def goes_on_answering(data: NDArray[np.uint8], at: int, end: int, application: int) -> bool:
    """Return whether an answer that was waited for says that another part of it follows: a status list of S7."""
    if application != S7COMM or at + 27 > end or u8(data, at + 8) != S7_USERDATA:
        return False
    return u16(data, at + 22) == S7_LIST << 8 | 1 and u8(data, at + 26) != 0


@helper
def s7comm_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Read which status list an answer holds; of one that is not whole, the next answer counts too."""
    if at + 36 > end or u8(data, at + 8) != S7_USERDATA or u16(data, at + 22) != S7_LIST << 8 | 1:
        return 0
    if u8(data, at + 34) not in (0x11, 0x1C):
        return 0
    return TELLS | ASKS if u8(data, at + 26) else TELLS


@helper
def behind_tag(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the content of a BER element begins (X.690 section 8.1), *end* where it is not there."""
    if at + 2 > end:
        return end
    size = u8(data, at + 1)
    return min(end, at + 2 + (size & 0x7F if size & 0x80 else 0))


@helper
def behind_element(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where a small BER element ends, *end* where it is not whole."""
    if at + 2 > end or u8(data, at + 1) & 0x80:
        return end
    return min(end, at + 2 + u8(data, at + 1))


@helper
def mms_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Read which service a confirmed message of MMS is of, behind the session and the presentation."""
    if at + 24 > end or u32(data, at + 7) != 0x01000100 or u8(data, at + 11) != 0x61:
        return 0
    at = behind_tag(data, behind_tag(data, at + 11, end), end)
    at = behind_tag(data, behind_element(data, at, end), end)
    if at + 6 > end:
        return 0
    kind = u8(data, at)
    at = behind_element(data, behind_tag(data, at, end), end)
    if at + 2 > end:
        return 0
    service = u8(data, at)
    if kind == 0xA1:
        return TELLS if service in (0xA1, 0xA2) else 0
    if kind != 0xA0:
        return 0
    if service in (0xA1, 0x82):
        return ASKS
    if service == 0xA4:  # a name plate of IEC 61850 is read: "PhyNam" or "NamPlt"
        for i in range(at, min(end - 4, at + 120)):
            if u32(data, i) in (0x5068794E, 0x4E616D50):
                return ASKS
    return 0


@helper
def enip_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Find CIP in its items: the identity object is asked for, or an answer has the shape of it."""
    if end - at <= 30:
        return 0
    command = le16(data, at)
    if command == 0x63:
        return TELLS
    if command not in (0x6F, 0x70) or end - at < 44:
        return 0
    item = at + 36 + le16(data, at + 34)
    if item + 8 > end or le16(data, item) not in (0xB1, 0xB2):
        return 0
    at = item + 4 + 2 * (le16(data, item) == 0xB1)
    if at + 4 > end:
        return 0
    service = u8(data, at)
    if service & 0x80 == 0:
        for i in range(at + 2, min(end - 3, at + 48)):
            if u24(data, i) == 0x200124 or (u24(data, i) == 0x210001 and u8(data, i + 3) == 0):
                return ASKS
        return 0
    body = at + 4 + 2 * u8(data, at + 3)
    if service != 0x81 or body + 16 > end:
        return 0
    size = u8(data, body + 14)
    return TELLS if size and body + 15 + size <= end and 32 <= u8(data, body + 15) < 127 else 0


@helper
def bacnet_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram of BACnet/IP carries what `network_tells` means."""
    if end - at < 8 or u8(data, at + 1) not in (0x04, 0x09, 0x0A, 0x0B):
        return False
    return network_tells(data, at + (10 if u8(data, at + 1) == 0x04 else 4), end)


@helper
def network_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of BACnet's network layer is an I-Am, an I-Have, or an answer with what a device is."""
    if end - at < 4 or u8(data, at) != 1:
        return False
    control = u8(data, at + 1)
    at += 2
    for bit in (0x20, 0x08):  # to whom, from whom
        if control & bit and at + 3 < end:
            at += 3 + u8(data, at + 2)
    at += control & 0x20 != 0
    if at + 2 > end:
        return False
    if control & 0x80:
        return u8(data, at) == 1  # whoever routes says where to
    kind = u8(data, at)
    if kind >> 4 == 1:
        return u8(data, at + 1) in (0, 1)
    at += 4 if kind & 8 else 2
    if kind >> 4 != 3 or at + 9 > end or u8(data, at) not in (12, 14) or u8(data, at + 1) != 0x0C:
        return False
    if u32(data, at + 2) >> 22 == 8 or u16(data, at + 6) == 0x194D:  # a device, or the name of another object
        return True
    for i in range(at + 6, min(end - 3, at + 90)):
        if u24(data, i) == 0x294D4E:
            return True
    return False


@helper
def opcua_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a channel is opened, or a message in clear holds descriptions of applications."""
    if end - at < 28:
        return False
    kind = u24(data, at)
    if kind == 0x4F504E:  # OPN
        return True
    if kind != 0x4D5347 or u16(data, at + 24) != 0x0100:  # MSG, and a type of namespace 0
        return False
    service = le16(data, at + 26)
    if service == 634 and end - at > 60:  # what was read: the server's status, of type 862, has a build in it
        for i in range(at + 44, min(end - 5, at + 76)):
            if u32(data, i) == 0x01006003 and u8(data, i + 4) == 1:
                return True
    return service in (425, 431, 437, 461, 464, 12211)


@helper
def hart_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a device answers a command that reads its identity or its tag."""
    if end - at < 14 or u8(data, at + 1) != 1 or u8(data, at + 2) != 3 or u8(data, at + 8) & 7 != 6:
        return False
    at += 8 + 1 + (5 if u8(data, at + 8) & 0x80 else 1)
    return at < end and u8(data, at) in (0, 11, 13, 20, 21)


@helper
def slmp_says(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return ASKS for "read type name", TELLS for an answer of its size: a name of 16 letters and a code."""
    is_answer, at = u8(data, at) >= 0xD0, at + 4 * (u8(data, at) & 4 != 0)
    if at + 15 > end:
        return 0
    if is_answer:
        return TELLS if le16(data, at + 7) == 20 and le16(data, at + 9) == 0 else 0
    return ASKS if le16(data, at + 11) == 0x0101 else 0


@helper
def snmp_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of SNMP is of version 3, or holds variables of the group "system", or is a trap.

    The community, a password in clear, is stepped over.
    """
    at = behind_tag(data, at, end)
    if at + 5 > end:
        return False
    if u8(data, at + 2) == 3:
        return True
    at = behind_element(data, at + 3, end)
    if at >= end or u8(data, at) not in (0xA2, 0xA4, 0xA7):
        return False
    if u8(data, at) == 0xA4:
        return True
    for i in range(at, min(end - 6, at + 400)):
        if u32(data, i) == MANAGED and u16(data, i + 4) in (SYSTEM_GROUP, PARTS_GROUP):
            return True
    return False
