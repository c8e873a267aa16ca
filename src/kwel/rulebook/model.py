"""Defines the types of checked rules, and looks up the owner of a name.

Nothing here knows a provider, a vendor or a country: rules/ does. docs/rules.md describes the files.

Operators, services, networks and regions compare by identity: there is one object a rule, and they are dictionary keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from kwel.model.law import LawBook
from kwel.rulebook.rulefile import REGION, suffixes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.claims import Grade

LONGEST_NAME: Final = 253  # octets of a host name as text, RFC 1035 section 2.3.4


@dataclass(frozen=True, slots=True)
class Party:
    """A legal person and the state whose law it lives under."""

    name: str
    jurisdiction: str


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Network numbers of an operator."""

    numbers: tuple[int, ...]
    places: tuple[str, ...]
    """The only countries in which the operator says that these networks stand; ``()`` where it does not say."""
    anycast: bool
    unsourced: bool


@dataclass(frozen=True, slots=True)
class PublishedRange:
    """Which rows of the table of published ranges are the operator's: all of a provider, or some regions."""

    provider: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """Who runs hosts, and who controls whoever runs them."""

    id: str
    """Stem of the file."""
    name: str
    entity: str
    jurisdiction: str
    """Seat of the operating legal entity."""
    kind: str
    parent: Party
    domains: tuple[str, ...]
    """Suffixes of names that only this operator's hosts have."""
    front_domains: tuple[str, ...]
    """Suffixes behind which somebody else's origin stands."""
    networks: tuple[Network, ...]
    ranges: tuple[PublishedRange, ...]
    prefixes: tuple[str, ...]
    """Ranges that the operator publishes and the table does not hold."""
    ech_public_names: tuple[str, ...]
    """Names that an encrypted ClientHello (RFC 9849) shows in place of the real one."""
    issuers: tuple[str, ...]
    """Organisations in whose name it issues certificates, for hosts that it runs."""
    own_suffixes: tuple[str, ...]
    """Suffixes of the Public Suffix List under which names are its own nevertheless, and no customer's."""
    mixed_hosting: bool
    """Some of the names lead to hosts of others: alone, a name proves the supplier and not the host."""
    shares_networks_of: tuple[str, ...]
    """Operators under the same parent in whose networks these hosts stand too."""
    front_tags: tuple[str, ...]
    """Service tags of the published ranges that are a front for others."""
    anycast: bool
    anycast_services: tuple[str, ...]
    regions: str
    """Which part of regions.toml names this operator's places."""
    region_names: tuple[str, ...]
    """Where a host name carries a region id: ``{region}.example.com``."""
    code_names: tuple[str, ...]
    """Where a host name carries a short code of a region: ``{code}.cache.example.com``."""
    site_names: tuple[str, ...]
    """Where a host name begins with a place code: ``{site}*.example.com``."""
    unsourced: bool
    reviewed: str
    parent_source: str = ""
    """The document that names the parent, with its date; empty where none of the sources says that it does."""
    owner_unverified: bool = False
    """Who can exercise decisive influence was not checked, or not in a document that was read."""

    @property
    def file(self) -> str:
        """Return where the rule is written."""
        return f"operators/{self.id}.toml"


@dataclass(frozen=True, slots=True)
class Impact:
    """How soon an outage is felt."""

    within: str
    """A word of the vocabulary's ``impacts``."""
    why_nl: str
    why_en: str


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """What stands behind a name: product, purpose, and who answers for it."""

    id: str
    """File and position: ``siemens/2``."""
    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    tags: tuple[str, ...]
    """Service tags of published ranges that are this service's alone: ``azure/AZUREACTIVEDIRECTORY``."""
    product: str
    vendor: str
    jurisdiction: str | None
    """``None``: nobody in particular answers for it."""
    parent: Party | None
    function: str
    path: Literal["data", "control"]
    impact: Impact
    """As usual for its function, or as the rule says."""
    evidence: str
    operator: str | None
    """Who runs the hosts, where the vendor says so."""
    front: str | None
    """What kind of front it is: traffic or mail goes through it, to an origin that is not seen."""
    anycast: bool
    reviewed: str
    owner_unverified: bool
    """Who stands behind the vendor was not checked, or not in a document that was read."""

    @property
    def file(self) -> str:
        """Return where the rule is written."""
        return f"services/{self.id.partition('/')[0]}.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A place as an operator calls it."""

    id: str
    country: str
    place: str


@dataclass(frozen=True, slots=True)
class Bloc:
    """A group of states that counts as inside."""

    id: str
    members: tuple[str, ...]
    reviewed: str


@dataclass(frozen=True, slots=True)
class Function:
    """What a service is for."""

    path: Literal["data", "control"]
    impact: Impact


@dataclass(frozen=True, slots=True)
class Example:
    """A name that a rule file promises to match, or promises not to."""

    rule: str
    """File that promises."""
    name: str
    matches: bool


@dataclass(frozen=True, slots=True)
class PlaceExample:
    """A name that an operator's file promises to tell a region, or promises to tell none."""

    rule: str
    name: str
    region: str
    """Empty: none."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The closed lists."""

    functions: Mapping[str, Function]
    impacts: tuple[str, ...]
    """How soon an outage is felt, the shortest first."""
    kinds: tuple[str, ...]
    front_kinds: tuple[str, ...]
    """Kinds of operator that stand between a client and somebody else's origin."""
    carrier_kinds: tuple[str, ...]
    """Kinds of operator that lodge hosts of other operators in their own network."""
    law_statuses: Mapping[str, bool]
    """Statuses of a law or a framework, and whether such a law reaches anybody."""
    service_kind: str | None
    """Kind of a host whose published range is tagged as that of a service: nobody rents it."""
    reasons: tuple[str, ...]
    evidence: Mapping[str, tuple[str, ...]]
    """Kinds of evidence and the keys of their values."""
    counts: Grade
    """From here on an axis counts."""
    controlled: Grade
    """From here on "inside" is more than an indication."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule, checked."""

    operators: Mapping[str, Operator]
    services: tuple[Service, ...]
    regions: Mapping[str, Mapping[str, Region]]
    sites: Mapping[str, Region]
    codes: Mapping[str, Mapping[str, Region]]
    """Short codes that operators write for their regions."""
    blocs: Mapping[str, Bloc]
    vocabulary: Vocabulary
    examples: tuple[Example, ...]
    places: tuple[PlaceExample, ...]
    digest: str
    """SHA-256 over names and contents of all rule files."""
    law: LawBook = field(default_factory=LawBook)
    _domains: Mapping[str, Operator] = field(init=False, repr=False, compare=False)
    _names: Mapping[str, Service] = field(init=False, repr=False, compare=False)
    _region_ids: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the suffixes."""
        domains = {d: o for o in self.operators.values() for d in o.domains + o.front_domains}
        object.__setattr__(self, "_domains", domains)
        object.__setattr__(self, "_names", {n: s for s in self.services for n in s.names})
        ids = frozenset(region for places in self.regions.values() for region in places)
        object.__setattr__(self, "_region_ids", ids)

    def operator_of(self, name: str) -> tuple[Operator, str] | None:
        """Return whose host a name in lower case proves, and the suffix that says so: the longest wins."""
        domains = self._domains
        for suffix in suffixes(name):
            if suffix in domains:
                return domains[suffix], suffix
        return None

    def service_of(self, name: str) -> tuple[Service, str] | None:
        """Return what a name in lower case stands for; a suffix may say ``{region}`` for any region id."""
        names = self._names
        ids = self._region_ids
        labels = name.split(".")
        general = ".".join([REGION if label in ids else label for label in labels])
        for suffix, any_region in zip(suffixes(name), suffixes(general), strict=True):
            if suffix in names:
                return names[suffix], suffix
            if any_region in names:
                return names[any_region], suffix
        return None
