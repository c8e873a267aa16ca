"""The first payload of a direction in, whether it is of a protocol of telecontrol, meters or railways out.

Most of these end in a checksum; see ``plant``, which asks them and names their documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, u8, u16, u24, u32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

M16 = 0xFFFF
C1222_ENTERPRISE = 0x828563
"""The end of 1.3.6.1.4.1.33507, in which the titles of C12.22's nodes begin."""
DNP3_REVERSED, MODBUS_REVERSED, CCITT = 0xA6BC, 0xA001, 0x1021
"""Polynomials of 16-bit checksums; the first two with the lowest bit first."""


@helper
def reflected_crc(data: NDArray[np.uint8], at: int, end: int, polynomial: int, crc: int) -> int:
    """Return a checksum of 16 bits that takes the lowest bit of each byte first and begins with *crc*."""
    for i in range(at, end):
        crc ^= u8(data, i)
        for _ in range(8):
            crc = (crc >> 1) ^ (polynomial if crc & 1 else 0)
    return crc


@helper
def ccitt_crc(data: NDArray[np.uint8], at: int, end: int, crc: int) -> int:
    """Return a checksum of 16 bits by the polynomial of CCITT, that begins with *crc*."""
    for i in range(at, end):
        crc ^= u8(data, i) << 8
        for _ in range(8):
            crc = ((crc << 1) ^ (CCITT if crc & 0x8000 else 0)) & M16
    return crc


@helper
def is_dnp3(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a link frame begins: its two bytes, and the checksum of its header."""
    if end - at < 10 or u16(data, at) != 0x0564 or u8(data, at + 2) < 5:
        return False
    return reflected_crc(data, at, at + 8, DNP3_REVERSED, 0) ^ M16 == le16(data, at + 8)


@helper
def is_iec104(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether whole APDUs of one of the three formats fill the payload."""
    if end - at < 6:
        return False
    while at + 6 <= end:
        size, first = u8(data, at + 1), u8(data, at + 2)
        if u8(data, at) != 0x68 or size < 4 or at + 2 + size > end or u8(data, at + 4) & 1:
            return False
        if first & 1 == 0:  # information: a type, a reason, a common address
            if size < 10 or not 1 <= u8(data, at + 6) <= 127 or u8(data, at + 8) & 0x3F == 0:
                return False
        elif size != 4:
            return False
        elif first == 1:
            if u8(data, at + 3):
                return False
        elif first not in (0x07, 0x0B, 0x13, 0x23, 0x43, 0x83) or u24(data, at + 3):
            return False
        at += 2 + size
    return at == end


@helper
def is_synchrophasor(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a frame of C37.118 is there: its size and its checksum."""
    if end - at < 16 or u8(data, at) != 0xAA or u8(data, at + 1) & 0x88 or u8(data, at + 1) >> 4 > 5:
        return False
    size = u16(data, at + 2)
    return 16 <= size <= end - at and ccitt_crc(data, at, at + size - 2, M16) == u16(data, at + size - 2)


@helper
def is_roc(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of ROC Plus is there: the length of its data, and its checksum."""
    if end - at < 8 or u8(data, at + 5) != end - at - 8:
        return False
    return reflected_crc(data, at, end - 2, MODBUS_REVERSED, M16) == le16(data, end - 2)


@helper
def is_genisys(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of GENISYS is there: its first and last byte, and its checksum."""
    if end - at < 3 or not 0xF1 <= u8(data, at) <= 0xFE or u8(data, end - 1) != 0xF6:
        return False
    crc, at_end = M16, end - 3
    i = at
    while i < at_end:
        byte = u8(data, i)
        if byte == 0xF0 and i > at:  # the next byte's low half, above 0xF0
            i += 1
            byte = 0xF0 | (u8(data, i) & 0xF)
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (MODBUS_REVERSED if crc & 1 else 0)
        i += 1
    return i == at_end and end - at >= 5 and crc == le16(data, end - 3)


@helper
def is_dlms(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether DLMS/COSEM's wrapper is there, and an application message that exists."""
    if end - at < 10 or u16(data, at) != 1 or u16(data, at + 6) != end - at - 8:
        return False
    tag = u8(data, at + 8)
    return 0x60 <= tag <= 0x63 or 0xC0 <= tag <= 0xC7 or 0xC8 <= tag <= 0xDF or tag in (0x01, 0x08, 0x0E, 0x0F)


@helper
def is_c1222(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an association of C12.22 begins: its tag, and its object identifier (or a relative one) in it."""
    if end - at < 14 or u8(data, at) != 0x60:
        return False
    at += 2 + (u8(data, at + 1) & 0x7F if u8(data, at + 1) & 0x80 else 0)
    if at + 6 > end or not 0xA1 <= u8(data, at) <= 0xA8:
        return False
    for i in range(at, min(at + 40, end - 7)):
        if u32(data, i) == 0x607C86F7 and u24(data, i + 4) == 0x540116:
            return True
        if u24(data, i) == C1222_ENTERPRISE and u8(data, i - 1) == 0x01 and u8(data, i - 2) == 0x04:
            return True
    return u8(data, at) == 0xA2 and u8(data, at + 2) == 0x80 and 1 <= u8(data, at + 3) <= 8


@helper
def is_trdp(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of TRDP is there: a version, a type of two letters, and the length of its data."""
    if end - at < 36 or u8(data, at + 4) != 1 or u8(data, at + 6) not in (0x50, 0x4D):  # P, M
        return False
    # d, r, p, e, q, c, n
    kind, size = u8(data, at + 7), u32(data, at + 20)
    return kind in (0x64, 0x72, 0x70, 0x65, 0x71, 0x63, 0x6E) and size + 40 <= end - at + 3


@helper
def is_sbus(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a telegram of Ether-S-Bus is there: its length, and its checksum."""
    if end - at < 12 or u32(data, at) != end - at or u8(data, at + 4) > 1 or u8(data, at + 8) > 2:
        return False
    return ccitt_crc(data, at, end - 2, 0) == u16(data, end - 2)
