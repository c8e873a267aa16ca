"""Words in, well-mixed words out, from a seed that changes with every run: nobody can make keys collide on purpose.

An index is an array of slots, a power of two of them, and one word behind them: the seed. A slot holds the upper half
of a hash, as a tag, and 1 + the row that it stands for; 0 is free.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
U0, U1, U32 = np.uint64(0), np.uint64(1), np.uint64(32)
TAG = np.uint64(0xFFFFFFFF00000000)
ROW = np.uint64(0xFFFFFFFF)


def new_seed() -> np.uint64:
    """Return a seed that nobody knows."""
    return np.uint64(int.from_bytes(os.urandom(8), "big"))


def new_index(slots: int, seed: np.uint64 | None = None) -> NDArray[np.uint64]:
    """Return an empty index of *slots* slots, a power of two; with the seed of another where that one's hashes last."""
    index = np.zeros(slots + 1, np.uint64)
    index[slots] = new_seed() if seed is None else seed
    return index


def seed_of(index: NDArray[np.uint64]) -> np.uint64:
    """Return the seed of an index."""
    return np.uint64(index[len(index) - 1])


def slots_of(index: NDArray[np.uint64]) -> int:
    """Return how many slots an index has."""
    return len(index) - 1


@helper
def mix(hashed: np.uint64, word: np.uint64, seed: np.uint64) -> np.uint64:
    """Take one more word into a hash.

    The second factor is secret: without it a change of the highest bits comes out as a known change, which the next
    word can take back. Two words of a key never meet before each was mixed in, or one could take back the other.
    """
    hashed = (hashed ^ word) * MULTIPLIER
    hashed = (hashed ^ (hashed >> U32)) * (seed | U1)
    return hashed ^ (hashed >> U32)
