"""What was found of host, place and service in, claims with their evidence out.

Supplier and service are graded here: a name says what it is for, and the network may confirm who answers for it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kwel.attribution.steps import inferred, lowered, operator_rule, service_rule
from kwel.model.claims import Claim, Evidence, Grade

if TYPE_CHECKING:
    from kwel.attribution.hosts import Host, Known
    from kwel.attribution.names import HostName
    from kwel.attribution.places import Location
    from kwel.rulebook.model import Operator, Service


_REMEMBERED: Final = 1 << 10
"""Operators whose steps are kept: each is in thousands of judgements."""


def jurisdictions(service: Service | None) -> tuple[str, ...]:
    """Return whose law reaches whoever answers for a service: that of the parent, then that of the seat."""
    if service is None or service.jurisdiction is None:
        return ()
    return (*((service.parent.jurisdiction,) if service.parent else ()), service.jurisdiction)


def owns(service: Service | None, operator: Operator) -> bool:
    """Return whether whoever answers for the service also runs the host: then a front hides nobody else."""
    if service is None:
        return False
    same_parent = service.parent is not None and service.parent.name == operator.parent.name
    return same_parent or service.operator == operator.id


def grade_of(service: Service | None, host: Host, known: Known, named: HostName) -> Grade:
    """A name says what it is for at grade C; more where the network is the supplier's own or the vendor lists it."""
    if service is None:
        return Grade.U
    grade = Grade.C if named.service else Grade.B
    if host.against and host.against.id == service.operator:
        grade = Grade.D  # the name was not believed for the host, so not for the service either
    elif known.service is service and named.service is service:
        grade = Grade.A
    elif host.operator and host.network and owns(service, host.operator):
        grade = max(grade, host.grade)
    is_weak = named.weak and named.service is not None
    return lowered(grade, unsourced=service.evidence == "unverified" or is_weak)


def claims_of(
    host: Host,
    location: Location,
    service: Service | None,
    service_grade: Grade,
    known: Known,
    named: HostName,
) -> dict[str, Claim | None]:
    """Return operator, parent, location and service; a network that no rule knows is not an operator here."""
    operator, parent = None, None
    if host.operator:
        operator = Claim(host.operator.name, host.grade, (*host.evidence, _entity(host.operator)))
        parent = Claim(host.operator.parent.name, host.grade, (*host.evidence, _parent(host.operator)))
    place = None
    if location.value and location.evidence:
        place = Claim(location.value, location.grade, location.evidence)
    purpose = None
    if service:
        purpose = Claim(service.product, service_grade, (_service(service, known, named), _impact(service)))
    return {"operator": operator, "parent": parent, "location": place, "service": purpose}


@lru_cache(_REMEMBERED)
def _entity(operator: Operator) -> Evidence:
    return inferred(
        "operator-entity",
        operator_rule(operator),
        operator=operator.name,
        entity=operator.entity,
        jurisdiction=operator.jurisdiction,
    )


@lru_cache(_REMEMBERED)
def _parent(operator: Operator) -> Evidence:
    return inferred(
        "parent",
        operator_rule(operator),
        operator=operator.name,
        parent=operator.parent.name,
        jurisdiction=operator.parent.jurisdiction,
        stated_in=operator.parent_source,
    )


def _service(service: Service, known: Known, named: HostName) -> Evidence:
    jurisdiction = "/".join(dict.fromkeys(jurisdictions(service)))
    common = {"supplier": service.vendor, "jurisdiction": jurisdiction, "evidence": service.evidence}
    if named.service:
        return inferred(
            "service-name",
            service_rule(service),
            product=service.product,
            suffix=named.service_suffix,
            **common,
        )
    if known.is_own_service:
        tag = known.service_prefix.partition("/")[2]
        return inferred("service-tag", service_rule(service), product=service.product, tag=tag, **common)
    return inferred(
        "service-range", service_rule(service), product=service.product, prefix=known.service_prefix, **common
    )


@lru_cache(_REMEMBERED)
def _impact(service: Service) -> Evidence:
    return inferred(
        "impact",
        service_rule(service),
        product=service.product,
        function=service.function,
        impact=service.impact.within,
        why_nl=service.impact.why_nl,
        why_en=service.impact.why_en,
    )
