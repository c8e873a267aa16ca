"""Decoded packets in, flows under way out: counters, flags and timing each way, and what shows who began.

An open-addressing hash table over the two endpoints in canonical order, the transport, the VLANs and the tunnel.

Where there are many flows, a new one takes over the row of one that came to nothing: a TCP handshake that nobody ever
answered. A hand goes round the rows, oldest first, as in the CLOCK page replacement of operating systems. The slot of
the flow that had the row stays in the index until the next ``rehash``; its key no longer matches there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.duplicates import ALIAS, ALIASED, RECENT, alias_of, digest_of, find_copy, note_alias, remember
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, U32, mix
from kwel.kernel.loads import expect
from kwel.kernel.ring import head_of
from kwel.kernel.rows import HALF, PACKET, RUN, Note, Stop
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

FIN, SYN, RST, ACK, TCP = 1, 2, 4, 16, 6
A_BACNET = int(Application.BACNET)
U16, U40, U48 = np.uint64(16), np.uint64(40), np.uint64(48)
KEY = np.uint64((1 << 48) - 1)
"""The part of ``RUN.key`` that tells flows apart."""
U_BYTE, U_TCP = np.uint64(0xFF), np.uint64(TCP)

S_USED, S_TABLE_FULL, S_DUPLICATE = int(Stop.USED), int(Stop.TABLE_FULL), int(Stop.DUPLICATE)
D_HANDSHAKE = int(Direction.HANDSHAKE)
INITIATOR, OPENER, ERROR = int(Note.INITIATOR), int(Note.OPENER), int(Note.ERROR)
SYN_SEEN, TIMED, INEXACT = int(Note.SYN), int(Note.TIMED), int(Note.INEXACT)

# indices into the counters
FLOWS, LIMIT, MANY, HAND, EVICTED = 0, 1, 2, 3, 4
MISSING, CLOSED = 5, 6
"""Bytes acknowledged on closed connections that the capture does not hold, and all that were acknowledged there."""
EARLY_NOW, CUT_PACKETS = 12, 13
"""Packets of the batch at the beginning of a direction; packets that the capture holds less of than was on the wire."""
COUNTERS = 14
EARLY, EARLY_SEGMENTS = 64, 4
"""Datagrams of a direction that may tell what it is, of BACnet all; packets of a TCP direction, until that is known."""
AT_ONCE = 64
"""Packets whose hashes are computed at a time: their rows stay in the innermost cache."""
STEPS = 16
"""Rows that the hand goes past in search of one to take over: a new flow costs no more than that."""


@helper
def hash_ends(a_hi: Any, a_lo: Any, b_hi: Any, b_lo: Any, key: Any, seed: Any) -> Any:
    """Return 64 well-mixed bits of a flow's key but its path."""
    hashed = mix(mix(mix(seed, a_lo, seed), b_lo, seed), key, seed)
    if (a_hi | b_hi) != U0:
        hashed = mix(mix(hashed, a_hi, seed), b_hi, seed)
    return hashed


@helper
def path_of(packet: Any) -> Any:
    """Return the part of a flow's key that is its VLANs and its tunnel."""
    return np.uint64(packet.vlan) | (np.uint64(packet.tunnel) << U32)


@helper
def hash_of(ends: Any, path: Any, seed: Any) -> Any:
    """Return 64 well-mixed bits of a flow's whole key. *ends*: those of all but its path."""
    return (ends if path == U0 else mix(ends, path, seed)) * MULTIPLIER


@helper
def is_before(a_hi: Any, a_lo: Any, a_port: int, b_hi: Any, b_lo: Any, b_port: int) -> bool:
    """Return whether endpoint a comes before endpoint b in the canonical order."""
    if a_hi != b_hi:
        return a_hi < b_hi
    if a_lo != b_lo:
        return a_lo < b_lo
    return a_port <= b_port


@helper
def pack_key(a_port: int, b_port: int, transport: int, version: int) -> Any:
    """Return the part of a flow's key that is not its addresses."""
    return np.uint64(a_port) | (np.uint64(b_port) << U16) | (np.uint64(transport) << U32) | (np.uint64(version) << U40)


@helper
def in_order(packet: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Return the two addresses and the key of a packet's flow in canonical order, by its side."""
    a_hi, a_lo, b_hi, b_lo = packet.source_hi, packet.source_lo, packet.destination_hi, packet.destination_lo
    a_port, b_port = packet.source_port, packet.destination_port
    if packet.side:
        a_hi, b_hi = b_hi, a_hi
        a_lo, b_lo = b_lo, a_lo
        a_port, b_port = b_port, a_port
    return a_hi, a_lo, b_hi, b_lo, pack_key(a_port, b_port, packet.transport, packet.version)


@helper
def weigh(packets: Rows, start: int, stop: int, heads: NDArray[np.uint32], table: NDArray[np.uint64]) -> int:
    """Find side, hash and digest of the packets from *start* to *stop*, and let the rows come that they lead to.

    Side by side, several hashes are under way at a time, and several rows: none waits for another.
    """
    seed, mask = table[len(table) - 1], np.uint64(len(table) - 2)
    for i in range(start, stop):
        packet = packets[i]
        if packet.stop == S_USED:
            packet.side = not is_before(
                packet.source_hi, packet.source_lo, packet.source_port,
                packet.destination_hi, packet.destination_lo, packet.destination_port,
            )  # fmt: skip
            packet.ends = hash_ends(*in_order(packet), seed)
            packet.digest = digest_of(packet.ends, packet, seed)
            expect(heads, head_of(packet.digest, heads))
            expect(table, hash_of(packet.ends, path_of(packet), seed) & mask)
    return stop


@helper
def probe(
    ends: Any, a_hi: Any, a_lo: Any, b_hi: Any, b_lo: Any, key: Any, path: Any, runs: Rows, table: NDArray[np.uint64]
) -> tuple[Any, Any, int]:
    """Return (slot, tag, row) of a key in canonical order; row -1 where the slot is free. *ends*: its hash."""
    mask = np.uint64(len(table) - 2)
    hashed = hash_of(ends, path, table[len(table) - 1])
    slot, tag = hashed & mask, hashed & TAG
    while table[slot] != U0:
        if table[slot] & TAG == tag:
            row = np.int64((table[slot] & ROW) - U1)
            run = runs[row]
            if (
                run.key & KEY == key and run.a_lo == a_lo and run.b_lo == b_lo and run.path == path
                and run.a_hi == a_hi and run.b_hi == b_hi
            ):  # fmt: skip
                return slot, tag, row
        slot = (slot + U1) & mask
    return slot, tag, -1


@helper
def came_to_nothing(run: Any) -> bool:
    """Return whether a flow is a TCP handshake that nobody answered: no other table refers to such a one."""
    flags = run.flags[0] | run.flags[1]
    return (
        (run.key >> U32) & U_BYTE == U_TCP
        and flags & (SYN | ACK) == SYN
        and (run.packets[0] == 0 or run.packets[1] == 0)
        and run.payload[0] | run.payload[1] == 0
    )


@helper
def clear(run: Any, first: Any, second: Any) -> int:
    """Make a row and its two halves as good as new."""
    run.last, run.bytes[0], run.bytes[1] = 0, 0, 0
    run.packets[0] = run.packets[1] = run.payload[0] = run.payload[1] = 0
    run.rtt_us = run.name = run.name_frame = run.answer = run.asked = 0
    run.flags[0] = run.flags[1] = run.name_source = run.direction = run.application = 0
    for half in (first, second):
        half.base = half.taken = half.slot = half.stage = half.based = 0
        half.looks = half.shape = half.marked = half.initials = half.sender = 0
    return 0


@helper
def place(runs: Rows, halves: Rows, counters: NDArray[np.int64]) -> int:
    """Return the row for a new flow: where there are many, that of one that came to nothing; -1 is no room."""
    row = counters[FLOWS]
    if row >= counters[MANY]:
        for _ in range(STEPS):
            hand = counters[HAND] if counters[HAND] < row else 0
            counters[HAND] = hand + 1
            if came_to_nothing(runs[hand]):
                clear(runs[hand], halves[2 * hand], halves[2 * hand + 1])
                counters[EVICTED] += 1
                return hand
        if row >= counters[LIMIT]:
            return -1
    counters[FLOWS] = row + 1
    return row


@helper
def find(
    packet: Any, ends: Any, a_hi: Any, a_lo: Any, b_hi: Any, b_lo: Any, key: Any, path: Any,
    runs: Rows, halves: Rows, table: NDArray[np.uint64], aliases: Rows, alias_heads: NDArray[np.uint32],
    counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Return the row of the packet's flow, a new one if need be, or -1 where the table is full."""
    slot, tag, row = probe(ends, a_hi, a_lo, b_hi, b_lo, key, path, runs, table)
    if row < 0 and counters[ALIASED]:
        first = alias_of(ends, path, table[len(table) - 1], aliases, alias_heads)
        if first != path:
            path = first
            slot, tag, row = probe(ends, a_hi, a_lo, b_hi, b_lo, key, path, runs, table)
    # The same ports again after a close: a new flow takes over the slot.
    if row >= 0 and not (
        packet.flags & (SYN | ACK) == SYN and is_over(packet, runs[row], halves[2 * row + packet.side])
    ):
        return row
    row = place(runs, halves, counters)
    if row < 0:
        return -1
    table[slot] = tag | (np.uint64(row) + U1)
    run = runs[row]
    run.a_hi, run.a_lo, run.b_hi, run.b_lo, run.path = a_hi, a_lo, b_hi, b_lo, path
    run.key = key | (np.uint64(packet.hops) << U48)
    run.first = packet.time
    run.notes = OPENER if packet.side else 0
    packet.fresh = 1
    return row


@helper
def find_quoted(
    packet: Any, addresses: Any, ports: Any, transport: int, runs: Rows, table: NDArray[np.uint64],
    aliases: Rows, alias_heads: NDArray[np.uint32],
) -> int:  # fmt: skip
    """Return the row of the flow that an ICMP error quotes, or -1. The error travels on the same VLAN and tunnel."""
    a_hi, a_lo, b_hi, b_lo = addresses
    a_port, b_port = ports
    if not is_before(a_hi, a_lo, a_port, b_hi, b_lo, b_port):
        a_hi, b_hi = b_hi, a_hi
        a_lo, b_lo = b_lo, a_lo
        a_port, b_port = b_port, a_port
    key = pack_key(a_port, b_port, transport, packet.version)
    seed = table[len(table) - 1]
    ends = hash_ends(a_hi, a_lo, b_hi, b_lo, key, seed)
    path = path_of(packet)
    row = probe(ends, a_hi, a_lo, b_hi, b_lo, key, path, runs, table)[2]
    if row < 0:
        path = alias_of(ends, path, seed, aliases, alias_heads)
        row = probe(ends, a_hi, a_lo, b_hi, b_lo, key, path, runs, table)[2]
    return row


@helper
def is_over(packet: Any, run: Any, half: Any) -> bool:
    """Return whether a SYN cannot belong to the flow in *run*: that one was closed, and its number was another."""
    closed = (run.flags[0] | run.flags[1]) & (FIN | RST)
    return closed != 0 and not (half.based == 2 and np.int64(half.base) == (packet.sequence + 1) & 0xFFFFFFFF)


@helper
def set_initiator(run: Any, side: int, direction: int) -> int:
    """Note who began a flow, and how that is known."""
    run.direction = direction
    run.notes = (run.notes | INITIATOR) if side else (run.notes & ~INITIATOR)
    return side


@helper
def note_syn(packet: Any, run: Any, half: Any) -> int:
    """Learn from a SYN or SYN-ACK who began, the round trip of the handshake and where the stream starts."""
    if half.based == 0:
        half.base, half.based = (packet.sequence + 1) & 0xFFFFFFFF, 2
    elif half.based == 2 and np.int64(half.base) != (packet.sequence + 1) & 0xFFFFFFFF:
        run.notes |= INEXACT  # captured on both sides of a firewall that sets numbers of its own
    if packet.flags & ACK:
        if run.direction != D_HANDSHAKE:
            set_initiator(run, 1 - packet.side, D_HANDSHAKE)
        trip = (packet.time - run.first) // 1000 - np.int64(run.rtt_us)
        if run.notes & (SYN_SEEN | TIMED) == SYN_SEEN and 0 < trip <= 0xFFFFFFFF:
            run.rtt_us = trip
            run.notes |= TIMED
        return 0
    if run.direction != D_HANDSHAKE:
        set_initiator(run, packet.side, D_HANDSHAKE)
    since = (packet.time - run.first) // 1000
    # Of a SYN sent again, the first: which one was answered cannot be told (RFC 6298 section 3), and too long is safe.
    if not run.notes & (SYN_SEEN | TIMED) and 0 <= since <= 0xFFFFFFFF:
        run.rtt_us = since
        run.notes |= SYN_SEEN
    return 0


@helper
def note_close(packet: Any, run: Any, half: Any, counters: NDArray[np.int64]) -> int:
    """Count what a FIN acknowledges of the other direction and the capture does not hold. *half*: of that direction.

    Bytes that were sent twice make up for missing ones: there are at least as many.
    """
    captured = np.int64(run.payload[1 - packet.side])
    if half.based != 2 or run.notes & INEXACT or captured == 0xFFFFFFFF or not packet.flags & ACK:
        return 0
    acknowledged = (packet.acknowledgement - np.int64(half.base)) & 0xFFFFFFFF
    if acknowledged >= 0x80000000:  # a number from before the first byte, or more than anybody sent
        return 0
    if acknowledged > captured + 1:  # its FIN takes up a number too
        counters[MISSING] += acknowledged - captured
    counters[CLOSED] += acknowledged
    return 0


@helper
def set_aside(packet: Any, stop: int, stops: NDArray[np.int64]) -> int:
    """Count a packet for another reason than it was decoded with."""
    packet.stop = stop
    stops[S_USED] -= np.int64(packet.frames)
    stops[stop] += np.int64(packet.frames)
    return stop


@helper
def count_packet(
    packet: Any, run: Any, halves: Rows, early: NDArray[np.int64], counters: NDArray[np.int64]
) -> int:  # fmt: skip
    """Enter a packet into its flow's counters; list it if its payload stands at the beginning of its direction."""
    if packet.fresh:
        run.first_frame, run.capture = packet.frame, packet.capture
    run.last = max(run.last, packet.time)
    side = packet.side
    run.packets[side] += np.uint32(packet.frames)
    run.bytes[side] += np.uint64(packet.wire)
    if packet.end > packet.payload:
        before = np.int64(run.payload[side])
        run.payload[side] = min(0xFFFFFFFF, before + packet.end - packet.payload)
        few = EARLY if packet.transport != TCP else EARLY_SEGMENTS if run.application == 0 else 0
        if before == 0 or run.packets[side] <= few or run.application == A_BACNET:
            early[counters[EARLY_NOW]] = packet.index
            counters[EARLY_NOW] += 1
    if packet.cut:
        run.notes |= INEXACT
        counters[CUT_PACKETS] += 1
    if packet.flags:
        if packet.flags & FIN and not run.flags[side] & FIN:
            note_close(packet, run, halves[2 * packet.flow + 1 - side], counters)
        run.flags[side] |= packet.flags
        if packet.flags & SYN:
            note_syn(packet, run, halves[2 * packet.flow + side])
    return side


@kernel(PACKET, int, RUN, HALF, np.uint64, RECENT, np.uint32, ALIAS, np.uint32, np.int64, np.int64, np.int64)
def track(
    packets: Rows,
    count: int,
    runs: Rows,
    halves: Rows,
    table: NDArray[np.uint64],
    recent: Rows,
    recent_heads: NDArray[np.uint32],
    aliases: Rows,
    alias_heads: NDArray[np.uint32],
    early: NDArray[np.int64],
    counters: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> int:
    """Enter *count* packets into the flow table, each once. The caller has made room for as many new flows.

    *early* takes the indices of the packets that begin a direction: what else looks at beginnings need see no others.
    """
    counters[EARLY_NOW] = weighed = 0
    seed = table[len(table) - 1]
    for i in range(count):
        if i == weighed:
            weighed = weigh(packets, i, min(i + AT_ONCE, count), recent_heads, table)
        packet = packets[i]
        if packet.stop != S_USED:
            continue
        a_hi, a_lo, b_hi, b_lo, key = in_order(packet)
        path = path_of(packet)
        ends, digest = packet.ends, packet.digest
        first = find_copy(digest, path, packet, recent, recent_heads, counters)
        if first >= 0:
            set_aside(packet, S_DUPLICATE, stops)
            if path != recent[first].path:
                note_alias(ends, path, recent[first].path, seed, aliases, alias_heads, counters)
            continue
        row = find(packet, ends, a_hi, a_lo, b_hi, b_lo, key, path, runs, halves, table, aliases, alias_heads, counters)
        if row < 0:
            set_aside(packet, S_TABLE_FULL, stops)
            continue
        packet.flow = row
        remember(digest, runs[row].path, packet, recent, recent_heads)
        count_packet(packet, runs[row], halves, early, counters)
    return counters[FLOWS]


@kernel(RUN, int, np.uint64)
def rehash(runs: Rows, count: int, table: NDArray[np.uint64]) -> int:
    """Enter all flows into an empty table. Of flows with the same key the one that began last keeps the slot."""
    for row in range(count):
        run = runs[row]
        key = run.key & KEY
        ends = hash_ends(run.a_hi, run.a_lo, run.b_hi, run.b_lo, key, table[len(table) - 1])
        slot, tag, other = probe(ends, run.a_hi, run.a_lo, run.b_hi, run.b_lo, key, run.path, runs, table)
        if other < 0 or runs[other].first <= run.first:
            table[slot] = tag | (np.uint64(row) + U1)
    return 0
