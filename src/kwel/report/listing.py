"""Relations in, the diagram's twins out: a table, and a list by jurisdiction for a narrow page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.law import LawKind
from kwel.report import numbers
from kwel.report.law import key_of
from kwel.report.layout import band_width
from kwel.report.phrases import operator_name
from kwel.report.relations import RANKED, by_importance
from kwel.report.sankey import law_names, place_of
from kwel.report.text import NOT_ANY, Text, joined, plain, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution, Control
    from kwel.report.catalogue import Catalogue
    from kwel.report.law import Key
    from kwel.report.phrases import Phrases
    from kwel.report.relations import Relations

LINKS = 150
"""Relations in the table."""
GROUP = 12
"""Relations a jurisdiction in the list."""


@dataclass(frozen=True, slots=True)
class Link:
    """One relation."""

    asset: Text
    link: str
    service: Text
    place: Text
    operator: Text
    control: Control
    law: Text
    laws: Text
    """How many laws of access and how many of interruption."""
    laws_link: str | None
    hosts: Text
    protocol: Text
    flows: Text
    out: Text
    into: Text
    total: Text
    width: int
    """Of its band, one of four."""
    frame: Text


@dataclass(frozen=True, slots=True)
class Group:
    """The relations that end under one law."""

    control: Control
    name: Text
    count: Text
    links: list[Link]
    left_out: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Both twins of the diagram."""

    links: list[Link]
    left_out: int
    groups: list[Group]


def listing(report: Report, relations: Relations, phrases: Phrases, laws: Mapping[Key, str] | None = None) -> Listing:
    """Return the relations as a table and as a list; *laws* says where the laws that reach each are written."""
    order = by_importance(report, relations).tolist()
    made: dict[int, Link] = {}

    def link(relation: int) -> Link:
        if relation not in made:
            made[relation] = _link(report, relations, relation, phrases, laws or {})
        return made[relation]

    return Listing(
        links=[link(relation) for relation in order[:LINKS]],
        left_out=max(0, len(order) - LINKS),
        groups=[
            Group(
                control=RANKED[int(relations.rank[members[0]])],
                name=name,
                count=numbers.number(len(members)),
                links=[link(relation) for relation in members[:GROUP]],
                left_out=max(0, len(members) - GROUP),
            )
            for name, members in _by_law(relations, order, phrases).items()
        ],
    )


def _by_law(relations: Relations, order: list[int], phrases: Phrases) -> dict[Text, list[int]]:
    """Return the relations under each law: most relations first, undecided and European after the others."""
    seen: dict[tuple[Control, tuple[str, ...]], int] = {}
    laws = [seen.setdefault((d.control, d.laws), len(seen)) for d in relations.destinations]
    ordered = np.array(order, np.int64)
    law = np.array(laws, np.int64)[relations.destination[ordered]]
    _, first = np.unique(law, return_index=True)
    groups = [ordered[law == law[start]].tolist() for start in np.sort(first).tolist()]
    ranked = sorted(groups, key=lambda members: (-int(relations.rank[members[0]]), -len(members)))
    lead = [relations.destinations[int(relations.destination[members[0]])] for members in ranked]
    names = [joined(law_names(destination, phrases.say)) for destination in lead]
    return dict(zip(names, ranked, strict=True))


def _link(report: Report, relations: Relations, relation: int, phrases: Phrases, laws: Mapping[Key, str]) -> Link:
    say = phrases.say
    asset = int(relations.asset[relation])
    destination = relations.destinations[int(relations.destination[relation])]
    dependency = report.dependencies[int(relations.row[relation])]
    out, into = int(relations.bytes_out[relation]), int(relations.bytes_in[relation])
    hosts = int(relations.hosts[relation])
    name = destination.service
    service = wire(name, 60) if name else say.count("assets.unnamed", hosts, address=wire(dependency.host, 60))
    return Link(
        asset=wire(report.assets[asset].label, 60),
        link=f"a-{asset}",
        service=service,
        place=place_of(destination, say),
        operator=operator_name(destination.operator, destination.supplier, say),
        control=destination.control,
        law=joined(law_names(destination, say)),
        laws=_counted(dependency.attribution, say),
        laws_link=laws.get(key_of(dependency.attribution)),
        hosts=wire(dependency.host, 80) if hosts == 1 else say.count("links.hosts", hosts, host=wire(dependency.host)),
        protocol=_protocol(dependency.application, dependency.port),
        flows=numbers.number(int(relations.flows[relation])),
        out=numbers.size(out),
        into=numbers.size(into),
        total=numbers.size(out + into),
        width=band_width(out + into),
        frame=phrases.frame(dependency.evidence),
    )


def _counted(attribution: Attribution, say: Catalogue) -> Text:
    counts = {kind.value: sum(reach.law.kind is kind for reach in attribution.laws) for kind in LawKind}
    return say("links.laws", **{kind: numbers.number(count) for kind, count in counts.items()})


def _protocol(application: str | None, port: int | None) -> Text:
    parts = [wire(application.upper(), 20)] if application and application != "unknown" else []
    return joined([*parts, *([plain(str(port))] if port is not None else [])], " ") or NOT_ANY
