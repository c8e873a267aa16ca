"""A site and assets in, the zones that the site has drawn and where its assets stand in them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.claims import Evidence
from kwel.model.siteindex import SiteIndex
from kwel.model.zones import Origin
from kwel.zones.drafts import Draft, Place

if TYPE_CHECKING:
    from kwel.model.assets import Asset
    from kwel.model.site import Site


class ToldZones:
    """The zones of a site. An asset's own entry goes before its addresses, and those before its VLANs."""

    def __init__(self, site: Site) -> None:
        self._site, self._index = site, SiteIndex(site)
        self.drafts = [
            Draft(zone.name, Origin.SITE, self._why(zone.name, "zones"), "", zone, zone.prefixes, zone.vlans)
            for zone in site.zones
        ]
        self._number = {zone.name: number for number, zone in enumerate(site.zones)}
        self._vlans = {vlan: zone.name for zone in site.zones for vlan in zone.vlans}

    def places(self, asset: Asset) -> list[Place]:
        """Return where an asset stands; nowhere where the site does not say."""
        named = self._index.asset((*asset.addresses, *(claim.value for claim in asset.macs)))
        found: dict[str, str] = {}
        if named and named.zone:
            found[named.zone] = named.name
        for address in () if found else asset.addresses:
            if of := self._index.zone(address):
                found.setdefault(of[1].name, of[0])
        for vlan in () if found else asset.vlans:
            if zone := self._vlans.get(vlan):
                found.setdefault(zone, f"VLAN {vlan}")
        return [Place(self._number[zone], self._why(zone, by)) for zone, by in found.items()]

    def at(self, address: str) -> int | None:
        """Return the zone of an address by its prefix."""
        found = self._index.zone(address)
        return self._number[found[1].name] if found else None

    def _why(self, zone: str, by: str) -> Evidence:
        return Evidence("looked-up", "site-zone", (("zone", zone), ("by", by)), source=self._site.source())
