"""A site in, what it says of an address or of a name out: the longest prefix, and the longest own domain."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.site import NamedAsset, Site, Zone


class SiteIndex:
    """What is looked up often, by key: a handful of prefix lengths, one dictionary look-up each."""

    def __init__(self, site: Site) -> None:
        self._named = {key: asset for asset in site.assets for key in (*asset.addresses, *asset.macs)}
        self._own = dict.fromkeys(site.domains, "") | {tenant.name: tenant.what for tenant in site.tenants}
        lengths: dict[tuple[int, int], dict[int, tuple[str, Zone]]] = {}
        for zone in site.zones:
            for prefix in zone.prefixes:
                network = ipaddress.ip_network(prefix)
                host_bits = network.max_prefixlen - network.prefixlen
                first = int(network.network_address) >> host_bits
                lengths.setdefault((network.version, host_bits), {})[first] = (prefix, zone)
        self._zones = sorted(lengths.items())  # fewest host bits first: the longest prefix wins
        self.has_zones = bool(site.zones)
        self.has_own = bool(self._own)

    def asset(self, keys: Iterable[str]) -> NamedAsset | None:
        """Return the entry of the first address or MAC that has one."""
        return next((self._named[key] for key in keys if key in self._named), None)

    def zone(self, address: str) -> tuple[str, Zone] | None:
        """Return the longest prefix of a zone that holds an address, and the zone."""
        if not self._zones:
            return None
        value = ipaddress.ip_address(address)
        for (version, host_bits), zones in self._zones:
            if version == value.version and (found := zones.get(int(value) >> host_bits)):
                return found
        return None

    def zone_name(self, address: str) -> str | None:
        """Return the zone of an address: that of its own entry, else that of its prefix."""
        if (named := self._named.get(address)) and named.zone:
            return named.zone
        found = self.zone(address)
        return found[1].name if found else None

    def own(self, name: str) -> tuple[str, str] | None:
        """Return the longest own domain or tenant that a name in lower case belongs to, and what it is for."""
        suffix = name if self._own else ""
        while suffix:
            if suffix in self._own:
                return suffix, self._own[suffix]
            suffix = suffix.partition(".")[2]
        return None

    def own_name(self, name: str) -> str | None:
        """Return the domain or tenant alone."""
        found = self.own(name.lower())
        return found[0] if found else None
