"""The handshake after a ClientHello in, the certificates shown in it out: TLS 1.2 and older, server's and client's.

RFC 5246 sections 7.4.2 and 7.4.6 (Certificate), 7.3 (the order of messages); RFC 8446 section 4.2.1: a ServerHello with
supported_versions begins TLS 1.3, whose certificates are encrypted. Only the first certificate of a list is its
owner's; each distinct one is kept once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, mix
from kwel.kernel.loads import copy, u8, u16, u24, u64
from kwel.kernel.namepool import ARENA, NAMES, REFUSED
from kwel.kernel.rows import Note, Stage
from kwel.model.records.columns import Direction
from kwel.protocols.hello import FOUND, HANDSHAKE_HEADER, MORE, NONE
from kwel.protocols.tls import RECORD_HANDSHAKE, RECORD_HEADER, looks_like_record
from kwel.streams.preludes import TDS_HEADER, TDS_PRELOGIN, TDS_REPLY
from kwel.streams.room import C_CERTIFICATES_CUT, C_LATE, C_SHOWN, STREAM_BUDGET
from kwel.streams.slots import free_slot, keep, take_slot

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.kernel.namepool import Pool
    from kwel.streams.room import Tables

CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, CERTIFICATE, CERTIFICATE_STATUS = 1, 2, 4, 11, 22
RECORD_ALERT, ALERT_SIZE, ALERT_WARNING, ALERT_CLOSE = 21, 2, 1, 0  # RFC 5246 section 7.2
EXTENSION_VERSIONS, TLS13 = 43, 0x0304
LIST_LENGTH, LEAF = 4 + 3 + 3, 7
"""Where the first certificate begins in its message, and where its length stands."""
MOST_CERTIFICATES, MOST_BYTES = 4096, 1 << 23
"""Distinct certificates that are kept, and their bytes."""
MOST_SHOWN = 1 << 20
"""Times that a certificate was shown that are kept."""
SPLIT = 4
"""An outcome beside those of the readers: a message goes on in the next record."""
MAX_LOOKS = 80
"""Segments of a direction that are looked at, those before the handshake included."""

INITIATOR = int(Note.INITIATOR)
OPEN, DONE, EXPECT = int(Stage.OPEN), int(Stage.DONE), int(Stage.EXPECT)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)


@helper
def is_tls13(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the ServerHello message from *at* to *end* agrees on TLS 1.3 or later."""
    at += HANDSHAKE_HEADER + 2 + 32  # legacy version, random
    if at + 1 > end:
        return False
    at += 1 + u8(data, at) + 2 + 1 + 2  # session id, cipher suite, compression, length of the extensions
    while at + 4 <= end:
        kind, size = u16(data, at), u16(data, at + 2)
        if kind == EXTENSION_VERSIONS:
            return at + 6 <= end and u16(data, at + 4) >= TLS13
        at += 4 + size
    return False


@helper
def keep_certificate(data: NDArray[np.uint8], start: int, end: int, kept: Pool) -> int:
    """Return the number of a certificate, a new one if need be; -1 where there is no room."""
    arena, starts, lengths, slots, counters = kept
    seed, size = slots[len(slots) - 1], end - start
    hashed, at = mix(seed, np.uint64(size), seed), start
    while at + 8 <= end:
        hashed = mix(hashed, u64(data, at), seed)
        at += 8
    hashed *= MULTIPLIER
    mask, tag = np.uint64(len(slots) - 2), hashed & TAG
    slot = hashed & mask
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            known = np.int64((slots[slot] & ROW) - U1)
            if lengths[known] == size and is_equal(data, start, size, arena, starts[known]):
                return known
        slot = (slot + U1) & mask
    number, at = counters[NAMES], counters[ARENA]
    if number >= MOST_CERTIFICATES or at + size > MOST_BYTES:
        counters[REFUSED] += 1
        return -1
    copy(data, start, size, arena, at)
    starts[number], lengths[number] = at, size
    slots[slot] = tag | (np.uint64(number) + U1)
    counters[NAMES], counters[ARENA] = number + 1, at + size
    return number


@helper
def is_equal(data: NDArray[np.uint8], start: int, size: int, arena: NDArray[np.uint8], at: int) -> bool:
    """Return whether the bytes are those kept at *at*."""
    i = 0
    while i + 8 <= size:
        if u64(arena, at + i) != u64(data, start + i):
            return False
        i += 8
    while i < size:
        if arena[np.uint64(at + i)] != data[np.uint64(start + i)]:
            return False
        i += 1
    return True


@helper
def note_certificate(data: NDArray[np.uint8], start: int, end: int, packet: Any, t: Tables) -> int:
    """Keep a certificate, and that it was shown on a flow."""
    if t.counters[C_SHOWN] >= MOST_SHOWN:
        t.certificates.counters[REFUSED] += 1
        return 0
    number = keep_certificate(data, start, end, t.certificates)
    if number < 0:
        return 0
    row, run = t.shown[t.counters[C_SHOWN]], t.runs[packet.flow]
    row.time, row.flow, row.frame, row.capture = packet.time, packet.flow, packet.frame, packet.capture
    row.certificate, row.from_initiator = number, 1 if packet.side == (1 if run.notes & INITIATOR else 0) else 0
    t.counters[C_SHOWN] += 1
    return 0


@helper
def join_message(data: NDArray[np.uint8], at: int, stop: int, end: int, joined: NDArray[np.uint8]) -> int:
    """Copy what is there of a message that begins at *at*, in a record up to *stop*, and goes on in further records."""
    size = 0
    while True:
        part = min(min(stop, end) - at, STREAM_BUDGET - size)
        copy(data, at, part, joined, size)
        size += part
        if size >= STREAM_BUDGET or stop + RECORD_HEADER > end or u8(data, stop) != RECORD_HANDSHAKE:
            return size
        at = stop + RECORD_HEADER
        stop = at + u16(data, stop + 3)


@helper
def read_messages(data: NDArray[np.uint8], at: int, stop: int, end: int, packet: Any, t: Tables) -> int:
    """Read the handshake messages of one record, from *at* to *stop*.

    Return FOUND (a certificate, or none can come), MORE, SPLIT (one goes on in the next record) or NONE.
    """
    short = SPLIT if stop <= end else MORE  # what running out of bytes means
    edge = min(stop, end)
    while at < stop:
        if at + HANDSHAKE_HEADER > edge:
            return short
        kind, behind = u8(data, at), at + HANDSHAKE_HEADER + u24(data, at + 1)
        if kind == CERTIFICATE:
            if behind < at + LIST_LENGTH:
                return FOUND  # an empty list: a client that has none
            if at + LIST_LENGTH > edge:
                return short
            leaf, size = at + LIST_LENGTH, u24(data, at + LEAF)
            if not 0 < size < STREAM_BUDGET - LIST_LENGTH:
                return FOUND
            if leaf + size > edge:
                return short
            note_certificate(data, leaf, leaf + size, packet, t)
            return FOUND
        if kind not in (SERVER_HELLO, NEW_TICKET, CERTIFICATE_STATUS):
            return FOUND
        if behind > edge:
            return short
        if kind == SERVER_HELLO:
            note_server(packet, t)
            if is_tls13(data, at, behind):
                other = t.halves[2 * packet.flow + 1 - packet.side]
                other.stage = DONE if other.stage == EXPECT else other.stage
                return FOUND
        at = behind
    return NONE


@helper
def is_warning(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an alert does not end the handshake: a server that does not know the name may send one."""
    return (
        at + RECORD_HEADER + ALERT_SIZE <= end
        and u8(data, at) == RECORD_ALERT
        and u16(data, at + 3) == ALERT_SIZE
        and u8(data, at + RECORD_HEADER) == ALERT_WARNING
        and u8(data, at + RECORD_HEADER + 1) != ALERT_CLOSE
    )


@helper
def read_flight(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Tables) -> int:
    """Read the records at *at* up to the certificate; return FOUND, also where none can come, or MORE."""
    while at + RECORD_HEADER <= end:
        if is_warning(data, at, end):
            at += RECORD_HEADER + ALERT_SIZE
            continue
        if u8(data, at) != RECORD_HANDSHAKE or not looks_like_record(data, at, end):
            return FOUND
        stop = at + RECORD_HEADER + u16(data, at + 3)
        at += RECORD_HEADER
        outcome = read_messages(data, at, stop, end, packet, t)
        if outcome == SPLIT:
            have = join_message(data, at, stop, end, t.joined)
            return FOUND if read_messages(t.joined, 0, have, have, packet, t) == FOUND else MORE
        if outcome != NONE:
            return outcome
        at = stop
    return MORE


@helper
def note_server(packet: Any, t: Tables) -> int:
    """Learn from a ServerHello who began, where nothing else told."""
    run = t.runs[packet.flow]
    if run.direction == D_UNKNOWN:
        set_initiator(run, 1 - packet.side, D_REQUEST)
    return 0


@helper
def expect_flights(packet: Any, t: Tables) -> int:
    """After a ClientHello, expect the server's answer, and a certificate of the client."""
    number = 2 * packet.flow + packet.side
    half, other = t.halves[number], t.halves[number ^ 1]
    half.stage = EXPECT
    if other.stage != OPEN:
        return 0
    if other.slot:
        slot = np.int64(other.slot) - 1
        if u8(t.held, slot * STREAM_BUDGET) == RECORD_HANDSHAKE:
            return 0  # the answer was captured first, and waits for more of itself
        other.taken = np.int64(other.taken) + t.ready[slot]
        free_slot(other, t)
    other.stage = EXPECT
    return 0


@helper
def begins_flight(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a segment begins with a record that can follow a ClientHello."""
    if not looks_like_record(data, at, end):
        return False
    at += RECORD_HEADER
    return u8(data, at - RECORD_HEADER) != RECORD_HANDSHAKE or (at < end and u8(data, at) != CLIENT_HELLO)


@helper
def skip_packet_header(data: NDArray[np.uint8], at: int, end: int, ahead: int) -> tuple[int, int]:
    """Step over the header of a TDS packet with TLS inside; return (at, how far that is ahead)."""
    behind = at + TDS_HEADER
    if behind < end and u8(data, at) in (TDS_PRELOGIN, TDS_REPLY) and begins_flight(data, behind, end):
        return behind, (ahead + TDS_HEADER) & 0xFFFFFFFF
    return at, ahead


@helper
def is_piece_of_header(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a segment is too short to tell whether a handshake record begins in it."""
    return end - at <= RECORD_HEADER and u8(data, at) == RECORD_HANDSHAKE


@helper
def read_expected(data: NDArray[np.uint8], packet: Any, half: Any, t: Tables) -> int:
    """Place a segment of a direction that owes the rest of a handshake, and read what has become readable."""
    payload, end = packet.payload, packet.end
    if half.based == 0:
        half.base, half.based, half.taken = packet.sequence, 1, 0
    ahead = (packet.sequence - np.int64(half.base) - np.int64(half.taken)) & 0xFFFFFFFF
    half.looks += 1
    if half.looks >= MAX_LOOKS:
        half.stage = DONE
        return free_slot(half, t)
    if half.slot == 0:
        payload, ahead = skip_packet_header(data, payload, end, ahead)
        if begins_flight(data, payload, end):
            outcome = read_flight(data, payload, end, packet, t)
            if outcome == FOUND or packet.cut:
                t.counters[C_CERTIFICATES_CUT] += outcome == MORE
                half.stage = DONE
                return 0
            half.base = (packet.sequence + payload - packet.payload) & 0xFFFFFFFF
            half.based, half.taken, ahead = 1, 0, 0
        elif ahead == 0 and not is_piece_of_header(data, payload, end):  # something else comes first
            half.taken += end - payload
            return 0
        elif ahead >= 0x80000000:
            return 0
        take_slot(packet, half, t)
    if ahead >= 0x80000000:  # seen before, in part or whole
        payload += 0x100000000 - ahead
        ahead = 0
    if ahead >= STREAM_BUDGET or payload >= end:
        half.stage = DONE if payload < end else half.stage
        return free_slot(half, t) if payload < end else 0
    slot = np.int64(half.slot) - 1
    before = t.ready[slot]
    have = keep(data, payload, end, slot, ahead, t)
    if have == before:
        return 0
    base = slot * STREAM_BUDGET
    outcome = read_flight(t.held, base, base + have, packet, t)
    if outcome == MORE and have < STREAM_BUDGET:
        return 0
    t.counters[C_LATE] += outcome == MORE
    half.stage = DONE
    return free_slot(half, t)
