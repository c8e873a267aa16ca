"""The timeline in, one lane a relation out: when each was in use, as marks on a common scale.

Slices of the period in which bytes went either way become marks; neighbouring slices join. Times are UTC: a capture
does not say which local time applied, so no night is shaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.report import numbers
from kwel.report.fit import fit
from kwel.report.numbers import DAY, HOUR, MINUTE, NANO
from kwel.report.relations import RANKED, by_importance
from kwel.report.text import NOTHING, Text, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.report import Report, Timeline
    from kwel.model.verdicts import Control
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Relations

SHOWN = 24
WIDTH, LEFT, RIGHT = 1120, 292, 884
TOP, ROW = 30, 26
TALL = 10**6
"""Bytes in one slice from which a mark is tall."""

_THINNEST = 1.6
_TICKS = (1, 5, 15, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the lanes, with what it stands for."""

    x: str
    label: Text


@dataclass(frozen=True, slots=True)
class Lane:
    """One relation over the whole period."""

    y: int
    control: Control
    asset: Text
    link: str
    service: Text
    path: str
    """All marks, as SVG path data."""
    pattern: Text


@dataclass(frozen=True, slots=True)
class Chart:
    """All lanes."""

    height: int
    ticks: list[Tick]
    lanes: list[Lane]
    slice: Text
    left_out: int
    width: int = WIDTH
    left: int = LEFT
    right: int = RIGHT


def chart(report: Report, relations: Relations, say: Catalogue) -> Chart | None:
    """Return when the most important relations were in use, or ``None`` where nothing can be drawn."""
    timeline = report.timeline
    chosen = _most_important(report, relations)
    if not chosen or timeline.slice <= 0 or not len(timeline.index):
        return None
    use = _use(timeline, relations, chosen)
    slices = max(1, int(timeline.index.max()) + 1)
    lanes = [
        _lane(report, relations, relation, position, use[position], slices, say)
        for position, relation in enumerate(chosen)
    ]
    return Chart(
        height=TOP + ROW * len(lanes) + 8,
        ticks=_ticks(timeline.start, slices * timeline.slice),
        lanes=lanes,
        slice=numbers.duration(timeline.slice),
        left_out=len(relations) - len(chosen),
    )


def _most_important(report: Report, relations: Relations) -> list[int]:
    chosen: list[int] = by_importance(report, relations)[:SHOWN].tolist()
    return chosen


def _use(timeline: Timeline, relations: Relations, chosen: list[int]) -> list[tuple[NDArray, NDArray]]:
    """Return for each chosen relation the slices in use, in order, and the bytes in each."""
    position = np.full(len(relations) + 1, -1)
    position[chosen] = np.arange(len(chosen))
    lane = position[relations.of_row[timeline.dependency]]  # of_row is -1 where unanswered: the spare last entry
    kept = (lane >= 0) & (timeline.bytes > 0)
    lane, index, amount = lane[kept], timeline.index[kept], timeline.bytes[kept].astype(np.int64)
    use = []
    for number in range(len(chosen)):
        here = lane == number
        slices, of = np.unique(index[here], return_inverse=True)
        count = np.zeros(len(slices), np.int64)
        np.add.at(count, of, amount[here])
        use.append((slices, count))
    return use


def _lane(
    report: Report,
    relations: Relations,
    relation: int,
    position: int,
    use: tuple[NDArray[Any], NDArray[Any]],
    slices: int,
    say: Catalogue,
) -> Lane:
    asset = int(relations.asset[relation])
    destination = relations.destinations[int(relations.destination[relation])]
    name = destination.service or report.dependencies[int(relations.row[relation])].host
    y = TOP + position * ROW
    runs = _runs(*use)
    return Lane(
        y=y,
        control=RANKED[int(relations.rank[relation])],
        asset=plain(fit(report.assets[asset].label, 15, 106)),
        link=f"a-{asset}",
        service=plain(fit(name, 15, 152)),
        path="".join(_mark(*run, y, slices) for run in runs),
        pattern=_pattern(runs, len(use[0]), slices, report.timeline, say),
    )


def _runs(slices: NDArray, count: NDArray) -> list[tuple[int, int, bool]]:
    """Return neighbouring slices of equal height joined: first slice, length, tall."""
    runs: list[tuple[int, int, bool]] = []
    for index, amount in zip(slices.tolist(), count.tolist(), strict=True):
        tall = amount > TALL
        if runs and runs[-1][0] + runs[-1][1] == index and runs[-1][2] == tall:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, tall)
        else:
            runs.append((index, 1, tall))
    return runs


def _mark(first: int, length: int, tall: bool, y: int, slices: int) -> str:
    scale = (RIGHT - LEFT) / slices
    x, width = LEFT + first * scale, max(_THINNEST, length * scale)
    top, height = (y + 5, 16) if tall else (y + 9, 8)
    return f"M{x:.1f} {top}h{width:.1f}v{height}h-{width:.1f}z"


def _pattern(runs: list[tuple[int, int, bool]], used: int, slices: int, timeline: Timeline, say: Catalogue) -> Text:
    """Return in words how the use was spread: all the time, once, or so many times."""
    if not runs:
        return NOTHING
    if used >= slices:
        return say("lanes.always")
    spells = 1 + sum(after[0] > before[0] + before[1] for before, after in pairwise(runs))
    if spells > 1:
        return say("lanes.spells", n=numbers.number(spells))
    begin = timeline.start + runs[0][0] * timeline.slice
    return say("lanes.once", time=numbers.time(begin, seconds=timeline.slice < MINUTE * NANO))


def _ticks(start: int, length: int) -> list[Tick]:
    step = next((step for step in _TICKS if length <= step * NANO * _MOST_TICKS), _TICKS[-1])
    first = -(-start // (step * NANO)) * step * NANO
    moments = range(first, start + length, step * NANO)[: 4 * _MOST_TICKS]
    return [
        Tick(f"{LEFT + (RIGHT - LEFT) * (moment - start) / length:.1f}", numbers.clock(moment, step * NANO))
        for moment in moments
    ]
