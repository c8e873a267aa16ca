"""Counters and table sizes in, whether one more message fits out; and the rows that messages leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import Direction, NameSource
from kwel.dissect.dns import ANSWERS, MAX_RECORDS
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.namepool import ARENA, NAMES, intern
from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from kwel.columns import Rows

STREAM_BUDGET = 16384
"""Bytes of each TCP direction that are read in search of a name."""

# indices into the counters
C_NAMED, C_MARKS, C_NEXT_SLOT, C_EVICTED, C_MALFORMED, C_LATE, C_CUT, C_FREE_SLOTS = 0, 1, 2, 3, 4, 5, 6, 7
COUNTERS = 8

# indices into the limits, and the most that one message adds beyond them
L_NAMED, L_ANSWERS, L_NAMES, L_ARENA, L_MARKS = 0, 1, 2, 3, 4
MESSAGE_ADDS = (4, MAX_RECORDS + 1, 2 * MAX_RECORDS + 4, (2 * MAX_RECORDS + 36) * 256 + STREAM_BUDGET, 4)

N_SNI = int(NameSource.TLS_SNI)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)


@helper
def has_room(
    counters: NDArray[np.int64], answer_counters: NDArray[np.int64], pool: NDArray[np.int64], limits: NDArray[np.int64]
) -> bool:
    """Return whether every table has room for the most that one message can add."""
    return (
        counters[C_NAMED] <= limits[L_NAMED]
        and answer_counters[ANSWERS] <= limits[L_ANSWERS]
        and pool[NAMES] <= limits[L_NAMES]
        and pool[ARENA] <= limits[L_ARENA]
        and counters[C_MARKS] <= limits[L_MARKS]
    )


@helper
def note_name(
    data: NDArray[np.uint8], start: int, end: int, source: int, port: int, packet: Any, frame: int,
    runs: Rows, named: Rows, counters: NDArray[np.int64],
    arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64],
    slots: NDArray[np.uint64], pool: NDArray[np.int64],
) -> int:  # fmt: skip
    """Keep a name read from a flow's initiator, and let the flow bear it if it has none from a better source."""
    number = intern(data, start, end, arena, starts, lengths, slots, pool)
    if number == 0:
        return 0
    run = runs[packet.flow]
    if run.direction == D_UNKNOWN:
        set_initiator(run, packet.side, D_REQUEST)
    if run.name_source == 0 or source < run.name_source:
        run.name, run.name_source, run.name_frame = number, source, frame
    if run.asked == number and source != N_SNI:
        return number  # the same host again on a kept-alive connection, or the same segment
    run.asked = number
    note_row(number, source, port, packet, frame, 1, named, counters)
    return number


@helper
def note_row(
    number: int, source: int, port: int, packet: Any, frame: int, from_initiator: int, named: Rows,
    counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Append one row to the names seen. The capture is filled in by the caller of the kernel."""
    row = named[counters[C_NAMED]]
    row.time, row.flow, row.frame, row.name = packet.time, packet.flow, frame, number
    row.port, row.source, row.from_initiator = port, source, from_initiator
    counters[C_NAMED] += 1
    return 0


@helper
def note_mark(
    kind: int,
    start: int,
    end: int,
    index: int,
    packet: Any,
    frame: int,
    marks: Rows,
    counters: NDArray[np.int64],
) -> int:
    """Ask for a Python dissector to read a payload."""
    mark = marks[counters[C_MARKS]]
    mark.kind, mark.start, mark.end, mark.packet, mark.frame = kind, start, end, index, frame
    mark.time, mark.flow, mark.side = packet.time, packet.flow, packet.side
    counters[C_MARKS] += 1
    return 0
