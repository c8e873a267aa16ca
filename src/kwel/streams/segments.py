"""TCP segments in, names, answers and marks out: each direction is read from its first byte until a name is found.

A segment that comes in order is read where it lies; only a message that is not complete yet is copied to a reassembly
slot, where segments may come late, twice or overlapping (the first copy of a byte counts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import Application, Direction, NameSource
from kwel.dissect.http import MAX_METHOD, find_byte, looks_like_request, read_request
from kwel.dissect.shapes import TPKT_VERSION, shape_of, tells_identity
from kwel.dissect.tls import (
    FOUND,
    HANDSHAKE_HEADER,
    MORE,
    RECORD_FIRST,
    RECORD_HANDSHAKE,
    RECORD_HEADER,
    RECORD_LAST,
    find_server_name,
    join_records,
    looks_like_hello,
    looks_like_record,
)
from kwel.kernel.flowtable import INITIATOR, set_initiator
from kwel.kernel.loads import u8, u16, u24, u32
from kwel.kernel.rows import Mark, Stage
from kwel.native import helper
from kwel.streams.datagrams import PORT_DNS, read_dns
from kwel.streams.room import C_CUT, C_LATE, STREAM_BUDGET, has_room, note_mark, note_name
from kwel.streams.slots import free_slot, keep, take_slot

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

MAX_LOOKS = 40
"""Segments of each TCP direction that are looked at within the budget."""
MAX_MARKS, FEW_MARKS = 6, 2
"""Payloads of one OT direction that go to a Python dissector: those that tell identity, and others."""
SOCKS5, SOCKS_CONNECT, SOCKS_DOMAIN = 5, 1, 3  # RFC 1928 section 4
PROX, Y_SPACE, LF, MAX_PROXY_LINE = 0x50524F58, 0x5920, 10, 107
SKIP = 3
"""An outcome beside those of the readers: nothing here, go on behind it."""

DONE, WATCH = int(Stage.DONE), int(Stage.WATCH)
M_MODBUS, M_S7COMM = int(Mark.MODBUS), int(Mark.S7COMM)
N_SNI, N_CONNECT, N_HOST = int(NameSource.TLS_SNI), int(NameSource.HTTP_CONNECT), int(NameSource.HTTP_HOST)
N_DNS, N_SOCKS = int(NameSource.DNS), int(NameSource.SOCKS)
A_UNKNOWN, A_TLS, A_HTTP, A_DNS = (
    int(Application.UNKNOWN), int(Application.TLS), int(Application.HTTP), int(Application.DNS)
)  # fmt: skip
A_MODBUS, A_S7COMM = int(Application.MODBUS), int(Application.S7COMM)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)


@helper
def read_hello(data: NDArray[np.uint8], at: int, end: int, joined: NDArray[np.uint8]) -> tuple[int, int, int, bool]:
    """Return (outcome, start, end, whether in *joined*) of the server name in the TLS records at *at*."""
    if at + RECORD_HEADER + HANDSHAKE_HEADER > end:
        return MORE, 0, 0, False
    record = u16(data, at + 3)
    message = at + RECORD_HEADER
    if record >= HANDSHAKE_HEADER and u24(data, message + 1) + HANDSHAKE_HEADER <= record:
        outcome, start, stop = find_server_name(data, message, end)
        return outcome, start, stop, False
    size = join_records(data, at, end, joined)
    outcome, start, stop = find_server_name(joined, 0, size)
    return outcome, start, stop, True


@helper
def is_dull(data: NDArray[np.uint8], packet: Any) -> bool:
    """Return whether a segment surely begins nothing that `read_stream` reads. Most segments are dull, and cheap so."""
    at = packet.payload
    if packet.end - at < 8:
        return False
    first = u8(data, at)
    if RECORD_FIRST <= first <= RECORD_LAST:
        return u8(data, at + 1) != 3
    if 65 <= first <= 90 or first in (SOCKS5, TPKT_VERSION):
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
def skip_proxy_line(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset behind a PROXY protocol line, version 1 (HAProxy, proxy-protocol.txt section 2.1)."""
    if at + 8 <= end and u32(data, at) == PROX and u16(data, at + 4) == Y_SPACE:
        line = find_byte(data, at, min(end, at + MAX_PROXY_LINE), LF)
        if line < end and u8(data, line) == LF:
            return line + 1
    return at


@helper
def looks_like_start(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the bytes begin a message that names its destination."""
    return looks_like_hello(data, at, end) or looks_like_request(data, at, end)


@helper
def read_socks(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Return (start, end, port) of the name in a SOCKS 5 CONNECT request, or (0, 0, 0)."""
    if at + 7 > end or u8(data, at) != SOCKS5 or u8(data, at + 1) != SOCKS_CONNECT or u8(data, at + 2) != 0:
        return 0, 0, 0
    size = u8(data, at + 4)
    if u8(data, at + 3) != SOCKS_DOMAIN or at + 7 + size != end:
        return 0, 0, 0
    return at + 5, at + 5 + size, u16(data, at + 5 + size)


@helper
def mark_ot(
    data: NDArray[np.uint8], at: int, end: int, index: int, packet: Any, frame: int, half: Any, application: int,
    marks: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Mark the first payloads of an OT direction, and later ones that may tell what the device is."""
    telling = tells_identity(data, at, end, application)
    if half.marked < FEW_MARKS or (telling and half.marked < MAX_MARKS):
        half.marked += 1
        note_mark(M_MODBUS if application == A_MODBUS else M_S7COMM, at, end, index, packet, frame, marks, counters)
    return 0


@helper
def note_shape(
    data: NDArray[np.uint8], at: int, end: int, index: int, packet: Any, frame: int, run: Any, half: Any, halves: Rows,
    marks: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Recognise an OT protocol: S7 by one message, Modbus, whose header says less, by two."""
    shape = shape_of(data, at, end)
    if shape == A_UNKNOWN:
        return 0
    other = halves[2 * packet.flow + 1 - packet.side]
    if shape == A_S7COMM or shape in (other.shape, half.shape):
        run.application = shape
        half.stage = WATCH
        other.stage = WATCH
        mark_ot(data, at, end, index, packet, frame, half, shape, marks, counters)
    half.shape = shape
    return shape


@helper
def read_stream(
    data: NDArray[np.uint8], at: int, end: int, index: int, packet: Any, frame: int, capture: int, direct: bool,
    runs: Rows, halves: Rows, named: Rows, answers: Rows, answer_index: NDArray[np.uint64],
    answer_counters: NDArray[np.int64], counters: NDArray[np.int64], marks: Rows,
    text: NDArray[np.uint8], joined: NDArray[np.uint8], arena: NDArray[np.uint8],
    starts: NDArray[np.int64], lengths: NDArray[np.int64], slots: NDArray[np.uint64],
    pool: NDArray[np.int64], limits: NDArray[np.int64],
) -> int:  # fmt: skip
    """Read what begins at a message boundary of a TCP direction; return FOUND (nothing more to read), MORE or SKIP."""
    run, half = runs[packet.flow], halves[2 * packet.flow + packet.side]
    at = skip_proxy_line(data, at, end)
    if is_too_short(data, at, end):
        return MORE
    if looks_like_hello(data, at, end):
        outcome, start, stop, is_joined = read_hello(data, at, end, joined)
        if outcome == MORE:
            return MORE
        run.application = A_TLS
        if outcome == FOUND:
            note_name(
                joined if is_joined else data, start, stop, N_SNI, 0, packet, frame,
                runs, named, counters, arena, starts, lengths, slots, pool,
            )  # fmt: skip
        elif run.direction == D_UNKNOWN:
            set_initiator(run, packet.side, D_REQUEST)
        other = halves[2 * packet.flow + 1 - packet.side]
        if other.slot == 0:
            other.stage = DONE
        return FOUND
    if PORT_DNS in (packet.source_port, packet.destination_port):
        if at + 2 > end or at + 2 + u16(data, at) > end:
            return MORE
        while at + 2 <= end:
            stop = at + 2 + u16(data, at)
            if stop > end or stop - at < 14:
                break
            run.application = A_DNS
            read_dns(
                data, at + 2, stop, N_DNS, packet, frame, capture, runs, named, answers, answer_index, answer_counters,
                counters, text, arena, starts, lengths, slots, pool,
            )  # fmt: skip
            at = stop
            if not has_room(counters, answer_counters, pool, limits):
                break
        return SKIP
    if looks_like_request(data, at, end):
        outcome, is_connect, start, stop, port = read_request(data, at, end)
        if outcome == MORE:
            return MORE
        if outcome == FOUND:
            run.application = A_HTTP
            note_name(
                data, start, stop, N_CONNECT if is_connect else N_HOST, port, packet, frame,
                runs, named, counters, arena, starts, lengths, slots, pool,
            )  # fmt: skip
        return SKIP
    start, stop, port = read_socks(data, at, end)
    if stop > start:
        note_name(
            data, start, stop, N_SOCKS, port, packet, frame,
            runs, named, counters, arena, starts, lengths, slots, pool,
        )  # fmt: skip
        return SKIP
    if looks_like_record(data, at, end):  # an answer, or a session joined midway
        if run.application == A_UNKNOWN:
            run.application = A_TLS
        return FOUND
    if direct:
        note_shape(data, at, end, index, packet, frame, run, half, halves, marks, counters)
        return FOUND if half.stage == WATCH else SKIP
    return SKIP


@helper
def read_segment(
    data: NDArray[np.uint8], index: int, packet: Any, frame: int, capture: int, runs: Rows, halves: Rows, half: Any,
    named: Rows, answers: Rows, answer_index: NDArray[np.uint64], answer_counters: NDArray[np.int64],
    counters: NDArray[np.int64], marks: Rows, text: NDArray[np.uint8], joined: NDArray[np.uint8],
    arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], slots: NDArray[np.uint64],
    pool: NDArray[np.int64], limits: NDArray[np.int64], held: NDArray[np.uint8], covered: NDArray[np.uint8],
    ready: NDArray[np.int64], owners: NDArray[np.int64],
) -> int:  # fmt: skip
    """Place a TCP segment in its direction's stream and read what has become readable."""
    run = runs[packet.flow]
    payload, end = packet.payload, packet.end
    if half.stage == WATCH:
        mark_ot(data, payload, end, index, packet, frame, half, run.application, marks, counters)
        return 0
    if half.based == 0:
        half.base, half.based = packet.sequence, 1
    at = (packet.sequence - np.int64(half.base)) & 0xFFFFFFFF
    taken = np.int64(half.taken)
    if at >= 0x80000000:  # before the first byte known
        if half.based == 1 and half.slot == 0 and looks_like_start(data, payload, end):
            half.base, half.taken = packet.sequence, 0
            at = taken = 0
        else:
            return 0
    if at < taken and half.slot == 0 and looks_like_start(data, payload, end):
        half.taken = taken = at  # what stood there before was padding that a broken stack sent as data
    if at < taken:  # seen before, in part or whole
        payload += taken - at
        at = taken
        if payload >= end:
            return 0
    if at >= STREAM_BUDGET or half.looks >= MAX_LOOKS:
        free_slot(half, owners, counters)
        half.stage = DONE
        return 0
    half.looks += 1
    if half.slot == 0:
        if at == taken or looks_like_start(data, payload, end):
            outcome = read_stream(
                data, payload, end, index, packet, frame, capture, True, runs, halves, named, answers, answer_index,
                answer_counters, counters, marks, text, joined, arena, starts, lengths, slots, pool, limits,
            )  # fmt: skip
            if outcome == FOUND and half.stage != WATCH:
                half.stage = DONE
            elif outcome == SKIP:
                half.taken = at + end - payload
            if outcome != MORE:
                return 0
            if packet.cut:  # what is missing was never captured
                counters[C_CUT] += 1
                half.stage = DONE
                return 0
            half.taken = at
        elif run.direction != D_UNKNOWN and packet.side != (1 if run.notes & INITIATOR else 0):
            half.taken = at + end - payload  # nothing that a responder sends late is waited for
            return 0
        take_slot(packet, half, halves, owners, covered, ready, counters)
    taken = np.int64(half.taken)
    slot = np.int64(half.slot) - 1
    before = ready[slot]
    have = keep(data, payload, end, slot, at - taken, held, covered, ready)
    if have == before:
        return 0
    base = slot * STREAM_BUDGET
    outcome = read_stream(
        held, base, base + have, index, packet, frame, capture, False, runs, halves, named, answers, answer_index,
        answer_counters, counters, marks, text, joined, arena, starts, lengths, slots, pool, limits,
    )  # fmt: skip
    if outcome == FOUND:
        free_slot(half, owners, counters)
        half.stage = DONE
    elif outcome == SKIP:
        free_slot(half, owners, counters)
        half.taken = taken + have
    elif have >= STREAM_BUDGET:
        free_slot(half, owners, counters)
        half.stage = DONE
        counters[C_LATE] += 1
    return 0
