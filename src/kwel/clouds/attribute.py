"""Names and addresses in, attributions out: who runs an endpoint, whose law reaches it, where it stands.

Three axes, each with its own grade and evidence, never averaged (docs/rules.md, "Verdicts"). What decides is a row of
the tables and a rule, not the address or the name itself; so each such pair is judged once and its result is stamped
on every endpoint that it fits.
"""

from __future__ import annotations

import socket
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from kwel.clouds.hosts import Host, HostFinder, Known, by_prefix
from kwel.clouds.names import HostName, NameReader
from kwel.clouds.places import Location, Placer
from kwel.clouds.steps import Steps, inferred, lowered, operator_rule, service_rule
from kwel.clouds.verdict import Axes, judge
from kwel.model import Attribution, Claim, Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.clouds.tables import AddressFacts
    from kwel.model import TableInfo
    from kwel.rulemodel import Operator, Rulebook, Service

_REMEMBERED: Final = 1 << 16
_JUDGED: Final = tuple(field.name for field in fields(Attribution))[3:]
"""What a judgement says; before it come address, name and chain, which it does not depend on."""


class _Row(NamedTuple):
    """A row of the look-up tables."""

    known: Known
    """What of it decides: one object for all rows that are alike."""
    step: Evidence | None
    """What it says itself, as evidence."""
    organisation: str | None


_NOWHERE: Final = _Row(Known(None), None, None)


class LooksUp(Protocol):
    """The look-up tables, as far as they are needed here."""

    @property
    def lookup(self) -> Callable[[str], AddressFacts]:
        """Return what the tables know of an address."""

    def infos(self) -> tuple[TableInfo, ...]:
        """Return source and date of every table."""


class Attributor:
    """Attributes endpoints; remembers what it has judged."""

    def __init__(self, book: Rulebook, tables: LooksUp, bloc: str = "EEA") -> None:
        if bloc not in book.blocs:
            raise ValueError(f"no bloc {bloc!r}: the rules know {', '.join(sorted(book.blocs))}")
        self.bloc = book.blocs[bloc]
        self.members = frozenset(self.bloc.members)
        self._words = book.vocabulary
        self._lookup = tables.lookup
        self._names = NameReader(book)
        steps = Steps(tables.infos())
        self._hosts = HostFinder(book, steps)
        self._places = Placer(book, steps)
        self._operator_prefixes, self._service_prefixes = by_prefix(book)
        self._tags = frozenset(
            tag for operator in book.operators.values() for tag in operator.fronts + operator.anycast_services
        )
        self._alike: dict[tuple[object, ...], Known] = {}
        self._rows: dict[tuple[object, ...], _Row] = {}
        self._seen: dict[str, _Row] = {}
        self._judged_alike: dict[tuple[int, int], dict[str, Any]] = {}
        self._judged: dict[tuple[int, int], tuple[Any, ...]] = {}

    def attribute(
        self,
        address: str | None,
        name: str | None,
        chain: tuple[str, ...] = (),
        observed: tuple[Evidence, ...] = (),
    ) -> Attribution:
        """Return what is known of an endpoint.

        Args:
            address: ``None`` where the client never used one: behind a proxy, or looked up only.
            name: the name asked for.
            chain: the CNAMEs that it led to, in order.
            observed: where the name and the address were seen; comes first in the evidence.
        """
        row = self._row(address) if address else _NOWHERE
        named = self._names.read(name, chain)
        key = id(row), id(named)  # both are kept: one object for each distinct answer
        judged = self._judged.get(key)
        if judged is None:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            judged = self._judged[key] = self._stamped(row, named)
        found = Attribution(address, name, chain, *judged)
        return replace(found, evidence=observed + found.evidence) if observed else found

    def _row(self, address: str) -> _Row:
        row = self._seen.get(address)
        if row is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            row = self._seen[address] = self._look_up(address)
        return row

    def _look_up(self, address: str) -> _Row:
        """Return what the tables and the rules know of an address: the same object for all of the same row."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            value = int.from_bytes(socket.inet_pton(family, address))
        except (OSError, ValueError):
            return _NOWHERE
        if len(self._rows) >= _REMEMBERED:
            for memory in (self._rows, self._seen, self._judged):  # together: the last goes by identity of the first
                memory.clear()
        facts = self._lookup(address)
        operator, prefix = self._operator_prefixes.find(family, value) or (None, "")
        service, service_prefix = self._service_prefixes.find(family, value) or (None, "")
        ruled = self._hosts.has_rule(facts.asn)
        alike = (
            facts.cloud_provider,
            facts.region,
            self._tags.intersection(facts.services),
            (facts.asn, facts.as_country) if ruled else facts.asn is None,
            facts.country,
            prefix,
            service_prefix,
        )
        known = self._alike.get(alike)
        if known is None:
            known = self._alike[alike] = Known(
                facts, cast("Operator | None", operator), prefix, cast("Service | None", service), service_prefix
            )
        key = facts.cloud_prefix, facts.services, facts.asn, facts.as_org, facts.as_country, id(known)
        row = self._rows.get(key)
        if row is None:
            step = self._hosts.network_step(known, facts)
            row = self._rows[key] = _Row(known, step, facts.as_org)
        return row

    def _stamped(self, row: _Row, named: HostName) -> tuple[Any, ...]:
        """Return the judgement that fits, with this row of the tables as evidence: the fields after the chain."""
        alike = id(row.known), id(named)
        judged = self._judged_alike.get(alike)
        if judged is None:
            judged = self._judged_alike[alike] = self._judge(row.known, named)
        if row.step:
            operator, parent = judged["operator"], judged["parent"]
            if operator:
                value = operator.value if parent else row.organisation or operator.value
                operator = Claim(value, operator.grade, (row.step, *operator.evidence[1:]))
            if parent:
                parent = Claim(parent.value, parent.grade, (row.step, *parent.evidence[1:]))
            evidence = (row.step, *judged["evidence"][1:])
            judged = {**judged, "operator": operator, "parent": parent, "evidence": evidence}
        return tuple(judged[name] for name in _JUDGED)

    def _judge(self, known: Known, named: HostName) -> dict[str, Any]:
        host = self._hosts.find(known, named)
        service = named.service or known.service
        front = self._front(host, known, named, service)
        location = self._places.find(host, known, named, front)
        service_grade = _service_grade(service, host, known, named)
        axes = self._axes(host, location, service, service_grade, front=bool(front))
        verdict, grade, reason = judge(axes, self.members, self._words)
        claims = _claims(host, location, service, service_grade, known, named)
        jurisdiction = self._supplier_jurisdiction(service)
        bloc = inferred(
            "bloc",
            f"rules/jurisdictions/blocs.toml, {self.bloc.reviewed}",
            bloc=self.bloc.id,
            parent=axes.parent,
            operator=axes.operator,
            location=location.value,
            supplier=jurisdiction,
            reason=reason,
        )
        steps = [step for claim in claims.values() if claim for step in claim.evidence]
        return {
            **claims,
            "operator_id": host.operator and host.operator.id,
            "operator_jurisdiction": axes.operator,
            "parent_jurisdiction": axes.parent,
            "region": location.region,
            "place": location.place,
            "anycast": location.anycast,
            "role": self._role(host, front=bool(front)),
            "supplier": service and service.vendor,
            "supplier_jurisdiction": jurisdiction,
            "function": service and service.function,
            "path": service and service.path,
            "grade": grade,
            "verdict": verdict,
            "reason": reason,
            "evidence": (*dict.fromkeys(steps), bloc),
            "rejected": host.rejected + location.rejected,
        }

    def _front(self, host: Host, known: Known, named: HostName, service: Service | None) -> str:
        """Return what stands before somebody else's origin; nothing where nothing does, or it is their own."""
        operator = host.operator
        if operator is None or _own(service, operator):
            return ""
        if operator.kind in self._words.front_kinds:
            return operator.name
        if host.name_counts and named.front:
            return named.suffix
        if known.facts and host.network and host.numbers is None:
            tags = (tag for tag in host.network.fronts if tag in known.facts.services)
            return next(tags, "")
        return ""

    def _role(self, host: Host, *, front: bool) -> str | None:
        if host.operator is None:
            return None
        fronts = self._words.front_kinds
        return fronts[0] if front and host.operator.kind not in fronts else host.operator.kind

    def _axes(
        self, host: Host, location: Location, service: Service | None, service_grade: Grade, *, front: bool
    ) -> Axes:
        operator = host.operator
        return Axes(
            parent=operator.parent.jurisdiction if operator else None,
            operator=operator.jurisdiction if operator else None,
            host_grade=host.grade,
            network_named=bool(host.evidence),
            places=location.countries,
            place_grade=location.grade,
            anycast=location.anycast,
            supplier=_jurisdictions(service),
            supplier_grade=service_grade,
            front=front,
            contradicted=host.against is not None and not self._is_inside(host.against),
        )

    def _is_inside(self, operator: Operator) -> bool:
        return {operator.jurisdiction, operator.parent.jurisdiction} <= self.members

    def _supplier_jurisdiction(self, service: Service | None) -> str | None:
        """Return whose law reaches the supplier: that of the parent, unless only the seat is outside."""
        found = _jurisdictions(service)
        return next((j for j in found if j not in self.members), found[0] if found else None)


def _jurisdictions(service: Service | None) -> tuple[str, ...]:
    if service is None or service.jurisdiction is None:
        return ()
    return (*((service.parent.jurisdiction,) if service.parent else ()), service.jurisdiction)


def _own(service: Service | None, operator: Operator) -> bool:
    """Return whether whoever answers for the service also runs the host: then a front hides nobody else."""
    if service is None:
        return False
    same_parent = service.parent is not None and service.parent.name == operator.parent.name
    return same_parent or service.operator == operator.id


def _service_grade(service: Service | None, host: Host, known: Known, named: HostName) -> Grade:
    """A name says what it is for at grade C; more where the network is the supplier's own or the vendor lists it."""
    if service is None:
        return Grade.U
    grade = Grade.C if named.service else Grade.B
    if host.against and host.against.id == service.operator:
        grade = Grade.D  # the name was not believed for the host, so not for the service either
    elif known.service is service and named.service is service:
        grade = Grade.A
    elif host.operator and host.network and _own(service, host.operator):
        grade = max(grade, host.grade)
    return lowered(grade, unsourced=service.evidence == "unverified")


def _claims(
    host: Host,
    location: Location,
    service: Service | None,
    service_grade: Grade,
    known: Known,
    named: HostName,
) -> dict[str, Claim | None]:
    operator, parent = None, None
    if host.operator:
        operator = Claim(host.operator.name, host.grade, (*host.evidence, _entity(host.operator)))
        parent = Claim(host.operator.parent.name, host.grade, (*host.evidence, _parent(host.operator)))
    elif host.evidence and known.facts and known.facts.as_org:
        operator = Claim(known.facts.as_org, Grade.C, host.evidence)
    place = None
    if location.value and location.evidence:
        place = Claim(location.value, location.grade, location.evidence)
    purpose = None
    if service:
        purpose = Claim(service.product, service_grade, (_service(service, known, named),))
    return {"operator": operator, "parent": parent, "location": place, "service": purpose}


def _entity(operator: Operator) -> Evidence:
    return inferred(
        "operator-entity",
        operator_rule(operator),
        operator=operator.name,
        entity=operator.entity,
        jurisdiction=operator.jurisdiction,
    )


def _parent(operator: Operator) -> Evidence:
    return inferred(
        "parent",
        operator_rule(operator),
        operator=operator.name,
        parent=operator.parent.name,
        jurisdiction=operator.parent.jurisdiction,
    )


def _service(service: Service, known: Known, named: HostName) -> Evidence:
    jurisdiction = "/".join(dict.fromkeys(_jurisdictions(service)))
    common = {"supplier": service.vendor, "jurisdiction": jurisdiction, "evidence": service.evidence}
    if named.service:
        return inferred(
            "service-name",
            service_rule(service),
            product=service.product,
            suffix=named.service_suffix,
            **common,
        )
    return inferred(
        "service-range", service_rule(service), product=service.product, prefix=known.service_prefix, **common
    )


def explain(attribution: Attribution) -> dict[str, Any]:
    """Return an attribution as plain values for JSON: what ``kwel explain`` prints."""
    a = attribution
    return {
        "query": a.name or a.address,
        "address": a.address,
        "host": a.name,
        "chain": list(a.chain),
        **_plain("operator", a.operator),
        "operator_jurisdiction": a.operator_jurisdiction,
        **_plain("parent", a.parent),
        "parent_jurisdiction": a.parent_jurisdiction,
        **_plain("location", a.location),
        "region": a.region,
        "place": a.place,
        "role": a.role,
        **_plain("service", a.service),
        "supplier": a.supplier,
        "supplier_jurisdiction": a.supplier_jurisdiction,
        "function": a.function,
        "path": a.path,
        "grade": a.grade.name,
        "verdict": a.verdict.value,
        "control": a.verdict.control.value,
        "reason": a.reason,
        "evidence": [_plain_step(step) for step in a.evidence],
        "rejected": [_plain_step(step) for step in a.rejected],
        "sources": list(dict.fromkeys(step.source for step in a.evidence + a.rejected if step.source)),
    }


def _plain(axis: str, claim: Claim | None) -> dict[str, str | None]:
    return {axis: claim.value if claim else None, f"{axis}_grade": (claim.grade if claim else Grade.U).name}


def _plain_step(step: Evidence) -> dict[str, Any]:
    return {
        "step": step.step,
        "kind": step.kind,
        "values": dict(step.values),
        "where": str(step.where) if step.where else None,
        "source": step.source,
    }
