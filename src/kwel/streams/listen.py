"""Tracked packets in, names, DNS answers, claims and marked payloads out: the second look that some packets deserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.columns import ANSWER, CLAIM, NAME
from kwel.dissect.claims import note_claim, read_arp, read_neighbour
from kwel.dissect.dns import ANSWERS
from kwel.kernel.layers import ETHER_ARP, ETHER_LLDP, IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, MARK, PACKET, RUN, Mark, Stage, Stop
from kwel.native import kernel
from kwel.streams.datagrams import is_named_port, read_datagram, read_error
from kwel.streams.join import look_up_flow
from kwel.streams.room import has_room, note_mark
from kwel.streams.segments import is_dull, read_segment, step_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.columns import Rows

OPEN, DONE = int(Stage.OPEN), int(Stage.DONE)
S_USED, S_DISCOVERY = int(Stop.USED), int(Stop.DISCOVERY)
M_LLDP, M_CDP = int(Mark.LLDP), int(Mark.CDP)


@kernel(
    np.uint8, int, int, int, int, PACKET, RUN, HALF, np.uint64,
    NAME, ANSWER, np.uint64, np.int64, CLAIM, np.uint64, np.int64, MARK, np.int64,
    np.uint8, np.int64, np.int64, np.uint64, np.int64, np.int64,
    np.uint8, np.uint8, np.uint8, np.uint8, np.int64, np.int64, PACKET,
)  # fmt: skip
def listen(
    data: NDArray[np.uint8], index: int, count: int, first_frame: int, capture: int,
    packets: Rows, runs: Rows, halves: Rows, table: NDArray[np.uint64],
    named: Rows, answers: Rows, answer_index: NDArray[np.uint64], answer_counters: NDArray[np.int64],
    claims: Rows, claim_slots: NDArray[np.uint64], claim_counters: NDArray[np.int64],
    marks: Rows, counters: NDArray[np.int64],
    arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64],
    slots: NDArray[np.uint64], pool: NDArray[np.int64], limits: NDArray[np.int64],
    text: NDArray[np.uint8], joined: NDArray[np.uint8], held: NDArray[np.uint8], covered: NDArray[np.uint8],
    ready: NDArray[np.int64], owners: NDArray[np.int64], quoted: Rows,
) -> int:  # fmt: skip
    """Look at the packets from *index* to *count*; return where a table ran short of room, or *count*."""
    claim = claims[len(claims) - 1]  # the last row is for scratch
    while index < count:
        packet = packets[index]
        frame = first_frame + index
        if packet.stop == S_DISCOVERY:
            if not has_room(counters, answer_counters, pool, limits):
                return index
            if packet.source_port == ETHER_ARP:
                if read_arp(data, packet.payload, packet.end, claim):
                    claim.time, claim.frame, claim.vlan, claim.capture = (
                        packet.time,
                        frame,
                        packet.vlan,
                        capture,
                    )
                    note_claim(claim, claims, claim_slots, claim_counters)
            else:
                kind = M_LLDP if packet.source_port == ETHER_LLDP else M_CDP
                note_mark(kind, packet.payload, packet.end, index, packet, frame, marks, counters)
            index += 1
            continue
        if packet.stop != S_USED:
            index += 1
            continue
        if packet.fresh and answer_counters[ANSWERS]:
            look_up_flow(packet, runs[packet.flow], answers, answer_index)
        if packet.transport == IP_TCP:
            half = halves[2 * packet.flow + packet.side]
            if (
                half.stage != DONE
                and packet.end > packet.payload
                and not (half.stage == OPEN and is_dull(data, packet) and step_over(packet, half))
            ):
                if not has_room(counters, answer_counters, pool, limits):
                    return index
                read_segment(
                    data, index, packet, frame, capture, runs, halves, half, named, answers, answer_index,
                    answer_counters, counters, marks, text, joined, arena, starts, lengths, slots, pool, limits,
                    held, covered, ready, owners,
                )  # fmt: skip
        elif packet.transport == IP_UDP:
            if packet.end > packet.payload and is_named_port(packet):
                if not has_room(counters, answer_counters, pool, limits):
                    return index
                read_datagram(
                    data, index, packet, frame, capture, runs, halves, named, answers, answer_index, answer_counters,
                    counters, marks, text, arena, starts, lengths, slots, pool,
                )  # fmt: skip
        elif packet.transport in (IP_ICMP, IP_ICMPV6):
            if packet.transport == IP_ICMPV6 and read_neighbour(data, packet, claim):
                claim.time, claim.frame, claim.vlan, claim.capture = packet.time, frame, packet.vlan, capture
                note_claim(claim, claims, claim_slots, claim_counters)
            read_error(data, packet, quoted[0], runs, table)
        index += 1
    return index
