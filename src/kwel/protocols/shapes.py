"""The payload of one segment in, the OT protocol that it has the shape of out.

MODBUS Messaging on TCP/IP V1.0b section 3.1.3 (MBAP header), MODBUS Application Protocol V1.1b3 section 5.1 (function
codes); RFC 1006 section 6 (TPKT), ITU-T X.224 section 13.7 (DT TPDU), and behind it the header of S7, which starts with
0x32, of its successor, which starts with 0x72, or MMS in its OSI session (ISO 9506, IEC 61850-8-1 annex A). Compiled:
called by ``streams``. A shape is content, never a port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24, u32
from kwel.model.kinds import Application

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MBAP, MODBUS_MAX = 7, 254  # header with the unit; the largest length field
FUNCTION_EXCEPTION, FUNCTION_MEI, FUNCTION_REPORT_ID = 0x80, 0x2B, 0x11
TPKT_VERSION, COTP_DATA, S7_PROTOCOL, S7_USERDATA = 3, 0xF0, 0x32, 7
S7_PLUS = 0x72
LDAP = 0x3084
"""A BER sequence whose length has four bytes, as Active Directory begins its answers; zeros follow, and a length."""
CONNECT, ACCEPT, GIVE_TOKENS = 0x0D, 0x0E, 0x0100
"""Session SPDUs (ITU-T X.225 section 8.3); the last one begins every message once a session stands."""
USER_DATA = 0x61
"""Tag of a presentation PDU with data (ITU-T X.226 section 8.2)."""
MMS_INITIATE = 0xA8
MMS_SYNTAX = 0x28CA2202
"""Of the object identifier 1.0.9506.2, as BER writes it."""
UNKNOWN, MODBUS, S7COMM = int(Application.UNKNOWN), int(Application.MODBUS), int(Application.S7COMM)
UMAS, OPCDA = int(Application.UMAS), int(Application.OPCDA)
FUNCTION_UMAS = 0x5A
OPC_ENDS = (0x3AC139, 0xFD1DF3, 0x6D4813, 0xB5D09D, 0x82C355, 0x881665, 0x702239, 0xB4C085, 0x17121F)
OPC_MIDDLES = (
    0x1E01D011, 0xB607D211, 0x2148D211, 0x9EADEE43, 0xC721884E, 0x8357D111, 0x8FA1574B, 0x9328BC4C, 0xE0DED211,
)  # fmt: skip
"""The first words of the UUIDs of OPC Classic's interfaces, without their lowest byte, and the second words: for data
access 2 and 3, what is common, lists of servers, alarms, history (OPC Foundation, IDL of the Core Components)."""
HINT = 0x100
"""Added to an Application that a payload has the shape of, and other payloads might have by chance."""
MMS, S7PLUS = int(Application.MMS), int(Application.S7PLUS)


@helper
def is_modbus_function(code: int) -> bool:
    """Return whether a function code is public, user-defined or UMAS's (0x5A), as a request or an exception."""
    code &= 0x7F
    return 1 <= code <= 24 or code == FUNCTION_MEI or 65 <= code <= 72 or code == 90 or 100 <= code <= 110


@helper
def is_modbus(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the payload is a row of whole Modbus/TCP frames."""
    frames = 0
    while at + MBAP + 1 <= end:
        size = u16(data, at + 4)
        if (
            u16(data, at) == LDAP
            or u16(data, at + 2) != 0
            or not 2 <= size <= MODBUS_MAX
            or not is_modbus_function(u8(data, at + MBAP))
        ):
            return False
        at += 6 + size
        frames += 1
    return frames > 0 and at == end


@helper
def carried_on_iso(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return what a TPKT with data carries: S7COMM, S7PLUS or MMS, which has a HINT where it does not name itself."""
    if at + 12 > end or u8(data, at) != TPKT_VERSION or u8(data, at + 1) != 0:
        return UNKNOWN
    if u16(data, at + 2) < 12 or u8(data, at + 4) != 2 or u8(data, at + 5) != COTP_DATA:
        return UNKNOWN
    at += 7
    if u8(data, at) == S7_PROTOCOL and u8(data, at + 1) in (1, 2, 3, S7_USERDATA):
        return S7COMM
    if u8(data, at) == S7_PLUS and u8(data, at + 1) in (1, 2, 3, 0xFE):
        return S7PLUS
    if u8(data, at) in (CONNECT, ACCEPT):
        for i in range(at + 8, min(at + 250, end - 4)):
            if u32(data, i) == MMS_SYNTAX:
                return MMS
    if u8(data, at) == MMS_INITIATE and u8(data, at + 1) == end - at - 2 and u8(data, at + 2) == 0x80:
        return MMS  # without the layers between
    if at + 12 <= end and u32(data, at) == GIVE_TOKENS << 16 | GIVE_TOKENS and u8(data, at + 4) == USER_DATA:
        return MMS | HINT
    return UNKNOWN


@helper
def binds_opc(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether DCE/RPC binds to an interface of OPC Classic (DCOM, little-endian): by its UUID."""
    if end - at < 44 or u24(data, at) not in (0x05000B, 0x05000E) or not u8(data, at + 4) & 0x10:
        return False
    for i in range(at + 32, min(at + 200, end - 16)):
        word = u32(data, i)
        if word & 0xFFFFFF in OPC_ENDS and u32(data, i + 4) in OPC_MIDDLES:
            return True
    return False


@helper
def shape_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application that a payload has the shape of, with a HINT where others may have it, or UNKNOWN."""
    if is_modbus(data, at, end):
        return (UMAS if u8(data, at + MBAP) == FUNCTION_UMAS else MODBUS) | HINT
    return OPCDA if binds_opc(data, at, end) else carried_on_iso(data, at, end)
