"""A report in, what its assets have to do with the outside out: the things that may be new, each with its proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.dependencies import STATES, Begun, DependencyState
from kwel.model.limits import Decision
from kwel.model.transports import transport_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kwel.model.dependencies import Dependency
    from kwel.model.report import Report
    from kwel.model.verdicts import Attribution

USED: Final = STATES.index(DependencyState.USED)
ATTEMPTED: Final = STATES.index(DependencyState.ATTEMPTED)
MOST_BREACHES: Final = 500
"""Breaches of one window that are looked at; the judgement itself counts all."""
MOST_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Contact:
    """An asset and somebody outside, as one row of the dependencies has it."""

    row: int
    asset: str
    label: str
    operator: str
    """Empty where nobody knows."""
    jurisdictions: tuple[str, ...]
    """Of the parent and of the operator, as far as they are known."""
    supplier: str
    host: str
    used: bool

    @property
    def subjects(self) -> tuple[tuple[str, ...], ...]:
        """Return what of it may be new, the gravest first: kind, asset, and what about it."""
        if not self.used:
            return (("new-attempt", self.asset, self.operator or self.host),)
        if not self.operator:
            return (("new-unknown", self.asset, self.host),)
        supplier = self.supplier if self.supplier != self.operator else ""
        return (
            *(("new-jurisdiction", self.asset, country) for country in self.jurisdictions),
            ("new-operator", self.asset, self.operator),
            *((("new-supplier", self.asset, supplier),) if supplier else ()),
        )


@dataclass(frozen=True, slots=True)
class Inbound:
    """A conversation that somebody outside began and an asset answered."""

    contact: Contact
    port: str
    frame: str

    @property
    def subject(self) -> tuple[str, ...]:
        """Return what may be new about it."""
        return "new-inbound", self.contact.asset, self.contact.operator or self.contact.host, self.port


@dataclass(frozen=True, slots=True)
class Breach:
    """What a policy does not allow, or an exception to it that has ended."""

    kind: str
    subject: tuple[str, ...]
    asset: str = ""
    label: str = ""
    host: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


def contacts(report: Report) -> Iterator[Contact]:
    """Yield each pair of an asset and somebody outside that was in contact, or tried to be, once."""
    rows = report.dependencies
    if not len(rows):
        return
    tried = np.flatnonzero((rows.state == USED) | (rows.state == ATTEMPTED))
    keys = np.stack([rows.asset[tried], rows.attribution[tried], rows.state[tried]], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    for row in tried[np.sort(first)].tolist():
        yield _contact(report, row)


def _contact(report: Report, row: int) -> Contact:
    rows = report.dependencies
    asset, of = report.assets[int(rows.asset[row])], rows.attributions[int(rows.attribution[row])]
    seats = (of.parent_jurisdiction, of.operator_jurisdiction)
    return Contact(
        row,
        asset.id,
        asset.label,
        of.operator.value if of.operator else "",
        tuple(dict.fromkeys(seat for seat in seats if seat)),
        of.supplier or "",
        of.name or of.address or "",
        bool(rows.state[row] == USED),
    )


def inbound(report: Report) -> Iterator[Inbound]:
    """Yield each conversation from outside that was answered, once for each asset, beginner and port."""
    ways = report.dependencies.ways
    names = [capture.name for capture in report.captures]
    for at in np.flatnonzero((ways.begun == int(Begun.FROM_OUTSIDE)) & ways.is_used).tolist():
        port, transport = int(ways.port[at]), transport_text(int(ways.transport[at]))
        frame, capture = int(ways.frame[at]), int(ways.capture[at])
        where = f"{names[capture]}#{frame}" if frame and capture < len(names) else ""
        yield Inbound(_contact(report, int(ways.dependency[at])), f"{transport}/{port}" if port else transport, where)


def breaches(report: Report) -> Iterator[Breach]:
    """Yield what the site's own limits do not allow."""
    judgement = report.judgement
    if judgement is None:
        return
    for of in islice(judgement.rows(Decision.BREACH), MOST_BREACHES):
        subject = ("breach", of.rule, of.asset, of.direction, of.destination, of.what)
        values = {"rule": of.rule, "what": of.what, "direction": of.direction}
        yield Breach("breach", subject, of.asset, of.asset_label, of.destination, values, of.evidence[:MOST_FRAMES])
    for ended in judgement.expired:
        values = {"number": str(ended.number), "rule": ended.rule, "expires": ended.expires, "owner": ended.owner}
        yield Breach("expired", ("expired", ended.rule, str(ended.number), ended.expires), values=values)


def frames(dependency: Dependency) -> tuple[str, ...]:
    """Return the frames that show a dependency; those that were not kept are left out."""
    found = (str(step.where) for step in dependency.evidence if step.where and step.where.frame)
    return tuple(islice(dict.fromkeys(found), MOST_FRAMES))


def because(attribution: Attribution) -> tuple[str, ...]:
    """Return how it is known whose a host is, a line for each step."""
    return tuple(_spelt(attribution))


def _spelt(attribution: Attribution) -> Iterable[str]:
    yield f"{attribution.verdict.value}, grade {attribution.grade.name}: {attribution.reason}"
    for step in attribution.evidence[:20]:
        values = ", ".join(f"{key} {value}" for key, value in step.values if value)
        proof = str(step.where) if step.where else step.source
        yield f"{step.step} {step.kind}: {values}" + (f" [{proof}]" if proof else "")
