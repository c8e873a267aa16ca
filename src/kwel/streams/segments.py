"""TCP segments in, names, answers and marks out: each direction is read from its first byte until a name is found.

A segment that comes in order is read where it lies; only a message that is not complete yet is copied to a reassembly
slot, where segments may come late, twice or overlapping (the first copy of a byte counts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.flowtable import INITIATOR, SYN
from kwel.kernel.loads import u8, u16, u24
from kwel.kernel.rows import Stage
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource
from kwel.protocols.hello import FOUND, HANDSHAKE_CLIENT_HELLO, HANDSHAKE_HEADER, MORE, read_client_hello
from kwel.protocols.http import MAX_METHOD, looks_like_request, read_request
from kwel.protocols.shapes import HINT, TPKT_VERSION, shape_of
from kwel.protocols.tls import (
    RECORD_FIRST,
    RECORD_HANDSHAKE,
    RECORD_HEADER,
    RECORD_LAST,
    join_records,
    looks_like_hello,
    looks_like_record,
)
from kwel.streams.datagrams import PORT_DNS
from kwel.streams.flights import begins_flight, expect_flights, read_expected, read_flight
from kwel.streams.greetings import (
    A_HTTP2,
    A_RDP,
    M_HTTP2,
    M_RDP,
    greeting_of,
    is_rdp_connect,
    is_rdp_request,
    may_greet,
    note_greeting,
)
from kwel.streams.heads import HEAD, PASSED, UNFINISHED, is_answer, note_head, note_more
from kwel.streams.hellos import note_client_hello
from kwel.streams.messages import is_dns_segment, read_dns_segment
from kwel.streams.preludes import (
    CR,
    SOCKS4,
    SOCKS5,
    TDS_PRELOGIN,
    find_hello,
    is_openvpn_control,
    read_socks,
    skip_prelude,
)
from kwel.streams.room import (
    C_CERTIFICATES_CUT,
    C_CUT,
    C_HELLOS,
    C_LATE,
    C_OT_UNREAD,
    STREAM_BUDGET,
    note_hello,
    note_mark,
    note_name,
)
from kwel.streams.slots import HELLO_ROW, WANTED, free_slot, keep, take_slot
from kwel.streams.watch import REFUSED, begin_watch, mark_of, part_to_read

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

MAX_LOOKS = 40
"""Segments of each TCP direction that are looked at within the budget."""
MAX_MARKS = 6
"""Payloads of one direction of HTTP/2 that go to a Python dissector."""
SSL2_FIRST = 0x80
"""Lowest first byte of an SSL 2.0 record without padding."""
SKIP = 3
"""An outcome beside those of the readers: nothing here, go on behind it."""

OPEN, DONE, WATCH, EXPECT = int(Stage.OPEN), int(Stage.DONE), int(Stage.WATCH), int(Stage.EXPECT)
N_SNI, N_CONNECT, N_HOST = int(NameSource.TLS_SNI), int(NameSource.HTTP_CONNECT), int(NameSource.HTTP_HOST)
N_SOCKS = int(NameSource.SOCKS)
A_UNKNOWN, A_TLS, A_HTTP = int(Application.UNKNOWN), int(Application.TLS), int(Application.HTTP)
A_OPENVPN = int(Application.OPENVPN)
D_UNKNOWN = int(Direction.UNKNOWN)


@helper
def is_dull(data: NDArray[np.uint8], packet: Any) -> bool:
    """Return whether a segment surely begins nothing that `read_stream` reads. Most segments are dull, and cheap so."""
    at = packet.payload
    if packet.end - at < 8:
        return False
    first = u8(data, at)
    if RECORD_FIRST <= first <= RECORD_LAST:
        return u8(data, at + 1) != 3
    if 65 <= first <= 90 or first in (TPKT_VERSION, SOCKS4, SOCKS5, CR, TDS_PRELOGIN):
        return False
    if may_greet(data, at) or is_openvpn_control(data, at, packet.end):
        return False
    if first >= SSL2_FIRST and u8(data, at + 2) == HANDSHAKE_CLIENT_HELLO and u8(data, at + 3) in (0, 3):
        return False
    return u16(data, at + 2) != 0 and packet.source_port != PORT_DNS and packet.destination_port != PORT_DNS


@helper
def step_over(packet: Any, half: Any) -> bool:
    """Step over a dull segment that comes in order; return whether that was done."""
    at = (packet.sequence - np.int64(half.base)) & 0xFFFFFFFF
    if half.based == 0 or at != half.taken or half.slot or half.looks >= MAX_LOOKS:
        return False
    half.looks += 1
    half.taken = at + packet.end - packet.payload
    if half.taken >= STREAM_BUDGET:
        half.stage = DONE
    return True


@helper
def is_too_short(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes so far may become a hello or a request, and do not tell yet."""
    if end - at == 1 and u8(data, at) == RECORD_HANDSHAKE:
        return True
    if end - at >= MAX_METHOD:
        return False
    for i in range(at, end):
        if not 65 <= u8(data, i) <= 90:
            return False
    return True


@helper
def looks_like_start(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes begin a message that names its destination."""
    return looks_like_hello(data, at, end) or looks_like_request(data, at, end)


@helper
def mark_ot(data: NDArray[np.uint8], at: int, end: int, application: int, packet: Any, half: Any, t: Tables) -> int:
    """Mark the first payloads of an OT direction, and later ones that may tell what the device is."""
    if application == A_HTTP2:
        half.stage = DONE if half.marked >= MAX_MARKS else WATCH
        return note_greeting(M_HTTP2, at, end, packet, half, t) if half.stage == WATCH else 0
    other = t.halves[2 * packet.flow + 1 - packet.side]
    start = part_to_read(data, at, end, application, packet, half, other)
    if start >= 0:
        note_mark(mark_of(application), start, end, packet, t)
    t.counters[C_OT_UNREAD] += start == REFUSED
    return 0


@helper
def note_shape(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Tables) -> bool:
    """Recognise an OT protocol, S7 by one message, Modbus, whose header says less, by two; return whether it is one.

    What no Python dissector reads is done with.
    """
    shape = shape_of(data, at, end)
    if shape == A_UNKNOWN:
        return False
    half, other = t.halves[2 * packet.flow + packet.side], t.halves[2 * packet.flow + 1 - packet.side]
    application = shape & ~HINT
    is_sure = shape & HINT == 0 or application in (other.shape, half.shape)
    half.shape = application
    if is_sure:
        t.runs[packet.flow].application = application
        begin_watch(application, half, other, WATCH)
        if half.stage == WATCH:
            mark_ot(data, at, end, application, packet, half, t)
    return is_sure


@helper
def read_tls(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Tables) -> int:
    """Read a ClientHello; return FOUND, with a name or without, or MORE.

    What a slot holds of it is kept at once, for the rest may never come.
    """
    half = t.halves[2 * packet.flow + packet.side]
    slot = np.int64(half.slot) - 1
    row = t.ready[HELLO_ROW + slot] if slot >= 0 else 0
    if u8(data, at) >= SSL2_FIRST:
        note_hello(0, 0, 0, u16(data, at + 3), N_SNI, 0, packet, t)
        row, outcome = t.counters[C_HELLOS], FOUND
    else:
        if at + RECORD_HEADER + HANDSHAKE_HEADER > end:
            return MORE
        text, record = data, u16(data, at + 3)
        at += RECORD_HEADER
        if record < HANDSHAKE_HEADER or u24(data, at + 1) + HANDSHAKE_HEADER > record:
            text, end, at = t.joined, join_records(data, at - RECORD_HEADER, end, t.joined), 0
        hello = read_client_hello(text, at, end, False)
        outcome = hello.outcome
        if outcome == FOUND or slot >= 0 or packet.cut:
            row = note_client_hello(text, hello, N_SNI, row, packet, t)
        if slot >= 0:
            t.ready[HELLO_ROW + slot], t.ready[WANTED + slot] = row, t.ready[slot] + hello.missing
    if row and t.runs[packet.flow].application != A_OPENVPN:  # TLS inside of it is how the tunnel is agreed on
        t.runs[packet.flow].application = A_TLS
    if outcome == FOUND:
        expect_flights(packet, t)
    return outcome


@helper
def read_http(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Tables) -> int:
    """Read an HTTP request; return SKIP, what follows may be another one or TLS, or MORE."""
    outcome, is_connect, start, stop, port = read_request(data, at, end)
    if outcome == MORE:
        return MORE
    if outcome == FOUND:
        t.runs[packet.flow].application = A_HTTP
        note_name(data, start, stop, N_CONNECT if is_connect else N_HOST, port, packet, t)
        if port and not is_connect:
            t.halves[2 * packet.flow + 1 - packet.side].shape = HEAD | PASSED
        hello = find_hello(data, stop, end, end, end) if is_connect else end
        if hello < end:  # a client that did not wait
            return read_tls(data, hello, end, packet, t)
    return SKIP


@helper
def read_stream(data: NDArray[np.uint8], at: int, end: int, is_whole: bool, packet: Any, t: Tables) -> int:
    """Read what begins at a message boundary of a TCP direction; return FOUND (nothing more to read), MORE or SKIP.

    *is_whole*: the bytes are one segment as it lies in the batch, not a slot's.
    """
    at = skip_prelude(data, at, end)
    if is_too_short(data, at, end):
        return MORE
    if looks_like_hello(data, at, end):
        return read_tls(data, at, end, packet, t)
    half = t.halves[2 * packet.flow + packet.side]
    mark = greeting_of(data, at, end) if is_whole else 0
    if mark:
        return FOUND if note_greeting(mark, at, end, packet, half, t) == M_HTTP2 else SKIP
    if looks_like_request(data, at, end):
        if is_whole:
            note_head(data, at, end, packet, half, t)
        return read_http(data, at, end, packet, t)
    if is_answer(data, at, end):
        if is_whole:
            note_head(data, at, end, packet, half, t)
        return SKIP
    start, stop, port, behind = read_socks(data, at, end)
    if stop > start:
        note_name(data, start, stop, N_SOCKS, port, packet, t)
        return read_tls(data, behind, end, packet, t) if looks_like_hello(data, behind, end) else SKIP
    if is_rdp_request(data, at, end):
        t.runs[packet.flow].application = A_RDP
        return SKIP
    if is_whole and is_rdp_connect(data, at, end):
        note_greeting(M_RDP, at, end, packet, half, t)
        return SKIP
    if looks_like_record(data, at, end):  # an answer, or a session joined midway
        run = t.runs[packet.flow]
        if run.application == A_UNKNOWN:
            run.application = A_TLS
        return read_flight(data, at, end, packet, t) if begins_flight(data, at, end) else FOUND
    if is_whole and note_shape(data, at, end, packet, t):
        return FOUND
    return SKIP


@helper
def is_awaited(half: Any, t: Tables) -> bool:
    """Return whether a half's slot holds a hello that tells how much of it is missing, in however small pieces."""
    return half.slot > 0 and t.ready[WANTED + np.int64(half.slot) - 1] > 0


@helper
def is_hello_instead(data: NDArray[np.uint8], at: int, end: int, half: Any, t: Tables) -> bool:
    """Return whether a whole hello begins here though the slot still waits for the end of something else."""
    slot = np.int64(half.slot) - 1
    held = u8(t.held, slot * STREAM_BUDGET)
    return (
        t.ready[slot] > 0 and held != RECORD_HANDSHAKE and end - at > RECORD_HEADER and looks_like_hello(data, at, end)
    )


@helper
def read_segment(data: NDArray[np.uint8], packet: Any, half: Any, t: Tables) -> int:
    """Place a TCP segment in its direction's stream and read what has become readable."""
    run = t.runs[packet.flow]
    payload, end = packet.payload, packet.end
    if half.stage == EXPECT:
        return read_expected(data, packet, half, t)
    if half.stage == WATCH:
        return mark_ot(data, payload, end, run.application, packet, half, t)
    if is_dns_segment(data, packet, run, half):
        return read_dns_segment(data, packet, half, t)
    first = packet.sequence + (1 if packet.flags & SYN else 0)  # of TCP Fast Open, RFC 7413
    if half.based == 0:
        half.base, half.based = first, 1
    at = (first - np.int64(half.base)) & 0xFFFFFFFF
    taken = np.int64(half.taken)
    if at >= 0x80000000:  # before the first byte known
        if half.based != 1 or half.slot or not looks_like_start(data, payload, end):
            return 0
        half.base, half.taken = first, 0
        at = taken = 0
    if at < taken and half.slot == 0 and looks_like_start(data, payload, end):
        half.taken = taken = at  # what stood there before was padding that a broken stack sent as data
    if at < taken:  # seen before, in part or whole
        payload += taken - at
        at = taken
        if payload >= end:
            return 0
    if half.slot and is_hello_instead(data, payload, end, half, t):
        free_slot(half, t)
        half.taken = taken = at
    if at >= STREAM_BUDGET or (half.looks >= MAX_LOOKS and not is_awaited(half, t)):
        half.stage = DONE
        return free_slot(half, t)
    if half.looks < MAX_LOOKS:
        half.looks += 1
    if half.shape > HEAD and half.shape & UNFINISHED:
        note_more(data, packet, half, t)
    if half.slot == 0:
        if at == taken or looks_like_start(data, payload, end):
            outcome = read_stream(data, payload, end, True, packet, t)
            if outcome == FOUND and half.stage == OPEN:
                half.stage = DONE
            elif outcome != MORE:
                half.taken = at + end - payload
            if outcome != MORE:
                return 0
            if packet.cut:  # what is missing was never captured
                t.counters[C_CERTIFICATES_CUT if begins_flight(data, payload, end) else C_CUT] += 1
                half.stage = DONE
                return 0
            half.taken = at
        elif run.direction != D_UNKNOWN and packet.side != (1 if run.notes & INITIATOR else 0):
            half.taken = at + end - payload  # nothing that a responder sends late is waited for
            return 0
        take_slot(packet, half, t)
    return read_slot(data, payload, end, at, packet, half, t)


@helper
def read_slot(data: NDArray[np.uint8], payload: int, end: int, at: int, packet: Any, half: Any, t: Tables) -> int:
    """Keep a segment in its half's slot, and read the slot if more of it lies in one piece now."""
    taken, slot = np.int64(half.taken), np.int64(half.slot) - 1
    before = t.ready[slot]
    have = keep(data, payload, end, slot, at - taken, t)
    if have == before or (half.looks >= MAX_LOOKS and have < t.ready[WANTED + slot]):
        return 0
    base = slot * STREAM_BUDGET
    outcome = read_stream(t.held, base, base + have, False, packet, t)
    if outcome == MORE and have < STREAM_BUDGET:
        return 0
    if outcome == SKIP or half.stage == EXPECT:
        half.taken = taken + have
    else:
        half.stage = DONE
        t.counters[C_LATE] += outcome == MORE
    return free_slot(half, t)
