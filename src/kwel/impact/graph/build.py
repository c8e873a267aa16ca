"""A report and its traffic in, the graph of needs out.

docs/adr/0014 says what makes an edge. Objects are made of needs that somebody looks at; everything else is columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.graph.columns import Groups, packed
from kwel.impact.graph.holds import hours_of
from kwel.impact.graph.inside import find_inside
from kwel.impact.graph.made import Needs, Ways
from kwel.impact.graph.outside import find_outside
from kwel.impact.graph.parts import Part, joined, taken
from kwel.impact.graph.rhythms import periods_of
from kwel.model.graph import DAY, MINUTE, TIMES, WEEK, Edges, Graph

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kwel.impact.graph.columns import Column
    from kwel.model.graph import External
    from kwel.model.records.columns import Rows
    from kwel.model.report import Report
    from kwel.model.traffic import Traffic
    from kwel.rulebook.model import Function
    from kwel.rulebook.needs import NeedBook

MOST: Final = 200_000
"""Needs that are kept, those in use first, then those of most conversations."""
CONSTANT: Final = 60.0
"""Seconds: whoever is in touch so often feels at once what others feel within minutes."""


def build(
    report: Report,
    traffic: Traffic,
    sides: tuple[Column, Column],
    book: NeedBook,
    functions: Mapping[str, Function],
    carriers: Collection[str] = (),
) -> Graph:
    """Return who needs what.

    Args:
        report: assets, dependencies, zones and conduits, and what the site says.
        traffic: what was on the wire.
        sides: per flow the asset that began and the one that answered; negative is none of the plant's.
        book: what is needed of whoever answers.
        functions: what a function means, by name.
        carriers: kinds of operator that carry the traffic of others and nothing else.
    """
    flows, names = traffic.flows, tuple(functions)
    sides = sides[0].astype(np.int64), sides[1].astype(np.int64)
    proxied = np.zeros(len(flows), bool)
    proxied[report.dependencies.contacts[0]] = True
    inner, inner_rows = find_inside(traffic, sides, proxied, book, names)
    outer = find_outside(flows, sides, report.dependencies, book, functions)
    part = joined(inner, outer.part._replace(start=outer.part.start + len(inner_rows)))
    inside = np.repeat([True, False], [inner.many, outer.part.many])
    order, left_out = _order(part, inside)
    part, inside = taken(part, order), inside[order]
    rows = np.concatenate([inner_rows, outer.rows])
    edges, hours = _edges(report, part, inside, outer.externals, flows, rows, book, functions)
    ways = Ways(report, traffic, outer.externals, book, functions, carriers)
    graph = Graph(
        outer.externals,
        Needs(ways, part, edges, rows, hours),
        zones=_zones(report),
        edges=edges,
        functions=names,
        servers=[row.server for row in book.rows],
        assets=len(report.assets),
        names=book.names,
        may_stop_serving=book.may_stop_serving,
    )
    graph.authorities = _authorities(traffic, part, inside, rows)
    counts = {"needs-left-out": left_out, "only-answered": outer.inbound}
    graph.unread = {reason: count for reason, count in counts.items() if count}
    return graph


def _order(part: Part, inside: Column) -> tuple[Column, int]:
    """Return the needs in order of source, servers of the plant first; and how many there was no room for."""
    kept = np.arange(part.many)
    if len(kept) > MOST:
        kept = np.sort(np.lexsort((kept, -part.flows, part.state))[:MOST])
    keys = (part.through, part.target, part.rule, part.function, part.state, ~inside, part.source)
    order = np.lexsort(tuple(key[kept] for key in keys))
    return kept[order], part.many - len(kept)


def _edges(
    report: Report,
    part: Part,
    inside: Column,
    externals: Sequence[External],
    flows: Rows,
    rows: Column,
    book: NeedBook,
    functions: Mapping[str, Function],
) -> tuple[Edges, Column]:
    """Return what a simulation touches, and for how many hours each source goes on; NaN where nobody says."""
    names = tuple(functions)
    hours = hours_of(report, part, names)
    edges = Edges(
        source=part.source,
        target=part.target,
        inside=inside,
        function=part.function,
        state=part.state,
        group=_groups(part, book),
        through=part.through,
        named=part.named.astype(bool),
        felt=_felt(part, inside, externals, flows, rows, book, functions, hours),
        server=np.where(inside, part.rule, -1),
    )
    return edges, hours


def _groups(part: Part, book: NeedBook) -> Column:
    """Return the number of the alternatives that each need is one of; -1: there is none.

    Resolvers, clocks and directories of one asset stand in for one another, wherever they are.
    """
    stands_in = np.array([*(row.alternatives for row in book.rows), False])[part.rule]
    word = packed(part.source, part.function)
    found = np.full(part.many, -1, np.int64)
    if stands_in.any():
        groups = Groups(word[stands_in])
        number = groups.of
        found[np.flatnonzero(stands_in)] = np.where(groups.size[number] > 1, number, -1)
    return found


def _felt(
    part: Part,
    inside: Column,
    externals: Sequence[External],
    flows: Rows,
    rows: Column,
    book: NeedBook,
    functions: Mapping[str, Function],
    hours: Column,
) -> Column:
    """Return when each is felt, as ``Need.felt`` says it: of services outside, of functions, by the site, by rhythm."""
    unknown = TIMES.index(book.unknown_impact)
    usual = np.array([*(TIMES.index(about.impact.within) for about in functions.values()), unknown])
    told = np.array([TIMES.index(of.impact) if of.impact else unknown for of in externals] or [unknown])
    felt = np.where(inside, usual[part.function], told[np.where(inside, 0, part.target)])
    soon = np.flatnonzero(felt == TIMES.index("minutes"))
    felt[soon[periods_of(flows, rows, part.start[soon], part.size[soon]) <= CONSTANT]] = 0
    bounds = (MINUTE, 1, DAY, WEEK)
    by_site = sum((hours >= bound).astype(np.int64) for bound in bounds)
    found: Column = np.where(np.isnan(hours), felt, by_site)
    return found


def _authorities(traffic: Traffic, part: Part, inside: Column, rows: Column) -> tuple[tuple[int, str], ...]:
    """Return who signed what was shown outside, by need, each once."""
    shown = traffic.shown[traffic.shown["from_initiator"] == 0]
    need = np.full(len(traffic.flows), -1, np.int64)
    outside = np.flatnonzero(~inside)
    place = np.repeat(part.start[outside] - (np.cumsum(part.size[outside]) - part.size[outside]), part.size[outside])
    need[rows[place + np.arange(len(place))]] = np.repeat(outside, part.size[outside])
    pairs = zip(need[shown["flow"]].tolist(), shown["certificate"].tolist(), strict=True)
    found = {(row, traffic.certificates[of].issuer): None for row, of in pairs if row >= 0}
    return tuple(sorted((row, issuer) for row, issuer in found if issuer))


def _zones(report: Report) -> list[tuple[str, ...]]:
    zones: list[list[str]] = [[] for _ in report.assets]
    for zone in report.zones:
        for asset in zone.assets:
            zones[asset].append(zone.id)
    return [tuple(of) for of in zones]
