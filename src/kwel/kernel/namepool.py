"""Name bytes in, small numbers out: every distinct name is kept once, in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.hashing import ROW, TAG, U0, U1
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES, ARENA = 0, 1
"""Indices into the pool's counters: names known, arena bytes used."""

FNV_PRIME = np.uint64(0x100000001B3)
FNV_BASIS = np.uint64(0xCBF29CE484222325)


@helper
def lower(byte: int) -> int:
    """Return an ASCII capital as the small letter, anything else unchanged."""
    return byte + 32 if 65 <= byte <= 90 else byte


@helper
def hash_name(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits of a name, whatever its case: FNV-1a from a secret seed."""
    hashed = FNV_BASIS ^ seed
    for i in range(start, end):
        hashed = (hashed ^ np.uint64(lower(np.int64(data[np.uint64(i)])))) * FNV_PRIME
    return (hashed ^ (hashed >> np.uint64(29))) * FNV_PRIME


@helper
def intern(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    arena: NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    slots: NDArray[np.uint64],
    counters: NDArray[np.int64],
) -> int:
    """Return the number of the name ``data[start:end]``; 0 is the empty name.

    The caller has made room for one more name and *end* - *start* more bytes.
    """
    if end > start and data[np.uint64(end - 1)] == 46:  # a trailing dot is the root
        end -= 1
    size = end - start
    if size <= 0:
        return 0
    hashed = hash_name(data, start, end, slots[len(slots) - 1])
    mask = np.uint64(len(slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            known = np.int64((slots[slot] & ROW) - U1)
            if lengths[known] == size:
                at = starts[known]
                same = True
                for i in range(size):
                    if np.int64(arena[np.uint64(at + i)]) != lower(np.int64(data[np.uint64(start + i)])):
                        same = False
                        break
                if same:
                    return known
        slot = (slot + U1) & mask
    number, at = counters[NAMES], counters[ARENA]
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
