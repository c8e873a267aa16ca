"""An attribution in, plain values out: the keys of ``kwel explain --json``, and of whoever builds on it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from kwel.model.claims import Grade
from kwel.model.law import LawKind
from kwel.model.verdicts import basis

if TYPE_CHECKING:
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.overrides import Overruled
    from kwel.model.claims import Claim, Evidence
    from kwel.model.law import Limit, Reach
    from kwel.model.links import Link
    from kwel.model.verdicts import Attribution

KNOWN_BY = {
    "published-range": "address {address} in range {prefix}, published by {provider} ({source})",
    "documented-range": "address {address} in range {prefix}, documented by {operator} ({source})",
    "asn": "address {address} in network AS{asn} of {operator} ({source})",
    "operator-domain": "name {name}, under {suffix} of {operator} ({source})",
    "service-name": "name {name}, under {suffix} of {product} of {supplier}, {jurisdiction} ({source})",
    "asn-without-rule": "address {address} in network AS{asn}, registered to {organisation}, {country} ({source})",
}
PARENT = ", whose ultimate parent is {parent}, {jurisdiction} ({stated_in})"


def explain(attributor: Attributor | Overruled, attribution: Attribution) -> dict[str, Any]:
    """Return an attribution as plain values: first the answer in seventeen words, then how it came about.

    Args:
        attributor: which made it.
        attribution: of one endpoint; what was observed of it may come first in its evidence.
    """
    a = attribution
    return {
        **_answer(a),
        "special": special_use(a.address),
        "chain": list(a.chain),
        "operator_grade": _grade(a.operator),
        "operator_jurisdiction": a.operator_jurisdiction,
        "parent_grade": _grade(a.parent),
        "location_grade": _grade(a.location),
        "place": a.place,
        "service_grade": _grade(a.service),
        "supplier_jurisdiction": a.supplier_jurisdiction,
        "impact": a.impact,
        "control": a.verdict.control.value,
        "reason": a.reason,
        "changes": attributor.changes(a.address, a.name, a.chain),
        **_legal(a),
        "elsewhere": {bloc: control.value for bloc, control in a.elsewhere},
        "own": a.site and a.site.own,
        "overrides": list(a.site.overrides) if a.site else [],
        "without_overrides": _without(a),
        "links": [_plain_link(link) for link in attributor.links.find(a, a.evidence)],
        "evidence": [_plain_step(step) for step in a.evidence],
    }


def _answer(a: Attribution) -> dict[str, Any]:
    """Return the answer in seventeen words."""
    return {
        "query": a.name or a.address,
        "address": a.address,
        "host": a.name,
        "operator": _value(a.operator),
        "parent": _value(a.parent),
        "parent_jurisdiction": a.parent_jurisdiction,
        "location": _value(a.location),
        "region": a.region,
        "role": a.role,
        "service": _value(a.service),
        "supplier": a.supplier,
        "function": a.function,
        "path": a.path,
        "grade": a.grade.name,
        "verdict": a.verdict.value,
        "sources": list(dict.fromkeys(step.source for step in a.evidence + a.rejected if step.source)),
        "rejected": [_plain_step(step) for step in a.rejected],
    }


def special_use(address: str | None) -> str | None:
    """Return what an address is for that is nobody's on the internet (IANA's registries, RFC 6890), or ``None``."""
    if address is None:
        return None
    ip = ipaddress.ip_address(address)
    if ip.is_multicast:
        return "a group, not a host"
    if ip.is_loopback:
        return "the host itself"
    if ip.is_link_local:
        return "valid on one link only"
    return None if ip.is_global else "for private or special use: the same address is used in many networks"


def statement(attribution: Attribution) -> str | None:
    """Return in one neutral sentence what was observed, whose it is and who says so; ``None`` if that is not known."""
    known = basis(attribution)
    if known is None:
        return None
    kind, values = known
    seen = "observed " if any(step.where is not None for step in attribution.evidence) else ""
    origin = "; it stands before an origin that is not known" if attribution.front else ""
    return seen + (KNOWN_BY[kind] + (PARENT if "parent" in values else "")).format(**values) + origin


def _legal(a: Attribution) -> dict[str, Any]:
    """Return what law says of it: access and interruption apart."""
    reaches = {kind.value: [_plain_reach(reach) for reach in a.laws if reach.law.kind is kind] for kind in LawKind}
    return {
        "front": _front(a),
        "statement": statement(a),
        **reaches,
        "offering": a.offering and {"id": a.offering.id, "party": a.offering.party, "how": a.offering.how},
        "limits": [_plain_limit(limit) for limit in a.limits],
    }


def _front(attribution: Attribution) -> dict[str, str | None] | None:
    """Return what stands before the origin and whose it is: who is behind it cannot be seen."""
    if attribution.front is None:
        return None
    control = "/".join(attribution.front_jurisdictions) or None
    return {"what": attribution.front, "jurisdiction": control, "origin": None}


def _plain_reach(reach: Reach) -> dict[str, Any]:
    law = reach.law
    return {
        "law": law.id,
        "title": law.title,
        "jurisdiction": law.jurisdiction,
        "through": list(reach.through),
        "status": law.status,
        "status_date": law.status_date,
        "checked": law.checked,
        "grade": reach.grade.name,
    }


def _plain_limit(limit: Limit) -> dict[str, Any]:
    because = limit.because.en if limit.because else None
    return {
        "framework": limit.framework,
        "objective": limit.objective,
        "outcome": limit.outcome,
        "because": because,
    }


def _plain_link(link: Link) -> dict[str, Any]:
    """Return a link as plain values."""
    return {
        "link": link.part,
        "name": link.name,
        "value": link.value,
        "by": link.by,
        "jurisdiction": link.jurisdiction,
        "grade": link.grade.name,
        "evidence": [_plain_step(step) for step in link.evidence],
    }


def _value(claim: Claim | None) -> str | None:
    return claim.value if claim else None


def _grade(claim: Claim | None) -> str:
    return (claim.grade if claim else Grade.U).name


def _without(a: Attribution) -> dict[str, Any] | None:
    """Return what the tables and rules alone say, where an override of the site was applied."""
    if a.site is None or not a.site.overrides:
        return None
    before = a.site.without
    claims = {"operator": before.operator, "parent": before.parent, "location": before.location}
    return {
        **{key: _value(claim) for key, claim in claims.items()},
        **{f"{key}_grade": _grade(claim) for key, claim in claims.items()},
        "service": _value(before.service),
        "supplier": before.supplier,
        "function": before.function,
        "grade": before.grade.name,
        "verdict": before.verdict.value,
        "reason": before.reason,
    }


def _plain_step(step: Evidence) -> dict[str, Any]:
    return {
        "step": step.step,
        "kind": step.kind,
        "values": dict(step.values),
        "where": str(step.where) if step.where else None,
        "source": step.source,
    }
