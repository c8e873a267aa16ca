"""Pairs of costs in, the rows of the table out: medians, ranges, ratios, and whether the target is met."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.peers import AtLeast, AtMost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Cost

COLUMNS = (
    ("peer", 13),
    ("does", 24),
    ("n", 2),
    ("cpu s", 7),
    ("wall s", 7),
    ("MB", 6),
    ("kwel cpu", 8),
    ("kwel wall", 9),
    ("cpu ratio", 19),
    ("wall ratio", 19),
    ("target", 7),
    ("", 4),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A peer and kwel, measured one after the other."""

    peer: Cost
    kwel: Cost


def met(target: AtLeast | AtMost, pairs: Sequence[Pair]) -> bool:
    """Return whether the medians of both ratios, of processor and of elapsed time, are on the right side."""
    ratios = (median(p.peer.cpu / p.kwel.cpu for p in pairs), median(p.peer.wall / p.kwel.wall for p in pairs))
    if isinstance(target, AtLeast):
        return min(ratios) >= target.times
    return max(ratios) <= target.times


def figure(number: float) -> str:
    """Return a number with three digits that matter.

    >>> figure(0.2134), figure(4.31), figure(41.32), figure(631.2)
    ('0.213', '4.31', '41.3', '631')
    """
    for below, digits in ((1, 3), (10, 2), (100, 1)):
        if number < below:
            return f"{number:.{digits}f}"
    return f"{number:,.0f}"


def spread(numbers: Sequence[float]) -> str:
    """Return the median and the range.

    >>> spread([4.38, 4.4, 4.62])
    '4.40 [4.38-4.62]'
    """
    return f"{figure(median(numbers))} [{figure(min(numbers))}-{figure(max(numbers))}]"


def _line(cells: Sequence[str]) -> str:
    padded = (f"{cell:<{width}}" for cell, (_, width) in zip(cells, COLUMNS, strict=True))
    return "| " + " | ".join(padded) + " |"


def header() -> str:
    """Return the head of the table."""
    return _line([name for name, _ in COLUMNS]) + "\n" + _line(["-" * width for _, width in COLUMNS])


def row(name: str, does: str, pairs: Sequence[Pair], target: AtLeast | AtMost | None) -> str:
    """Return the row of one peer."""
    sign = {AtLeast: "≥", AtMost: "≤"}
    return _line(
        [
            name,
            does,
            str(len(pairs)),
            figure(median(p.peer.cpu for p in pairs)),
            figure(median(p.peer.wall for p in pairs)),
            figure(max(p.peer.peak for p in pairs)),
            figure(median(p.kwel.cpu for p in pairs)),
            figure(median(p.kwel.wall for p in pairs)),
            spread([p.peer.cpu / p.kwel.cpu for p in pairs]),
            spread([p.peer.wall / p.kwel.wall for p in pairs]),
            f"{sign[type(target)]} {target.times:g}" if target else "",
            "" if not target else "pass" if met(target, pairs) else "FAIL",
        ]
    )


def skipped(name: str, does: str, reason: str) -> str:
    """Return the row of a peer that was not measured."""
    return f"| {name:<13} | {does:<24} | skipped: {reason}"


def verdict(label: str, value: float, most: float, unit: str) -> str:
    """Return one line of a figure that has an upper limit."""
    return f"{label}: {figure(value)} {unit}, target ≤ {figure(most)} {unit}: {'pass' if value <= most else 'FAIL'}"
