"""Relations in, a drawing out: asset, service, operator and control as boxes, bytes as bands between them.

Each column shows its most important boxes and sums up the others in one, so the drawing stays readable however
much there is. Where the boxes and bands lie is the work of ``layout``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.model.verdicts import Control
from kwel.report import numbers
from kwel.report.fit import fit
from kwel.report.layout import COLUMNS, Band, Box, Label, place
from kwel.report.relations import RANKED, operational
from kwel.report.text import LANGUAGES, NOTHING, Text, joined, plain

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Column, Destination, Relations

ASSET, SERVICE, OPERATOR, LAW = range(4)
SHOWN = ((14, 16, 12, 7), (10, 12, 10, 7), (7, 9, 8, 6))
"""Boxes a column shows before it sums up the rest: fewer where everything talks to everything."""
MOST_BANDS = 90
"""Bands between two columns that an eye can still follow."""

_NAME, _SMALL = 16.2, 13.8
"""Type sizes in print, where they are larger: what fits then fits on a screen."""
_INDENT, _MARK, _BESIDE = 10, 20, 34
"""Left of the text; the state's mark; the asset's kind."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole diagram."""

    width: int
    height: int
    boxes: list[Box]
    bands: list[Band]


class _Ranked(NamedTuple):
    """All possible boxes of one column of the diagram."""

    first: Column
    """For each box, the first of its relations."""
    of: Column
    """For each relation, its box."""
    rank: Column
    bytes: Column
    best: Column
    """The boxes, the most important first."""


class _Choice(NamedTuple):
    """One column of the diagram."""

    boxes: list[Box]
    box_of: Column
    """For each relation, which box it belongs to."""
    sample: list[int]
    """For each box that is no sum, one of its relations."""


def draw(report: Report, relations: Relations, say: Catalogue) -> Drawing | None:
    """Return the diagram, or ``None`` where nothing was exchanged with the outside."""
    if not len(relations):
        return None
    choices, bands = _fewest_that_show_most(_keys(relations), relations, operational(report))
    for column, choice in enumerate(choices):
        for box, relation in zip(choice.boxes, choice.sample, strict=False):
            box.label = _label(column, relation, report, relations, say)
        for box in choice.boxes[len(choice.sample) :]:
            box.label = Label(say.count(f"sankey.more.{column}", box.stands_for))
    width, height = place([choice.boxes for choice in choices], bands)
    return Drawing(width, height, [box for choice in choices for box in choice.boxes], bands)


def _fewest_that_show_most(keys: list[Column], relations: Relations, ot: Column) -> tuple[list[_Choice], list[Band]]:
    """Return as many boxes as can be shown without the bands becoming a tangle."""
    ranked = [_rank(key, relations, column, ot) for column, key in enumerate(keys)]
    for limits in SHOWN:
        choices = [_choose(ranked[column], column, limits[column]) for column in range(4)]
        bands = _bands(choices, relations)
        if max(Counter(band.source.column for band in bands).values()) <= MOST_BANDS:
            break
    return choices, bands


def _keys(relations: Relations) -> list[Column]:
    """Return for each column and relation a number for the box that it would have."""
    columns: list[dict[object, int]] = [{}, {}, {}]
    of = np.zeros((3, max(1, len(relations.destinations))), np.int64)
    for index, destination in enumerate(relations.destinations):
        for column, key in enumerate(_identity(destination)):
            of[column, index] = columns[column].setdefault(key, len(columns[column]))
    return [relations.asset, *(of[column][relations.destination] for column in range(3))]


def _identity(destination: Destination) -> tuple[object, object, object]:
    """Return what makes its service, its operator and the law that reaches it the same box as another's."""
    unnamed = destination.operator if destination.service is None else ""
    service = (destination.service, destination.place, destination.place_guessed, unnamed)
    return service, (destination.supplier, destination.operator), (destination.control, destination.laws)


def _rank(key: Column, relations: Relations, column: int, ot: Column) -> _Ranked:
    """Put the possible boxes of a column in order: the worst first, then what runs the plant, then by bytes.

    Among the laws, Europe and undecided always have their own boxes: they are the answer, not a rest.
    """
    _, first, of = np.unique(key, return_index=True, return_inverse=True)
    rank, count = np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)
    np.maximum.at(rank, of, relations.rank)
    np.add.at(count, of, relations.total)
    runs = ot[key[first]] if column == ASSET else np.zeros(len(first), bool)
    answer = rank < RANKED.index(Control.NON_EUROPEAN) if column == LAW else np.zeros(len(first), bool)
    return _Ranked(first, of, rank, count, np.lexsort((first, -count, ~runs, -rank, ~answer)))


def _choose(ranked: _Ranked, column: int, most: int) -> _Choice:
    """Return the boxes of a column: the best of them, and one for all the others."""
    first, of, rank, total, best = ranked
    limit = most if len(best) > most + 1 else len(best)
    position = np.full(len(first), limit)
    position[best[:limit]] = np.arange(limit)
    boxes = [Box(column, RANKED[rank[key_]], int(total[key_])) for key_ in best[:limit].tolist()]
    if rest := best[limit:].tolist():
        boxes.append(Box(column, RANKED[rank[rest].max()], int(total[rest].sum()), stands_for=len(rest)))
    return _Choice(boxes, position[of], first[best[:limit]].tolist())


def _bands(choices: list[_Choice], relations: Relations) -> list[Band]:
    """Return the bands between neighbouring columns, one for each pair of boxes and state."""
    shape = (*(len(choice.boxes) for choice in choices), len(RANKED))
    path = np.ravel_multi_index((*(choice.box_of for choice in choices), relations.rank), shape)
    distinct, of = np.unique(path, return_inverse=True)
    count = np.zeros(len(distinct), np.int64)
    np.add.at(count, of, relations.total)
    bands: dict[tuple[int, int, int, int], Band] = {}
    steps = np.stack(np.unravel_index(distinct, shape), axis=1).tolist()
    for (*boxes, rank), amount in zip(steps, count.tolist(), strict=True):
        for column in range(3):
            source, target = (choices[c].boxes[boxes[c]] for c in (column, column + 1))
            key = (column, boxes[column], boxes[column + 1], rank)
            band = bands.setdefault(key, Band(source, target, RANKED[rank]))
            band.bytes += amount
            for item in (band, source, target):
                item.assets.add(boxes[ASSET])
    return list(bands.values())


def _label(column: int, relation: int, report: Report, relations: Relations, say: Catalogue) -> Label:
    if column == ASSET:
        return _asset_label(report, int(relations.asset[relation]), say)
    destination = relations.destinations[int(relations.destination[relation])]
    if column == SERVICE:
        if destination.service is None:
            return _unnamed_label(destination, report, relations, relation, say)
        return Label(_fitted(destination.service, SERVICE, _NAME), below=fitted_in(place_of(destination, say), SERVICE))
    if column == OPERATOR:
        return _operator_label(destination, say)
    return _law_label(destination, report.bloc, say)


def _room(column: int) -> int:
    return COLUMNS[column][1] - 2 * _INDENT


def _fitted(text: str, column: int, size: float, taken: int = 0) -> Text:
    return plain(fit(text, size, _room(column) - taken))


def _asset_label(report: Report, index: int, say: Catalogue) -> Label:
    asset = report.assets[index]
    title = _fitted(asset.label, ASSET, _NAME, _BESIDE)
    return Label(title, beside=say(f"kind.short.{asset.kind.value}"), link=f"a-{index}")


def _unnamed_label(
    destination: Destination, report: Report, relations: Relations, relation: int, say: Catalogue
) -> Label:
    count = int(relations.endpoints[relations.destination[relation]])
    below = fitted_in(say("sankey.unnamed", place=place_of(destination, say)), SERVICE)
    if count > 1:
        return Label(say.count("sankey.addresses", count), below=below)
    host = report.dependencies[int(relations.row[relation])].host
    return Label(_fitted(host, SERVICE, _NAME), below=below)


def fitted_in(text: Text, column: int, taken: int = 0, size: float = _SMALL) -> Text:
    """Return a text that we composed, its end cut off where the box has no room for it."""
    room = _room(column) - taken
    return numbers.both(*(fit(text[language].unescape(), size, room, head=1.0) for language in LANGUAGES))


def place_of(destination: Destination, say: Catalogue) -> Text:
    """Return where a destination stands, and whether that is only a guess."""
    if destination.place is None:
        return say("place.unknown")
    parts = destination.place.split("/") if re.fullmatch("[A-Z]{2}(/[A-Z]{2})*", destination.place) else ()
    known = joined([say.country(part) for part in parts]) if parts else None
    known = known or say.first(f"place.{destination.place}") or plain(destination.place)
    return say("place.guessed", place=known) if destination.place_guessed else known


def _operator_label(destination: Destination, say: Catalogue) -> Label:
    if destination.operator is None:
        if destination.supplier is None:
            return Label(say("sankey.no-operator"))
        return Label(_fitted(destination.supplier, OPERATOR, _NAME), below=say("sankey.host-unknown"))
    if destination.supplier is None:
        return Label(_fitted(destination.operator, OPERATOR, _NAME))
    host = say("sankey.hosted", operator=plain(destination.operator))
    return Label(_fitted(destination.supplier, OPERATOR, _NAME), below=fitted_in(host, OPERATOR))


def _law_label(destination: Destination, bloc: str, say: Catalogue) -> Label:
    names = law_names(destination, say)
    below = [say("control.and", other=joined(names[1:]))] if names[1:] else []
    if destination.control is Control.EUROPEAN:
        below = [say("control.inside-small", bloc=say.term("bloc", bloc))]
    small = fitted_in(below[0], LAW, _MARK) if below else NOTHING
    return Label(fitted_in(names[0], LAW, _MARK, _NAME), below=small, marked=True)


def law_names(destination: Destination, say: Catalogue) -> list[Text]:
    """Return whose law reaches a destination, one text a jurisdiction."""
    if destination.control is Control.EUROPEAN:
        return [say("control.inside")]
    if destination.control is Control.UNDECIDED:
        return [say("control.undecided")]
    return [say.country(law) for law in destination.laws] or [say("control.outside")]
