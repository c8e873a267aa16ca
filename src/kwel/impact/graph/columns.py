"""Columns in, groups of equal rows out: sums, extremes, and the row of each group that proves most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Column = Any
"""A numpy array of one dimension."""


class Groups:
    """Rows that are equal in one number, in the order of that number; within a group rows keep their order."""

    def __init__(self, word: NDArray[Any]) -> None:
        self.order = np.argsort(word, kind="stable")
        sorted_word = word[self.order]
        first = np.ones(len(word), bool)
        first[1:] = sorted_word[1:] != sorted_word[:-1]
        self.start = np.flatnonzero(first)
        self.word: Column = sorted_word[self.start]
        """The number of each group."""
        self.size: Column = np.diff(np.append(self.start, len(word)))
        self._group = np.repeat(np.arange(len(self.start)), self.size)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def of(self) -> Column:
        """Return the group of each row, in the order of the rows."""
        group = np.empty(len(self.order), np.int64)
        group[self.order] = self._group
        return group

    def sums(self, values: Column) -> Column:
        """Return the sum of each group."""
        return np.add.reduceat(values[self.order].astype(np.int64), self.start) if len(self) else values[:0]

    def least(self, values: Column) -> Column:
        """Return the least of each group."""
        return np.minimum.reduceat(values[self.order], self.start) if len(self) else values[:0]

    def most(self, values: Column) -> Column:
        """Return the most of each group."""
        return np.maximum.reduceat(values[self.order], self.start) if len(self) else values[:0]

    def lead(self, *keys: Column) -> Column:
        """Return the row of each group that is least in the keys, one after the other; of several, the first."""
        alive = np.ones(len(self.order), bool)
        for key in keys:
            values = np.where(alive, key[self.order], np.iinfo(np.int64).max)
            alive &= values == np.minimum.reduceat(values, self.start)[self._group] if len(self) else alive
        places = np.flatnonzero(alive)
        _, first = np.unique(self._group[places], return_index=True)
        found: Column = self.order[places[first]]
        return found


def packed(*columns: Column) -> Column:
    """Return one number a row that is equal where all columns are, and sorts as they do, the first weighing most."""
    word, room = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        values = column.astype(np.int64)
        if not len(values):
            continue
        low, high = int(values.min()), int(values.max())
        span = high - low + 1
        if room * span >= 1 << 62:
            word = np.unique(word, return_inverse=True)[1].astype(np.int64)
            room = int(word.max()) + 1
        word = word * span + (values - low)
        room *= span
    return word
