"""The first payload of a direction in, whether it is of a protocol that one maker's controllers speak out.

Mitsubishi SH-080008 (MELSEC: 1E frames, 3E and 4E as text); FF-588 section 6 as Wireshark's dissector ``ff`` shows it
(FF-HSE); MODBUS over Serial Line V1.02 section 2.5.1 (the frame of Modbus RTU, carried on TCP). As open dissectors and
tools show them, for want of a public document: GE-SRTP (Wireshark's packet-ge-srtp), BSAP (icsnpp-bsap), TriStation
(nDPI, and the published analyses of TRITON for its checksum), MELSOFT (Redpoint, and a capture). Known, not read again:
AB/Ethernet (CSP), Red Lion's Crimson 3, tank gauges (Veeder-Root 576013-635), CC-Link IE Field Basic. ``plant`` asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, le32, u8, u16, u32
from kwel.model.kinds import Application
from kwel.protocols.shapes import HINT
from kwel.protocols.telecontrol import MODBUS_REVERSED, reflected_crc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN = int(Application.UNKNOWN)
RTU, SRTP, MELSEC1E, MELSOFT = (
    int(Application.MODBUSRTU), int(Application.GESRTP), int(Application.MELSEC1E), int(Application.MELSOFT),
)  # fmt: skip
FFHSE, BSAP, ATG, CSP = int(Application.FFHSE), int(Application.BSAP), int(Application.ATG), int(Application.CSP)
CRIMSON, TRISTATION, SLMP = int(Application.CRIMSON), int(Application.TRISTATION), int(Application.SLMP)

M16 = 0xFFFF
SRTP_HEADER = 56
SRTP_KINDS = (0x80, 0x94, 0xC0, 0xD1, 0xD4)
"""Requests, acknowledgements, errors."""
DEVICES = (
    0x2044,
    0x204D,
    0x2058,
    0x2059,
    0x2042,
    0x2057,
    0x2052,
    0x2046,
    0x4E54,
    0x5354,
    0x4354,
    0x4E43,
    0x5343,
    0x4343,
)
"""Of MELSEC, two letters from the right: D, M, X, Y, B, W, R, F, TN, TS, TC, CN, CS, CC."""
TEXT_3E, TEXT_4E = (0x35303030, 0x44303030), (0x35343030, 0x44343030)
"""5000 and D000, 5400 and D400, as letters."""
CSP_MAGIC = 0x00040005
CRIMSON_ASKS = (0x012A, 0x012B)
BSAP_FUNCTIONS = (0, 1, 5, 6, 0x84, 0x86)


@helper
def is_rtu(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of Modbus RTU is there: a function, the size that it has, and the checksum."""
    size = end - at
    if not 5 <= size <= 256 or u8(data, at) > 247:
        return False
    function = u8(data, at + 1)
    fits = False
    if 1 <= function <= 4:
        fits = size == 8 or u8(data, at + 2) == size - 5
    elif function in (5, 6):
        fits = size == 8
    elif function in (15, 16):
        fits = size == 8 or (size > 9 and u8(data, at + 6) == size - 9)
    elif function in (0x11, 0x17):
        fits = size in (4, 8) or u8(data, at + 2) == size - 5 or (size > 13 and u8(data, at + 10) == size - 13)
    elif 0x81 <= function <= 0x97:
        fits = size == 5 and 1 <= u8(data, at + 2) <= 11
    return fits and reflected_crc(data, at, end - 2, MODBUS_REVERSED, M16) == le16(data, end - 2)


@helper
def srtp_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return SRTP for a mailbox message, and as a hint for the empty one that opens a connection, or its answer."""
    size = end - at
    if size < SRTP_HEADER or u8(data, at + 1) or u8(data, at) > 3:
        return UNKNOWN
    if u8(data, at) >= 2:
        fits = size == SRTP_HEADER or size <= SRTP_HEADER + le16(data, at + 4)
        return SRTP if fits and u8(data, at + 31) in SRTP_KINDS and u8(data, at + 40) <= 1 else UNKNOWN
    if size != SRTP_HEADER:
        return UNKNOWN
    for i in range(at + 9, end):
        if u8(data, i) > 1:
            return UNKNOWN
    return SRTP | HINT


@helper
def is_melsec_1e(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a request of MELSEC 1E, binary, is there: a command, this very station, a kind of device."""
    size = end - at
    if size < 12 or u8(data, at) > 5 or u8(data, at + 1) != 0xFF or le16(data, at + 2) > 0x0100:
        return False
    if u16(data, at + 8) not in DEVICES or u8(data, at + 11):
        return False
    command, points = u8(data, at), u8(data, at + 10)
    if command <= 1:
        return size == 12
    return size == 12 + (2 * points if command == 3 else (points + 1) // 2) if command <= 3 else size > 12


@helper
def letters(data: NDArray[np.uint8], at: int) -> int:
    """Return the number that four hexadecimal digits write, or -1."""
    number = 0
    for i in range(at, at + 4):
        letter = u8(data, i)
        if 0x30 <= letter <= 0x39:
            number = number << 4 | letter - 0x30
        elif 0x41 <= letter <= 0x46:
            number = number << 4 | letter - 0x37
        else:
            return -1
    return number


@helper
def is_melsec_text(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of MELSEC 3E or 4E, as text, is there and counts its own letters."""
    if end - at < 22:
        return False
    kind = u32(data, at)
    start = at + 8 if kind in TEXT_4E else at
    if kind not in TEXT_3E and start == at:
        return False
    return end - start >= 22 and letters(data, start + 14) == end - start - 18


@helper
def is_melsoft(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of MELSOFT is there and counts its own bytes."""
    if end - at < 24 or u8(data, at) not in (0x57, 0xD7) or u16(data, at + 5) != 0x1111:
        return False
    return le16(data, at + 19) + 21 == end - at


@helper
def csp_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return CSP for a connection of AB/Ethernet that is asked for; for what else has its header, a hint."""
    size = end - at
    if size < 28 or u8(data, at) not in (1, 2) or u16(data, at + 2) + 28 != size:
        return UNKNOWN
    if u8(data, at + 1) == 1 and size == 28:
        return CSP if u32(data, at + 12) == CSP_MAGIC and u8(data, at) == 1 else CSP | HINT
    return CSP | HINT if u8(data, at + 1) == 7 and size > 28 and u32(data, at + 8) == 0 else UNKNOWN


@helper
def is_crimson(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a panel of Crimson 3 is asked what it is."""
    return end - at == 6 and u16(data, at) == 4 and u16(data, at + 2) in CRIMSON_ASKS


@helper
def is_gauge(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a tank gauge is asked or answers: a letter and five digits behind the start of a header."""
    if end - at < 7 or u8(data, at) != 1:
        return False
    answers = u16(data, at + 1) == 0x0D0A
    at += 3 if answers else 1
    if end - at < 6 or u8(data, at) | 0x20 not in (0x69, 0x73):  # I, S
        return False
    for i in range(at + 1, at + 6):
        if not 0x30 <= u8(data, i) <= 0x39:
            return False
    return answers or end - at == 6 or u8(data, at + 6) in (0x0A, 0x0D, 0x03) or u8(data, at) in (0x53, 0x69, 0x73)


@helper
def is_fieldbus(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of FF-HSE is there and counts its own bytes."""
    if end - at < 12 or u8(data, at) != 1 or u8(data, at + 1) & 0x10 or u32(data, at + 8) != end - at:
        return False
    return 1 <= u8(data, at + 2) >> 2 <= 4


@helper
def is_bsap(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram of BSAP is there: the size of its header, a function, and the length of its data."""
    size = end - at
    header = le16(data, at) if size >= 14 else 0
    if header not in (14, 22) or size < header or le16(data, at + 4) not in BSAP_FUNCTIONS:
        return False
    messages = le16(data, at + 2)
    if messages == 0:
        return size == header
    return messages <= 16 and size >= header + 10 and 0 <= size - header - le32(data, at + header) <= 8


@helper
def is_tristation(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a datagram of TriStation is there: a kind, its length, its checksum."""
    size = end - at
    if size < 6 or not 1 <= u8(data, at) <= 11 or u8(data, at + 1) > 7 or le16(data, at + 2) + 6 != size:
        return False
    return reflected_crc(data, at, end - 2, MODBUS_REVERSED, 0) == le16(data, end - 2)


@helper
def maker_of_stream(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application of the first bytes of a TCP direction, with HINT where others may look so, or UNKNOWN."""
    first = u8(data, at)
    if first <= 5:
        found = srtp_of(data, at, end)
        if found != UNKNOWN:
            return found
        found = csp_of(data, at, end)
        if found != UNKNOWN:
            return found
        if is_melsec_1e(data, at, end):
            return MELSEC1E
        if is_crimson(data, at, end):
            return CRIMSON
        if is_gauge(data, at, end):
            return ATG
        if is_fieldbus(data, at, end):
            return FFHSE
    if is_melsec_text(data, at, end):
        return SLMP
    if is_melsoft(data, at, end):
        return MELSOFT
    return RTU if is_rtu(data, at, end) else UNKNOWN


@helper
def maker_of_datagram(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the Application of a datagram, with HINT where others may look so, or UNKNOWN."""
    if is_fieldbus(data, at, end):
        return FFHSE
    if is_tristation(data, at, end):
        return TRISTATION
    if is_melsec_1e(data, at, end):
        return MELSEC1E
    if is_melsec_text(data, at, end):
        return SLMP
    if is_melsoft(data, at, end):
        return MELSOFT
    if is_rtu(data, at, end):
        return RTU | HINT
    return BSAP | HINT if is_bsap(data, at, end) else UNKNOWN
