"""Where a message of a plant's protocol begins in, its size out: so that several in one segment are walked.

The documents are those that ``plant``, ``telecontrol`` and ``shapes`` name for each. A length is believed only within
what its protocol allows; whoever walks by it never reads further than what was captured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u16, u24, u32
from kwel.model.kinds import Application
from kwel.protocols.epsem import ber_size, ber_width
from kwel.protocols.makers import letters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODBUS, S7COMM, S7PLUS, MMS = (
    int(Application.MODBUS), int(Application.S7COMM), int(Application.S7PLUS), int(Application.MMS),
)  # fmt: skip
DNP3, IEC104, ENIP, OPCUA = (
    int(Application.DNP3), int(Application.IEC104), int(Application.ENIP), int(Application.OPCUA),
)  # fmt: skip
BACNET, FINS, SLMP, ADS = int(Application.BACNET), int(Application.FINS), int(Application.SLMP), int(Application.ADS)
C37118, HARTIP, DLMS, KNX = (
    int(Application.C37118), int(Application.HARTIP), int(Application.DLMS), int(Application.KNX),
)  # fmt: skip
ROC, SBUS, GENISYS, PROFINET = (
    int(Application.ROC), int(Application.SBUS), int(Application.GENISYS), int(Application.PROFINET),
)  # fmt: skip

UMAS, RTU, SRTP, MELSEC1E, ATG = (
    int(Application.UMAS), int(Application.MODBUSRTU), int(Application.GESRTP), int(Application.MELSEC1E),
    int(Application.ATG),
)  # fmt: skip
CODESYS, C1222 = int(Application.CODESYS), int(Application.C1222)

WALKED = (
    MODBUS, S7COMM, S7PLUS, MMS, DNP3, IEC104, ENIP, OPCUA, BACNET, FINS, SLMP, ADS, C37118, HARTIP, DLMS, KNX, ROC,
    SBUS, GENISYS, PROFINET, UMAS, RTU, SRTP, MELSEC1E, ATG, CODESYS, C1222,
)  # fmt: skip
"""Applications whose messages are walked."""
MORE, LOST = 0, -1
"""Too few bytes to tell; and no message begins here."""
MOST = 1 << 24


@helper
def size_of_dnp3(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a link frame: its data in blocks of 16 bytes, each with a checksum."""
    if end - at < 3:
        return MORE
    length = u8(data, at + 2)
    if u16(data, at) != 0x0564 or length < 5:
        return LOST
    return 10 + (length - 5) + 2 * ((length - 5 + 15) // 16)


@helper
def size_of_iso(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a TPKT."""
    if end - at < 4:
        return MORE
    return u16(data, at + 2) if u16(data, at) == 0x0300 and u16(data, at + 2) >= 7 else LOST


@helper
def size_of_slmp(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a frame of MELSEC 3E or 4E, binary or text."""
    if end - at < 2:
        return MORE
    kind = u16(data, at)
    if kind in (0x3530, 0x3534, 0x4430, 0x4434):  # the first two letters of four
        start = at + (0 if kind & 0xFF == 0x30 else 8)
        return start - at + 18 + letters(data, start + 14) if end - start >= 18 else MORE
    extra = 4 if kind in (0x5400, 0xD400) else 0
    if kind not in (0x5000, 0xD000) and extra == 0:
        return LOST
    return 9 + extra + le16(data, at + 7 + extra) if end - at >= 9 + extra else MORE


@helper
def size_of_genisys(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a message of GENISYS, which ends in a byte of its own."""
    if not 0xF1 <= u8(data, at) <= 0xFE:
        return LOST
    for i in range(at + 1, end):
        if u8(data, i) == 0xF6:
            return i + 1 - at
    return MORE if end - at < 256 else LOST


@helper
def size_of_modbus(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a frame of Modbus/TCP."""
    if end - at < 6:
        return MORE
    return 6 + u16(data, at + 4) if u16(data, at + 2) == 0 and 2 <= u16(data, at + 4) <= 260 else LOST


@helper
def size_of_fins(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a frame of FINS/TCP."""
    if end - at < 8:
        return MORE
    return 8 + u32(data, at + 4) if u32(data, at) == 0x46494E53 else LOST


@helper
def size_of_c1222(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the size of a message of C12.22, as BER writes it."""
    if end - at < 4:
        return MORE
    size = ber_size(data, at + 1, end)
    return 1 + ber_width(u8(data, at + 1)) + size if u8(data, at) == 0x60 and size > 0 else LOST


@helper
def size_by_length(data: NDArray[np.uint8], at: int, end: int, application: int) -> int:
    """Return the size of a message whose header holds it in a field at a fixed place; LOST for any other."""
    have = end - at
    if application == IEC104:
        if have < 2:
            return MORE
        return 2 + u8(data, at + 1) if u8(data, at) == 0x68 and u8(data, at + 1) >= 4 else LOST
    if application == ADS:
        if have < 6:
            return MORE
        return 6 + le32(data, at + 2) if u16(data, at) == 0 and le32(data, at + 2) >= 32 else LOST
    if application == ROC:
        return 8 + u8(data, at + 5) if have >= 6 else MORE
    if application == C37118:
        if have < 4:
            return MORE
        return u16(data, at + 2) if u8(data, at) == 0xAA else LOST
    if have < 8:
        return MORE
    if application == OPCUA:
        return le32(data, at + 4) if 0x41 <= u8(data, at) <= 0x5A and u24(data, at) & 0x808080 == 0 else LOST
    if application == SRTP:
        return 56 + le16(data, at + 4) if u8(data, at) <= 3 else LOST
    if application == HARTIP:
        return u16(data, at + 6) if u8(data, at) <= 2 else LOST
    if application == KNX:
        return u16(data, at + 4) if u16(data, at) == 0x0610 else LOST
    if application == DLMS:
        return 8 + u16(data, at + 6) if u16(data, at) == 1 else LOST
    if application == SBUS:
        return u32(data, at)
    if application == CODESYS:
        return le32(data, at + 4) if u32(data, at) == 0x000117E8 else LOST
    if application != ENIP:
        return LOST
    if u16(data, at + 4) == 0x0800 and u32(data, at) == 0x02000280:  # implicit messages fill a datagram
        return have
    return (24 + le16(data, at + 2)) if have >= 24 else MORE


@helper
def message_size(data: NDArray[np.uint8], at: int, end: int, application: int, is_stream: bool) -> int:
    """Return the size of the message that begins at *at*, MORE if that does not show yet, or LOST."""
    if at >= end:
        return MORE
    if application in (MODBUS, UMAS):
        size = size_of_modbus(data, at, end)
    elif application in (S7COMM, S7PLUS, MMS):
        size = size_of_iso(data, at, end)
    elif application == DNP3:
        size = size_of_dnp3(data, at, end)
    elif application == SLMP:
        size = size_of_slmp(data, at, end)
    elif application == GENISYS:
        size = size_of_genisys(data, at, end)
    elif application == C1222:
        size = size_of_c1222(data, at, end)
    elif application == FINS and is_stream:
        size = size_of_fins(data, at, end)
    elif application in (FINS, BACNET, PROFINET, RTU, MELSEC1E, ATG) or (
        application in (ADS, CODESYS) and not is_stream
    ):
        return end - at
    else:
        size = size_by_length(data, at, end, application)
    return LOST if size > MOST or (size < 4 and size != MORE) else size
