"""Names and addresses in, attributions out: who runs an endpoint, whose law reaches it, where it stands.

Three axes, each with its own grade and evidence, never averaged (docs/rules.md, "Verdicts"). What decides is a row of
the tables and a rule, not the address or the name itself; so each such pair is judged once and its result is stamped
on every endpoint that it fits.
"""

from __future__ import annotations

import socket
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

from kwel.attribution import whatif
from kwel.attribution.claims import claims_of, grade_of, jurisdictions, owns
from kwel.attribution.fronts import Front, front_of
from kwel.attribution.hearsay import hearsay
from kwel.attribution.hosts import Host, HostFinder, Known, by_prefix
from kwel.attribution.law import LawReader
from kwel.attribution.links import LinkReader
from kwel.attribution.names import HostName, NameReader
from kwel.attribution.places import Location, Placer
from kwel.attribution.steps import Steps, inferred
from kwel.attribution.verdict import Axes, judge
from kwel.model.claims import TOLD, Claim, Evidence, Grade
from kwel.model.verdicts import Attribution, Control, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.attribution.tables import AddressFacts
    from kwel.model.report import TableInfo
    from kwel.rulebook.model import Operator, Rulebook, Service

_REMEMBERED: Final = 1 << 16
_LONGEST_LITERAL: Final = 47  # an IPv6 address in brackets, RFC 4291 section 2.2
_JUDGED: Final = tuple(field.name for field in fields(Attribution) if field.name != "site")[3:]
"""What a judgement says, in order; before it come address, name and chain, which it does not depend on."""
_OPERATOR, _PARENT, _EVIDENCE = (_JUDGED.index(name) for name in ("operator", "parent", "evidence"))


class _Row(NamedTuple):
    """A row of the look-up tables."""

    known: Known
    """What of it decides: one object for all rows that are alike."""
    facts: AddressFacts | None
    network: int
    """The number that ``Attributor.network`` gives."""


class Outcome(NamedTuple):
    """What tells the destinations of one host apart."""

    operator_id: str | None
    region: str | None
    location: str | None
    verdict: Verdict


class LooksUp(Protocol):
    """The look-up tables, as far as they are needed here."""

    @property
    def lookup(self) -> Callable[[str], AddressFacts]:
        """Return what the tables know of an address."""

    def infos(self) -> tuple[TableInfo, ...]:
        """Return source and date of every table."""


class Attributor:
    """Attributes endpoints; remembers what it has judged.

    Who has many endpoints asks in steps, the first two once an address and once a name: ``network`` and ``meaning``
    number what is alike, and ``outcome`` judges a pair of such numbers. Endpoints with the same two numbers differ in
    nothing but address, name, CNAME chain and the wording of evidence.
    """

    def __init__(self, book: Rulebook, tables: LooksUp, bloc: str = "EEA", accepted: tuple[str, ...] = ()) -> None:
        if bloc not in book.blocs:
            raise ValueError(f"no bloc {bloc!r}: the rules know {', '.join(sorted(book.blocs))}")
        self.bloc = book.blocs[bloc]
        self.members = frozenset(self.bloc.members)
        self._others = {name: frozenset(other.members) for name, other in book.blocs.items() if name != bloc}
        self._words = book.vocabulary
        self.law = LawReader(book, self.members, accepted)
        self._lookup = tables.lookup
        self._names = NameReader(book)
        self.links = LinkReader(book)
        steps = Steps(tables.infos())
        self._hosts = HostFinder(book, steps)
        self._places = Placer(book, steps)
        self._operator_prefixes, self._service_prefixes = by_prefix(book)
        self._tags = frozenset(
            tag for operator in book.operators.values() for tag in operator.front_tags + operator.anycast_services
        )
        self._alike: dict[tuple[object, ...], Known] = {}
        self._rows: dict[tuple[object, ...], _Row] = {}
        self._seen: dict[str, _Row] = {}
        self._nowhere = _Row(Known(None), None, 0)
        self._networks: dict[tuple[int, str | None], int] = {(id(self._nowhere.known), None): 0}
        self._of_network: list[Known] = [self._nowhere.known]
        self._meanings: dict[int, int] = {}
        self._of_meaning: list[HostName] = []
        self._judged_alike: dict[tuple[int, int], dict[str, Any]] = {}
        self._judged: dict[tuple[int, int], tuple[Any, ...]] = {}

    def attribute(
        self,
        address: str | None,
        name: str | None,
        chain: tuple[str, ...] = (),
        observed: tuple[Evidence, ...] = (),
    ) -> Attribution:
        """Return who runs one endpoint, whose law reaches it and where it stands."""
        return self(address, name, chain, observed)

    def network(self, address: str | None, name: str | None) -> int:
        """Return the number of what is known of an address: the same for all between which nothing decides."""
        where = address or literal(name)
        return (self._row(where) if where else self._nowhere).network

    def meaning(self, name: str | None, chain: tuple[str, ...] = (), *, weak: bool = False, told: bool = False) -> int:
        """Return the number of what a name and the CNAMEs behind it say; *weak*, *told*: as where one is called."""
        named = self._names.read(name, chain, weak=weak, told=told)
        number = self._meanings.setdefault(id(named), len(self._of_meaning))
        if number == len(self._of_meaning):
            self._of_meaning.append(named)
        return number

    def outcome(self, network: int, meaning: int) -> Outcome:
        """Return what comes of a network and a name, by their numbers."""
        judged = self._judged_as(self._of_network[network], self._of_meaning[meaning])
        location = judged["location"]
        place = location.value if location else None
        return Outcome(judged["operator_id"], judged["region"], place, judged["verdict"])

    def __call__(
        self,
        address: str | None,
        name: str | None,
        chain: tuple[str, ...] = (),
        observed: tuple[Evidence, ...] = (),
        *,
        weak: bool = False,
        told: bool = False,
    ) -> Attribution:
        """Return what is known of an endpoint.

        Args:
            address: ``None`` where the client never used one: behind a proxy, or looked up only.
            name: the name asked for.
            chain: the CNAMEs that it led to, in order.
            observed: where the name and the address were seen; comes first in the evidence.
            weak: whether the name rests on less than it should, and so counts one grade lower.
            told: whether only a log of another probe says who went there: then nothing is graded above C.
        """
        where = address or literal(name)
        row = self._row(where) if where else self._nowhere
        named = self._names.read(name, chain, weak=weak, told=told)
        key = id(row), id(named)  # both are kept: one object for each distinct answer
        judged = self._judged.get(key)
        if judged is None:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            judged = self._judged[key] = self._stamped(row, named)
        found = Attribution(address, name, chain, *judged)
        return replace(found, evidence=observed + found.evidence) if observed else found

    def changes(self, address: str | None, name: str | None, chain: tuple[str, ...] = ()) -> list[list[str]]:
        """Return what would change the class of an endpoint: each list of facts together (``whatif``)."""
        where = address or literal(name)
        known = (self._row(where) if where else self._nowhere).known
        axes, host, *_ = self._seen_apart(known, self._names.read(name, chain, weak=False))
        return whatif.changes(self.law.settled(axes, host.operator), self.members, self._words)

    def axes(self, network: int, meaning: int, members: frozenset[str] | None = None) -> Axes:
        """Return what is known apart of a network and a name, by their numbers; *members* are what counts as inside."""
        known, named = self._of_network[network], self._of_meaning[meaning]
        axes, host, *_ = self._seen_apart(known, named)
        return replace(axes, contradicted=_contradicted(host, known, members or self.members))

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
            return self._nowhere
        if len(self._rows) >= _REMEMBERED:
            for memory in (self._rows, self._seen, self._judged):  # together: the last goes by identity of the first
                memory.clear()
        facts = self._lookup(address)
        documented, prefix = self._operator_prefixes.find(family, value) or (None, "")
        facts, operator, prefix = self._hosts.most_special(facts, cast("Operator | None", documented), prefix)
        service, service_prefix = self._service_prefixes.find(family, value) or self._hosts.tagged(facts)
        key = facts, prefix, service_prefix
        row = self._rows.get(key)
        if row is None:
            owners = operator, prefix, cast("Service | None", service), service_prefix
            known = self._known(facts, *owners)
            row = self._rows[key] = _Row(known, facts, self._number(known, facts))
        return row

    def _known(
        self, facts: AddressFacts, operator: Operator | None, prefix: str, service: Service | None, service_prefix: str
    ) -> Known:
        """Return what of the facts decides: the same object wherever that is the same."""
        ruled = self._hosts.has_rule(facts.asn)
        alike = (
            facts.cloud_provider,
            facts.region,
            self._tags.intersection(facts.services),
            facts.asn if ruled else facts.asn is None,
            facts.as_country,
            facts.country,
            prefix,
            service_prefix,
        )
        known = self._alike.get(alike)
        if known is None:
            known = self._alike[alike] = Known(facts, operator, prefix, service, service_prefix)
        return known

    def _number(self, known: Known, facts: AddressFacts) -> int:
        """Number a network; of one that no rule knows, its registered name is what an endpoint is called by."""
        key = id(known), None if self._hosts.is_ruled(known) else facts.as_org
        number = self._networks.setdefault(key, len(self._of_network))
        if number == len(self._of_network):
            self._of_network.append(known)
        return number

    def _judged_as(self, known: Known, named: HostName) -> dict[str, Any]:
        alike = id(known), id(named)
        judged = self._judged_alike.get(alike)
        if judged is None:
            judged = self._judged_alike[alike] = self._judge(known, named)
        return judged

    def _stamped(self, row: _Row, named: HostName) -> tuple[Any, ...]:
        """Return the judgement that fits, with this row of the tables as evidence: the fields after the chain."""
        judged = self._judged_as(row.known, named)
        stamped = list(judged.values())
        if row.facts and (step := self._hosts.network_step(row.known, row.facts)):
            operator, parent = judged["operator"], judged["parent"]
            if operator and parent:
                operator = Claim(operator.value, operator.grade, (step, *operator.evidence[1:]))
                parent = Claim(parent.value, parent.grade, (step, *parent.evidence[1:]))
            elif row.facts.as_org:  # no rule knows the network: its registered name is all there is
                operator = Claim(row.facts.as_org, Grade.C, (step,))
            stamped[_OPERATOR], stamped[_PARENT] = operator, parent
            stamped[_EVIDENCE] = (step, *judged["evidence"][1:])
        return tuple(stamped)

    def _judge(self, known: Known, named: HostName) -> dict[str, Any]:
        """Return the fields of an attribution after its chain, by name and in order."""
        axes, host, location, service, service_grade, front = self._seen_apart(known, named)
        verdict, grade, reason = self.law.judge(axes, host.operator)
        claims = claims_of(host, location, service, service_grade, known, named)
        jurisdiction = self._supplier_jurisdiction(service)
        steps = [step for claim in claims.values() if claim for step in claim.evidence]
        found = {
            **claims,
            "operator_id": host.operator and host.operator.id,
            "operator_jurisdiction": axes.operator,
            "parent_jurisdiction": axes.parent,
            "region": location.region,
            "place": location.place,
            "anycast": location.anycast,
            "role": front.role,
            "supplier": service and service.vendor,
            "supplier_jurisdiction": jurisdiction,
            "function": service and service.function,
            "path": service and service.path,
            "impact": service and service.impact.within,
            "grade": grade,
            "verdict": verdict,
            "reason": reason,
            "elsewhere": self._elsewhere(verdict, axes, host, known),
            "evidence": (
                *{id(step): step for step in (*host.evidence, *steps, *((TOLD,) if named.told else ()))}.values(),
                *front.evidence,
                *self.law.evidence(host.operator),
                self._compared(axes, location, jurisdiction, reason),
            ),
            "rejected": host.rejected + location.rejected,
            **self.law.of(axes, host.operator, service.path if service else None),
        }
        return {name: found[name] for name in _JUDGED}

    def _elsewhere(self, verdict: Verdict, axes: Axes, host: Host, known: Known) -> tuple[tuple[str, Control], ...]:
        """Return the blocs and switches under which the class would be another: how much hangs on what counts."""
        found = []
        settled = self.law.settled(axes, host.operator)
        for name, members in self._others.items():
            other = replace(settled, contradicted=_contradicted(host, known, members))
            control = judge(other, members, self._words).verdict.control
            if control is not verdict.control:
                found.append((name, control))
        return (*found, *self.law.toggled(axes, host.operator, verdict.control))

    def _seen_apart(self, known: Known, named: HostName) -> tuple[Axes, Host, Location, Service | None, Grade, Front]:
        """Return the axes, and what they rest on."""
        host = self._hosts.find(known, named)
        service = named.service or known.service
        front = front_of(host, known, named, service, self._words)
        location = self._places.find(host, known, named, front.what if front.hides_place else "")
        grade = grade_of(service, host, known, named)
        if named.told:
            host, location, grade = hearsay(host), hearsay(location), min(grade, Grade.C)
        axes = self._axes(host, known, location, service, grade, front=bool(front))
        return axes, host, location, service, grade, front

    def _compared(self, axes: Axes, location: Location, supplier: str | None, reason: str) -> Evidence:
        """Return the last step: what was held against the bloc."""
        return inferred(
            "bloc",
            f"rules/jurisdictions/blocs.toml, {self.bloc.reviewed}",
            bloc=self.bloc.id,
            parent=axes.parent,
            operator=axes.operator,
            location=location.value,
            supplier=supplier,
            reason=reason,
        )

    def _axes(
        self,
        host: Host,
        known: Known,
        location: Location,
        service: Service | None,
        service_grade: Grade,
        *,
        front: bool,
    ) -> Axes:
        operator = host.operator
        return Axes(
            parent=operator.parent.jurisdiction if operator else None,
            operator=operator.jurisdiction if operator else None,
            licensors=self.law.licensors(operator),
            host_grade=host.grade,
            network_named=bool(host.evidence),
            places=location.countries,
            place_grade=location.grade,
            anycast=location.anycast,
            supplier=jurisdictions(service),
            supplier_grade=service_grade,
            own_service=operator is not None and owns(service, operator),
            front=front,
            contradicted=_contradicted(host, known, self.members),
            operator_unverified=operator is not None and operator.owner_unverified,
            supplier_unverified=service is not None and service.owner_unverified,
        )

    def _supplier_jurisdiction(self, service: Service | None) -> str | None:
        """Return whose law reaches the supplier: that of the parent, unless only the seat is outside."""
        found = jurisdictions(service)
        return next((j for j in found if j not in self.members), found[0] if found else None)


def _contradicted(host: Host, known: Known, members: frozenset[str]) -> bool:
    """Return whether other evidence names somebody outside, or a network registered outside that no rule knows."""
    if other := host.against:
        return not {other.jurisdiction, other.parent.jurisdiction} <= members
    return host.stranger and known.facts is not None and known.facts.as_country not in members


def literal(name: str | None) -> str | None:
    """Return the address that somebody asked a proxy for instead of a name."""
    if name is None or len(name) > _LONGEST_LITERAL:
        return None
    bare = name.removeprefix("[").removesuffix("]")
    return bare if ":" in bare or bare[-1:].isdigit() else None
