"""Rows with a key and a time in, for each of them the last of others that have the same key and are no later out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.grouping import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def latest(
    known: Sequence[NDArray], known_time: NDArray, asked: Sequence[NDArray], asked_time: NDArray
) -> NDArray[np.int64]:
    """Return, by row that is *asked* for, the last of the *known* rows with the same columns, not after it; -1 is none.

    Of equal times the last known row counts, and it counts as the earlier: what led to something came before.
    """
    count = len(known_time)
    if not count or not len(asked_time):
        return np.full(len(asked_time), -1, np.int64)
    key = packed(*(np.concatenate(pair) for pair in zip(known, asked, strict=True)))
    time = np.concatenate([known_time, asked_time])
    order = np.lexsort((np.arange(len(time)), time, key))
    is_known = order < count
    place = np.maximum.accumulate(np.where(is_known, np.arange(len(order)), -1))
    found = np.where(place >= 0, order[place], -1)
    found[key[order] != key[found]] = -1
    out = np.empty(len(order), np.int64)
    out[order] = found
    return out[count:]
