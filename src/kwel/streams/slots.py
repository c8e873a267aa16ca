"""Segments of a message that is not complete in, the bytes that lie in one piece from its start out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.rows import Stage
from kwel.native import helper
from kwel.streams.room import C_EVICTED, C_NEXT_SLOT, STREAM_BUDGET

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

SLOTS = 1024
"""Messages that can be waiting for more segments at a time: 32 MiB."""
DONE = int(Stage.DONE)


@helper
def take_slot(
    packet: Any, half: Any, halves: Rows, owners: NDArray[np.int64], covered: NDArray[np.uint8],
    ready: NDArray[np.int64], counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Give a half a reassembly slot, the oldest one if all are taken; return its number."""
    slot = counters[C_NEXT_SLOT]
    counters[C_NEXT_SLOT] = (slot + 1) % SLOTS
    owner = owners[slot]
    if owner >= 0:
        halves[owner].slot = 0
        halves[owner].stage = DONE
        counters[C_EVICTED] += 1
    base = slot * STREAM_BUDGET
    for i in range(base, base + STREAM_BUDGET):
        covered[np.uint64(i)] = 0
    ready[slot] = 0
    owners[slot] = 2 * packet.flow + packet.side
    half.slot = slot + 1
    return slot


@helper
def free_slot(half: Any, owners: NDArray[np.int64]) -> int:
    """Take a half's reassembly slot back."""
    if half.slot:
        owners[np.int64(half.slot) - 1] = -1
        half.slot = 0
    return 0


@helper
def keep(
    data: NDArray[np.uint8], at: int, end: int, slot: int, offset: int, held: NDArray[np.uint8],
    covered: NDArray[np.uint8], ready: NDArray[np.int64],
) -> int:  # fmt: skip
    """Copy bytes to *offset* of a slot where none is yet; return how many lie in one piece from its start."""
    base = slot * STREAM_BUDGET
    for i in range(min(end - at, STREAM_BUDGET - offset)):
        place = np.uint64(base + offset + i)
        if covered[place] == 0:
            covered[place] = 1
            held[place] = data[np.uint64(at + i)]
    have = ready[slot]
    while have < STREAM_BUDGET and covered[np.uint64(base + have)]:
        have += 1
    ready[slot] = have
    return have
