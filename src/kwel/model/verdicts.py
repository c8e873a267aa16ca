"""Whose law reaches an external endpoint: the nouns of attribution."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kwel.model.claims import Grade
from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from kwel.model.claims import Claim, Evidence
    from kwel.model.law import Limit, Offering, Reach


class Verdict(enum.StrEnum):
    """Whose law reaches a dependency: the worst of parent, operator and location, with its reason."""

    EU_CONTROLLED = "eu-controlled"
    """Parent, operator and location are inside the bloc, grade B or better."""
    EU_INDICATED = "eu-indicated"
    """The same at grade C: by its network number, or by its name alone."""
    EU_OPERATED_FOREIGN_PARENT = "eu-operated-foreign-parent"
    EU_LOCATED_ONLY = "eu-located-only"
    FOREIGN = "foreign"
    EU_PROVIDER_FOREIGN_LOCATION = "eu-provider-foreign-location"
    FRONT_HIDES_ORIGIN = "front-hides-origin"
    PLACE_UNPROVEN = "place-unproven"
    """Parent and operator are inside the bloc, but nothing better than geolocation says where."""
    UNKNOWN = "unknown"

    @property
    def control(self) -> Control:
        """The four-state class that the report's squares show."""
        return _CONTROL[self]


class Control(enum.StrEnum):
    """The report's four states of an asset. Unknown is never shown as European."""

    NON_EUROPEAN = "non"
    UNDECIDED = "unk"
    EUROPEAN = "eu"
    NONE = "none"
    """No external contact was seen."""


_CONTROL = {
    Verdict.EU_CONTROLLED: Control.EUROPEAN,
    Verdict.EU_INDICATED: Control.EUROPEAN,
    Verdict.EU_OPERATED_FOREIGN_PARENT: Control.NON_EUROPEAN,
    Verdict.EU_LOCATED_ONLY: Control.NON_EUROPEAN,
    Verdict.FOREIGN: Control.NON_EUROPEAN,
    Verdict.EU_PROVIDER_FOREIGN_LOCATION: Control.NON_EUROPEAN,
    Verdict.FRONT_HIDES_ORIGIN: Control.NON_EUROPEAN,
    Verdict.PLACE_UNPROVEN: Control.UNDECIDED,
    Verdict.UNKNOWN: Control.UNDECIDED,
}


@quick
@dataclass(frozen=True, slots=True)
class Attribution:
    """Who runs an external endpoint, whose law reaches it, where it stands: apart, never averaged."""

    address: str | None
    """``None`` where only a name is known: behind a proxy, or looked up and never contacted."""
    name: str | None
    chain: tuple[str, ...]
    """CNAMEs that led from the name to the address, in order."""
    operator: Claim | None
    """Display name of the operator of the host."""
    operator_id: str | None
    """Stem of the operator's rule file."""
    operator_jurisdiction: str | None
    """ISO 3166-1 alpha-2: where the operating legal entity sits."""
    parent: Claim | None
    parent_jurisdiction: str | None
    """ISO 3166-1 alpha-2: seat of the ultimate parent."""
    location: Claim | None
    """ISO 3166-1 alpha-2 of the place where the packets end, or ``anycast``."""
    region: str | None
    """The operator's own name for the place, ``westeurope``."""
    place: str | None
    """For a reader: ``West Europe (NL)``."""
    anycast: bool
    role: str | None
    """cloud, saas, cdn, security-gateway, anycast-dns, network, …"""
    service: Claim | None
    supplier: str | None
    """Who answers for the service: vendor of the product behind the name."""
    supplier_jurisdiction: str | None
    function: str | None
    """From the closed list in rules/vocabulary.toml: monitoring, remote-access, …"""
    path: Literal["data", "control"] | None
    impact: str | None
    """How soon an outage of the service is usually felt, from the list in rules/vocabulary.toml: minutes, hours, …"""
    grade: Grade
    """Of the verdict: the weakest of the axes that decided it."""
    verdict: Verdict
    reason: str
    """Key of a sentence: which axis decided."""
    elsewhere: tuple[tuple[str, Control], ...]
    """Blocs, and offerings with their switch the other way, under which the class would be another, and which."""
    evidence: tuple[Evidence, ...]
    rejected: tuple[Evidence, ...] = ()
    """What was considered and did not count, e.g. geolocation against a published region."""
    offering: Offering | None = None
    """The offering called sovereign that the host belongs to."""
    laws: tuple[Reach, ...] = ()
    """Laws that reach whoever controls, runs or holds it, in order of the register; of access and of interruption."""
    limits: tuple[Limit, ...] = ()
    """What it means for the objectives of frameworks, in order of the rules; never a rating."""
    site: BySite | None = None
    """What the user's own site file says of it; ``None`` where it says nothing."""

    @property
    def unproven(self) -> tuple[str, ...]:
        """Return the axes that nothing better than a geolocation table, a port or a heuristic tells."""
        axes = {"operator": self.operator, "parent": self.parent, "location": self.location}
        return tuple(name for name, claim in axes.items() if claim is not None and claim.grade <= Grade.D)

    @property
    def front(self) -> str | None:
        """Return what stands before somebody else's origin; ``None`` where nothing does."""
        return self._front_step.get("what")

    @property
    def front_operator(self) -> str | None:
        """Return whose front it is."""
        return self._front_step.get("operator")

    @property
    def front_jurisdictions(self) -> tuple[str, ...]:
        """Return under whose control the front is: of its parent, and of its operator where that is another."""
        if self._front_step.get("operator") == self.supplier and self.supplier_jurisdiction:
            return (self.supplier_jurisdiction,)
        both = (self.parent_jurisdiction, self.operator_jurisdiction) if self.front else ()
        return tuple(dict.fromkeys(jurisdiction for jurisdiction in both if jurisdiction))

    @property
    def _front_step(self) -> dict[str, str]:
        return next((dict(step.values) for step in self.evidence if step.kind == "front"), {})


BASES = ("published-range", "documented-range", "asn", "operator-domain", "service-name", "asn-without-rule")
"""What may tell who is behind an endpoint, the best first; the last two without a parent."""


def basis(attribution: Attribution) -> tuple[str, dict[str, str]] | None:
    """Return what tells who is behind an endpoint and what that says, for one sentence; ``None`` where nothing does.

    The values are those of that step and of the parent's, if known, with ``address``, ``name`` and ``source``.
    """
    kinds = {step.kind: step for step in reversed(attribution.evidence)}
    step = next((kinds[kind] for kind in BASES if kind in kinds), None)
    if step is None:
        return None
    values = {**dict(step.values), "address": attribution.address or "", "name": attribution.name or ""}
    if "parent" in kinds and step.kind in BASES[:-2]:
        values |= dict(kinds["parent"].values)
    return step.kind, {**values, "source": step.source}


@dataclass(frozen=True, slots=True)
class BySite:
    """What a site file says of an endpoint."""

    own: str | None
    """The site's own domain or tenant that the name belongs to."""
    overrides: tuple[int, ...]
    """Numbers of the overrides that were applied."""
    without: Attribution
    """What the tables and rules say, without the site file."""
    held: tuple[int, ...] = ()
    """Numbers of overrides of which the operator was not applied: a front stands before the host."""
