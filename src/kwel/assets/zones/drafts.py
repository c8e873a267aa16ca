"""Zones under way: who stands in them, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kwel.model.fast_dataclass import quick

if TYPE_CHECKING:
    from kwel.model.claims import Evidence
    from kwel.model.site import Zone as ToldZone
    from kwel.model.zones import Origin


@dataclass(slots=True)
class Draft:
    """A zone under way."""

    name: str
    origin: Origin
    why: Evidence
    key: str = ""
    told: ToldZone | None = None
    prefixes: tuple[str, ...] = ()
    vlans: tuple[int, ...] = ()
    members: list[int] = field(default_factory=list)
    """Indices of assets."""


@quick
@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset stands, and what says so."""

    draft: int
    why: Evidence
