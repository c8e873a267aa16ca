"""Address facts and a name's meaning in, the operator of the host out, with grade and evidence.

Orders of belief: a published range before a network number before a name. A name that agrees raises the grade; a name
that does not is set aside, and said so.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kwel.attribution.steps import Steps, inferred, lowered, operator_rule, service_rule
from kwel.model.claims import Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kwel.attribution.names import HostName
    from kwel.attribution.tables import AddressFacts
    from kwel.rulebook.model import Network, Operator, Rulebook, Service

_BITS: Final = {socket.AF_INET: 32, socket.AF_INET6: 128}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an address before any name is looked at, as far as it decides: not the very prefix."""

    facts: AddressFacts | None
    """Of the first address that was seen to be like this."""
    operator: Operator | None = None
    """Who publishes the range ``prefix``, where the table does not hold it."""
    prefix: str = ""
    service: Service | None = None
    """What the vendor says this address is for."""
    service_prefix: str = ""
    """The prefix that says so, or the tag: ``azure/AZUREACTIVEDIRECTORY``."""

    @property
    def is_own_service(self) -> bool:
        """Return whether the range is tagged as that of a service, so that nobody rents the host."""
        return self.service is not None and self.service_prefix in self.service.tags


@dataclass(frozen=True, slots=True)
class Host:
    """Who runs the host."""

    operator: Operator | None = None
    grade: Grade = Grade.U
    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Evidence, ...] = ()
    network: Operator | None = None
    """Whose range or network number it is; often the operator itself."""
    numbers: Network | None = None
    """The network number's entry, where that decided or agreed."""
    name_counts: bool = False
    """The name belongs to this host: its place and its front may be read."""
    name_agrees: bool = False
    against: Operator | None = None
    """Whom the evidence that was set aside names."""
    stranger: bool = False
    """The name alone says who it is, and the network is one that no rule knows."""


class Prefixes:
    """Published prefixes in, who publishes them out: a handful of lengths, one dictionary look-up each."""

    def __init__(self, claims: Iterable[tuple[str, object]]) -> None:
        self._lengths: dict[int, dict[int, dict[int, tuple[object, str]]]] = {socket.AF_INET: {}, socket.AF_INET6: {}}
        for text, owner in claims:
            address, _, length = text.partition("/")
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            host_bits = _BITS[family] - int(length)
            value = int.from_bytes(socket.inet_pton(family, address)) >> host_bits
            self._lengths[family].setdefault(host_bits, {}).setdefault(value, (owner, text))
        # Fewest host bits first: the longest prefix wins.
        self._lengths = {family: dict(sorted(lengths.items())) for family, lengths in self._lengths.items()}

    def find(self, family: int, value: int) -> tuple[object, str] | None:
        """Return the owner and the longest prefix that holds the address."""
        for host_bits, owners in self._lengths[family].items():
            if found := owners.get(value >> host_bits):
                return found
        return None


class HostFinder:
    """Identifies operators; holds the indexes of a rulebook."""

    def __init__(self, book: Rulebook, steps: Steps) -> None:
        self._book = book
        self._steps = steps
        self._words = book.vocabulary
        self._by_number: dict[int | None, tuple[Operator, Network]] = {
            number: (operator, network)
            for operator in book.operators.values()
            for network in operator.networks
            for number in network.numbers
        }
        self._by_tag = {tag: service for service in book.services for tag in service.tags}
        self._by_range: dict[tuple[str, str | None], Operator] = {}
        for operator in book.operators.values():
            for claim in operator.ranges:
                for region in claim.regions or (None,):
                    self._by_range[claim.provider, region] = operator

    def find(self, known: Known, named: HostName) -> Host:
        """Return who runs the host."""
        network, grade, numbers, evidence = self._network(known)
        if network is None:
            return self._by_name(known, named, evidence)
        if named.operator is None:
            rejected = self._registration(known.facts, network) if numbers else ()
            return Host(network, grade, evidence, rejected, network, numbers)
        if operator := _more_special(network, named.operator):
            agreed = Grade.A if numbers is None else Grade.B
            grade = lowered(agreed, unsourced=operator.unsourced or bool(numbers and numbers.unsourced))
            grade = lowered(grade, unsourced=named.weak)
            step = inferred(
                "operator-confirmed",
                operator_rule(named.operator),
                operator=operator.name,
                suffix=named.suffix,
                by=network.name,
            )
            rejected = self._registration(known.facts, operator) if numbers else ()
            return Host(
                operator, grade, (*evidence, step), rejected, network, numbers, name_counts=True, name_agrees=True
            )
        return self._disagreed(known, named, network, numbers, grade, evidence)

    def _network(self, known: Known) -> tuple[Operator | None, Grade, Network | None, tuple[Evidence, ...]]:
        """Return whose network the address is in: published range first, then network number."""
        step = self.network_step(known, known.facts)
        steps = (step,) if step else ()
        facts = known.facts
        if facts is None:
            return None, Grade.U, None, ()
        operator = self._range_owner(facts) or known.operator
        if operator:
            return operator, lowered(Grade.B, unsourced=operator.unsourced), None, steps
        if facts.asn not in self._by_number:
            return None, Grade.U, None, steps
        operator, numbers = self._by_number[facts.asn]
        return operator, lowered(Grade.C, unsourced=operator.unsourced or numbers.unsourced), numbers, steps

    def most_special(
        self, facts: AddressFacts, operator: Operator | None, prefix: str
    ) -> tuple[AddressFacts, Operator | None, str]:
        """Return what counts of a published and a documented prefix: the longer; as long, what is published."""
        owner = self._range_owner(facts)
        if operator is None or owner is None:
            return facts, operator, prefix
        if owner is operator or _length(prefix) <= _length(facts.cloud_prefix or ""):
            return facts, None, ""
        return replace(facts, cloud_provider=None, cloud_prefix=None, region=None, services=()), operator, prefix

    def tagged(self, facts: AddressFacts) -> tuple[Service | None, str]:
        """Return the service whose tag the published range has: none where several claim the address."""
        provider = facts.cloud_provider
        tags = (f"{provider}/{tag}" for tag in reversed(facts.services))  # the first of a service is kept
        found = {self._by_tag[tag]: tag for tag in tags if tag in self._by_tag}
        return next(iter(found.items())) if len(found) == 1 else (None, "")

    def has_rule(self, number: int | None) -> bool:
        """Return whether an operator is known for a network number."""
        return number in self._by_number

    def is_ruled(self, known: Known) -> bool:
        """Return whether a rule says whose network it is."""
        facts = known.facts
        return bool(known.operator) or (
            facts is not None and bool(self._range_owner(facts) or self.has_rule(facts.asn))
        )

    def network_step(self, known: Known, facts: AddressFacts | None) -> Evidence | None:
        """Return what the tables say of an address, as evidence: alone this differs between addresses alike."""
        if facts is None:
            return None
        if operator := self._range_owner(facts):
            return self._steps.looked_up(
                "published-range",
                "cloud",
                provider=operator.name,
                prefix=facts.cloud_prefix,
                region=facts.region,
                services=", ".join(facts.services),
            )
        if operator := known.operator:
            return inferred("documented-range", operator_rule(operator), operator=operator.name, prefix=known.prefix)
        if facts.asn is None:
            return None
        if facts.asn in self._by_number:
            name = self._by_number[facts.asn][0].name
            return self._steps.looked_up("asn", "asn", asn=facts.asn, organisation=facts.as_org, operator=name)
        return self._steps.looked_up(
            "asn-without-rule", "asn", asn=facts.asn, organisation=facts.as_org, country=facts.as_country
        )

    def _range_owner(self, facts: AddressFacts) -> Operator | None:
        provider = facts.cloud_provider
        if provider is None:
            return None
        return self._by_range.get((provider, facts.region)) or self._by_range.get((provider, None))

    def _by_name(self, known: Known, named: HostName, evidence: tuple[Evidence, ...]) -> Host:
        """The network says nothing that a rule knows: the name alone, or what a vendor says of its service."""
        if operator := named.operator:
            grade = lowered(Grade.C, unsourced=operator.unsourced or operator.mixed_hosting or named.weak)
            step = inferred("operator-domain", operator_rule(operator), operator=operator.name, suffix=named.suffix)
            return Host(operator, grade, (*evidence, step), name_counts=True, stranger=bool(evidence))
        service = known.service or named.service
        if service and service.operator and not evidence:  # a network without a rule may be another host
            operator = self._book.operators[service.operator]
            weak = operator.unsourced or service.evidence == "unverified" or (named.weak and not known.service)
            step = inferred("service-hosting", service_rule(service), product=service.product, operator=operator.name)
            return Host(operator, lowered(Grade.C, unsourced=weak), (step,))
        return Host(evidence=evidence)

    def _disagreed(
        self,
        known: Known,
        named: HostName,
        network: Operator,
        numbers: Network | None,
        grade: Grade,
        evidence: tuple[Evidence, ...],
    ) -> Host:
        """Name and network point to different operators."""
        assert named.operator is not None
        if numbers and network.kind in self._words.carrier_kinds:
            # Caches and edges of content networks stand inside access providers: the name tells more.
            host = self._by_name(known, named, evidence)
            step = self._steps.looked_up(
                "network-against-name",
                "asn",
                asn=known.facts and known.facts.asn,
                network_operator=network.name,
                name_operator=named.operator.name,
            )
            return Host(host.operator, host.grade, host.evidence, (step,), name_counts=True, against=network)
        rejected = self._registration(known.facts, network) if numbers else ()
        if named.operator.mixed_hosting:
            return Host(network, grade, evidence, rejected, network, numbers)
        step = inferred(
            "name-against-network",
            operator_rule(named.operator),
            name_operator=named.operator.name,
            suffix=named.suffix,
            network_operator=network.name,
        )
        return Host(network, grade, evidence, (*rejected, step), network, numbers, against=named.operator)

    def _registration(self, facts: AddressFacts | None, operator: Operator) -> tuple[Evidence, ...]:
        """Where a network is registered says nothing of who controls it: shown where the two differ."""
        if facts is None or facts.as_country in (None, operator.parent.jurisdiction):
            return ()
        return (
            self._steps.looked_up(
                "registration-against-parent",
                "asn",
                asn=facts.asn,
                country=facts.as_country,
                parent=operator.parent.name,
                jurisdiction=operator.parent.jurisdiction,
            ),
        )


def _more_special(network: Operator, named: Operator) -> Operator | None:
    """Return the operator on which network and name agree, the more special of the two; ``None`` if they do not."""
    if network is named or network.id in named.shares_networks_of:
        return named
    return network if named.id in network.shares_networks_of else None


def _length(prefix: str) -> int:
    return int(prefix.partition("/")[2] or 0)


def by_prefix(book: Rulebook) -> tuple[Prefixes, Prefixes]:
    """Return the indexes of what operators and vendors publish as their prefixes."""
    operators: Mapping[str, Operator] = book.operators
    return (
        Prefixes((prefix, operator) for operator in operators.values() for prefix in operator.prefixes),
        Prefixes((prefix, service) for service in book.services for prefix in service.prefixes),
    )
