"""Defines the commands and conduits that conditions of findings look at; ``columns`` does so for contacts."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.model.assets import AssetKind
from kwel.model.zones import Origin as ZoneOrigin

if TYPE_CHECKING:
    from kwel.model.assets import Asset
    from kwel.model.commands import Command
    from kwel.model.zones import Zone

OFFICE_LEVELS: Final = ("4", "5")
"""Of the Purdue model: business systems, whatever protocols they use."""
DMZ: Final = 3.5
PLANT_KINDS: Final = (AssetKind.OT, AssetKind.IIOT)
"""Kinds of asset that make a zone one of the plant."""


class Origin(enum.Enum):
    """Where a command comes from, as far as findings care."""

    OUTSIDE = "outside"
    OFFICE = "it"


@dataclass(frozen=True, slots=True)
class CommandSeen:
    """A command with what the conditions of findings need: who sent it, to which asset, and from where."""

    command: Command
    source: Asset | None
    target: Asset

    @property
    def origin(self) -> Origin | None:
        """Return where the command comes from; ``None`` where that is as it should be."""
        source, target = self.source, self.target
        if self.command.source.is_outside:
            return Origin.OUTSIDE
        if source is None or source.id == target.id or target.kind != AssetKind.OT:
            return None
        is_office = source.kind == AssetKind.IT or (source.level is not None and source.level.value in OFFICE_LEVELS)
        return Origin.OFFICE if is_office else None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A conduit with what the conditions of findings need: the zone of the plant and the zone on the other side."""

    plant: Zone
    other: Zone
    from_plant: bool
    """Connections begin on the plant's side."""

    @property
    def depth(self) -> float:
        """Return the Purdue level of the plant's zone, not a number where the site does not say it."""
        level = depth(self.plant)
        return math.nan if level is None else level

    @property
    def is_outside(self) -> bool:
        """Return whether the other side is outside the plant."""
        return self.other.origin is ZoneOrigin.OUTSIDE

    @property
    def is_office(self) -> bool:
        """Return whether the other side is an office zone, by its level or by what most of its assets are."""
        return is_office(self.other)

    @property
    def comes_from_outside(self) -> bool:
        """Return whether connections are made from outside to the plant."""
        return self.is_outside and not self.from_plant

    @property
    def has_levels(self) -> bool:
        """Return whether the site says the level of both sides; the outside needs none."""
        return depth(self.plant) is not None and (self.is_outside or depth(self.other) is not None)

    @property
    def is_judged(self) -> bool:
        """Return whether it can be compared with the reference model: the plant with an office or the outside."""
        return self.has_levels and (self.is_outside or self.is_office)


def depth(zone: Zone) -> float | None:
    """Return the level that the site says; ``None`` where it does not."""
    return float(zone.level) if zone.level and zone.level_told else None


def is_plant(zone: Zone) -> bool:
    """Return whether a zone is one of the plant: by its level, else by what most of its assets are."""
    if (level := depth(zone)) is not None:
        return level < DMZ
    return bool(zone.kinds) and zone.kinds[0][0] in PLANT_KINDS


def is_office(zone: Zone) -> bool:
    """Return whether a zone is an office zone: by its level, else by what most of its assets are."""
    if (level := depth(zone)) is not None:
        return level > DMZ
    return bool(zone.kinds) and zone.kinds[0][0] is AssetKind.IT
