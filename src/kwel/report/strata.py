"""Boxes in layers and lines between them in, their places out: the upper layer above, lines in gaps between boxes.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): a line
that passes a layer gets a lane of its own there, boxes and lanes are put in order by where their lines lead, and then
moved towards them. Lines that lead to the same box and look alike share a lane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from kwel.report.layout import EMPTY

if TYPE_CHECKING:
    from kwel.model.verdicts import Control
    from kwel.report.layout import Label

WIDTH, LEFT = 1122, 167
"""Of the whole; and where the layers' names end and their boxes begin."""
TOP = 10
BOX, LEAST = 196, 60
"""Width of a box, and how narrow it may become."""
HEIGHT = 46
_APART, _LANE, _LANES = 22, 12, 320
"""Between boxes; width of a lane, and of all lanes of a layer together."""
_GAP, _ARC = 62, 11
"""Between layers, and what an arc within one adds."""
_ROUNDS = 8
_HEAD = 5


@dataclass(slots=True, eq=False)
class Node:
    """A box, or a lane in which lines pass a layer."""

    layer: int
    """From 0, the uppermost."""
    width: float
    label: Label = EMPTY
    control: Control | None = None
    dotted: bool = False
    """Whether it is only proposed."""
    is_lane: bool = False
    tags: str = ""
    x: float = 0.0
    y: float = 0.0
    ports: dict[bool, list[tuple[Line, bool]]] = field(default_factory=dict)
    """By whether at the top: lines with an end there, each with whether the line begins there."""

    @property
    def middle(self) -> float:
        """Return where its centre is."""
        return self.x + self.width / 2


@dataclass(slots=True, eq=False)
class Line:
    """What runs from one box to another."""

    source: Node
    target: Node
    control: Control | None
    """``None`` for what stays inside the plant."""
    width: float
    faint: bool = False
    """Whether nothing came of it."""
    text: str = ""
    tags: str = ""
    lanes: list[Node] = field(default_factory=list)
    start: tuple[float, float] = (0.0, 0.0)
    end: tuple[float, float] = (0.0, 0.0)
    dip: float = 0.0
    """Of an arc within a layer: how far below the boxes it goes."""
    spot: tuple[float, float] | None = None
    """Where its text has room."""

    @property
    def path(self) -> str:
        """Return its curve as SVG path data."""
        (x, y), out = self.start, []
        if self.dip:
            low, (to, end) = y + self.dip, self.end
            return f"M{x:.1f} {y:.1f}C{x:.1f} {low:.1f} {to:.1f} {low:.1f} {to:.1f} {end + _HEAD:.1f}"
        out.append(f"M{x:.1f} {y:.1f}")
        up = self.end[1] < y
        for lane in self.lanes:
            near, far = (lane.y + HEIGHT, lane.y) if up else (lane.y, lane.y + HEIGHT)
            half = (y + near) / 2
            out.append(f"C{x:.1f} {half:.1f} {lane.middle:.1f} {half:.1f} {lane.middle:.1f} {near:.1f}V{far:.1f}")
            x, y = lane.middle, far
        to, end = self.end[0], self.end[1] + (_HEAD if up else -_HEAD)
        half = (y + end) / 2
        out.append(f"C{x:.1f} {half:.1f} {to:.1f} {half:.1f} {to:.1f} {end:.1f}")
        return "".join(out)

    @property
    def head(self) -> str:
        """Return the head of its arrow as SVG path data."""
        x, y = self.end
        half = _HEAD + self.width / 3
        away = half * 1.7 if self.dip or self.end[1] < self.start[1] else -half * 1.7
        return f"M{x:.1f} {y:.1f}l{half:.1f} {away:.1f}h{-2 * half:.1f}Z"


def place(layers: list[list[Node]], lines: list[Line]) -> int:
    """Give everything its place; return the height of the whole. Layers come from above, boxes in any order."""
    _add_lanes(layers, lines)
    for layer in layers:
        _size(layer)
    _order(layers, lines)
    _spread(layers, lines)
    height = _heights(layers, lines)
    _attach(layers, lines)
    _find_spots(layers, lines)
    return height


def _size(layer: list[Node]) -> None:
    """Make boxes as wide as there is room beside the lanes."""
    lanes = sum(node.is_lane for node in layer)
    lane = min(_LANE, _LANES / max(1, lanes)) if lanes else 0
    room = (WIDTH - LEFT - lanes * lane * 1.4) / max(1, len(layer) - lanes) - 16
    for node in layer:
        node.width = lane if node.is_lane else max(LEAST, min(BOX, room))


def _add_lanes(layers: list[list[Node]], lines: list[Line]) -> None:
    """Give lines their lanes in the layers that they pass, the same for all that lead alike to one box."""
    lanes: dict[tuple[int, Node, Control | None], Node] = {}
    for line in lines:
        step = 1 if line.target.layer > line.source.layer else -1
        upper = line.target if step < 0 else line.source
        for index in range(line.source.layer + step, line.target.layer, step):
            key = index, upper, line.control
            if key not in lanes:
                lanes[key] = Node(index, _LANE, is_lane=True)
                layers[index].append(lanes[key])
            line.lanes.append(lanes[key])


def _neighbours(lines: list[Line]) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for line in lines:
        way = [line.source, *line.lanes, line.target]
        for one, other in pairwise(way):
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
    return found


def _order(layers: list[list[Node]], lines: list[Line]) -> None:
    """Put each layer in the order of where its lines lead, a few times up and down."""
    beside = _neighbours(lines)
    place = {node: (index + 0.5) / len(layer) for layer in layers for index, node in enumerate(layer)}
    for step in range(_ROUNDS):
        for layer in layers if step % 2 else layers[::-1]:
            pull = {node: _mean([place[other] for other in beside.get(node, [])], place[node]) for node in layer}
            layer.sort(key=pull.__getitem__)
            place.update((node, (index + 0.5) / len(layer)) for index, node in enumerate(layer))


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(layers: list[list[Node]], lines: list[Line]) -> None:
    """Move what stands in a layer towards where its lines lead, as far as there is room."""
    beside = _neighbours(lines)
    for layer in layers:
        room = WIDTH - LEFT - sum(node.width for node in layer)
        gap, x = max(2.0, room / (len(layer) + 1)), float(LEFT)
        for node in layer:
            node.x = x + min(gap, 4 * _APART)
            x = node.x + node.width
    for step in range(_ROUNDS):
        for layer in layers if step % 2 else layers[::-1]:
            _settle(layer, [_mean([o.middle for o in beside.get(n, [])], n.middle) - n.width / 2 for n in layer])


def _settle(layer: list[Node], wanted: list[float]) -> None:
    """Give the nodes of a layer the places that they want, in their order, apart, and within the drawing."""
    apart = min(_APART, (WIDTH - 1 - LEFT - sum(node.width for node in layer)) / max(1, len(layer) - 1))
    wishes = [(wish, node.width) for node, wish in zip(layer, wanted, strict=True)]
    pushed = _pushed(wishes, apart)
    mirrored = _pushed([(-wish - wide, wide) for wish, wide in reversed(wishes)], apart)[::-1]
    x = float(LEFT)
    for node, from_left, from_right in zip(layer, pushed, mirrored, strict=True):
        node.x = max(x, (from_left - from_right - node.width) / 2)  # neither side is preferred
        x = node.x + node.width + apart
    x = float(WIDTH) - 1
    for node in reversed(layer):
        node.x = min(node.x, x - node.width)
        x = node.x - apart


def _pushed(wishes: list[tuple[float, float]], apart: float) -> list[float]:
    """Return places from left to right, each where it wants to be or as near as those before it allow."""
    places, x = [], -math.inf
    for wish, wide in wishes:
        places.append(max(x, wish))
        x = places[-1] + wide + apart
    return places


def _heights(layers: list[list[Node]], lines: list[Line]) -> int:
    """Give layers their heights: more room below one in which arcs run."""
    y = float(TOP)
    for index, layer in enumerate(layers):
        arcs = sorted(
            (line for line in lines if line.source.layer == line.target.layer == index),
            key=lambda line: abs(line.source.middle - line.target.middle),
        )
        for node in layer:
            node.y = y
        for rank, arc in enumerate(arcs):
            arc.dip = 30 + _ARC * rank
        y += HEIGHT + _GAP + (_ARC * len(arcs) if arcs else 0)
    return int(y - (_GAP - 8 if not any(line.dip for line in lines if line.source.layer == len(layers) - 1) else 8))


def _attach(layers: list[list[Node]], lines: list[Line]) -> None:
    """Lay the ends of a box's lines side by side along its edge, in the order of where their other ends lie."""
    for line in lines:
        up = line.target.layer < line.source.layer
        line.source.ports.setdefault(up, []).append((line, True))
        line.target.ports.setdefault(line.target.layer > line.source.layer, []).append((line, False))
    for node in (node for layer in layers for node in layer):
        for at_top, ends in node.ports.items():
            ends.sort(key=lambda end: _other(end).middle)
            pitch = min(26.0, (node.width - 16) / len(ends))
            x = node.middle - pitch * (len(ends) - 1) / 2
            for line, begins in ends:
                point = x, node.y if at_top else node.y + HEIGHT
                line.start, line.end = (point, line.end) if begins else (line.start, point)
                x += pitch


def _other(end: tuple[Line, bool]) -> Node:
    line, begins = end
    way = [line.source, *line.lanes, line.target]
    return way[1] if begins else way[-2]


def _find_spots(layers: list[list[Node]], lines: list[Line]) -> None:
    """Give texts their places where they cover nothing; what has none is told in the table alone."""
    from kwel.report.fit import width

    taken = [(n.x, n.y, n.x + n.width, n.y + HEIGHT) for layer in layers for n in layer]
    for line in lines:
        long = width(line.text, TEXT) + 6
        for x, y in _candidates(line) if line.text else ():
            box = x - long / 2, y - 8, x + long / 2, y + 8
            inside = box[0] >= LEFT and box[2] <= WIDTH
            if inside and not any(_overlap(box, other) for other in taken):
                line.spot = x, y
                taken.append(box)
                break


TEXT = 12.5
"""Type size of the text at a line."""


def _candidates(line: Line) -> list[tuple[float, float]]:
    """Return points on the line: of its first piece, then of its last."""
    if line.dip:
        x = (line.start[0] + line.end[0]) / 2
        return [(x, line.start[1] + line.dip * 0.75)]
    up = line.end[1] < line.start[1]
    points = [line.start]
    for lane in line.lanes:
        points += [(lane.middle, lane.y + HEIGHT if up else lane.y), (lane.middle, lane.y if up else lane.y + HEIGHT)]
    points.append(line.end)
    pieces = [(points[0], points[1]), (points[-2], points[-1])]
    return [_on_curve(start, end, t) for start, end in pieces for t in (0.5, 0.36, 0.64, 0.25, 0.75)]


def _on_curve(start: tuple[float, float], end: tuple[float, float], t: float) -> tuple[float, float]:
    """Return a point of the cubic curve that leaves and arrives vertically."""
    (x, y), (to, low), s = start, end, 1 - t
    half = (y + low) / 2
    return (
        s**3 * x + 3 * s * s * t * x + 3 * s * t * t * to + t**3 * to,
        s**3 * y + 3 * s * s * t * half + 3 * s * t * t * half + t**3 * low,
    )


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
