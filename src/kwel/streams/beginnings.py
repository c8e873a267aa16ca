"""Packets of a batch that begin a direction in, what they speak and tell out: calls the kernels that look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.streams.plant import read_plant
from kwel.streams.room import C_MARKS
from kwel.streams.tellers import mark_tellers

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows


def mark(
    buffer: NDArray[np.uint8], packets: Rows, packet_count: int, early: NDArray[np.int64], count: int, runs: Rows,
    halves: Rows, marks: Rows, counters: NDArray[np.int64], progress: NDArray[np.int64],
    on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None],
) -> None:  # fmt: skip
    """Recognise protocols of the plant, and hand to the dissectors what tells of its sender.

    The first *count* of *early* point to those among *packets*; *on_marks* gets (buffer, marks, packets).
    """
    read_plant(buffer, packets, packet_count, early, count, runs, halves, marks, progress, on_marks)
    index = 0
    while index < count:
        index = mark_tellers(buffer, index, count, packets, early, halves, marks, counters)
        if counters[C_MARKS]:
            on_marks(buffer, marks[: counters[C_MARKS]], packets)
            counters[C_MARKS] = 0
