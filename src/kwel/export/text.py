"""Numbers in columns in, text in columns out: each distinct value is spelt once.

Addresses are spelt as RFC 5952 asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def take(texts: Sequence[str | None], index: NDArray) -> pd.Series:
    """Return a column of text: ``texts[index]``."""
    words = pd.array(list(texts), dtype="str")
    return pd.Series(words.take(index))


def spell(values: NDArray, text: Callable[[int], str | None]) -> pd.Series:
    """Return a column of text: ``text`` of each whole number, called once for each distinct one."""
    distinct, index = np.unique(values, return_inverse=True)
    return take([text(value) for value in distinct.tolist()], index)


def frame_numbers(frames: NDArray) -> pd.Series:
    """Return a column of frame numbers; of frames that were not kept, none."""
    numbers = frames.astype(np.int64)
    return pd.Series(pd.arrays.IntegerArray(numbers, numbers == 0))


def unknown(count: int) -> pd.Series:
    """Return a column of texts of which none is known."""
    return pd.Series(None, index=pd.RangeIndex(count), dtype="str")


def spell_addresses(hi: NDArray, lo: NDArray, say: Callable[[str], str | None] | None = None) -> pd.Series:
    """Return a column of addresses from their two halves, or of what *say* says of each."""
    if not len(hi):
        return take([], np.empty(0, np.intp))
    order = np.lexsort((lo, hi))
    high, low = hi[order], lo[order]
    fresh = np.concatenate(([True], (high[1:] != high[:-1]) | (low[1:] != low[:-1])))
    index = np.empty(len(order), np.intp)
    index[order] = np.cumsum(fresh) - 1
    texts = [address_text(*pair) for pair in zip(high[fresh].tolist(), low[fresh].tolist(), strict=True)]
    return take([say(text) for text in texts] if say else texts, index)


def spell_times(nanoseconds: NDArray) -> pd.Series:
    """Return a column of points in time, UTC; 0 is not known."""
    known = np.where(nanoseconds == 0, np.iinfo(np.int64).min, nanoseconds)  # numpy's NaT
    return pd.Series(known.astype("datetime64[ns]")).dt.tz_localize("UTC")
