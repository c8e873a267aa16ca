"""What a user knows of the own site, and what became of it: the nouns of site.toml. docs/site.md describes the file."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from kwel.model.inventory import OwnInventory

Scope = Literal["host", "domain", "prefix", "asset"]
"""What an override is about: a host name or pattern, a domain and all below it, addresses, or a device of the plant."""


TOLD_LEVEL = "site-level"
"""Kind of the evidence that the site file gives one asset a level of its own."""


class OverrideState(enum.StrEnum):
    """Whether an override counts on the day that is judged."""

    APPLIES = "applies"
    EXPIRED = "expired"
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the plant whose assets share security requirements (IEC 62443-3-2)."""

    name: str
    level: str | None
    """Of the Purdue reference model: ``0`` to ``5``, ``3.5`` for what stands between plant and office."""
    sl_t: int | None
    """Target security level, IEC 62443-3-3: 0 to 4."""
    prefixes: tuple[str, ...]
    vlans: tuple[int, ...]
    owner: str | None = None
    """Who answers for it."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A name in somebody's cloud that is the site's own."""

    name: str
    """A host, or a domain with all that is below it."""
    what: str
    """For a reader; may be empty."""


@dataclass(frozen=True, slots=True)
class NamedAsset:
    """What the site calls one of its devices."""

    name: str
    addresses: tuple[str, ...]
    macs: tuple[str, ...]
    """As ``columns.mac_text`` spells them."""
    zone: str | None
    level: str | None = None
    """Purdue level, where it differs from that of its zone."""
    owner: str | None = None
    criticality: str | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody of the site says otherwise than the tables, signs it and dates it."""

    number: int
    """1-based, in the order of the file."""
    scope: Scope
    what: str
    """Pattern, domain, prefix, address or MAC."""
    sets: tuple[tuple[str, str], ...]
    """Fields of an attribution or of an asset, and what they are said to be."""
    author: str
    reason: str
    date: str
    """ISO 8601: when it was written down."""
    begins: str | None
    """First day on which it holds; ``None``: it always did."""
    expires: str | None
    """Last day on which it holds; ``None``: nobody set an end."""

    def state(self, day: str | None) -> OverrideState:
        """Return whether it counts on a day (ISO 8601); where no day is known, it does."""
        if day and self.expires and day > self.expires:
            return OverrideState.EXPIRED
        if day and self.begins and day < self.begins:
            return OverrideState.NOT_YET
        return OverrideState.APPLIES


@dataclass(frozen=True, slots=True)
class Buffer:
    """For how long the site goes on without something."""

    asset: str | None
    """Name, address or MAC of whoever goes on; ``None``: every asset."""
    function: str | None
    """Of rules/vocabulary.toml; ``None``: every function."""
    hours: float
    reason: str
    """How that is known: a store that was tested, a licence's period of grace."""


@dataclass(frozen=True, slots=True)
class AddressSaid:
    """What a user's own database says of an address; ``None`` where it says nothing."""

    country: str | None = None
    """ISO 3166-1 alpha-2."""
    city: str | None = None
    asn: int | None = None
    as_org: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """A user's own database of addresses."""

    file: str
    """Name without folders."""
    kind: str
    """What the file calls its type."""
    date: str
    """ISO 8601: when it was built, as it says."""
    sha256: str

    @property
    def source(self) -> str:
        """Return what to cite for what it says."""
        return f"{self.file}, {self.date}"


class Database(Protocol):
    """A user's own database of addresses, opened."""

    info: DatabaseInfo
    unread: int
    """Addresses whose record is damaged."""

    def look(self, address: str, /) -> AddressSaid:
        """Return what it says of an address."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Everything that a site file says, checked."""

    file: str
    """Name without folders."""
    sha256: str
    name: str
    """What the site is called; may be empty."""
    internal: tuple[str, ...]
    """Prefixes that are the site's own, those of its zones among them."""
    domains: tuple[str, ...]
    tenants: tuple[Tenant, ...]
    zones: tuple[Zone, ...]
    assets: tuple[NamedAsset, ...]
    overrides: tuple[Override, ...]
    databases: tuple[Database, ...] = ()
    here: str = ""
    """Where its captures are made, a country or degrees; may be empty."""
    inventory: OwnInventory | None = None
    """The inventory that it names."""
    buffers: tuple[Buffer, ...] = ()

    def source(self, override: Override | None = None) -> str:
        """Return what to cite for what the file says, or for one override."""
        return f"site file {self.file}" + (f" ({override.author}, {override.date})" if override else "")


@dataclass(frozen=True, slots=True)
class Effect:
    """What an override changed at one host or asset."""

    subject: str
    before: tuple[tuple[str, str], ...]
    """By field: what kwel would have said; empty for "not known"."""
    after: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Overruling:
    """An override and what became of it."""

    override: Override
    state: OverrideState
    count: int
    """Dependencies or assets that it fits."""
    held: int
    """Dependencies at which its operator was not applied, for a front stands before the host."""
    effects: tuple[Effect, ...]
    """The first hosts or assets at which it changed something."""


@dataclass(frozen=True, slots=True)
class SiteUse:
    """A site file, and what became of what it says in one analysis."""

    site: Site
    day: str | None
    """ISO 8601: the day on which overrides are judged."""
    overrulings: tuple[Overruling, ...]
