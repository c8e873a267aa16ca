"""Columns in, groups of rows that are equal in all of them out, or the order of rows: one sort for all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDEST = 1 << 63
"""Numbers from 0 that 64 bits with a sign hold are below this."""


def distinct(*columns: NDArray) -> tuple[NDArray, NDArray]:
    """Return (group of each row, first row of each group) over rows that are equal in every column.

    Groups are numbered in the order of their columns, the first column weighing most.
    """
    if len(columns[0]) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    word = packed(*columns)
    order = np.argsort(word)
    in_order = word[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = in_order[1:] != in_order[:-1]
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(is_first) - 1
    return group, np.minimum.reduceat(order, np.flatnonzero(is_first))


def packed(*columns: NDArray) -> NDArray:
    """Return one number a row that sorts as the columns do: sorting once is faster than sorting by each column."""
    word, room = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        low, span = column.min(), int(column.max()) - int(column.min()) + 1
        part = column - low
        if room * span >= WIDEST:  # ranks sort alike, and there are no more of them than rows
            values, part = np.unique(column, return_inverse=True)
            span = len(values)
        if room * span >= WIDEST:
            values, word = np.unique(word, return_inverse=True)
            room = len(values)
        word = word * span + part.astype(np.int64)
        room *= span
    return word


def in_order(*columns: NDArray) -> NDArray:
    """Return the rows sorted by the first column, where that is equal by the second, and so on."""
    if len(columns[0]) == 0:
        return np.zeros(0, np.int64)
    return np.argsort(packed(*columns), kind="stable")


def first_seen(*columns: NDArray) -> tuple[NDArray, NDArray]:
    """Return the same as ``distinct``, with groups numbered in the order in which they first appear."""
    group, first = distinct(*columns)
    order = np.argsort(first)
    renumbered = np.empty(len(first), np.int64)
    renumbered[order] = np.arange(len(first))
    return renumbered[group], first[order]
