"""A site and its inventory in, the zones that it has drawn and where its assets stand in them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.assets.zones.drafts import Draft, Place
from kwel.model.claims import Evidence
from kwel.model.siteindex import SiteIndex
from kwel.model.zones import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.assets import Asset
    from kwel.model.site import Site


class ToldZones:
    """The zones of a site. Its entry for an asset goes before the inventory, that before addresses and VLANs."""

    def __init__(self, site: Site | None, assets: Sequence[Asset]) -> None:
        """Take the zones of the site file, then those that the inventory names for *assets*."""
        self._source, self._index = site.source() if site else "", SiteIndex(site) if site else None
        self.drafts = [
            Draft(zone.name, Origin.SITE, self._why(zone.name, "zones"), "", zone, zone.prefixes, zone.vlans)
            for zone in (site.zones if site else ())
        ]
        self._number = {draft.name: number for number, draft in enumerate(self.drafts)}
        self._vlans = {vlan: draft.name for draft in self.drafts for vlan in draft.vlans}
        self._folded = {name.casefold(): number for name, number in self._number.items()}
        for asset in assets:
            if asset.zone and asset.zone_why and asset.zone.casefold() not in self._folded:
                self._folded[asset.zone.casefold()] = len(self.drafts)
                self.drafts.append(Draft(asset.zone, Origin.SITE, asset.zone_why.evidence[0]))

    def places(self, asset: Asset) -> list[Place]:
        """Return where an asset stands; nowhere where the site does not say."""
        if self._index is None and not asset.zone:
            return []
        found: dict[str, str] = {}
        keys = (*asset.addresses, *(claim.value for claim in asset.macs))
        if self._index and (named := self._index.asset(keys)) and named.zone:
            found[named.zone] = named.name
        if not found and asset.zone and asset.zone_why:
            return [Place(self._folded[asset.zone.casefold()], asset.zone_why.evidence[0])]
        for address in () if found else asset.addresses:
            if self._index and (of := self._index.zone(address)):
                found.setdefault(of[1].name, of[0])
        for vlan in () if found else asset.vlans:
            if zone := self._vlans.get(vlan):
                found.setdefault(zone, f"VLAN {vlan}")
        return [Place(self._number[zone], self._why(zone, by)) for zone, by in found.items()]

    def at(self, address: str) -> int | None:
        """Return the zone of an address by its prefix."""
        found = self._index.zone(address) if self._index else None
        return self._number[found[1].name] if found else None

    def _why(self, zone: str, by: str) -> Evidence:
        return Evidence("looked-up", "site-zone", (("zone", zone), ("by", by)), source=self._source)
