"""The site's own inventory and what the captures say of it: the nouns of ``--inventory``. docs/site.md describes it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwel.model.claims import Evidence, Grade


@dataclass(frozen=True, slots=True)
class Entry:
    """What the inventory says of one device."""

    where: str
    """``assets.csv:12``: file and line; of JSON the number of the object."""
    name: str | None = None
    addresses: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    """As ``columns.mac_text`` spells them."""
    serial: str | None = None
    vendor: str | None = None
    product: str | None = None
    role: str | None = None
    zone: str | None = None
    location: str | None = None
    """Site, location and rack, as far as they are given."""
    owner: str | None = None
    criticality: str | None = None
    vlan: int | None = None

    @property
    def label(self) -> str:
        """Return what to call it."""
        return self.name or next(iter((*self.addresses, *self.macs)), None) or self.serial or self.where


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """A file of the inventory, as it was read."""

    file: str
    """Name without folders."""
    sha256: str
    entries: int


@dataclass(frozen=True, slots=True, eq=False)
class OwnInventory:
    """Everything that the inventory says, checked."""

    files: tuple[InventoryFile, ...]
    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()
    """Cells that could not be understood: ``file:line: column: why; what to write``. The rest of their rows counts."""


class Match(enum.StrEnum):
    """By what an entry was found. Ordered from surest to least sure in this listing."""

    MAC = "mac"
    SERIAL = "serial"
    ADDRESS = "address"
    NAME = "name"


class LineState(enum.StrEnum):
    """What the captures say of an entry."""

    SEEN = "seen"
    DIFFERS = "differs"
    """Seen, and what frames say contradicts it."""
    AMBIGUOUS = "ambiguous"
    """Several assets fit it, or another entry is about the same asset: whoever reads it must decide."""
    UNSEEN = "unseen"
    """Nothing that fits was seen. It may be switched off, gone, or where no capture was made."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the inventory and the frames say otherwise."""

    field: str
    """``mac``, ``serial``, ``address``, ``vendor`` or ``zone``."""
    told: str
    seen: str
    grade: Grade
    """Of what was seen."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and what was found of it."""

    entry: Entry
    state: LineState
    asset: str | None
    """Id of the asset; ``None`` where nothing fits."""
    by: Match | None
    others: tuple[str, ...] = ()
    """Ids of further assets that fit, and where other entries stand that are about the same asset."""
    differences: tuple[Difference, ...] = ()
    in_sight: bool = False
    """Of one that was not seen: whether its neighbours were (/24, IPv6 /64)."""


@dataclass(frozen=True, slots=True)
class InventoryUse:
    """The inventory, and what the captures say of it."""

    files: tuple[InventoryFile, ...]
    lines: tuple[Line, ...]
    """In order of the files."""
    uninventoried: tuple[str, ...]
    """Ids of assets that no entry is about."""
    problems: int = 0
    """Cells that could not be understood."""

    def count(self, state: LineState) -> int:
        """Return how many entries are in a state."""
        return sum(line.state is state for line in self.lines)

    @property
    def differs(self) -> bool:
        """Return whether inventory and captures disagree in anything."""
        return bool(self.uninventoried) or any(line.state is not LineState.SEEN for line in self.lines)
