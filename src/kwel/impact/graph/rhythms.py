"""When conversations began in, how regularly a need is in touch out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.graph import Rhythm

if TYPE_CHECKING:
    from kwel.impact.graph.columns import Column
    from kwel.model.records.columns import Rows

SECOND: Final = 1e9
LEAST: Final = 3
"""Periods that make a rhythm."""
LASTS: Final = 60.0
"""Seconds that a need, or one conversation whose packets are counted, must last to have a rhythm."""
BURST: Final = 1.0
"""Seconds: conversations that begin sooner after one another are one contact."""


def rhythm_of(flows: Rows, rows: Column) -> Rhythm | None:
    """Return how regularly some conversations begin, else how often one that lasts is used; ``None``: neither."""
    if len(rows) == 0:
        return None
    periods = np.diff(np.sort(flows["first"][rows])) / SECOND
    periods = periods[periods >= BURST]
    if len(periods) >= LEAST and periods.sum() >= LASTS:
        low, middle, high = np.percentile(periods, [25, 50, 75]).tolist()
        return Rhythm(round(middle, 3), round(high - low, 3), len(periods))
    return _within(flows, rows)


def _within(flows: Rows, rows: Column) -> Rhythm | None:
    lasts = (flows["last"][rows] - flows["first"][rows]) / SECOND
    longest = int(np.argmax(lasts))
    packets = int(flows["packets_out"][rows[longest]])
    if lasts[longest] < LASTS or packets <= LEAST:
        return None
    period = round(float(lasts[longest]) / (packets - 1), 3)
    return Rhythm(period, period, packets - 1, "packets")


def periods_of(flows: Rows, rows: Column, start: Column, size: Column) -> Column:
    """Return, by group of rows, the seconds that ``rhythm_of`` finds; infinite where it finds none.

    Args:
        flows: of ``columns.FLOW``.
        rows: of all groups, each in one piece.
        start: where each group begins in them.
        size: of each group.
    """
    order = rows[np.repeat(start - (np.cumsum(size) - size), size) + np.arange(int(size.sum()))]
    start = np.cumsum(size) - size
    found = np.full(len(start), np.inf)
    lasts = (flows["last"][order] - flows["first"][order]) / SECOND
    packets = flows["packets_out"][order].astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where((lasts >= LASTS) & (packets > LEAST), lasts / (packets - 1), np.inf)
    filled = np.flatnonzero(size > 0)
    if len(filled):
        found[filled] = np.minimum.reduceat(gap, start[filled])
    group = np.repeat(np.arange(len(start)), size)
    first = flows["first"][order][np.lexsort((flows["first"][order], group))]
    periods, owner = np.diff(first) / SECOND, group[1:]
    kept = (owner == group[:-1]) & (periods >= BURST)
    periods, owner = periods[kept], owner[kept]
    periods = periods[np.lexsort((periods, owner))]
    count = np.bincount(owner, minlength=len(start))
    regular = (count >= LEAST) & (np.bincount(owner, weights=periods, minlength=len(start)) >= LASTS)
    begin, count = (np.cumsum(count) - count)[regular], count[regular]
    found[regular] = (periods[begin + (count - 1) // 2] + periods[begin + count // 2]) / 2
    return found
