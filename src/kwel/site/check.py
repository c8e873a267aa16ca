"""Finds faults in a site file: entries that expired, are shadowed, have no effect or claim too much."""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING, Final

from kwel.model.remarks import Remark
from kwel.model.site import OverrideState
from kwel.rulebook.rulefile import suffixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kwel.model.site import Site
    from kwel.rulebook.model import Rulebook

    Published = Callable[[str], str | None]

YEAR: Final = 365
"""Days that are proposed where an override has no end."""
SOON: Final = 30
"""Days before its end at which an override is told."""


def check(site: Site, book: Rulebook, day: datetime.date, published: Published, private: Sequence[str]) -> list[Remark]:
    """Return what is amiss, in the order of the file.

    Args:
        site: what the file says.
        book: the rules.
        day: on which overrides are judged.
        published: which provider publishes an address in its list; ``None`` for none.
        private: prefixes that are internal without anybody saying so.
    """
    return [
        *_prefixes(site, published),
        *_names(site, book),
        *_zones(site),
        *_assets(site, private),
        *_overrides(site, day),
        *_shadows(site, private),
    ]


class _Cover:
    """Prefixes that hold others: a dictionary look-up a length, for there may be ten thousand."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._lengths: dict[tuple[int, int], dict[int, str]] = {}
        for prefix in prefixes:
            network = ipaddress.ip_network(prefix)
            host_bits = network.max_prefixlen - network.prefixlen
            first = int(network.network_address) >> host_bits
            self._lengths.setdefault((network.version, host_bits), {})[first] = prefix

    def holding(self, prefix: str, *, apart: bool = False) -> str | None:
        """Return a prefix that holds an address or a prefix; with *apart* another than itself."""
        network = ipaddress.ip_network(prefix)
        own, value = network.max_prefixlen - network.prefixlen, int(network.network_address)
        for (version, host_bits), known in self._lengths.items():
            if version == network.version and host_bits >= own + apart and (found := known.get(value >> host_bits)):
                return found
        return None


def _prefixes(site: Site, published: Published) -> Iterator[Remark]:
    of_zones = {prefix for zone in site.zones for prefix in zone.prefixes}
    cover = _Cover(site.internal)
    for prefix in site.internal:
        network = ipaddress.ip_network(prefix)
        wider = cover.holding(prefix, apart=True)
        if wider and prefix not in of_zones:
            yield Remark("note", "internal", f"{network} is in {wider} already")
        ends = {str(network[0]), str(network[-1])}
        owner = next((found for end in ends if (found := published(end))), None)
        if owner:
            yield Remark(
                "fault",
                "internal",
                f"{network} is in the list of addresses of {owner}: nothing that is internal gets a verdict",
            )


def _names(site: Site, book: Rulebook) -> Iterator[Remark]:
    own = {*site.domains, *(tenant.name for tenant in site.tenants)}
    for name in (*site.domains, *(tenant.name for tenant in site.tenants)):
        key = "domains" if name in site.domains else "tenants"
        wider = next((suffix for suffix in suffixes(name.partition(".")[2]) if suffix in own), None)
        if wider:
            yield Remark("note", key, f"{name} is in {wider} already")
        operator, service = book.operator_of(name), book.service_of(name)
        if operator and operator[1] == name:
            yield Remark("fault", key, f"{name} is all of {operator[0].name}: name the host or domain that is yours")
        elif service and service[1] == name:
            yield Remark("fault", key, f"{name} is all of {service[0].product}: name the host or domain that is yours")


def _zones(site: Site) -> Iterator[Remark]:
    used = {asset.zone for asset in site.assets}
    for zone in site.zones:
        if not zone.prefixes and not zone.vlans and zone.name not in used:
            yield Remark("fault", "zones", f"{zone.name!r} has no prefixes, no VLANs and no assets: it is empty")


def _assets(site: Site, private: Sequence[str]) -> Iterator[Remark]:
    cover = _Cover((*site.internal, *private))
    names: set[str] = set()
    for asset in site.assets:
        if asset.name.casefold() in names:
            yield Remark("note", "assets", f"{asset.name!r} is the name of several; the report adds their addresses")
        names.add(asset.name.casefold())
        for address in asset.addresses:
            if not cover.holding(address):
                yield Remark("fault", "assets", f"{address} is not internal: no asset has it; write it under internal")


def _overrides(site: Site, day: datetime.date) -> Iterator[Remark]:
    for override in site.overrides:
        key = f"overrides[{override.number}]"
        what = f"{override.scope} {override.what}"
        state = override.state(day.isoformat())
        if state is OverrideState.EXPIRED:
            yield Remark("fault", key, f"{what}: expired on {override.expires}, not applied; renew or remove it")
        elif state is OverrideState.NOT_YET:
            yield Remark("note", key, f"{what}: holds from {override.begins} on, not yet applied")
        elif override.expires is None:
            yield Remark("note", key, f"{what}: has no end date; write expires = {day + datetime.timedelta(YEAR)}")
        elif (left := (datetime.date.fromisoformat(override.expires) - day).days) <= SOON:
            yield Remark("note", key, f"{what}: expires in {left} days, on {override.expires}")
        if override.date > day.isoformat():
            yield Remark("fault", key, f"{what}: is dated {override.date}, after {day}")


def _shadows(site: Site, private: Sequence[str]) -> Iterator[Remark]:
    """Tell overrides that can never be applied, or that say what a wider one says already."""
    cover = _Cover((*site.internal, *private))
    domains = {of.what: of for of in site.overrides if of.scope == "domain"}
    for override in site.overrides:
        key = f"overrides[{override.number}]"
        if override.scope == "prefix":
            if cover.holding(override.what):
                yield Remark("fault", key, f"{override.what} is internal: what is internal is never attributed")
        elif override.scope in ("host", "domain"):
            parent = override.what.partition(".")[2]
            wider = next((domains[suffix] for suffix in suffixes(parent) if suffix in domains), None)
            if wider and wider.sets == override.sets:
                yield Remark("note", key, f"{override.what} says what overrides[{wider.number}] says of {wider.what}")
