"""Boxes and bands in, their places out.

Text stands in the boxes and bands run in the gutters only. A band has one of four widths, which the caption states:
widths in proportion would leave nothing of a small flow beside a large one. Boxes are ordered so that few bands
cross: control by weight, operators by their control, services by their operator, assets by their services.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kwel.report.relations import RANKED
from kwel.report.text import NOTHING, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.model.verdicts import Control

WIDTH = 1122
TOP = 34
COLUMNS = ((1, 158), (296, 238), (668, 178), (962, 158))
"""Left edge and width of each column's boxes."""

CLASSES = ((10**7, 3), (10**8, 7), (10**9, 12))
WIDEST = 19
_GAP, _GAP_MOST = 8, 46
_LOW, _HIGH = 32, 40
"""Least heights of a box with one line and with two."""
_TALLEST = 820
"""Bands become thinner, all alike, where a column would grow taller."""


class Label(NamedTuple):
    """What stands in a box."""

    title: Text
    below: Text = NOTHING
    beside: Text = NOTHING
    """At the right edge: an asset's kind."""
    link: str = ""
    marked: bool = False
    """Whether the state's mark stands before the title."""


EMPTY = Label(NOTHING)


@dataclass(slots=True, eq=False)
class Box:
    """One box; it gets its place when all of its column are known."""

    column: int
    control: Control
    bytes: int
    stands_for: int = 1
    assets: set[int] = field(default_factory=set)
    label: Label = EMPTY
    arriving: float = 0.0
    leaving: float = 0.0
    """Summed widths of its bands."""
    y: float = 0.0

    @property
    def x(self) -> int:
        """Return its left edge."""
        return COLUMNS[self.column][0]

    @property
    def width(self) -> int:
        """Return its width."""
        return COLUMNS[self.column][1]

    @property
    def right(self) -> int:
        """Return its right edge."""
        return self.x + self.width

    @property
    def height(self) -> float:
        """Return how tall it must be for its text and its bands."""
        return max(_HIGH if self.label.below else _LOW, max(self.arriving, self.leaving) + 10)

    @property
    def middle(self) -> float:
        """Return the height of its centre."""
        return self.y + self.height / 2

    @property
    def tags(self) -> str:
        """Return the assets behind it, for pointing at what belongs together."""
        return " ".join(map(str, sorted(self.assets)))


@dataclass(slots=True, eq=False)
class Band:
    """Bytes between two boxes of neighbouring columns, of one state."""

    source: Box
    target: Box
    control: Control
    bytes: int = 0
    assets: set[int] = field(default_factory=set)
    width: float = 0.0
    """One of four."""
    start: float = 0.0
    end: float = 0.0

    @property
    def path(self) -> str:
        """Return its curve as SVG path data."""
        left, right = self.source.right, self.target.x
        middle = (left + right) // 2
        return f"M{left} {self.start:.1f}C{middle} {self.start:.1f} {middle} {self.end:.1f} {right} {self.end:.1f}"

    @property
    def tags(self) -> str:
        """Return the assets behind it, for pointing at what belongs together."""
        return " ".join(map(str, sorted(self.assets)))


def band_width(count: int) -> int:
    """Return the width of a band for an amount of bytes."""
    return next((wide for limit, wide in CLASSES if count < limit), WIDEST)


def place(columns: list[list[Box]], bands: list[Band]) -> tuple[int, int]:
    """Give every box and band its place; return the size of the whole."""
    tall = _thicken(columns, bands)
    _order(columns, bands)
    for boxes in columns:
        _stack(boxes, tall)
    _attach(bands, lambda band: band.source, lambda band: band.target, at_source=True)
    _attach(bands, lambda band: band.target, lambda band: band.source, at_source=False)
    return WIDTH, TOP + tall + _GAP


def _thicken(columns: list[list[Box]], bands: list[Band]) -> int:
    """Give the bands their widths; return the height that the tallest column then needs."""
    scale = 1.0
    while True:
        for box in (box for boxes in columns for box in boxes):
            box.arriving = box.leaving = 0.0
        for band in bands:
            band.width = band_width(band.bytes) * scale
            band.source.leaving += band.width
            band.target.arriving += band.width
        tall = int(max(sum(box.height + _GAP for box in boxes) for boxes in columns))
        if tall <= _TALLEST or scale < 0.1:
            return tall
        scale *= 0.8


def _order(columns: list[list[Box]], bands: list[Band]) -> None:
    """Put the last column in order of weight, and each before it in order of where its bands lead."""
    columns[-1].sort(key=lambda box: (-RANKED.index(box.control), box.stands_for > 1, -box.bytes))
    for left, right in zip(columns[-2::-1], columns[:0:-1], strict=True):
        position = {box: index for index, box in enumerate(right)}
        pull = dict.fromkeys(left, 0.0)
        for band in bands:
            if band.source in pull:
                pull[band.source] += band.width * position[band.target] / band.source.leaving
        left[:] = sorted(left, key=_by(pull))


def _by(pull: dict[Box, float]) -> Callable[[Box], tuple[float, int]]:
    return lambda box: (pull[box], -box.bytes)


def _stack(boxes: list[Box], tall: int) -> None:
    """Spread a column over the height, but not so far that it falls apart."""
    filled = sum(box.height for box in boxes)
    gap = min((tall - filled) / max(1, len(boxes) - 1), _GAP_MOST)
    y = TOP + (tall - filled - gap * (len(boxes) - 1)) / 2
    for box in boxes:
        box.y = y
        y += box.height + gap


def _attach(bands: list[Band], near: Callable[[Band], Box], far: Callable[[Band], Box], *, at_source: bool) -> None:
    """Lay the ends of a box's bands side by side, in the order of where their other ends lie."""
    ends: dict[Box, list[Band]] = {}
    for band in bands:
        ends.setdefault(near(band), []).append(band)
    for box, group in ends.items():
        y = box.middle - sum(band.width for band in group) / 2
        for band in sorted(group, key=lambda band: (far(band).middle, RANKED.index(band.control))):
            if at_source:
                band.start = y + band.width / 2
            else:
                band.end = y + band.width / 2
            y += band.width
