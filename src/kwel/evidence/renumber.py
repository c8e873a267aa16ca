"""Traffic and the frames that were kept in, the same traffic out whose frames are numbered as in the file of those."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

FRAMES = ("frame", "first_frame", "name_frame", "back_frame", "link_frame", "began_frame", "before", "after")
"""Fields of the tables that hold the number of a frame."""


def renumber(traffic: Traffic, kept: NDArray[np.int64]) -> Traffic:
    """Return *traffic* with the frame ``kept[i]`` as frame ``i + 1``; a frame that was not kept becomes 0.

    Args:
        traffic: of one capture.
        kept: numbers of frames, ascending.
    """
    tables: dict[str, Any] = {}
    for field in fields(traffic):
        table = getattr(traffic, field.name)
        if isinstance(table, np.ndarray) and table.dtype.names:
            tables[field.name] = _renumbered(table, kept)
    observed = tuple(
        replace(one, where=replace(one.where, frame=int(number)))
        for one, number in zip(
            traffic.observed,
            _new(np.array([one.where.frame for one in traffic.observed], np.int64), kept),
            strict=True,
        )
    )
    return replace(traffic, observed=observed, **tables)


def _renumbered(table: Rows, kept: NDArray[np.int64]) -> Rows:
    cites = [name for name in table.dtype.names or () if name in FRAMES]
    if not cites:
        return table
    table = table.copy()
    for name in cites:
        table[name] = _new(table[name].astype(np.int64), kept)
    return table


def _new(frames: NDArray[np.int64], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the new number of each frame."""
    if len(kept) == 0:
        return np.zeros(frames.shape, np.int64)
    place = np.minimum(np.searchsorted(kept, frames), len(kept) - 1)
    return np.where(kept[place] == frames, place + 1, 0)
