"""The payload of one segment in, the OT protocol that it has the shape of out.

MODBUS Messaging on TCP/IP V1.0b section 3.1.3 (MBAP header), MODBUS Application Protocol V1.1b3 section 5.1 (function
codes); RFC 1006 section 6 (TPKT), ITU-T X.224 section 13.7 (DT TPDU), and the S7 header behind it, which starts with
0x32. Compiled: called by ``streams``. A shape is content, never a port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import Application
from kwel.kernel.loads import u8, u16
from kwel.native import helper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MBAP, MODBUS_MAX = 7, 254  # header with the unit; the largest length field
FUNCTION_EXCEPTION, FUNCTION_MEI, FUNCTION_REPORT_ID = 0x80, 0x2B, 0x11
TPKT_VERSION, COTP_DATA, S7_PROTOCOL, S7_USERDATA = 3, 0xF0, 0x32, 7
UNKNOWN, MODBUS, S7COMM = int(Application.UNKNOWN), int(Application.MODBUS), int(Application.S7COMM)


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
        if u16(data, at + 2) != 0 or not 2 <= size <= MODBUS_MAX or not is_modbus_function(u8(data, at + MBAP)):
            return False
        at += 6 + size
        frames += 1
    return frames > 0 and at == end


@helper
def is_s7(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the payload starts with a TPKT that carries an S7 message."""
    if at + 12 > end or u8(data, at) != TPKT_VERSION or u8(data, at + 1) != 0:
        return False
    if u16(data, at + 2) < 12 or u8(data, at + 4) != 2 or u8(data, at + 5) != COTP_DATA:
        return False
    return u8(data, at + 7) == S7_PROTOCOL and u8(data, at + 8) in (1, 2, 3, S7_USERDATA)


@helper
def shape_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application that a payload has the shape of, or UNKNOWN."""
    if is_modbus(data, at, end):
        return MODBUS
    return S7COMM if is_s7(data, at, end) else UNKNOWN


@helper
def tells_identity(data: NDArray[np.uint8], at: int, end: int, application: int) -> bool:
    """Return whether a payload of a known OT protocol may say what the device is."""
    if application == MODBUS:
        return at + MBAP + 1 <= end and u8(data, at + MBAP) in (FUNCTION_MEI, FUNCTION_REPORT_ID)
    return at + 9 <= end and u8(data, at + 8) == S7_USERDATA
