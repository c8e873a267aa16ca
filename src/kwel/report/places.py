"""Names of zones in, how a reader of Dutch or English calls them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.zones import BETWEEN, PROPOSED
from kwel.report.text import Text, joined, wire

if TYPE_CHECKING:
    from kwel.model.zones import Zone
    from kwel.report.catalogue import Catalogue

_LONGEST = 60


def zone_of(name: str, say: Catalogue) -> Text:
    """Return the zone that an asset stands in; a proposal is called one."""
    return joined([_named(part, say) for part in name.split(BETWEEN)], BETWEEN)


def zone_name(zone: Zone, say: Catalogue) -> Text:
    """Return what a zone is called."""
    return (say.first(f"zone.{zone.key}") if zone.key else None) or zone_of(zone.name, say)


def _named(name: str, say: Catalogue) -> Text:
    if name.startswith(PROPOSED):
        return say("zone.proposed", name=wire(name.removeprefix(PROPOSED), _LONGEST))
    return wire(name, _LONGEST)
