"""A packet of CODESYS 3 in, whether it is one, and the code of what it asks for out.

No document is published. The block driver, the router's header and its addresses, the name service, the channel and the
header of a service are as open tools show them: nmap's library codesys3 and script codesys-plc-info, a dissector in Lua
named codesys3, Tenable's TRA-2020-04. Compiled: called by ``plant``, ``telling`` and ``commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import le16, u8, u16, u32
from kwel.model.kinds import Application
from kwel.protocols.shapes import HINT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN, CODESYS = int(Application.UNKNOWN), int(Application.CODESYS)
BLOCK, BLOCK_HEADER = 0x000117E8, 8
"""Over TCP a block stands around the packet: four bytes, and its size."""
PACKET, NAME_ASKED, NAME_ANSWERED, CHANNEL = 0xC5, 3, 4, 0x40
NAME_TYPES, NAME_VERSIONS = (0xC201, 0xC202, 0xC203, 0xC280), (0x0400, 0x0103)
IDENTIFICATION = 0xC280
CHANNEL_TYPES = (0x01, 0x02, 0x03, 0xC2, 0x82, 0xC3, 0x83, 0xC4, 0x84)
"""A block of data, acknowledged, kept alive; information, opened, closed, and the answers to these."""
DATA, SERVICE_AT, SERVICE, SERVICE_HEADER, ANSWER = 0x01, 20, 0x55CD, 16, 0x80
NAME = 0x10000
"""Added to the type of a question to the name service."""
NONE = -1


@helper
def packet_at(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the router's packet begins: behind the block driver's header, if there is one."""
    return at + BLOCK_HEADER if end - at > BLOCK_HEADER and u32(data, at) == BLOCK else at


@helper
def body_at(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where what a packet carries begins, behind both addresses; *end* where that is no packet."""
    if end - at < 8 or u8(data, at) != PACKET or not 3 <= u8(data, at + 1) & 7 <= 4:
        return end
    lengths = u8(data, at + 5)
    size = 2 * ((u8(data, at + 1) & 7) + (lengths & 0xF) + (lengths >> 4))
    return min(end, at + size + (size & 3))


@helper
def codesys_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return CODESYS for a datagram of the name service or with the header of a service; as a hint for its channels."""
    body = body_at(data, at, end)
    if end - body < 4:
        return UNKNOWN
    service = u8(data, at + 3)
    if service in (NAME_ASKED, NAME_ANSWERED):
        is_name = le16(data, body) in NAME_TYPES and le16(data, body + 2) in NAME_VERSIONS
        return CODESYS if is_name else UNKNOWN
    if service != CHANNEL or u8(data, body) not in CHANNEL_TYPES:
        return UNKNOWN
    return CODESYS if has_service(data, body, end) else CODESYS | HINT


@helper
def has_service(data: NDArray[np.uint8], body: int, end: int) -> bool:
    """Return whether a channel's block begins a message to a service."""
    return end - body >= SERVICE_AT + 8 and u8(data, body) == DATA and u16(data, body + SERVICE_AT) == SERVICE


@helper
def codesys_tells(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a packet says which node, device and vendor its sender is."""
    at = packet_at(data, at, end)
    body = body_at(data, at, end)
    return end - body >= 40 and u8(data, at + 3) == NAME_ANSWERED and le16(data, body) == IDENTIFICATION


@helper
def codesys_code(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return group and command of a service that is asked, or the type of a question to the name service."""
    at = packet_at(data, at, end)
    body = body_at(data, at, end)
    if end - body < 4:
        return NONE
    if u8(data, at + 3) == NAME_ASKED:
        return NAME | le16(data, body)
    if u8(data, at + 3) != CHANNEL or not has_service(data, body, end):
        return NONE
    group = le16(data, body + SERVICE_AT + 4)
    return NONE if group & ANSWER else (group & 0xFF) << 8 | le16(data, body + SERVICE_AT + 6) & 0xFF
