"""A name that a Python dissector read in, its row and its flow's name out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import kernel
from kwel.kernel.flowtable import INITIATOR, OPENER, set_initiator
from kwel.kernel.namepool import Pool, intern
from kwel.kernel.network import IP_TCP
from kwel.kernel.rows import PACKET, RUN
from kwel.model.records.columns import NAME, Direction
from kwel.streams.room import C_NAMED

D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows


@kernel(
    np.uint8, int, int, int, PACKET, int, RUN, NAME, np.uint8, np.int64, np.int64, np.uint64, np.int64, np.int64
)  # fmt: skip
def note_told_name(
    text: NDArray[np.uint8], size: int, source: int, from_initiator: int, packets: Rows, index: int,
    runs: Rows, named: Rows, arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64],
    slots: NDArray[np.uint64], pool_counters: NDArray[np.int64], counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Keep the name in *text*, and let its flow bear it if it has none from a better source. The caller made room."""
    packet = packets[index]
    number = intern(text, 0, size, Pool(arena, starts, lengths, slots, pool_counters))
    if number == 0 or packet.flow < 0:
        return number
    run = runs[packet.flow]
    began = packet.side if from_initiator else 1 - packet.side
    is_known = run.direction != D_UNKNOWN
    if not is_known and packet.transport == IP_TCP:
        set_initiator(run, began, D_REQUEST)
    elif began != (1 if run.notes & (INITIATOR if is_known else OPENER) else 0):
        return 0  # the other end is meant
    if run.name_source == 0 or source < run.name_source:
        run.name, run.name_source, run.name_frame = number, source, packet.frame
    row = named[counters[C_NAMED]]
    row.time, row.flow, row.frame, row.capture = packet.time, packet.flow, packet.frame, packet.capture
    row.name, row.port, row.source, row.from_initiator = number, 0, source, from_initiator
    counters[C_NAMED] += 1
    return number
