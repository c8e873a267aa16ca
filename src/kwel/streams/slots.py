"""Segments of a message that is not complete in, the bytes that lie in one piece from its start out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import clear, copy
from kwel.kernel.rows import Stage
from kwel.streams.room import C_EVICTED, C_FREE_SLOTS, C_NEXT_SLOT, STREAM_BUDGET

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

SLOTS = 1024
"""Messages that can be waiting for more segments at a time: 32 MiB."""
WRITTEN, HELLO_ROW, WANTED = SLOTS, 2 * SLOTS, 3 * SLOTS
"""Places in *ready*, behind the bytes that lie in one piece: how far later ones were written, the row of the hello that
the slot holds the beginning of, and how many bytes it takes to be whole."""
DONE = int(Stage.DONE)


@helper
def take_slot(packet: Any, half: Any, t: Tables) -> int:
    """Give a half a reassembly slot, the one freed last, or one in turn if all are taken; return its number.

    *owners* holds the half of each slot, -1 for none, and behind them the stack of free slots.
    """
    counters = t.counters
    if counters[C_FREE_SLOTS] > 0:
        counters[C_FREE_SLOTS] -= 1
        slot = t.owners[SLOTS + counters[C_FREE_SLOTS]]
    else:
        slot = counters[C_NEXT_SLOT]
        counters[C_NEXT_SLOT] = (slot + 1) % SLOTS
        t.halves[t.owners[slot]].slot = 0
        t.halves[t.owners[slot]].stage = DONE
        counters[C_EVICTED] += 1
    clear(t.covered, slot * STREAM_BUDGET, t.ready[WRITTEN + slot])
    t.ready[slot] = t.ready[WRITTEN + slot] = t.ready[HELLO_ROW + slot] = t.ready[WANTED + slot] = 0
    t.owners[slot] = 2 * packet.flow + packet.side
    half.slot = slot + 1
    return slot


@helper
def free_slot(half: Any, t: Tables) -> int:
    """Take a half's reassembly slot back."""
    if half.slot:
        slot = np.int64(half.slot) - 1
        t.owners[slot] = -1
        t.owners[SLOTS + t.counters[C_FREE_SLOTS]] = slot
        t.counters[C_FREE_SLOTS] += 1
        half.slot = 0
    return 0


@helper
def keep(data: NDArray[np.uint8], at: int, end: int, slot: int, offset: int, t: Tables) -> int:
    """Copy bytes to *offset* of a slot where none is yet; return how many lie in one piece from its start."""
    base, size = slot * STREAM_BUDGET, min(end - at, STREAM_BUDGET - offset)
    if offset == t.ready[slot] == t.ready[WRITTEN + slot]:  # in order, and nothing beyond
        copy(data, at, size, t.held, base + offset)
        t.ready[slot] = t.ready[WRITTEN + slot] = offset + size
        return offset + size
    t.ready[WRITTEN + slot] = max(t.ready[WRITTEN + slot], offset + size)
    for i in range(max(0, t.ready[slot] - offset), size):
        place = np.uint64(base + offset + i)
        if t.covered[place] == 0:
            t.covered[place] = 1
            t.held[place] = data[np.uint64(at + i)]
    have = t.ready[slot]
    while have < STREAM_BUDGET and t.covered[np.uint64(base + have)]:
        have += 1
    t.ready[slot] = have
    return have


@helper
def drop(slot: int, count: int, t: Tables) -> int:
    """Move what lies behind the first *count* bytes of a slot to its start; return how far it was written then."""
    base, written = slot * STREAM_BUDGET, t.ready[WRITTEN + slot] - count
    for i in range(base, base + written):
        t.held[np.uint64(i)] = t.held[np.uint64(i + count)]
        t.covered[np.uint64(i)] = t.covered[np.uint64(i + count)]
    clear(t.covered, base + written, count)
    t.ready[slot] -= count
    t.ready[WRITTEN + slot] = written
    return written
