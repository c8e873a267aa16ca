"""Gives the values of an asset or an outside host that each key of a policy is compared with.

The same for a report in memory and for one that was written as JSON: the outcome must not depend on which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.model.dependencies import Begun
from kwel.model.verdicts import Verdict
from kwel.policy.contacts import INBOUND, INSIDE, OUTBOUND, UNKNOWN, Doubt, Names, Value, Values, known, maybe
from kwel.policy.words import ANYCAST, CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIRECTION: Final[Mapping[Begun, Values]] = {
    Begun.BY_ASSET: (OUTBOUND,),
    Begun.FROM_OUTSIDE: (INBOUND,),
    Begun.UNPROVEN: (Doubt((OUTBOUND, INBOUND), "unproven"),),
}


class AssetFacts(NamedTuple):
    """Facts of an asset that a policy can ask about."""

    id: str
    label: str
    names: tuple[str, ...]
    """Host names and addresses."""
    kind: str
    role: str | None
    zones: tuple[str, ...]
    level: str | None
    level_proposed: bool
    owner: str | None
    criticality: str | None

    def values(self, *, count: bool) -> dict[str, Values]:
        """Return what keys say of it; *count*: a proposed level counts as well."""
        return {
            "assets": (Names(dict.fromkeys((self.id, self.label, *self.names))),),
            "kinds": UNKNOWN if self.kind == "unknown" else (self.kind,),
            "roles": known(self.role),
            "zones": self.zones or UNKNOWN,
            "levels": level(self.level, proposed=self.level_proposed, count=count),
            "owners": known(self.owner),
            "criticalities": known(self.criticality),
        }


def level(value: str | None, *, proposed: bool, count: bool) -> Values:
    """Return a Purdue level; one that was only proposed counts as doubtful, unless the policy counts it."""
    return UNKNOWN if value is None or (proposed and not count) else (value,)


class HostFacts(NamedTuple):
    """Facts of an outside host that a policy can ask about."""

    operator: str | None = None
    operator_jurisdiction: str | None = None
    parent: str | None = None
    parent_jurisdiction: str | None = None
    supplier: str | None = None
    supplier_jurisdiction: str | None = None
    service: str | None = None
    function: str | None = None
    path: str | None = None
    impact: str | None = None
    location: str | None = None
    region: str | None = None
    verdict: str = Verdict.UNKNOWN.value
    front: str | None = None
    unproven: tuple[str, ...] = ()
    """Axes that only a weak heuristic tells: they count as not known."""

    def values(self) -> dict[str, Values]:
        """Return what keys say of it, its names apart."""
        behind = (Doubt(),) if self.front else ()  # whoever stands behind a front is a party as well
        runs = "operator" not in self.unproven
        owns = runs and "parent" not in self.unproven
        operated = self.operator_jurisdiction if runs else None
        owned = self.parent_jurisdiction if owns else None
        supplied = known(self.supplier_jurisdiction) if self.supplier else ()
        return {
            "operators": (*known(self.operator if runs else None), *behind),
            "parents": (*known(self.parent if owns else None), *behind),
            "suppliers": known(self.supplier),
            "services": known(self.service),
            "functions": known(self.function),
            "paths": known(self.path),
            "impacts": known(self.impact),
            "places": UNKNOWN if "location" in self.unproven or self.front else _places(self.location),
            "regions": known(self.region),
            "parent_jurisdictions": (*known(owned), *behind),
            "operator_jurisdictions": (*known(operated), *behind),
            "supplier_jurisdictions": known(self.supplier_jurisdiction),
            "jurisdictions": tuple(dict.fromkeys((*known(owned, operated), *supplied, *behind))),
            "verdicts": _verdicts(self.verdict),
            "control": _control(self.verdict),
        }


def _places(location: str | None) -> Values:
    """Return the country of a host; of several countries each is doubtful."""
    if location is None:
        return UNKNOWN
    if location == ANYCAST:
        return (Doubt(name=ANYCAST),)
    countries = tuple(location.split("/"))
    if len(countries) == 1:
        return (location,)
    return (Doubt(countries, location),)


def _verdicts(verdict: str) -> Values:
    return UNKNOWN if verdict == Verdict.UNKNOWN else (verdict,)


def _control(verdict: str) -> Values:
    """Return the state of control: where it is undecided it may be either of the two others."""
    word = CONTROL[Verdict(verdict).control]
    doubt: Value = Doubt(tuple(of for of in CONTROL.values() if of != "undecided"), "undecided")
    return (doubt,) if word == "undecided" else (word,)


def keyed(rows: Iterable[Mapping[str, Values]], keys: Iterable[str]) -> dict[str, list[Values]]:
    """Return rows as columns."""
    table = list(rows)
    return {key: [row.get(key, ()) for row in table] for key in keys}


def service_values(protocol: str | None, transport: str, port: int | None) -> tuple[Values, Values]:
    """Return what ``protocols`` and ``ports`` say of a service."""
    return known(protocol), (f"{transport}/{port}" if port else transport,)


def direction_of(begun: int) -> Values:
    """Return the direction, from who initiated."""
    return DIRECTION[Begun(begun)]


__all__ = ["INSIDE", "AssetFacts", "HostFacts", "direction_of", "keyed", "level", "maybe", "service_values"]
