"""Tracked packets in, when each direction of a flow was heard last and where it fell silent out: a kernel over batches.

What ends tells an outage from a quiet night: a server that no longer answers, a client that goes on trying. A flow has
its first and its last time only; here each direction has its last, and its longest silences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.flowtable import SYN, TCP, is_before
from kwel.kernel.loads import expect
from kwel.kernel.rows import PACKET, RUN, Stop
from kwel.model.records.activity import BEAT, RHYTHM, SILENCES, TICK
from kwel.model.records.columns import FLOW

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

S_USED = int(Stop.USED)
MOST_RHYTHMS = 1 << 17
SILENT = 1_000_000_000 // TICK
"""Ticks without a packet that count as a silence."""
MOST_TRIES = 0xFFFF
LAST_TICK = 0xFFFFFFFE
MILLISECONDS = TICK // 1_000_000
AHEAD = 8
"""Packets whose row is fetched ahead."""
RHYTHMS, REFUSED = 0, 1


class Beats(NamedTuple):
    """The tables as the kernels take them."""

    beats: Rows
    """Of ``rhythms.BEAT``, two a flow."""
    rhythms: Rows
    """Of ``rhythms.RHYTHM``."""
    counters: NDArray[np.int64]

    def with_room(self, flows: int) -> Beats:
        """Return tables with room for so many flows."""
        if 2 * flows <= len(self.beats):
            return self
        larger = np.zeros(2 * flows, BEAT)
        larger[: len(self.beats)] = self.beats
        return self._replace(beats=larger)

    def notes(self) -> dict[str, int]:
        """Count what there was no room for."""
        return {"silences-not-kept": int(self.counters[REFUSED])}


def new_beats() -> Beats:
    """Return empty tables. The system gives memory only to what is written."""
    return Beats(np.zeros(0, BEAT), np.zeros(MOST_RHYTHMS, RHYTHM), np.zeros(2, np.int64))


def hear(packets: Rows, count: int, runs: Rows, tables: Beats) -> Beats:
    """Note *count* tracked packets; return the tables, with room for as many flows as *runs* has room for."""
    tables = tables.with_room(len(runs))
    note_beats(packets, count, runs, *tables)
    return tables


def finished(tables: Beats, flows: Rows) -> tuple[Rows, Rows]:
    """Return the last beats of each flow, of the initiator first, and the rhythms by direction."""
    count = int(tables.counters[RHYTHMS])
    turn_beats(flows, len(flows), tables.beats, tables.rhythms, count)
    rhythms = tables.rhythms[:count]
    return tables.beats[: 2 * len(flows)], rhythms[np.argsort(rhythms["half"], kind="stable")]


@helper
def note_silence(packet: Any, run: Any, beat: Any, half: int, now: int, tries: int, b: Beats) -> int:
    """Enter a silence that *packet* ends into the rhythm of its direction; *tries*: of the other side meanwhile."""
    if beat.row == 0:
        row = b.counters[RHYTHMS]
        if row >= len(b.rhythms):
            b.counters[REFUSED] += 1
            return -1
        b.counters[RHYTHMS] = row + 1
        b.rhythms[row].half = half
        beat.row = row + 1
    rhythm = b.rhythms[np.int64(beat.row) - 1]
    length = (now - np.int64(beat.last)) * MILLISECONDS
    rhythm.count += 1
    rhythm.total += length
    rhythm.squares += np.float64(length) * np.float64(length)
    slot, shortest = 0, rhythm.until[0] - rhythm.since[0]
    for i in range(1, SILENCES):
        if rhythm.until[i] - rhythm.since[i] < shortest:
            slot, shortest = i, rhythm.until[i] - rhythm.since[i]
    if length * 1_000_000 > shortest:
        rhythm.since[slot] = run.first + (np.int64(beat.last) - 1) * TICK
        rhythm.until[slot], rhythm.tries[slot] = packet.time, tries
        rhythm.before[slot], rhythm.before_capture[slot] = beat.frame, beat.capture
        rhythm.after[slot], rhythm.after_capture[slot] = packet.frame, packet.capture
    return slot


@helper
def note_try(packet: Any, beat: Any) -> int:
    """Count a packet that may be another try: a datagram, or a segment whose data were sent before."""
    if packet.transport == TCP:
        if packet.end <= packet.payload:
            if packet.flags & SYN:  # sent again, it begins no other connection, see ``joining``
                beat.sequence = packet.sequence
            return 0
        again = np.int64(beat.sequence) == packet.sequence
        beat.sequence = packet.sequence
        if not again:
            return 0
    beat.again = min(np.int64(beat.again) + 1, MOST_TRIES)
    return 1


@kernel(PACKET, int, RUN, BEAT, RHYTHM, np.int64)
def note_beats(
    packets: Rows, count: int, runs: Rows, beats: Rows, rhythms: Rows, counters: NDArray[np.int64]
) -> int:  # fmt: skip
    """Note *count* packets; return how many directions have fallen silent so far. There is room for every flow."""
    b = Beats(beats, rhythms, counters)
    for i in range(count):
        if i + AHEAD < count:
            coming = packets[i + AHEAD]
            expect(beats, 2 * coming.flow + coming.side if coming.stop == S_USED and coming.flow >= 0 else 0)
        packet = packets[i]
        if packet.stop != S_USED or packet.flow < 0:
            continue
        run, half = runs[packet.flow], 2 * packet.flow + packet.side
        if packet.fresh:  # the row may have been another flow's, that came to nothing
            for fresh in (beats[half], beats[half ^ 1]):
                fresh.last = fresh.row = fresh.sequence = fresh.again = fresh.began = 0
        beat, other = beats[half], beats[half ^ 1]
        now = 1 + min(max((packet.time - run.first) // TICK, 0), LAST_TICK)
        if beat.last and now - np.int64(beat.last) >= SILENT:
            note_silence(packet, run, beat, half, now, np.int64(other.again), b)
        elif beat.last == 0:
            beat.began, beat.tried = now, other.again
            beat.began_frame, beat.began_capture = packet.frame, packet.capture
        other.again = 0
        note_try(packet, beat)
        if now >= np.int64(beat.last):
            beat.last, beat.frame, beat.capture = now, packet.frame, packet.capture
    return counters[RHYTHMS]


@helper
def swap_beats(first: Any, second: Any) -> int:
    """Let two directions of a flow change places."""
    first.last, second.last = second.last, first.last
    first.frame, second.frame = second.frame, first.frame
    first.row, second.row = second.row, first.row
    first.sequence, second.sequence = second.sequence, first.sequence
    first.again, second.again = second.again, first.again
    first.capture, second.capture = second.capture, first.capture
    first.began, second.began = second.began, first.began
    first.began_frame, second.began_frame = second.began_frame, first.began_frame
    first.began_capture, second.began_capture = second.began_capture, first.began_capture
    first.tried, second.tried = second.tried, first.tried
    return 0


@kernel(FLOW, int, BEAT, RHYTHM, int)
def turn_beats(flows: Rows, count: int, beats: Rows, rhythms: Rows, silent: int) -> int:
    """Turn the beats of *count* finished flows round, in place, so that the initiator comes first."""
    turned = 0
    for row in range(count):
        flow = flows[row]
        if not is_before(
            flow.responder_hi, flow.responder_lo, flow.responder_port,
            flow.initiator_hi, flow.initiator_lo, flow.initiator_port,
        ):  # fmt: skip
            continue
        turned += 1
        swap_beats(beats[2 * row], beats[2 * row + 1])
    for row in range(2 * count):
        if beats[row].row:
            rhythms[np.int64(beats[row].row) - 1].half = row
    return turned
