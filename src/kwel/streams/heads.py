"""The head of an HTTP or RTSP message in, whether it tells of its sender what was not heard before out.

RFC 9110 sections 10.1.5 (User-Agent), 10.2.4 (Server), 11.6 (authentication) and 7.6.3 (Via); RFC 6265 section 4.1
(cookies that a server sets; none that a browser sends is looked at); RFC 7826 section 20 (RTSP); ANSI/ASHRAE 135-2020
annex AB.7.1 and RFC 6455 section 11.3.4 (the WebSocket subprotocols of BACnet/SC, in clear). A browser says the
same a thousand times a minute: a table of hashes remembers what was said last, by whom. Compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.hashing import MULTIPLIER, mix
from kwel.kernel.loads import u8, u24, u32, u64
from kwel.kernel.rows import Mark
from kwel.model.kinds import Application
from kwel.protocols.http import CR, LF, find_byte
from kwel.streams.room import note_mark

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

HEARD = 1 << 14
"""Hashes that are remembered, a power of two. One that is pushed out is read once more, and changes nothing."""
MAX_HEADS = 16
"""Heads of one direction that are looked at."""
MAX_LINE, MAX_LINES, MAX_COOKIE = 2048, 48, 40
HTTP, RTSP = 0x48545450, 0x52545350
LOWER = 0x20202020
USER, AGE, SERV, WWW_, PROX = 0x75736572, 0x2D616765, 0x73657276, 0x7777772D, 0x70726F78
"""How the fields begin that tell of a program, or of a device: User-Agent, Server, WWW- and Proxy-Authenticate."""
AUTH, CONT, TYPE = 0x61757468, 0x636F6E74, 0x74797065
SEC_, WEBS, PROT, PROTOCOL_AT, BACN = 0x7365632D, 0x77656273, 0x70726F74, 14, 0x6261636E
A_BACNETSC = int(Application.BACNETSC)
VIA_, SET_, COOK, COOKIE_AT = 0x7669613A, 0x7365742D, 0x636F6F6B, 11
EQUALS, CLASSES = 0x3D, np.uint64(15)
"""Of a cookie's value four bits of its hash are told apart: each visitor gets another one, a few servers have few."""
NTLM, NEGOTIATE, SCHEME_AT = 0x6E746C6D, 0x6E65676F, 15
XML, IPP, SLASH = 0x786D6C, 0x697070, 0x2F
M_HTTP, M_PASSED = int(Mark.HTTP), int(Mark.PASSED)
HEAD, UNFINISHED, PASSED = 0xF0, 0x01, 0x02
"""In a half's ``shape``, above all that has one: its last head goes on, and what answers it is passed on by a proxy."""
SEED = np.uint64(0x6B77656C)
"""Known to all, so that the same capture is read alike each time. Whoever makes two texts collide hides one."""


@helper
def is_answer(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a status line begins."""
    return at + 8 <= end and u32(data, at) in (HTTP, RTSP) and u8(data, at + 4) == SLASH


@helper
def take_in(hashed: np.uint64, data: NDArray[np.uint8], at: int, stop: int) -> np.uint64:
    """Take a line into a hash."""
    while at + 8 <= stop:
        hashed = mix(hashed, u64(data, at), SEED)
        at += 8
    rest = np.uint64(stop - at)
    while at < stop:
        rest = (rest << np.uint64(8)) | np.uint64(u8(data, at))
        at += 1
    return mix(hashed, rest, SEED)


@helper
def tells_of_body(data: NDArray[np.uint8], line: int, stop: int) -> bool:
    """Return whether a Content-Type promises XML or IPP: a description of a device may follow."""
    if line + 17 > stop or u32(data, line + 8) | LOWER != TYPE:
        return False
    for i in range(line + 13, min(stop - 2, line + 60)):
        if u24(data, i) | 0x202020 in (XML, IPP):
            return True
    return False


@helper
def is_cookie(data: NDArray[np.uint8], line: int, stop: int) -> bool:
    """Return whether a server sets a cookie, of which the name may tell who shares its work out."""
    return line + COOKIE_AT < stop and u32(data, line) | LOWER == SET_ and u32(data, line + 4) | LOWER == COOK


@helper
def take_cookie(hashed: np.uint64, data: NDArray[np.uint8], line: int, stop: int) -> np.uint64:
    """Take a cookie into a hash: its name, and of its value little."""
    equals = find_byte(data, line, stop, EQUALS)
    value = take_in(MULTIPLIER, data, equals, min(stop, equals + MAX_COOKIE))
    return mix(take_in(hashed, data, line, equals), value & CLASSES, SEED)


@helper
def is_login(data: NDArray[np.uint8], line: int, stop: int) -> bool:
    """Return whether an Authorization may hold an NTLM message, which names a host. Of others nothing is read."""
    return line + SCHEME_AT + 4 <= stop and u32(data, line + SCHEME_AT) | LOWER in (NTLM, NEGOTIATE)


@helper
def is_secure_connect(data: NDArray[np.uint8], line: int, stop: int) -> bool:
    """Return whether Sec-WebSocket-Protocol names hub.bsc.bacnet.org or dc.bsc.bacnet.org."""
    if line + PROTOCOL_AT + 4 > stop or u32(data, line + 4) | LOWER != WEBS:
        return False
    if u32(data, line + PROTOCOL_AT) | LOWER != PROT:
        return False
    for i in range(line + 22, min(stop - 9, line + 120)):
        if u32(data, i) | LOWER == BACN and u24(data, i - 4) | LOWER >> 8 == 0x627363:
            return True
    return False


@helper
def note_head(data: NDArray[np.uint8], at: int, end: int, packet: Any, half: Any, t: Tables) -> int:
    """Mark a head whose fields say what this sender has not said lately; return whether it was marked."""
    line = find_byte(data, at, min(end, at + MAX_LINE), LF)
    if line >= end:  # the rest of the line comes in another segment
        half.shape = np.uint8(HEAD | UNFINISHED | (half.shape & PASSED if half.shape >= HEAD else 0))
        return 0
    stop = line - 1 if line > at and u8(data, line - 1) == CR else line
    if u8(data, line) != LF or not (is_answer(data, at, end) or is_answer(data, stop - 8, end)):
        return 0
    return note_fields(data, line + 1, at, end, packet, half, t)


@helper
def note_more(data: NDArray[np.uint8], packet: Any, half: Any, t: Tables) -> int:
    """Mark a segment in which a head goes on, as ``note_head`` does."""
    return note_fields(data, packet.payload, packet.payload, packet.end, packet, half, t)


@helper
def note_fields(data: NDArray[np.uint8], line: int, at: int, end: int, packet: Any, half: Any, t: Tables) -> int:
    """Mark what begins at *at* if its fields, from *line*, say what this sender has not said lately."""
    was_passed = half.shape >= HEAD and half.shape & PASSED != 0
    half.shape = np.uint8(HEAD | PASSED if was_passed else 0)
    if half.marked >= MAX_HEADS:
        return 0
    half.marked += 1
    hashed = mix(mix(MULTIPLIER, packet.source_lo, SEED), packet.source_hi ^ np.uint64(packet.vlan), SEED)
    before = hashed
    for _ in range(MAX_LINES):
        stop = find_byte(data, line, end, LF)
        if stop >= end:
            half.shape = np.uint8(HEAD | UNFINISHED | (PASSED if was_passed else 0))
            break
        if stop - line <= 1:
            break
        word = u32(data, line) | LOWER if line + 4 <= stop else 0
        is_field = word in (SERV, WWW_, PROX, VIA_) or (
            word == USER and line + 8 <= stop and u32(data, line + 4) | LOWER == AGE
        )
        if is_field:
            hashed = take_in(hashed, data, line, stop)
        elif word == SEC_ and is_secure_connect(data, line, stop):
            t.runs[packet.flow].application = A_BACNETSC
        elif word == SET_ and is_cookie(data, line, stop):
            hashed = take_cookie(hashed, data, line, stop)
        elif (word == AUTH and is_login(data, line, stop)) or (word == CONT and tells_of_body(data, line, stop)):
            hashed = mix(hashed, np.uint64(packet.frame), SEED)
        line = stop + 1
    place = hashed & np.uint64(HEARD - 1)
    if hashed == before or t.heard[place] == hashed:
        return 0
    t.heard[place] = hashed
    return 1 + note_mark(M_PASSED if was_passed else M_HTTP, at, end, packet, t)
