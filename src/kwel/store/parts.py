"""Nothing in, the nouns of the store out: a part that is kept, what was lost or removed, runs of sequence numbers."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from kwel.store.folder import EVIDENCE, WIRE, File

if TYPE_CHECKING:
    from collections.abc import Iterable

Runs = tuple[tuple[int, int], ...]
"""Whole numbers as runs, first and last of each, in order and apart from one another."""
DIGITS = 10


def runs_of(spans: Iterable[tuple[int, int]]) -> Runs:
    """Return runs that hold all numbers of *spans*.

    >>> runs_of([(7, 9), (1, 2), (3, 3)])
    ((1, 3), (7, 9))
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)


def count_of(runs: Runs) -> int:
    """Return how many numbers there are in *runs*."""
    return sum(last - first + 1 for first, last in runs)


def sum_known(counts: Iterable[int | None]) -> int | None:
    """Return a sum; where some of it is not known, neither is a sum of 0, but what was counted stays.

    >>> sum_known([3, None]), sum_known([0, None]), sum_known([0, 0])
    (3, None, 0)
    """
    listed = list(counts)
    whole = sum(count for count in listed if count is not None)
    return whole if whole or None not in listed else None


def between(runs: Runs) -> Runs:
    """Return the numbers between *runs*.

    >>> between(((1, 3), (7, 9)))
    ((4, 6),)
    """
    return tuple((one[1] + 1, next_one[0] - 1) for one, next_one in pairwise(runs))


def overlap(some: Runs, others: Runs) -> Runs:
    """Return the numbers that are in both."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return runs_of(run for run in both if run[0] <= run[1])


def without(some: Runs, others: Runs) -> Runs:
    """Return the numbers of *some* that are not in *others*.

    >>> without(((1, 9),), ((3, 4), (8, 12)))
    ((1, 2), (5, 7))
    """
    left = list(some)
    for first, last in others:
        cut = [piece for a, b in left for piece in ((a, min(b, first - 1)), (max(a, last + 1), b))]
        left = [(a, b) for a, b in cut if a <= b]
    return runs_of(left)


class Level(enum.StrEnum):
    """How much time a part stands for."""

    WINDOW = "window"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Lost(NamedTuple):
    """A window that is not kept, though its sensor closed it."""

    sensor: str
    source: str
    sequence: int
    opened: int
    closed: int
    packets: int
    reason: str
    """``disk-full``, or why it could not be read: ``damaged``, ``vanished``."""


class Removed(NamedTuple):
    """What was removed of windows to keep to a quota, or set aside for it was damaged."""

    sensor: str
    source: str
    sequences: Runs
    opened: int
    closed: int
    tier: str
    """``evidence``, ``wire``, ``tables`` or ``all``."""
    bytes: int
    reason: str
    """``size``, ``age``, ``damaged``."""


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of the store: a window, or several of one source that were compacted."""

    level: Level
    sensor: str
    source: str
    sequences: Runs
    opened: int
    """Wall clock, nanoseconds since the epoch, UTC: the earliest of its windows."""
    closed: int
    """The latest of its windows."""
    lasted: int
    packets: int
    frames: int
    """That the kernel handed over, of all interfaces."""
    dropped: int
    missed: int | None
    grade: str
    files: tuple[File, ...]
    gone: frozenset[str] = field(default=frozenset())
    """Tiers that were removed since."""
    left_out: tuple[str, ...] = ()
    """Tiers for which there was no room when it was written."""

    @property
    def id(self) -> str:
        """The name of its folder, which is that of its evidence file too."""
        first, last = self.sequences[0][0], self.sequences[-1][1]
        return part_id(self.source, first, last)

    @property
    def filed(self) -> int:
        """The moment by which it belongs to a day: the middle of its last window, as far as their mean length tells.

        A window that ends at midnight closes a moment after it.
        """
        return self.closed - self.lasted // count_of(self.sequences) // 2

    @property
    def present(self) -> tuple[File, ...]:
        """The files that are there."""
        return tuple(file for file in self.files if file.tier not in self.gone)

    @property
    def bytes(self) -> int:
        """What its files take."""
        return sum(file.size for file in self.present)

    @property
    def has_wire(self) -> bool:
        """Whether traffic can be made of it."""
        return WIRE not in self.gone and WIRE not in self.left_out

    @property
    def evidence(self) -> str | None:
        """The name of its evidence file."""
        return next((file.name for file in self.present if file.tier == EVIDENCE), None)

    def said(self) -> dict[str, Any]:
        """Return the part as the manifest has it."""
        names = ("level", "sensor", "source", "sequences", "opened", "closed", "lasted", "packets", "frames")
        told = {key: getattr(self, key) for key in (*names, "dropped", "missed", "grade", "files")}
        return {**told, "gone": sorted(self.gone), "left_out": self.left_out}


def read_part(said: dict[str, Any]) -> Part:
    """Return the part that ``Part.said`` told of."""
    told = dict(said)
    told["level"] = Level(told["level"])
    told["sequences"] = tuple((int(first), int(last)) for first, last in told["sequences"])
    told["files"] = tuple(File(*file) for file in told["files"])
    told["gone"], told["left_out"] = frozenset(told["gone"]), tuple(told["left_out"])
    return Part(**told)


def middle_of(opened: int, closed: int) -> int:
    """Return the moment by which a window belongs to a day, where no more than its ends is known."""
    return (opened + closed) // 2


def part_id(source: str, first: int, last: int) -> str:
    """Return what the folder of windows of a source is called.

    >>> part_id("span0/1", 7, 9)
    'span0%2F1-0000000007-0000000009'
    """
    name = quote(source, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    numbers = [first] if first == last else [first, last]
    return "-".join([name, *(f"{number:0{DIGITS}}" for number in numbers)])
