"""Zones and conduits in, a map of them out: layers by Purdue level, the outside above, with a list for narrow pages.

Colour is for what leaves the plant; a conduit inside it is grey. Where boxes and lines lie is the work of ``strata``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kwel.model.verdicts import Control
from kwel.model.zones import BETWEEN, ConduitState, Origin
from kwel.report import numbers
from kwel.report.fit import fit
from kwel.report.layout import Label, band_width
from kwel.report.places import bare, zone_name
from kwel.report.relations import RANKED
from kwel.report.strata import BOX, WIDTH, Line, Node, place
from kwel.report.text import LANGUAGES, NOTHING, Text, joined, plain, wire

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.model.zones import Conduit, Service, Zone
    from kwel.report.catalogue import Catalogue

EACH, ALL = 5, 40
"""Zones of one level, and conduits in all, that are drawn; more of them are summed up."""
NAMED = 2
"""Protocols that are named at a line."""
_LISTED = 8
"""Conduits of one zone in the list."""
NAME, SMALL = 16.2, 13.8
"""Type sizes in print, where they are larger."""
_CONTROLS = {
    "cloud-non-european": Control.NON_EUROPEAN,
    "cloud-european": Control.EUROPEAN,
    "cloud-undecided": Control.UNDECIDED,
    "internet": Control.UNDECIDED,
    "unknown": Control.UNDECIDED,
}
"""Of zones outside; who is in charge of the other internet is not known, and unknown is never European."""
_OUTSIDE = 9.0
_BY_KIND = {"it": 3.9, "shared": 3.2, "iiot": 1.6, "ot": 1.5}
"""Where a zone is drawn whose level nobody knows: among those of its kind. It is labelled as not known."""


@dataclass(slots=True)
class Layer:
    """The zones of one level."""

    order: float
    name: Text
    about: Text
    zones: list[int] = field(default_factory=list)
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """A conduit in the list of a narrow page."""

    to: Text
    what: Text
    total: Text
    control: Control
    width: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A zone in the list of a narrow page."""

    name: Text
    about: Text
    leaving: list[Leaving]
    left_out: int


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """The whole map, and its twin."""

    width: int
    height: int
    layers: list[Layer]
    boxes: list[Node]
    lines: list[Line]
    left_out: int
    """Conduits that are not drawn."""
    groups: list[tuple[Text, list[Listed]]]


def draw(report: Report, say: Catalogue) -> ZoneMap | None:
    """Return the map, or ``None`` where there is not even one conduit."""
    if not report.conduits:
        return None
    layers = _layers(report, say)
    rank = _ranks(report)
    nodes: dict[int, Node] = {}
    rows = [_boxes(report, layer, index, rank, nodes) for index, layer in enumerate(layers)]
    lines, left_out = _lines(report, nodes, say)
    height = place(rows, lines)
    _write(report, nodes, say)
    for layer, row in zip(layers, rows, strict=True):
        layer.y = row[0].y
    boxes = [node for row in rows for node in row if not node.is_lane]
    return ZoneMap(WIDTH, height, layers, boxes, lines, left_out, _groups(report, layers, say))


def control_of(report: Report, conduit: Conduit) -> Control | None:
    """Return who is in charge at the far end of a conduit; ``None`` inside the plant."""
    ends = (report.zones[conduit.target], report.zones[conduit.source])
    return next((_CONTROLS.get(zone.key, Control.UNDECIDED) for zone in ends if zone.origin is Origin.OUTSIDE), None)


def _ranks(report: Report) -> list[int]:
    """Return how bad the worst is that each zone has to do with; -1 for one that nothing passes."""
    worst = [-1] * len(report.zones)
    for conduit in report.conduits:
        control = control_of(report, conduit)
        rank = RANKED.index(control) if control else 0
        for end in (conduit.source, conduit.target):
            worst[end] = max(worst[end], rank)
    return worst


def _layers(report: Report, say: Catalogue) -> list[Layer]:
    """Return the layers, the uppermost first; zones without assets and conduits are in none."""
    used = {end for conduit in report.conduits for end in (conduit.source, conduit.target)}
    layers: dict[float, Layer] = {}
    for index, zone in enumerate(report.zones):
        if zone.assets or index in used:
            order, key = _layer_of(zone)
            known = say.first(f"level.{key}", f"level.{key.partition('-')[0]}")
            name = known or say("level.other", level=plain(key))
            about = say.first(f"level.about-{key}") or NOTHING
            layers.setdefault(order, Layer(order, name, about)).zones.append(index)
    return [layers[order] for order in sorted(layers, reverse=True)]


def _layer_of(zone: Zone) -> tuple[float, str]:
    if zone.origin is Origin.OUTSIDE:
        return _OUTSIDE, "outside"
    try:
        if zone.level is not None and 0 <= (order := float(zone.level)) < _OUTSIDE:
            return order, zone.level
    except ValueError:
        pass
    kind = zone.kinds[0][0].value if zone.kinds else ""
    return _BY_KIND.get(kind, 2.5), f"unknown-{kind}" if kind in _BY_KIND else "unknown"


def _boxes(report: Report, layer: Layer, index: int, rank: list[int], nodes: dict[int, Node]) -> list[Node]:
    """Return the boxes of one layer, the most important zones by themselves and one for the others."""
    best = sorted(layer.zones, key=lambda zone: (-rank[zone], -len(report.zones[zone].assets), zone))
    shown = best if len(best) <= EACH + 1 else best[:EACH]
    row = []
    for number in sorted(shown):
        zone = report.zones[number]
        nodes[number] = Node(index, BOX, control=_CONTROLS.get(zone.key), dotted=zone.origin is Origin.PROPOSED)
        row.append(nodes[number])
    if rest := best[len(shown) :]:
        row.append(Node(index, BOX))
        nodes.update(dict.fromkeys(rest, row[-1]))
    return row


def _write(report: Report, nodes: dict[int, Node], say: Catalogue) -> None:
    """Write into the boxes what has room there."""
    zones: dict[Node, list[int]] = {}
    for number, node in nodes.items():
        zones.setdefault(node, []).append(number)
    for node, numbers_ in zones.items():
        room = node.width - 20
        if len(numbers_) == 1:
            node.label = _label(report.zones[numbers_[0]], numbers_[0], room, say)
        else:
            node.label = Label(_fitted(say.count("zonemap.more", len(numbers_)), NAME, room))


def _label(zone: Zone, number: int, room: float, say: Catalogue) -> Label:
    """Return what stands in the box of a zone; that it is a proposal is told by the box."""
    known = say.first(f"zone.short-{zone.key}") if zone.key else None
    name = known or joined([bare(part, say) for part in zone.name.split(BETWEEN)], BETWEEN)
    about = say.first(f"zone.about-{zone.key}") if zone.key else kinds_of(zone, say)
    below = _fitted(about, SMALL, room) if about else NOTHING
    return Label(_fitted(name, NAME, room), below=below, link=f"z-{number}")


def _fitted(text: Text, size: float, room: float) -> Text:
    return numbers.both(*(fit(text[language].striptags(), size, room, 1.0) for language in LANGUAGES))


def kinds_of(zone: Zone, say: Catalogue) -> Text:
    """Return how many assets of each kind are in a zone."""
    names = {kind: say.first(f"zonemap.kind-{kind.value}") or say(f"kind.{kind.value}") for kind, _ in zone.kinds}
    return joined([joined([numbers.number(count), names[kind]], " ") for kind, count in zone.kinds])


def protocol_names(services: tuple[Service, ...], say: Catalogue, most: int) -> list[Text]:
    """Return what passes, each protocol once; by its port where the content tells nothing."""
    names = []
    for service in services:
        if service.protocol:
            names.append(say.first(f"term.{service.protocol}") or wire(service.protocol.upper(), 30))
        else:
            names.append(plain(f"{service.transport.upper()} {service.port}" if service.port else service.transport))
    return list(dict.fromkeys(names))[:most]


def _lines(report: Report, nodes: dict[int, Node], say: Catalogue) -> tuple[list[Line], int]:
    """Return the lines of the most important conduits, those between the same boxes as one."""
    merged: dict[tuple[Node, Node, Control | None], list[Conduit]] = {}
    within = 0  # a box that stands for several zones
    for conduit in report.conduits:
        source, target = nodes[conduit.source], nodes[conduit.target]
        if source is target:
            within += 1
        else:
            merged.setdefault((source, target, control_of(report, conduit)), []).append(conduit)
    ranked = sorted(merged.items(), key=lambda item: _weight(item[0][2], item[1]))
    lines = []
    for number, ((source, target, control), conduits) in enumerate(ranked[:ALL]):
        used = any(conduit.state is ConduitState.USED for conduit in conduits)
        total = sum(conduit.bytes_out + conduit.bytes_in for conduit in conduits)
        text = _text(conduits, say)
        lines.append(Line(source, target, control, line_width(total), not used, text, tags=str(number)))
        for node in (source, target):
            node.tags = f"{node.tags} {number}".strip()
    return lines, within + sum(len(conduits) for _, conduits in ranked[ALL:])


def _weight(control: Control | None, conduits: list[Conduit]) -> tuple[int, bool, int]:
    rank = RANKED.index(control) if control else 0
    used = any(conduit.state is ConduitState.USED for conduit in conduits)
    return -rank, not used, -sum(conduit.bytes_out + conduit.bytes_in for conduit in conduits)


def line_width(count: int) -> float:
    """Return how thick a line is: a step for each tenfold of bytes."""
    return round(min(8.0, max(1.2, 1.2 + 0.85 * (math.log10(max(count, 1)) - 3))), 1)


def _text(conduits: list[Conduit], say: Catalogue) -> str:
    services = tuple(service for conduit in conduits for service in conduit.services)
    names = [str(name.en.striptags()) for name in protocol_names(services, say, len(services))]
    rest = len(names) - NAMED + sum(conduit.services_left_out for conduit in conduits)
    return ", ".join(names[:NAMED]) + (f" +{rest}" if rest > 0 else "")


def _groups(report: Report, layers: list[Layer], say: Catalogue) -> list[tuple[Text, list[Listed]]]:
    """Return the zones by level with what they begin, for a page too narrow for the map."""
    leaving: dict[int, list[Conduit]] = {}
    for conduit in report.conduits:
        leaving.setdefault(conduit.source, []).append(conduit)
    return [
        (joined([layer.name, *filter(None, [layer.about])], ": "), [_listed(report, z, leaving, say) for z in shown])
        for layer in layers
        if (shown := [zone for zone in layer.zones if report.zones[zone].assets or zone in leaving][: EACH + 1])
    ]


def _listed(report: Report, number: int, leaving: dict[int, list[Conduit]], say: Catalogue) -> Listed:
    zone = report.zones[number]
    conduits = sorted(leaving.get(number, []), key=lambda conduit: _weight(control_of(report, conduit), [conduit]))
    lines = []
    for conduit in conduits[:_LISTED]:
        total = conduit.bytes_out + conduit.bytes_in
        lines.append(
            Leaving(
                to=zone_name(report.zones[conduit.target], say),
                what=joined(protocol_names(conduit.services, say, 2 * NAMED)),
                total=numbers.size(total),
                control=control_of(report, conduit) or Control.NONE,
                width=band_width(total),
            )
        )
    return Listed(zone_name(zone, say), kinds_of(zone, say), lines, max(0, len(conduits) - _LISTED))
