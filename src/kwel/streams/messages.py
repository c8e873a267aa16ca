"""TCP segments of DNS in, names and answers out: messages with their lengths in front, however segments part them.

RFC 7766 section 8. Unlike other streams, which tell their name at the start, this one is read as long as it lasts: so
a half's base moves on behind every message that was read, and *taken* stays 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u16
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.dns import HEADER, looks_like_message
from kwel.protocols.http import looks_like_request
from kwel.protocols.tls import looks_like_hello
from kwel.streams.datagrams import PORT_DNS, read_dns
from kwel.streams.room import C_CUT, C_LATE, STREAM_BUDGET, has_room
from kwel.streams.slots import drop, free_slot, keep, take_slot

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

N_DNS = int(NameSource.DNS)
A_UNKNOWN, A_DNS = int(Application.UNKNOWN), int(Application.DNS)
BY_SYN = 2  # of ``kernel.rows.HALF.based``
AHEAD, BEHIND = 0x80000000, 0x100000000
"""Sequence numbers that far ahead of the base lie before it."""


@helper
def looks_like_length(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the length of a DNS message, and as much of it as is there, begins at *at*."""
    if end - at < 2:
        return True
    if u16(data, at) < HEADER:
        return False
    return end - at < 2 + HEADER or looks_like_message(data, at + 2, end, False)


@helper
def is_dns_segment(data: NDArray[np.uint8], packet: Any, run: Any, half: Any) -> bool:
    """Return whether a segment belongs to a stream of DNS messages: by its port and its content."""
    if packet.source_port != PORT_DNS and packet.destination_port != PORT_DNS:
        return False
    if run.application != A_UNKNOWN or half.shape == A_DNS:
        return run.application == A_DNS or half.shape == A_DNS
    at, end = packet.payload, packet.end
    if looks_like_hello(data, at, end) or looks_like_request(data, at, end):
        return False
    return half.based == BY_SYN or looks_like_length(data, at, end)


@helper
def read_messages(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Tables) -> int:
    """Read the messages that are whole; return the offset behind the last one."""
    while at + 2 <= end:
        stop = at + 2 + u16(data, at)
        if stop > end or stop - at < 2 + HEADER:
            break
        if not has_room(t):
            t.counters[C_LATE] += 1
        elif read_dns(data, at + 2, stop, N_DNS, packet, t):
            t.runs[packet.flow].application = A_DNS
        at = stop
    return at


@helper
def lose_track(half: Any, t: Tables) -> int:
    """Begin anew at the next segment that begins a message."""
    half.based, half.shape = 0, A_UNKNOWN
    return free_slot(half, t)


@helper
def find_place(data: NDArray[np.uint8], packet: Any, half: Any, t: Tables) -> int:
    """Return the offset of a segment behind the half's base, negative for one before it; AHEAD: it has no place."""
    is_long_enough = packet.end - packet.payload >= 2 + HEADER  # to tell a beginning from anything else
    starts_here = is_long_enough and looks_like_length(data, packet.payload, packet.end)
    if half.shape != A_DNS and half.taken:  # what came before was no DNS
        lose_track(half, t)
    if half.based == 0:
        if not starts_here:  # joined midway
            return AHEAD
        half.base, half.based = packet.sequence, 1
    half.shape, half.taken = A_DNS, 0
    at = (packet.sequence - np.int64(half.base)) & 0xFFFFFFFF
    if at + packet.end - packet.payload <= STREAM_BUDGET or at == 0:
        return at
    if at >= AHEAD:
        if half.based != 1 or half.looks or half.slot or not starts_here:
            return at - BEHIND
        half.base = packet.sequence  # what came first was sent later
        return 0
    t.counters[C_LATE] += 1  # what is missing does not come any more, or the message is larger than the slot
    if half.slot:
        read_part(t.held, (np.int64(half.slot) - 1) * STREAM_BUDGET, t.ready[np.int64(half.slot) - 1], packet, t)
    lose_track(half, t)
    if not starts_here:
        return AHEAD
    half.base, half.based, half.shape = packet.sequence, 1, A_DNS
    return 0


@helper
def read_part(data: NDArray[np.uint8], at: int, size: int, packet: Any, t: Tables) -> int:
    """Read as much as is there of a message whose end will not come."""
    if size < 2 + HEADER or not looks_like_length(data, at, at + size):
        return 0
    if read_dns(data, at + 2, at + size, N_DNS, packet, t):
        t.runs[packet.flow].application = A_DNS
    return 0


@helper
def read_dns_segment(data: NDArray[np.uint8], packet: Any, half: Any, t: Tables) -> int:
    """Place a segment in its direction's stream and read the messages that are whole now."""
    at = find_place(data, packet, half, t)
    if at == AHEAD:
        return 0
    payload = packet.payload
    if at < 0:  # seen before, in part or whole
        payload, at = payload - at, 0
        if payload >= packet.end:
            return 0
    if half.slot == 0 and at == 0:
        half.looks = 1
        read = read_messages(data, payload, packet.end, packet, t)
        half.base = (np.int64(half.base) + read - payload) & 0xFFFFFFFF
        payload = read
        if payload >= packet.end:
            return 0
        if packet.cut:
            t.counters[C_CUT] += 1
            read_part(data, payload, packet.end - payload, packet, t)
        if packet.cut or not looks_like_length(data, payload, packet.end):
            return lose_track(half, t)
    if half.slot == 0:
        take_slot(packet, half, t)
    return read_held(data, payload, at, packet, half, t)


@helper
def read_held(data: NDArray[np.uint8], payload: int, at: int, packet: Any, half: Any, t: Tables) -> int:
    """Keep a segment in its half's slot, and read the messages that are whole there."""
    slot = np.int64(half.slot) - 1
    have = keep(data, payload, packet.end, slot, at, t)
    base = slot * STREAM_BUDGET
    read = read_messages(t.held, base, base + have, packet, t) - base
    if read:
        half.base = (np.int64(half.base) + read) & 0xFFFFFFFF
        if drop(slot, read, t) == 0:
            free_slot(half, t)
        elif t.ready[slot] and not looks_like_length(t.held, base, base + t.ready[slot]):
            lose_track(half, t)
    return 0
