"""The columns of needs in, one need with its evidence out: made when somebody wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, overload

import numpy as np

from kwel.impact.graph.rhythms import rhythm_of
from kwel.model.claims import Claim, Evidence, Grade, Where
from kwel.model.dependencies import STATES
from kwel.model.graph import Need
from kwel.model.kinds import Application
from kwel.model.records.columns import address_text
from kwel.model.transports import transport_text
from kwel.model.zones import outside_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kwel.impact.graph.columns import Column
    from kwel.impact.graph.parts import Part
    from kwel.model.graph import Edges, External
    from kwel.model.records.columns import Rows
    from kwel.model.report import Report
    from kwel.model.traffic import Traffic
    from kwel.rulebook.model import Function
    from kwel.rulebook.needs import NeedBook, Serves

LABELS: Final = {int(application): application.label for application in Application if application}


class Row(NamedTuple):
    """One row of the columns."""

    source: int
    target: int
    inside: int
    rule: int
    function: int
    state: int
    through: int
    named: int
    group: int
    lead: int
    sure: int


class Ways:
    """What is needed to make a need of a row: the report, the traffic and the rules."""

    def __init__(
        self,
        report: Report,
        traffic: Traffic,
        externals: Sequence[External],
        book: NeedBook,
        functions: Mapping[str, Function],
        carriers: Collection[str],
    ) -> None:
        self.report, self.traffic, self.externals, self.book = report, traffic, externals, book
        self.functions, self.names, self._carriers = functions, tuple(functions), carriers
        self._conduits = {(of.source, of.target): of.id for of in report.conduits}
        self._outside = {zone.key: number for number, zone in enumerate(report.zones) if zone.key}

    @cached_property
    def _zones(self) -> dict[int, list[int]]:
        """The zones that each asset stands in, by their places in the report."""
        found: dict[int, list[int]] = {}
        for number, zone in enumerate(self.report.zones):
            for asset in zone.assets:
                found.setdefault(asset, []).append(number)
        return found

    def conduit(self, row: Row) -> str | None:
        """Return the conduit that a need passes, if it passes one."""
        if row.inside or row.through >= 0:
            ends = self._zones.get(row.target if row.inside else row.through, [])
        else:
            key = outside_key(self.externals[row.target], self._carriers)
            ends = [self._outside[key]] if key in self._outside else []
        own = self._zones.get(row.source, [])
        return next((found for a in own for b in ends if (found := self._conduits.get((a, b)))), None)

    def rule(self, row: Row) -> Serves | None:
        """Return the rule that a need rests on, if one does."""
        return self.book.rows[row.rule] if row.rule >= 0 else None


class Needs(Sequence[Need]):
    """All needs of a capture; each is made when it is asked for, and then kept."""

    def __init__(self, ways: Ways, part: Part, edges: Edges, rows: Column, hours: Column) -> None:
        self._ways, self._part, self._edges, self._rows, self._hours = ways, part, edges, rows, hours
        self._digits = max(4, len(str(part.many)))
        self._known: dict[int, Need] = {}

    def __len__(self) -> int:
        return self._part.many

    @overload
    def __getitem__(self, index: int) -> Need: ...
    @overload
    def __getitem__(self, index: slice) -> list[Need]: ...
    def __getitem__(self, index: int | slice) -> Need | list[Need]:
        """Return one, or some."""
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index not in self._known:
            self._known[index] = self._make(index)
        return self._known[index]

    def _row(self, index: int) -> Row:
        part, edges = self._part, self._edges
        columns = part.source, part.target, edges.inside, part.rule, part.function, part.state
        more = part.through, part.named, edges.group, part.lead, part.sure
        return Row(*(column.item(index) for column in (*columns, *more)))

    def _make(self, index: int) -> Need:
        row, part, ways = self._row(index), self._part, self._ways
        function = ways.names[row.function] if row.function >= 0 else None
        usual = ways.functions[function] if function else None
        rule, external = ways.rule(row), None if row.inside else ways.externals[row.target]
        start, size = int(part.start[index]), int(part.size[index])
        hours = float(self._hours[index])
        impact = external.impact if external else usual.impact.within if usual else None
        evidence = _proof(ways, row) if external is None else _seen(ways, row)
        return Need(
            id=f"N-{index + 1:0{self._digits}d}",
            source=row.source,
            target=row.target,
            inside=bool(row.inside),
            function=function,
            path=external.path if external else usual.path if usual else None,
            state=STATES[row.state],
            why=_why(ways, row, rule, external, evidence),
            group=f"{function}" if row.group >= 0 else "",
            rhythm=rhythm_of(ways.traffic.flows, self._rows[start : start + size]),
            first=int(part.first[index]),
            last=int(part.last[index]),
            flows=int(part.flows[index]),
            bytes_out=int(part.bytes_out[index]),
            bytes_in=int(part.bytes_in[index]),
            evidence=evidence,
            impact=impact or ways.book.unknown_impact,
            server=rule.server if rule and row.inside else None,
            through=row.through if row.through >= 0 else None,
            named=bool(row.named),
            hours=None if np.isnan(hours) else hours,
            conduit=ways.conduit(row),
        )


def _protocol(flow: Rows) -> tuple[str | None, str]:
    """Return what a flow speaks by content, and its port."""
    transport = int(flow["transport"])
    port = f"{transport_text(transport)}/{int(flow['responder_port'])}"
    return LABELS.get(int(flow["application"])), port


def _proof(ways: Ways, row: Row) -> tuple[Evidence, ...]:
    """Return the conversation that proves most."""
    flow = ways.traffic.flows[row.lead]
    spoken, port = _protocol(flow)
    values = (
        ("protocol", spoken or ""),
        ("port", port),
        ("initiator", address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"]))),
        ("responder", address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))),
    )
    where = Where(ways.traffic.captures[int(flow["capture"])].name, int(flow["first_frame"]))
    return (Evidence("observed", "need-conversation", values, where),)


def _seen(ways: Ways, row: Row) -> tuple[Evidence, ...]:
    """Return what proves the first of the dependencies that a need is made of."""
    evidence = ways.report.dependencies[row.lead].evidence
    return tuple(step for step in evidence if step.where) or evidence


def _why(ways: Ways, row: Row, rule: Serves | None, external: External | None, evidence: tuple[Evidence, ...]) -> Claim:
    """Return what was seen, as good as it is known what for."""
    if external is not None:
        at = ways.report.dependencies[row.lead].attribution
        by_rule = Grade.C if rule else Grade.U
        grade = min(at.service.grade, Grade.B) if at.service else by_rule
        steps = (*evidence, *_by_rule(ways, rule)) if at.function is None else evidence
        return Claim(external.label, grade if row.sure else min(grade, Grade.D), steps)
    spoken, port = _protocol(ways.traffic.flows[row.lead])
    if rule is None:
        return Claim(spoken or port, Grade.D, evidence)
    content = spoken in rule.applications and row.sure and not rule.general
    return Claim((spoken if spoken in rule.applications else None) or port, Grade.C if content else Grade.D,
                 (*evidence, *_by_rule(ways, rule)))  # fmt: skip


def _by_rule(ways: Ways, rule: Serves | None) -> tuple[Evidence, ...]:
    if rule is None:
        return ()
    values = (("row", rule.server.id), ("function", rule.function or ""))
    return (Evidence("inferred", "need-rule", values, source=ways.book.source(rule)),)
