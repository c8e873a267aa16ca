"""A message of a plant's protocol in, the codes of what it asks for out; rules/devices/commands.toml names them.

Answers have no code here where a bit tells them from requests; where none does (Modbus, OPC UA, ROC), whoever began the
conversation asks. The documents are those that ``plant``, ``telecontrol`` and ``shapes`` name; KNX also by EN 50090-4-1
(its application layer), BACnet by ANSI/ASHRAE 135 clause 20.1, FINS by Omron W227 section 5. Compiled: called by
``streams.commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, u8, u16, u24, u32
from kwel.protocols.channels import codesys_code
from kwel.protocols.cip import cip_codes, is_answer
from kwel.protocols.epsem import c1222_codes
from kwel.protocols.framing import (
    ADS,
    ATG,
    BACNET,
    C1222,
    C37118,
    CODESYS,
    DLMS,
    DNP3,
    ENIP,
    FINS,
    GENISYS,
    HARTIP,
    IEC104,
    KNX,
    MELSEC1E,
    MMS,
    MODBUS,
    OPCUA,
    PROFINET,
    ROC,
    RTU,
    S7COMM,
    S7PLUS,
    SBUS,
    SLMP,
    SRTP,
    UMAS,
)
from kwel.protocols.makers import letters
from kwel.protocols.osi import continues, iso_code

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NONE = -1
EXCEPTION, DIAGNOSTICS, FUNCTION_UMAS = 0x80, 0x08, 0x5A
ACTIVATION, DEACTIVATION, REQUEST = 6, 8, 5
"""Reasons with which a controlling station sends (IEC 60870-5-101:2003, table 14)."""
LINK_ONLY = (0, 1, 2, 9)
"""Functions of DNP3's link that carry nothing: resets, tests."""
FRAME, UNCONFIRMED, MESSAGE = 0x10000, 0x100, 0x200
"""Added to codes that are no function of the application itself: frames that open or test; BACnet's other services."""
NOTHING = 7
"""Size of a TPKT that carries nothing: the beginning of a message is yet to come."""
CHANNEL = 0x1000000
"""Added to a message of OPC UA that opens or closes, by its first letter."""


@helper
def modbus_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the function, with the sub-function of diagnostics and of UMAS."""
    if end - at < 8 or u8(data, at + 7) & EXCEPTION:
        return NONE
    function = u8(data, at + 7)
    if function == DIAGNOSTICS and end - at >= 10:
        return function << 8 | u8(data, at + 9)
    return function << 8 | u8(data, at + 9) if function == FUNCTION_UMAS and end - at >= 10 else function


@helper
def dnp3_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the function of a request's first fragment."""
    if end - at < 13 or u8(data, at + 2) < 8 or not u8(data, at + 10) & 0x40 or u8(data, at + 3) & 0x0F in LINK_ONLY:
        return NONE
    return u8(data, at + 12) if u8(data, at + 12) < 0x80 else NONE


@helper
def iec104_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the type of a command, or the byte of a frame that begins, ends or tests the transfer."""
    if end - at < 6:
        return NONE
    first = u8(data, at + 2)
    if first & 3 == 3:
        return FRAME | first if first in (0x07, 0x13, 0x43) else NONE
    if first & 1 or end - at < 9:
        return NONE
    kind, reason = u8(data, at + 6), u8(data, at + 8) & 0x3F
    return kind if kind >= 45 and kind != 70 and reason in (ACTIVATION, DEACTIVATION, REQUEST) else NONE


@helper
def bacnet_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the service of a request, or the function of the link that is no carrier."""
    if end - at < 4:
        return NONE
    function = u8(data, at + 1)
    at += 10 if function == 0x04 else 4
    if function not in (0x04, 0x09, 0x0A, 0x0B):
        return MESSAGE | function
    if end - at < 4 or u8(data, at) != 1 or u8(data, at + 1) & 0x80:
        return NONE
    control = u8(data, at + 1)
    at += 2
    if control & 0x20:  # to another network, through so many routers
        if at + 3 > end:
            return NONE
        at += 3 + u8(data, at + 2)
    if control & 0x08:
        if at + 3 > end:
            return NONE
        at += 3 + u8(data, at + 2)
    at += (control & 0x20) >> 5  # hop count
    if at + 2 > end:
        return NONE
    kind = u8(data, at) >> 4
    if kind == 1:
        return UNCONFIRMED | u8(data, at + 1)
    is_part = u8(data, at) & 0x08 > 0  # it has a number and a window
    if kind or at + (6 if is_part else 4) > end or (is_part and u8(data, at + 3)):
        return NONE
    return u8(data, at + (5 if is_part else 3))


@helper
def opcua_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the number of the type of a message in clear, or the letter of one that opens or closes."""
    if end - at < 8:
        return NONE
    kind = u24(data, at)
    if kind != 0x4D5347:  # MSG
        return CHANNEL | kind >> 16
    if end - at < 28 or u16(data, at + 24) != 0x0100:
        return NONE
    return le16(data, at + 26)


@helper
def fins_code(data: NDArray[np.uint8], at: int, end: int, is_stream: bool) -> int:
    """Return the command of a frame that is no response."""
    if is_stream:
        if end - at < 16 or u32(data, at + 8) != 2:
            return NONE
        at += 16
    return u16(data, at + 10) if end - at >= 12 and not u8(data, at) & 0x40 else NONE


@helper
def slmp_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the command of a request, binary or text."""
    if end - at < 13 or u8(data, at) & 0x80:
        return NONE
    if u8(data, at) == 0x35:
        at += 22 if u8(data, at + 1) == 0x30 else 30
        return letters(data, at) if end - at >= 4 else NONE
    at += 4 if u8(data, at) == 0x54 else 0
    return le16(data, at + 11) if end - at >= 13 else NONE


@helper
def hart_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the command that a request passes on, or the message that it is."""
    if end - at < 8 or u8(data, at + 1):
        return NONE
    if u8(data, at + 2) != 3:
        return FRAME | u8(data, at + 2)
    if end - at < 11:
        return NONE
    delimiter = u8(data, at + 8)
    at += 9 + (5 if delimiter & 0x80 else 1) + (delimiter >> 5 & 3)
    if at + 2 > end or delimiter & 7 != 2:  # a frame of a master
        return NONE
    is_long = u8(data, at) == 31 and at + 4 <= end and u8(data, at + 1) >= 2
    return u16(data, at + 2) if is_long else u8(data, at)


@helper
def knx_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return what goes to the bus, what is asked of a server's own properties, or the service that it is."""
    service = u16(data, at + 2) if end - at >= 6 else 0
    at += 6
    if service in (0x0420, 0x0310):  # behind a header of the connection
        if at + 5 > end:
            return NONE
        at += 4
    elif service != 0x0530:
        return FRAME | service if service >> 8 == 2 and service & 1 else NONE
    if at + 2 > end:
        return NONE
    message = u8(data, at)
    if service == 0x0310:
        return FRAME << 4 | message if message in (0xFC, 0xF6, 0xF8, 0xF9, 0xF1) else NONE
    at += 2 + u8(data, at + 1)
    if message not in (0x11, 0x29) or at + 9 > end or u8(data, at + 6) == 0:
        return NONE
    if service == 0x0420 and message == 0x29:  # from the bus
        return NONE
    code = u16(data, at + 7) & 0x3FF
    has_data = code < 0x1C0 or 0x200 <= code < 0x2C0 or 0x300 <= code < 0x380  # in its lower bits
    return code & 0x3C0 if has_data else code


@helper
def profinet_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the operation of a request's first fragment (DCE 1.1 RPC, C706 chapter 12)."""
    if end - at < 80 or u8(data, at + 1):
        return NONE
    is_little = u8(data, at + 4) & 0x10
    if (le16(data, at + 76) if is_little else u16(data, at + 76)) > 0:
        return NONE
    return le16(data, at + 68) if is_little else u16(data, at + 68)


@helper
def srtp_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the service that a mailbox message of GE-SRTP asks for."""
    if end - at < 52 or u8(data, at) != 2:
        return NONE
    kind = u8(data, at + 31)
    return u8(data, at + 42) if kind == 0xC0 else u8(data, at + 50) if kind == 0x80 else NONE


@helper
def gauge_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the letter of what a tank gauge is asked for, large."""
    return u8(data, at + 1) & 0xDF if end - at >= 7 and u8(data, at + 1) != 0x0D else NONE


@helper
def short_code(data: NDArray[np.uint8], at: int, end: int, application: int) -> int:
    """Return the code of a message that has it at a fixed place."""
    have = end - at
    if application == ADS:
        return le16(data, at + 22) if have >= 38 and u16(data, at) == 0 and le16(data, at + 24) & 1 == 0 else NONE
    if application == DLMS:
        return u8(data, at + 8) if have >= 9 else NONE
    if application == ROC:
        return u8(data, at + 4) if have >= 6 else NONE
    if application == SBUS:
        return u8(data, at + 10) if have >= 12 and u8(data, at + 8) == 0 else NONE
    if application == GENISYS:
        return u8(data, at)
    if application == SRTP:
        return srtp_code(data, at, end)
    if application == RTU:
        return u8(data, at + 1) if have >= 4 and not u8(data, at + 1) & EXCEPTION else NONE
    if application == MELSEC1E:
        return u8(data, at) if have >= 4 and not u8(data, at) & 0x80 else NONE
    if application == ATG:
        return gauge_code(data, at, end)
    if application == C37118:
        return u16(data, at + 14) if have >= 16 and u8(data, at + 1) >> 4 == 4 else NONE
    return NONE


@helper
def code_of(data: NDArray[np.uint8], at: int, end: int, application: int, is_stream: bool) -> int:
    """Return the code of a message, which is at most one in these protocols; NONE for none."""
    if application in (MODBUS, UMAS):
        return modbus_code(data, at, end)
    if application in (S7COMM, S7PLUS, MMS):
        return iso_code(data, at, end, application == S7COMM, application == S7PLUS)
    if application == DNP3:
        return dnp3_code(data, at, end)
    if application == IEC104:
        return iec104_code(data, at, end)
    if application == OPCUA:
        return opcua_code(data, at, end)
    if application == BACNET:
        return bacnet_code(data, at, end)
    if application == FINS:
        return fins_code(data, at, end, is_stream)
    if application == SLMP:
        return slmp_code(data, at, end)
    if application == HARTIP:
        return hart_code(data, at, end)
    if application == KNX:
        return knx_code(data, at, end)
    if application == PROFINET:
        return profinet_code(data, at, end)
    if application == CODESYS:
        return codesys_code(data, at, end)
    return short_code(data, at, end, application)


@helper
def codes_of(
    data: NDArray[np.uint8], at: int, end: int, application: int, is_stream: bool, codes: NDArray[np.int64]
) -> int:
    """Write the codes of what one message asks for; return how many."""
    if application == ENIP:
        return 0 if is_answer(data, at, end) else cip_codes(data, at, end, codes)
    if application == C1222:
        return c1222_codes(data, at, end, codes)
    codes[0] = code_of(data, at, end, application, is_stream)
    return 0 if codes[0] == NONE else 1


@helper
def goes_on(data: NDArray[np.uint8], at: int, end: int, application: int, is_part: bool) -> bool:
    """Return whether the next message has no code of its own, for it goes on with this one. *is_part*: so does this."""
    if application in (S7COMM, S7PLUS, MMS):
        return continues(data, at, end) and (is_part or u16(data, at + 2) > NOTHING)
    return application == OPCUA and end - at >= 4 and u8(data, at + 3) == 0x43
