"""Digests in, the row that bears one out, if it is among the last ones: a ring of rows, and where each chain begins.

What a ring holds depends on what was added alone. Neither the seed of a digest nor chance decides what it forgets, so
that the same capture gives the same conclusions in every run. Rows have the fields *digest* and *back*, how far before
a row the next older one of its chain lies; a ring has places for a power of two of them. Its heads are four times as
many numbers of rows, of the newest whose digest begins a chain, and behind them the number of the last row. Numbers
have 32 bits: after as many rows a chain may lead to a row that is not of it, and that one has another digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

NUMBERS = 0xFFFFFFFF


def new_ring(places: int, row: np.dtype[Any]) -> tuple[Rows, NDArray[np.uint32]]:
    """Return an empty ring: rows and heads."""
    heads = np.zeros(4 * places + 1, np.uint32)
    heads[-1] = places  # so that 0, in a head, is the number of no row that is there
    return np.zeros(places, row), heads


@helper
def head_of(digest: Any, heads: NDArray[np.uint32]) -> Any:
    """Return where the chain of a digest begins."""
    return digest & np.uint64(len(heads) - 2)


@helper
def newest(digest: Any, rows: Rows, heads: NDArray[np.uint32]) -> int:
    """Return the place of the row that was added last with this digest, or -1."""
    number = np.int64(heads[head_of(digest, heads)])
    age = (np.int64(heads[np.uint64(len(heads) - 1)]) - number) & NUMBERS
    while age < len(rows):
        row = rows[np.uint64(number & (len(rows) - 1))]
        if row.digest == digest:
            return number & (len(rows) - 1)
        if row.back == 0:
            break
        number -= np.int64(row.back)
        age += np.int64(row.back)
    return -1


@helper
def add(digest: Any, rows: Rows, heads: NDArray[np.uint32]) -> int:
    """Add a row with this digest, in place of the oldest; return its place."""
    head, last = head_of(digest, heads), np.uint64(len(heads) - 1)
    number = (np.int64(heads[last]) + 1) & NUMBERS
    back = (number - np.int64(heads[head])) & NUMBERS
    heads[head] = heads[last] = number
    row = rows[np.uint64(number & (len(rows) - 1))]
    row.digest, row.back = digest, back if back < len(rows) else 0
    return number & (len(rows) - 1)
