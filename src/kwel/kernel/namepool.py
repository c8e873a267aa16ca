"""Name bytes in, small numbers out: every distinct name is kept once, in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, mix
from kwel.kernel.loads import u64

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES, ARENA, REFUSED = 0, 1, 2
"""Indices into the pool's counters: names known, arena bytes used, names for which there was no room."""

SEVENS, EIGHTHS = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080)
FROM_A, ABOVE_Z = np.uint64(0x3F3F3F3F3F3F3F3F), np.uint64(0x2525252525252525)


MOST_NAMES, MOST_BYTES = 500_000, 1 << 26
"""Distinct names that are kept, and their bytes. Beyond, a capture shows a flood: flows and packets go on counting."""

FILLING = 0.9
"""Share of the room beyond which what comes next may soon find none."""


class Pool(NamedTuple):
    """The arrays that hold all names."""

    arena: NDArray[np.uint8]
    """The bytes of all names, end to end."""
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    slots: NDArray[np.uint64]
    """An index, see ``hashing``."""
    counters: NDArray[np.int64]


def is_filling(counters: NDArray[np.int64]) -> bool:
    """Return whether the names that are known take up so much room that the next may soon find none."""
    return bool(counters[NAMES] > FILLING * MOST_NAMES or counters[ARENA] > FILLING * MOST_BYTES)


@helper
def lower(byte: int) -> int:
    """Return an ASCII capital as the small letter, anything else unchanged."""
    return byte + 32 if 65 <= byte <= 90 else byte


@helper
def lower_eight(word: np.uint64) -> np.uint64:
    """Return eight bytes with their ASCII capitals as small letters: all eight compared at a time, without carries."""
    low = word & SEVENS
    is_capital = (low + FROM_A) & ~(low + ABOVE_Z) & ~word & EIGHTHS
    return word | (is_capital >> np.uint64(2))


@helper
def hash_name(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits of a name, whatever its case."""
    hashed, at = mix(seed, np.uint64(end - start), seed), start
    while at + 8 <= end:
        hashed = mix(hashed, lower_eight(u64(data, at)), seed)
        at += 8
    tail = U0
    while at < end:
        tail = (tail << np.uint64(8)) | np.uint64(lower(np.int64(data[np.uint64(at)])))
        at += 1
    return mix(hashed, tail, seed) * MULTIPLIER


@helper
def is_same(data: NDArray[np.uint8], start: int, size: int, arena: NDArray[np.uint8], at: int) -> bool:
    """Return whether a name, whatever its case, is the one kept at *at*."""
    i = 0
    while i + 8 <= size:
        if u64(arena, at + i) != lower_eight(u64(data, start + i)):
            return False
        i += 8
    while i < size:
        if np.int64(arena[np.uint64(at + i)]) != lower(np.int64(data[np.uint64(start + i)])):
            return False
        i += 1
    return True


@helper
def intern(data: NDArray[np.uint8], start: int, end: int, pool: Pool) -> int:
    """Return the number of the name ``data[start:end]``; 0 is the empty name, and one for which there is no room.

    The caller has made room for one more name and *end* - *start* more bytes.
    """
    if end > start and data[np.uint64(end - 1)] == 46:  # a trailing dot is the root
        end -= 1
    size = end - start
    if size <= 0:
        return 0
    arena, starts, lengths, slots, counters = pool
    hashed = hash_name(data, start, end, slots[len(slots) - 1])
    mask = np.uint64(len(slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            known = np.int64((slots[slot] & ROW) - U1)
            if lengths[known] == size and is_same(data, start, size, arena, starts[known]):
                return known
        slot = (slot + U1) & mask
    number, at = counters[NAMES], counters[ARENA]
    if number >= MOST_NAMES or at + size > MOST_BYTES:
        counters[REFUSED] += 1
        return 0
    for i in range(size):
        arena[np.uint64(at + i)] = lower(np.int64(data[np.uint64(start + i)]))
    starts[number], lengths[number] = at, size
    slots[slot] = tag | (np.uint64(number) + U1)
    counters[NAMES], counters[ARENA] = number + 1, at + size
    return number


@kernel(np.uint8, np.int64, np.int64, int, np.uint64)
def index_names(
    arena: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    count: int,
    slots: NDArray[np.uint64],
) -> int:
    """Enter the names 1 to *count* into an empty, larger index."""
    mask = np.uint64(len(slots) - 2)
    for number in range(1, count):
        hashed = hash_name(arena, starts[number], starts[number] + lengths[number], slots[len(slots) - 1])
        slot = hashed & mask
        while slots[slot] != U0:
            slot = (slot + U1) & mask
        slots[slot] = (hashed & TAG) | (np.uint64(number) + U1)
    return count
