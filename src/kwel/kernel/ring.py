"""Digests in, the row that bears one out, if it is among the last ones: a ring of rows, and where each chain begins.

What a ring holds depends on what was added alone. Neither the seed of a digest nor chance decides what it forgets, so
that the same capture gives the same conclusions in every run. Rows have the fields *digest* and *back*; a ring has
places for a power of two of them. Its heads are twice as many numbers of rows, of the newest whose digest begins a
chain, and behind them how many rows were ever added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows


def new_ring(places: int, row: np.dtype[Any]) -> tuple[Rows, NDArray[np.int64]]:
    """Return an empty ring: rows and heads."""
    return np.zeros(places, row), np.zeros(2 * places + 1, np.int64)


@helper
def head_of(digest: Any, heads: NDArray[np.int64]) -> Any:
    """Return where the chain of a digest begins."""
    return digest & np.uint64(len(heads) - 2)


@helper
def newest(digest: Any, rows: Rows, heads: NDArray[np.int64]) -> int:
    """Return the place of the row that was added last with this digest, or -1."""
    number = heads[head_of(digest, heads)]
    oldest = max(heads[len(heads) - 1] - len(rows), 0)
    while number > oldest:
        row = rows[number & (len(rows) - 1)]
        if row.digest == digest:
            return number & (len(rows) - 1)
        if row.back == 0:
            break
        number -= np.int64(row.back)
    return -1


@helper
def add(digest: Any, rows: Rows, heads: NDArray[np.int64]) -> int:
    """Add a row with this digest, in place of the oldest; return its place."""
    head, count = head_of(digest, heads), np.uint64(len(heads) - 1)
    number = heads[count] + 1
    back = number - heads[head]
    heads[head] = heads[count] = number
    row = rows[number & (len(rows) - 1)]
    row.digest, row.back = digest, back if back < min(number, len(rows)) else 0
    return number & (len(rows) - 1)
