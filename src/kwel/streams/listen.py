"""Tracked packets in, names, DNS answers, claims and marked payloads out: the second look that some packets deserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.carriers import ETHER_ARP
from kwel.kernel.loads import expect
from kwel.kernel.namepool import Pool
from kwel.kernel.network import IP_ICMPV6, IP_TCP, IP_UDP, IP_VRRP
from kwel.kernel.rows import HALF, MARK, PACKET, RUN, Stage, Stop
from kwel.model.records.bindings import CLAIM
from kwel.model.records.columns import ANSWER, HELLO, NAME, QUESTION, SHOWN
from kwel.protocols.claims import Claims, note_claim, read_arp, read_neighbour
from kwel.protocols.dns import ANSWERS, Answers
from kwel.protocols.ja4 import Shapes
from kwel.streams.datagrams import is_named_port, read_datagram
from kwel.streams.handshakes import begins_handshake, read_handshake
from kwel.streams.heads import HEAD, UNFINISHED
from kwel.streams.join import expect_look_up, look_up_flow
from kwel.streams.redundancy import note_virtual_router
from kwel.streams.room import Tables, has_room
from kwel.streams.segments import is_dull, read_segment, step_over

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

AHEAD = 16
"""Packets between the one that is looked at and the one that is prepared for."""
OPEN, DONE = int(Stage.OPEN), int(Stage.DONE)
S_USED, S_DISCOVERY = int(Stop.USED), int(Stop.DISCOVERY)


@helper
def prepare(packet: Any, t: Tables) -> int:
    """Let the rows come that a packet will be looked at by."""
    if packet.flow < 0:
        return 0
    if packet.fresh and t.answers.counters[ANSWERS]:
        expect_look_up(packet, t.answers.index)
    return expect(t.halves, 2 * packet.flow + packet.side) if packet.transport == IP_TCP else 0


@helper
def note_arp(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Keep what an ARP packet claims."""
    claim = t.claims.rows[len(t.claims.rows) - 1]
    if read_arp(data, packet.payload, packet.end, claim):
        note_claim(claim, packet, t.claims)
    return 0


@helper
def note_neighbour(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Keep what a Neighbour Discovery message claims."""
    claim = t.claims.rows[len(t.claims.rows) - 1]
    if read_neighbour(data, packet, claim):
        note_claim(claim, packet, t.claims)
    return 0


@helper
def deserves_a_look(data: NDArray[np.uint8], packet: Any, t: Tables) -> bool:
    """Return whether a packet may add to the tables. Segments that surely do not are stepped over here."""
    if packet.stop == S_DISCOVERY:
        return packet.source_port == ETHER_ARP  # ``lan`` reads the others
    if packet.stop != S_USED or packet.end <= packet.payload:
        return False
    if packet.transport == IP_TCP:
        half = t.halves[2 * packet.flow + packet.side]
        if half.stage == DONE:
            return False
        is_open = half.stage == OPEN and (half.shape < HEAD or half.shape & UNFINISHED == 0)
        return not (is_open and is_dull(data, packet) and step_over(packet, half))
    if packet.transport == IP_UDP:
        return is_named_port(packet) or begins_handshake(data, packet, t)
    return packet.transport == IP_ICMPV6 or packet.transport == IP_VRRP


@kernel(
    np.uint8, int, int, PACKET, RUN, HALF, np.uint64, NAME, QUESTION,
    ANSWER, np.uint64, np.int64, CLAIM, np.uint64, np.int64, MARK,
    np.uint8, np.int64, np.int64, np.uint64, np.int64, HELLO,
    np.uint64, np.int64, np.uint8, np.uint8, np.int64, np.int64, np.uint64, np.int64, SHOWN, np.int64, np.int64,
    np.uint8, np.uint8, np.uint8, np.uint8, np.int64, np.int64, np.uint64,
)  # fmt: skip
def listen(
    data: NDArray[np.uint8], index: int, count: int, packets: Rows,
    runs: Rows, halves: Rows, flow_index: NDArray[np.uint64], named: Rows,
    questions: Rows,
    answers: Rows, answer_index: NDArray[np.uint64], answer_counters: NDArray[np.int64],
    claims: Rows, claim_slots: NDArray[np.uint64], claim_counters: NDArray[np.int64], marks: Rows,
    arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64],
    name_slots: NDArray[np.uint64], name_counters: NDArray[np.int64], hellos: Rows,
    shape_index: NDArray[np.uint64], shape_places: NDArray[np.int64], shape_arena: NDArray[np.uint8],
    certificates: NDArray[np.uint8], certificate_starts: NDArray[np.int64], certificate_lengths: NDArray[np.int64],
    certificate_slots: NDArray[np.uint64], certificate_counters: NDArray[np.int64], shown: Rows,
    counters: NDArray[np.int64], limits: NDArray[np.int64],
    text: NDArray[np.uint8], joined: NDArray[np.uint8], held: NDArray[np.uint8], covered: NDArray[np.uint8],
    ready: NDArray[np.int64], owners: NDArray[np.int64], heard: NDArray[np.uint64],
) -> int:  # fmt: skip
    """Look at the packets from *index* to *count*; return where a table ran short of room, or *count*."""
    t = Tables(
        runs, halves, flow_index, named, questions, Answers(answers, answer_index, answer_counters),
        Claims(claims, claim_slots, claim_counters), marks, Pool(arena, starts, lengths, name_slots, name_counters),
        hellos, Shapes(shape_index, shape_places, shape_arena),
        Pool(certificates, certificate_starts, certificate_lengths, certificate_slots, certificate_counters), shown,
        counters, limits, text, joined, held, covered, ready, owners, heard,
    )  # fmt: skip
    while index < count:
        if index + AHEAD < count:
            prepare(packets[index + AHEAD], t)
        packet = packets[index]
        if packet.fresh and answer_counters[ANSWERS]:
            look_up_flow(packet, runs[packet.flow], t.answers)
        if deserves_a_look(data, packet, t):
            if not has_room(t):
                return index
            if packet.stop == S_DISCOVERY:
                note_arp(data, packet, t)
            elif packet.transport == IP_TCP:
                read_segment(data, packet, halves[2 * packet.flow + packet.side], t)
            elif packet.transport == IP_UDP:
                if is_named_port(packet):
                    read_datagram(data, packet, t)
                else:
                    read_handshake(data, packet, t)
            elif packet.transport == IP_VRRP:
                note_virtual_router(data, packet, t)
            else:
                note_neighbour(data, packet, t)
        index += 1
    return index
