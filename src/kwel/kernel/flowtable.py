"""Decoded packets in, flows under way out: counters, flags and timing each way, who began, how far it came.

An open-addressing hash table over the two endpoints in canonical order, the transport, the VLANs and the tunnel.
A slot holds the upper half of the hash, as a tag, and 1 + the flow's row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import FLOW, Direction, State
from kwel.kernel.rows import HALF, PACKET, RUN, Stage, Stop
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

FIN, SYN, RST, ACK = 1, 2, 4, 16
TCP = 6
WELL_KNOWN = 1024
"""Ports below are bound by services (RFC 6335 section 6)."""

MULTIPLIER_1 = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_2 = np.uint64(0xD6E8FEB86659FD93)
U0, U1, U2, U16, U24, U29, U32, U48 = (np.uint64(n) for n in (0, 1, 2, 16, 24, 29, 32, 48))
TAG = np.uint64(0xFFFFFFFF00000000)
ROW = np.uint64(0xFFFFFFFF)

S_USED, S_TABLE_FULL = int(Stop.USED), int(Stop.TABLE_FULL)
D_UNKNOWN, D_HANDSHAKE, D_FIRST = int(Direction.UNKNOWN), int(Direction.HANDSHAKE), int(Direction.FIRST)
ESTABLISHED, REFUSED = int(State.ESTABLISHED), int(State.REFUSED)
UNANSWERED, MIDSTREAM = int(State.UNANSWERED), int(State.MIDSTREAM)
OPEN = int(Stage.OPEN)

# indices into the counters
FLOWS, LIMIT = 0, 1


@helper
def hash_key(a_hi: Any, a_lo: Any, b_hi: Any, b_lo: Any, key: Any, path: Any) -> Any:
    """Return 64 well-mixed bits of a flow's key."""
    h = a_lo * MULTIPLIER_1
    h = (h ^ (h >> U32)) + b_lo
    h *= MULTIPLIER_2
    h = (h ^ (h >> U32)) + key + a_hi
    h *= MULTIPLIER_1
    h = (h ^ (h >> U32)) + path + b_hi
    h *= MULTIPLIER_2
    return h ^ (h >> U29)


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
    return (
        (np.uint64(a_port) << U48)
        | (np.uint64(b_port) << U32)
        | (np.uint64(transport) << U24)
        | (np.uint64(version) << U16)
    )


@helper
def probe(
    a_hi: Any, a_lo: Any, b_hi: Any, b_lo: Any, key: Any, path: Any, runs: Rows, table: NDArray[np.uint64]
) -> tuple[Any, Any, int]:
    """Return (slot, tag, row) of a key in canonical order; row -1 where the slot is free."""
    mask = np.uint64(len(table) - 1)
    hashed = hash_key(a_hi, a_lo, b_hi, b_lo, key, path)
    slot, tag = hashed & mask, hashed & TAG
    while table[slot] != U0:
        if table[slot] & TAG == tag:
            row = np.int64((table[slot] & ROW) - U1)
            run = runs[row]
            if (
                run.key == key and run.a_lo == a_lo and run.b_lo == b_lo and run.path == path
                and run.a_hi == a_hi and run.b_hi == b_hi
            ):  # fmt: skip
                return slot, tag, row
        slot = (slot + U1) & mask
    return slot, tag, -1


@helper
def find(packet: Any, runs: Rows, halves: Rows, table: NDArray[np.uint64], counters: NDArray[np.int64]) -> int:
    """Return the row of the packet's flow, a new one if need be, or -1 where the table is full. Sets packet.side."""
    a_hi, a_lo, b_hi, b_lo = packet.source_hi, packet.source_lo, packet.destination_hi, packet.destination_lo
    a_port, b_port = packet.source_port, packet.destination_port
    if not is_before(a_hi, a_lo, a_port, b_hi, b_lo, b_port):
        packet.side = 1
        a_hi, b_hi = b_hi, a_hi
        a_lo, b_lo = b_lo, a_lo
        a_port, b_port = b_port, a_port
    key = pack_key(a_port, b_port, packet.transport, packet.version)
    path = (np.uint64(packet.tunnel) << U32) | np.uint64(packet.vlan)
    slot, tag, row = probe(a_hi, a_lo, b_hi, b_lo, key, path, runs, table)
    # The same ports again after a close: a new flow takes over the slot.
    if row >= 0 and not (packet.flags & (SYN | ACK) == SYN and is_over(packet, halves, row)):
        return row
    row = counters[FLOWS]
    if row >= counters[LIMIT]:
        return -1
    counters[FLOWS] += 1
    table[slot] = tag | (np.uint64(row) + U1)
    run = runs[row]
    run.a_hi, run.a_lo, run.b_hi, run.b_lo, run.key, run.path = a_hi, a_lo, b_hi, b_lo, key, path
    run.first = packet.time
    run.opener = packet.side
    packet.fresh = 1
    return row


@helper
def find_quoted(packet: Any, addresses: Any, ports: Any, transport: int, runs: Rows, table: NDArray[np.uint64]) -> int:
    """Return the row of the flow that an ICMP error quotes, or -1. The error travels on the same VLAN and tunnel."""
    a_hi, a_lo, b_hi, b_lo = addresses
    a_port, b_port = ports
    if not is_before(a_hi, a_lo, a_port, b_hi, b_lo, b_port):
        a_hi, b_hi = b_hi, a_hi
        a_lo, b_lo = b_lo, a_lo
        a_port, b_port = b_port, a_port
    key = pack_key(a_port, b_port, transport, packet.version)
    path = (np.uint64(packet.tunnel) << U32) | np.uint64(packet.vlan)
    return probe(a_hi, a_lo, b_hi, b_lo, key, path, runs, table)[2]


@helper
def is_over(packet: Any, halves: Rows, row: int) -> bool:
    """Return whether a SYN cannot belong to the flow in *row*: that one was closed, and its number was another."""
    own, other = halves[2 * row + packet.side], halves[2 * row + 1 - packet.side]
    closed = (own.flags | other.flags) & (FIN | RST)
    return closed != 0 and not (own.based == 2 and np.int64(own.base) == (packet.sequence + 1) & 0xFFFFFFFF)


@helper
def note_tcp(packet: Any, run: Any, half: Any) -> None:
    """Learn from a TCP segment's flags who began, the round trip of the handshake and where the stream starts."""
    flags = packet.flags
    if flags & SYN:
        if half.based == 0:
            half.base, half.based = (packet.sequence + 1) & 0xFFFFFFFF, 2
        if flags & ACK:
            if run.direction != D_HANDSHAKE:
                run.direction, run.initiator = D_HANDSHAKE, 1 - packet.side
            if run.syn_time and run.rtt_us == 0 and packet.time > run.syn_time:
                run.rtt_us = min((packet.time - run.syn_time) // 1000, 0xFFFFFFFF)
        else:
            if run.direction != D_HANDSHAKE:
                run.direction, run.initiator = D_HANDSHAKE, packet.side
            run.syn_time = packet.time


@kernel(PACKET, int, int, int, RUN, HALF, np.uint64, np.int64, np.int64)
def track(
    packets: Rows,
    count: int,
    first_frame: int,
    capture: int,
    runs: Rows,
    halves: Rows,
    table: NDArray[np.uint64],
    counters: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> int:
    """Enter *count* packets into the flow table. The caller has made room for as many new flows."""
    for i in range(count):
        packet = packets[i]
        if packet.stop != S_USED:
            continue
        row = find(packet, runs, halves, table, counters)
        if row < 0:
            packet.stop = S_TABLE_FULL
            stops[S_USED] -= 1
            stops[S_TABLE_FULL] += 1
            continue
        packet.flow = row
        run, half = runs[row], halves[2 * row + packet.side]
        if packet.fresh:
            run.first_frame, run.capture = first_frame + i, capture
        run.last = max(run.last, packet.time)
        half.packets += np.uint32(1)
        half.bytes += np.uint64(packet.wire)
        half.payload += np.uint64(max(0, packet.end - packet.payload))
        half.flags |= packet.flags
        if packet.transport == TCP and packet.flags & SYN:
            note_tcp(packet, run, half)
    return counters[FLOWS]


@kernel(RUN, int, np.uint64)
def rehash(runs: Rows, count: int, table: NDArray[np.uint64]) -> int:
    """Enter all flows into an empty, larger table. Of flows with the same key the last one keeps the slot."""
    for row in range(count):
        run = runs[row]
        slot, tag, _ = probe(run.a_hi, run.a_lo, run.b_hi, run.b_lo, run.key, run.path, runs, table)
        table[slot] = tag | (np.uint64(row) + U1)
    return 0


@helper
def is_group(hi: Any, lo: Any) -> bool:
    """Return whether an address is multicast or the limited broadcast (RFC 5771, RFC 4291 section 2.7, RFC 919)."""
    if hi == U0 and lo >> U32 == np.uint64(0xFFFF):
        top = lo & ROW
        return (top >> np.uint64(28)) == np.uint64(0xE) or top == ROW
    return hi >> np.uint64(56) == np.uint64(0xFF)


@helper
def initiator_of(run: Any, a_port: int, b_port: int) -> tuple[int, int]:
    """Return (0 for a or 1 for b, Direction): evidence first, then multicast, then the lower port."""
    if run.direction != D_UNKNOWN:
        return run.initiator, run.direction
    if is_group(run.a_hi, run.a_lo):
        return 1, D_FIRST
    if is_group(run.b_hi, run.b_lo):
        return 0, D_FIRST
    transport = np.int64((run.key >> U24) & np.uint64(0xFF))
    if a_port == b_port:
        return run.opener, (D_FIRST if transport != TCP else D_UNKNOWN)
    guess = 0 if a_port > b_port else 1
    if transport != TCP and guess == run.opener:
        return guess, D_FIRST
    return guess, D_UNKNOWN


@helper
def state_of(tcp: bool, out: Any, back: Any, error: int) -> int:
    """Return the State of a flow from its halves, *out* being the initiator's."""
    if not tcp:
        if back.packets:
            return ESTABLISHED
        return REFUSED if error else UNANSWERED
    if out.flags & SYN:
        if back.flags & SYN:
            return ESTABLISHED
        if back.flags & RST or error:
            return REFUSED
        if out.flags & ACK and out.packets >= 2 and (out.payload or not out.flags & RST):
            return ESTABLISHED  # only one direction was captured, but nobody acknowledges an unanswered SYN
        return UNANSWERED if back.packets == 0 else MIDSTREAM
    if back.flags & SYN:
        return ESTABLISHED
    return MIDSTREAM


@kernel(RUN, HALF, int, FLOW)
def finish(runs: Rows, halves: Rows, count: int, flows: Rows) -> int:
    """Turn *count* flows round so that the initiator comes first."""
    for row in range(count):
        run, flow = runs[row], flows[row]
        a_port = np.int64((run.key >> U48) & np.uint64(0xFFFF))
        b_port = np.int64((run.key >> U32) & np.uint64(0xFFFF))
        side, direction = initiator_of(run, a_port, b_port)
        out, back = halves[2 * row + side], halves[2 * row + 1 - side]
        if side:
            flow.initiator_hi, flow.initiator_lo, flow.initiator_port = run.b_hi, run.b_lo, b_port
            flow.responder_hi, flow.responder_lo, flow.responder_port = run.a_hi, run.a_lo, a_port
        else:
            flow.initiator_hi, flow.initiator_lo, flow.initiator_port = run.a_hi, run.a_lo, a_port
            flow.responder_hi, flow.responder_lo, flow.responder_port = run.b_hi, run.b_lo, b_port
        flow.transport = (run.key >> U24) & np.uint64(0xFF)
        flow.version = (run.key >> U16) & np.uint64(0xFF)
        flow.vlan, flow.tunnel = run.path & ROW, run.path >> U32
        flow.first, flow.last, flow.first_frame, flow.capture = (
            run.first,
            run.last,
            run.first_frame,
            run.capture,
        )
        flow.flags_out, flow.flags_in = out.flags, back.flags
        flow.packets_out, flow.packets_in = out.packets, back.packets
        flow.bytes_out, flow.bytes_in = out.bytes, back.bytes
        flow.payload_out, flow.payload_in = out.payload, back.payload
        flow.rtt_us, flow.application, flow.direction = run.rtt_us, run.application, direction
        flow.state = state_of(flow.transport == TCP, out, back, run.error)
        flow.name, flow.name_source, flow.name_frame, flow.answer = (
            run.name, run.name_source, run.name_frame, run.answer
        )  # fmt: skip
    return count
