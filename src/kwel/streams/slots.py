"""Segments of a message that is not complete in, the bytes that lie in one piece from its start out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.rows import Stage
from kwel.native import helper
from kwel.streams.room import C_EVICTED, C_FREE_SLOTS, C_NEXT_SLOT, STREAM_BUDGET

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
    """Give a half a reassembly slot, the one freed last, or one in turn if all are taken; return its number.

    *owners* holds the half of each slot, -1 for none, and behind them the stack of free slots. *ready* holds the bytes
    that lie in one piece, and behind them how far each slot was written, so that no more is cleared.
    """
    if counters[C_FREE_SLOTS] > 0:
        counters[C_FREE_SLOTS] -= 1
        slot = owners[SLOTS + counters[C_FREE_SLOTS]]
    else:
        slot = counters[C_NEXT_SLOT]
        counters[C_NEXT_SLOT] = (slot + 1) % SLOTS
        halves[owners[slot]].slot = 0
        halves[owners[slot]].stage = DONE
        counters[C_EVICTED] += 1
    base = slot * STREAM_BUDGET
    for i in range(base, base + ready[SLOTS + slot]):
        covered[np.uint64(i)] = 0
    ready[slot] = ready[SLOTS + slot] = 0
    owners[slot] = 2 * packet.flow + packet.side
    half.slot = slot + 1
    return slot


@helper
def free_slot(half: Any, owners: NDArray[np.int64], counters: NDArray[np.int64]) -> int:
    """Take a half's reassembly slot back."""
    if half.slot:
        slot = np.int64(half.slot) - 1
        owners[slot] = -1
        owners[SLOTS + counters[C_FREE_SLOTS]] = slot
        counters[C_FREE_SLOTS] += 1
        half.slot = 0
    return 0


@helper
def keep(
    data: NDArray[np.uint8], at: int, end: int, slot: int, offset: int, held: NDArray[np.uint8],
    covered: NDArray[np.uint8], ready: NDArray[np.int64],
) -> int:  # fmt: skip
    """Copy bytes to *offset* of a slot where none is yet; return how many lie in one piece from its start."""
    base, size = slot * STREAM_BUDGET, min(end - at, STREAM_BUDGET - offset)
    ready[SLOTS + slot] = max(ready[SLOTS + slot], offset + size)
    for i in range(size):
        place = np.uint64(base + offset + i)
        if covered[place] == 0:
            covered[place] = 1
            held[place] = data[np.uint64(at + i)]
    have = ready[slot]
    while have < STREAM_BUDGET and covered[np.uint64(base + have)]:
        have += 1
    ready[slot] = have
    return have
