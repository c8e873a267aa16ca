"""Zones and what passes between them: the nouns of IEC 62443-3-2 (zone and conduit requirement 3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from collections.abc import Collection

    from kwel.model.assets import AssetKind
    from kwel.model.claims import Claim, Evidence, Grade, Where
    from kwel.model.graph import External
    from kwel.model.verdicts import Attribution

PROPOSED: Final = "proposed: "
"""How the name of a zone begins that nobody of the site has drawn."""
BETWEEN: Final = " / "
"""Between the zones of an asset that stands in several."""


class Origin(enum.StrEnum):
    """Who drew a zone."""

    SITE = "site"
    """The site itself, in its site file or its inventory."""
    PROPOSED = "proposed"
    """Nobody: by VLAN, address and kind its assets may belong together. Never shown as the site's own."""
    OUTSIDE = "outside"
    """It lies outside the plant."""


OUTSIDE: Final = {
    "cloud-non-european": "outside: cloud operators, control not European",
    "cloud-undecided": "outside: cloud operators, control undecided",
    "cloud-european": "outside: cloud operators, control European",
    "internet": "outside: other internet",
    "unknown": "outside: unknown",
}
"""The zones outside, by key. A cloud operator runs hosts for others or for its products; the other internet is networks
that carry and those that no rule knows; of the last nothing is known at all."""
_CONTROLS: Final = {
    Control.NON_EUROPEAN: "cloud-non-european",
    Control.UNDECIDED: "cloud-undecided",
    Control.EUROPEAN: "cloud-european",
}


def outside_key(of: Attribution | External, carriers: Collection[str]) -> str:
    """Return in which zone outside a destination lies; *carriers* are kinds of operator that only carry."""
    if of.operator is None:
        return "unknown"
    if of.role is None or of.role in carriers:
        return "internet"
    return _CONTROLS[of.verdict.control]


class ConduitState(enum.StrEnum):
    """Whether anything came of what was begun."""

    USED = "used"
    ATTEMPTED = "attempted"
    """Nothing that was begun was ever answered: a firewall, or nobody there."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Assets that share security requirements, or that may."""

    id: str
    """``Z-01``: in order within one report."""
    key: str
    """Of ``OUTSIDE``; ``silent`` for addresses of the plant at which nobody was heard; else empty."""
    name: str
    origin: Origin
    level: str | None
    """Purdue level: as the site says, else that of most of its assets."""
    security_level: int | None
    """Target security level (SL-T) as the site says."""
    owner: str | None
    prefixes: tuple[str, ...]
    vlans: tuple[int, ...]
    kinds: tuple[tuple[AssetKind, int], ...]
    """Assets by kind, most first."""
    assets: tuple[int, ...]
    """Index into the report's assets. One that stands in several zones is in each."""
    why: Claim
    flows: int
    """Conversations that begin and end in it."""
    packets: int
    bytes: int
    level_told: bool = False
    """Whether the site says its level."""


@dataclass(frozen=True, slots=True)
class Service:
    """One protocol on one port that passes a conduit."""

    protocol: str | None
    """Recognised by content; ``None`` where only the port is known."""
    transport: str
    port: int | None
    """``None`` where the transport has none, or where many ports beyond 49151 were only tried."""
    grade: Grade
    """B by content, D by port."""
    state: ConduitState
    flows: int
    packets_out: int
    packets_in: int
    bytes_out: int
    bytes_in: int
    first: int
    last: int
    where: Where
    """First frame of the first conversation that proves most."""

    @property
    def label(self) -> str:
        """Return how it is called: ``modbus tcp/502``, ``tcp/8443``."""
        ports = f"{self.transport}/{self.port}" if self.port else self.transport
        return f"{self.protocol} {ports}" if self.protocol else ports


@dataclass(frozen=True, slots=True)
class Ends:
    """Who is on one side of a conduit."""

    count: int
    """Assets; outside the plant, hosts or services that dependencies tell of."""
    first: tuple[str, ...]
    """Ids of the first assets; outside, names of the first hosts."""


@dataclass(frozen=True, slots=True)
class Conduit:
    """Everything that assets of one zone began with those of another. The other direction is a conduit of its own."""

    id: str
    """``C-01``: in order within one report."""
    source: int
    """Index into the report's zones: the side that begins."""
    target: int
    back: str | None
    """Id of the conduit in the other direction, where that side begins conversations too."""
    state: ConduitState
    services: tuple[Service, ...]
    """Those that were used first, then by volume; the first few."""
    services_left_out: int
    initiators: Ends
    responders: Ends
    flows: int
    attempts: int
    """Flows among them that nobody answered."""
    unsure: int
    """Flows of which no packet proves who began."""
    packets_out: int
    """From the side that begins."""
    packets_in: int
    bytes_out: int
    bytes_in: int
    first: int
    last: int
    evidence: tuple[Evidence, ...]
    commands: tuple[tuple[str, int], ...] = ()
    """Commands of protocols of the plant by class, where they were counted."""
