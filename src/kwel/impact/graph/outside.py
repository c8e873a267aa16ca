"""Dependencies in, the services outside and who needs them out: a supplier's one service at one operator and region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kwel.impact.graph.columns import Groups, packed
from kwel.impact.graph.parts import Part
from kwel.model.graph import External
from kwel.model.records.columns import Direction
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kwel.impact.graph.columns import Column
    from kwel.model.claims import Claim
    from kwel.model.dependencies import Dependencies
    from kwel.model.records.columns import Rows
    from kwel.model.verdicts import Attribution
    from kwel.rulebook.model import Function
    from kwel.rulebook.needs import NeedBook

HOSTS: Final = 5
"""Names of hosts that a service lists."""
INVITES: Final = "remote-access"
"""The function for which others come in: of anything else, whoever only answers needs nothing."""
ORDER: Final = (Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN, Control.NONE)
"""Of several hosts of one service, the first of these counts."""


class Outside(NamedTuple):
    """What is needed outside."""

    externals: tuple[External, ...]
    part: Part
    rows: Column
    """Rows of the flows in the order of the needs."""
    inbound: int
    """Dependencies of assets that only answered: they need nothing."""


def find_outside(
    flows: Rows,
    sides: tuple[Column, Column],
    dependencies: Dependencies,
    book: NeedBook,
    functions: Mapping[str, Function],
) -> Outside:
    """Return the services outside, and who needs them.

    Args:
        flows: of ``columns.FLOW``.
        sides: per flow the asset that began and the one that answered; negative is none of the plant's.
        dependencies: of the report.
        book: what a service outside is for that has no rule of its own.
        functions: what a function means, by name.
    """
    names = tuple(functions)
    flow, of = dependencies.contacts
    rule = _rules(flows, flow, of, book, len(dependencies))
    through, invited = _ways(flows, sides, flow, of, len(dependencies))
    samples, kind = _samples(dependencies)
    told = np.array([names.index(at.function) if at.function in functions else -1 for at in samples] or [-1])[kind]
    by_rule = np.array([*(names.index(row.function) if row.function else -1 for row in book.rows), -1])
    function = np.where(told >= 0, told, by_rule[rule])
    kept = np.flatnonzero(~invited | (function == names.index(INVITES) if INVITES in functions else False))
    service = _numbered(samples, kind, function)
    externals, number = _externals(dependencies, kept, service, (samples, kind, function), functions)
    groups = Groups(packed(dependencies.asset[kept], number[kept], through[kept]))
    part = _summed(dependencies, kept, groups, (number, rule, function, through, _named(samples)[kind]))
    return Outside(externals, *_with_flows(part, flows, kept, groups, dependencies.contacts), len(service) - len(kept))


def _samples(dependencies: Dependencies) -> tuple[list[Attribution], Column]:
    """Return one attribution of each sort, and the sort of each dependency."""
    attributions = dependencies.attributions
    alike = getattr(attributions, "alike", None)
    alike = np.arange(len(attributions)) if alike is None else alike
    _, first, of = np.unique(alike, return_index=True, return_inverse=True)
    return [attributions[index] for index in first.tolist()], of[dependencies.attribution].astype(np.int64)


def _rules(flows: Rows, flow: Column, of: Column, book: NeedBook, count: int) -> Column:
    """Return, by dependency, the row that tells what it is for by protocol; -1 where none does."""
    found = book.find(*(flows[key][flow].astype(np.int64) for key in ("application", "transport", "responder_port")))
    speaks = np.array([*(row.outside for row in book.rows), False])
    rule = np.full(count, -1, np.int64)
    np.maximum.at(rule, of, np.where(speaks[found], found, -1))
    return rule


def _ways(flows: Rows, sides: tuple[Column, Column], flow: Column, of: Column, count: int) -> tuple[Column, Column]:
    """Return, by dependency, the proxy that all of it goes through or -1, and whether the asset only answered."""
    proxied = (sides[0][flow] >= 0) & (sides[1][flow] >= 0)
    through = np.full(count, -1, np.int64)
    np.maximum.at(through, of[proxied], sides[1][flow][proxied])
    through[of[~proxied]] = -1
    asks = np.ones(count, bool)
    known = np.isin(flows["direction"][flow], (Direction.HANDSHAKE, Direction.REQUEST))
    answers = (sides[0][flow] < 0) & known
    asks[of[answers]] = False
    asks[of[~answers]] = True
    return through, ~asks


def _named(samples: Sequence[Attribution]) -> Column:
    return np.array([at.name is not None for at in samples] or [False])


def _value(claim: Claim | None) -> str | None:
    return claim.value if claim else None


def _key(at: Attribution) -> tuple[str | None, ...]:
    place = _value(at.location)
    return _value(at.service), at.supplier, at.operator_id, _value(at.operator), at.region, place, at.front, at.role


def _numbered(samples: Sequence[Attribution], kind: Column, function: Column) -> Column:
    """Return the number of the service of each dependency, in order of first appearance."""
    keys: dict[tuple[str | None, ...], int] = {}
    by_kind = np.array([keys.setdefault(_key(at), len(keys)) for at in samples] or [0], np.int64)
    if not len(kind):
        return kind
    _, first, number = np.unique(packed(by_kind[kind], function), return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    found: Column = rank[number]
    return found


def _externals(
    dependencies: Dependencies,
    kept: Column,
    service: Column,
    of: tuple[list[Attribution], Column, Column],
    functions: Mapping[str, Function],
) -> tuple[tuple[External, ...], Column]:
    """Return the services, those that most assets need first, and the number of each dependency's."""
    samples, kind, function = of
    names = tuple(functions)
    groups = Groups(service[kept])
    assets = [len(np.unique(dependencies.asset[kept[rows]])) for rows in _each(groups)]
    made = []
    for place in sorted(range(len(groups)), key=lambda group: (-assets[group], int(groups.word[group]))):
        rows = kept[groups.order[groups.start[place] : groups.start[place] + groups.size[place]]]
        sorts = [samples[index] for index in np.unique(kind[rows]).tolist()]
        worst = min(sorts, key=lambda at: (ORDER.index(at.verdict.control), at.verdict.value))
        code = int(function[rows[0]])
        hosts, count = _hosts(dependencies, rows)
        name = names[code] if code >= 0 else None
        usual = functions.get(name or "")
        made.append((int(groups.word[place]), worst, name, usual, hosts, count, rows))
    number = np.full(int(service.max()) + 1 if len(service) else 0, -1, np.int64)
    number[[one[0] for one in made]] = np.arange(len(made))
    return tuple(_external(index, *one[1:]) for index, one in enumerate(made, 1)), number[service]


def _each(groups: Groups) -> list[Column]:
    return [groups.order[start : start + size] for start, size in zip(groups.start, groups.size, strict=True)]


def _hosts(dependencies: Dependencies, rows: Column) -> tuple[tuple[str, ...], int]:
    ends = list(dict.fromkeys(dependencies.attribution[rows].tolist()))
    shown = (dependencies.attributions[index] for index in ends[:HOSTS])
    return tuple(dict.fromkeys(at.name or at.address or "" for at in shown)), len(ends)


def _external(
    number: int,
    at: Attribution,
    function: str | None,
    usual: Function | None,
    hosts: tuple[str, ...],
    count: int,
    rows: Column,
) -> External:
    told = at.function == function and at.path is not None
    path = usual.path if usual else None
    impact = usual.impact.within if usual else None
    return External(
        key=f"S-{number:02d}",
        service=_value(at.service),
        supplier=at.supplier,
        supplier_jurisdiction=at.supplier_jurisdiction,
        operator=_value(at.operator),
        operator_id=at.operator_id,
        operator_jurisdiction=at.operator_jurisdiction,
        parent=_value(at.parent),
        parent_jurisdiction=at.parent_jurisdiction,
        region=at.region,
        location=_value(at.location),
        function=function,
        path=at.path if told else path,
        impact=at.impact if told else impact,
        verdict=at.verdict,
        front=at.front,
        hosts=hosts,
        host_count=count,
        dependencies=tuple(rows.tolist()),
        role=at.role,
    )


def _summed(dependencies: Dependencies, kept: Column, groups: Groups, of: tuple[Column, ...]) -> Part:
    number, rule, function, through, named = (column[kept] for column in of)
    lead = groups.lead(dependencies.state[kept], dependencies.first[kept])
    direct = named & (through < 0)
    return Part(
        source=dependencies.asset[kept][lead].astype(np.int64),
        target=number[lead],
        rule=rule[lead],
        function=function[lead],
        state=dependencies.state[kept][lead].astype(np.int64),
        through=through[lead],
        named=groups.most((named & ((through >= 0) | direct)).astype(np.int64)),
        first=groups.least(dependencies.first[kept]),
        last=groups.most(dependencies.last[kept]),
        flows=groups.sums(dependencies.flows[kept]),
        bytes_out=groups.sums(dependencies.bytes_out[kept]),
        bytes_in=groups.sums(dependencies.bytes_in[kept]),
        lead=kept[lead],
        sure=np.ones(len(groups), np.int64),
        start=np.zeros(len(groups), np.int64),
        size=np.zeros(len(groups), np.int64),
    )


def _with_flows(
    part: Part, flows: Rows, kept: Column, groups: Groups, contacts: tuple[Column, Column]
) -> tuple[Part, Column]:
    """Return the needs with where their flows are, and the rows of those."""
    flow, of = contacts
    need = np.full(int(max(kept.max(initial=-1), of.max(initial=-1))) + 1, -1, np.int64)
    need[kept] = groups.of
    mine = need[of]
    order = np.argsort(mine, kind="stable")
    order = order[mine[order] >= 0]
    size = np.bincount(mine[order], minlength=len(groups)) if len(groups) else part.size
    start = np.cumsum(size) - size
    sure = np.zeros(len(groups), np.int64)
    np.maximum.at(sure, mine[order], (flows["direction"][flow[order]] != Direction.UNKNOWN).astype(np.int64))
    return part._replace(start=start, size=size, sure=sure), flow[order]
