"""Tracked packets in, flows that speak a protocol of the plant out: a kernel behind ``listen``, over the same batch.

What tells what a device is, is marked for a Python dissector: see ``watch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, MARK, PACKET, RUN
from kwel.model.kinds import Application
from kwel.protocols.plant import plant_of_datagram, plant_of_stream
from kwel.protocols.shapes import HINT
from kwel.protocols.telling import always_read, says
from kwel.streams.watch import FOLLOW, REFUSED, WATCH, begin_watch, mark_of, part_to_read

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

A_UNKNOWN, A_BACNET = int(Application.UNKNOWN), int(Application.BACNET)
ADDRESS = np.uint64(0xFFFFFFFF)
MOST_DATAGRAMS = 64
"""Datagrams of one direction that go to a Python dissector: one socket of BACnet asks for many devices."""
NEXT_EARLY, NEXT_PACKET, FOUND, UNREAD = 0, 1, 2, 3
"""Places in the progress of a batch: how far both passes have come, streams recognised in it, and, of the whole
analysis, messages that were refused."""
PROGRESS = 4


@helper
def note_part(start: int, application: int, packet: Any, marks: Rows, used: int) -> int:
    """Mark a payload from *start* for a Python dissector; return how many are marked then."""
    mark = marks[used]
    mark.kind = mark_of(application)
    mark.start, mark.end, mark.packet, mark.frame = start, packet.end, packet.index, packet.frame
    mark.time, mark.flow, mark.side = packet.time, packet.flow, packet.side
    return used + 1


@helper
def mark_datagram(
    data: NDArray[np.uint8],
    packet: Any,
    application: int,
    half: Any,
    marks: Rows,
    used: int,
    progress: NDArray[np.int64],
) -> int:
    """Mark a datagram that may tell what its sender is, a few of each direction; return how many are marked then."""
    if says(data, packet.payload, packet.end, application, False) == 0 and half.marked >= always_read(application):
        return used
    if half.marked >= MOST_DATAGRAMS:
        progress[UNREAD] += 1
        return used
    half.marked += 1
    return note_part(packet.payload, application, packet, marks, used)


@helper
def recognise(data: NDArray[np.uint8], packet: Any, runs: Rows, halves: Rows) -> int:
    """Return the protocol that an early payload shows its flow to speak, or A_UNKNOWN.

    What fits with a hint only counts once another payload has said the same.
    """
    if packet.transport == IP_UDP:
        found = plant_of_datagram(data, packet.payload, packet.end, np.int64(packet.source_lo & ADDRESS))
    elif packet.transport == IP_TCP:
        found = plant_of_stream(data, packet.payload, packet.end)
    else:
        return A_UNKNOWN
    if found == A_UNKNOWN:
        return A_UNKNOWN
    half, other = halves[2 * packet.flow + packet.side], halves[2 * packet.flow + 1 - packet.side]
    application = found & ~HINT
    is_sure = found & HINT == 0 or application in (half.shape, other.shape)
    half.shape = application
    if not is_sure:
        return A_UNKNOWN
    runs[packet.flow].application = application
    return application


@kernel(np.uint8, PACKET, int, np.int64, int, RUN, HALF, MARK, np.int64)
def mark_plant(
    data: NDArray[np.uint8], packets: Rows, count: int, early: NDArray[np.int64], early_count: int,
    runs: Rows, halves: Rows, marks: Rows, progress: NDArray[np.int64],
) -> int:  # fmt: skip
    """Mark the flows among *early* packets that nobody has recognised and a protocol of the plant fits.

    Where a stream is recognised, the other packets of the batch are gone through for it: ``listen`` has passed them.
    And so for BACnet, of which every datagram counts.
    Returns how many payloads are marked for a Python dissector; there are more while ``progress[NEXT_PACKET]`` is less
    than *count*.
    """
    marked = 0
    for i in range(progress[NEXT_EARLY], early_count):
        if marked >= len(marks):
            return marked
        progress[NEXT_EARLY] = i + 1
        packet = packets[early[i]]
        application = np.int64(runs[packet.flow].application)
        half = halves[2 * packet.flow + packet.side]
        if application == A_UNKNOWN:
            application = recognise(data, packet, runs, halves)
            if application == A_BACNET or (application != A_UNKNOWN and packet.transport == IP_TCP):
                begin_watch(application, half, halves[2 * packet.flow + 1 - packet.side], FOLLOW)
                progress[FOUND] += 1
        if application != A_UNKNOWN and packet.transport == IP_UDP and half.stage != FOLLOW:
            marked = mark_datagram(data, packet, application, half, marks, marked, progress)
    if progress[FOUND]:
        for i in range(progress[NEXT_PACKET], count):
            if marked >= len(marks):
                return marked
            progress[NEXT_PACKET] = i + 1
            packet = packets[i]
            if packet.flow < 0 or packet.end <= packet.payload:
                continue
            half = halves[2 * packet.flow + packet.side]
            if half.stage != FOLLOW:
                continue
            application = np.int64(runs[packet.flow].application)
            if packet.transport == IP_UDP:
                marked = mark_datagram(data, packet, application, half, marks, marked, progress)
                continue
            other = halves[2 * packet.flow + 1 - packet.side]
            start = part_to_read(data, packet.payload, packet.end, application, packet, half, other)
            if start >= 0:
                marked = note_part(start, application, packet, marks, marked)
            progress[UNREAD] += start == REFUSED
        for i in range(early_count):
            for side in range(2):
                half = halves[2 * packets[early[i]].flow + side]
                if half.stage == FOLLOW:
                    half.stage = WATCH
    progress[NEXT_PACKET] = count
    return marked


def read_plant(
    data: NDArray[np.uint8], packets: Rows, count: int, early: NDArray[np.int64], early_count: int,
    runs: Rows, halves: Rows, marks: Rows, progress: NDArray[np.int64],
    on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None],
) -> None:  # fmt: skip
    """Go through a batch, as often as the marks fill up."""
    progress[: FOUND + 1] = 0
    while progress[NEXT_PACKET] < count:
        marked = mark_plant(data, packets, count, early, early_count, runs, halves, marks, progress)
        if marked:
            on_marks(data, marks[:marked], packets)
