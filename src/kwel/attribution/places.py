"""A host and what is known of its address in, the place where the packets end out, with grade and evidence.

Geolocation never decides: it is shown where nothing better is known, and it can withhold a place that a whole network
number would give, since an address that was moved or rented out is not where its network usually is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.attribution.steps import REGIONS, Steps, inferred, lowered, operator_rule
from kwel.model.claims import Evidence, Grade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.attribution.hosts import Host, Known
    from kwel.attribution.names import HostName
    from kwel.attribution.tables import AddressFacts
    from kwel.rulebook.model import Operator, Region, Rulebook

ANYCAST: Final = "anycast"
GLOBAL: Final = "global"  # the look-up table's word for a range that may answer from any region

_ZONE: Final = re.compile(r"(-wl\d+)?(-[a-z]{3}-?\d+)?$")
"""What the id of a zone has beyond that of its region: ``-ist-1``, ``-wl1-ber1``, ``-wl1``."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a host stands."""

    countries: tuple[str, ...] = ()
    grade: Grade = Grade.U
    region: str | None = None
    place: str | None = None
    anycast: bool = False
    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Evidence, ...] = ()

    @property
    def value(self) -> str | None:
        """Return what to show: a country, ``DE/FI``, ``anycast``."""
        return ANYCAST if self.anycast else "/".join(self.countries) or None


class Placer:
    """Finds places; the first of these rules that says something decides."""

    def __init__(self, book: Rulebook, steps: Steps) -> None:
        self._regions = book.regions
        self._zones = {owner: _zones(places) for owner, places in book.regions.items()}
        self._steps = steps

    def find(self, host: Host, known: Known, named: HostName, front: str) -> Location:
        """Return the place; *front* names what stands before the origin, if anything does."""
        facts = known.facts
        place = named.place if host.name_counts else None
        # 1. One address at many places; but a place that the operator writes into the name was meant for this client.
        if what := front or ("" if place else _anycast(host, known, named)):
            return self._anywhere(host, facts, "front" if front else "anycast", what)
        # 2. The region that the operator publishes for the address.
        if facts and facts.region and host.network and host.numbers is None:
            return self._published(host.network, facts, place.region if place and not named.weak else None)
        # 3. The place that the operator writes into the name.
        if place:
            assert host.operator is not None
            source = operator_rule(host.operator)
            key = "region" if place.kind == "region-in-name" else "site"
            step = inferred(
                place.kind,
                source,
                **{key: place.region.id},
                suffix=place.suffix,
                place=place.region.place,
                country=place.region.country,
            )
            grade = lowered(Grade.B if host.name_agrees else Grade.C, unsourced=host.operator.unsourced or named.weak)
            region = place.region.id if key == "region" else None
            return self._at(place.region, grade, (step,), facts, region)
        # 4. The only countries in which the operator says that this network stands.
        if host.numbers and host.numbers.places and host.network:
            return self._of_network(host, host.network, host.numbers.places, facts)
        # 5. Geolocation.
        return self._geolocated(facts)

    def _anywhere(self, host: Host, facts: AddressFacts | None, kind: str, what: str) -> Location:
        assert host.operator is not None
        step = inferred(kind, operator_rule(host.operator), operator=host.operator.name, what=what)
        return Location(grade=host.grade, anycast=True, evidence=(step,), rejected=self._against(facts, ANYCAST, ()))

    def _published(self, network: Operator, facts: AddressFacts, named: Region | None) -> Location:
        region = self._regions.get(network.regions, {}).get(facts.region or "")
        if region is None:
            step = inferred("unknown-region", REGIONS, region=facts.region, operator=network.name)
            return Location(region=facts.region, rejected=(step,))
        if facts.country in self._zones[network.regions].get(region.id, {}):
            return self._in_a_zone(region, self._zones[network.regions][region.id][facts.country], facts)
        step = inferred("region-place", REGIONS, region=region.id, place=region.place, country=region.country)
        agrees = named is not None and named.country == region.country
        grade = lowered(Grade.A if agrees else Grade.B, unsourced=network.unsourced)
        location = self._at(region, grade, (step,), facts, region.id)
        if named is None or agrees:
            return location
        against = inferred("name-against-region", REGIONS, named=named.place, region=region.place)
        return Location(
            location.countries,
            location.grade,
            location.region,
            location.place,
            evidence=location.evidence,
            rejected=(*location.rejected, against),
        )

    def _in_a_zone(self, region: Region, zone: Region, facts: AddressFacts) -> Location:
        """The region has a zone in the country that geolocation names: in which of the two it is, is not known."""
        against = self._steps.looked_up(
            "zone-against-region",
            "country",
            region=region.id,
            place=region.place,
            zone=zone.place,
            country=facts.country,
        )
        located = self._geolocated(facts)
        return Location(located.countries, located.grade, region.id, evidence=located.evidence, rejected=(against,))

    def _at(
        self,
        region: Region,
        grade: Grade,
        evidence: tuple[Evidence, ...],
        facts: AddressFacts | None,
        region_id: str | None,
    ) -> Location:
        shown = f"{region.place} ({region.country})"
        against = self._against(facts, shown, (region.country,))
        return Location((region.country,), grade, region_id, shown, evidence=evidence, rejected=against)

    def _of_network(
        self, host: Host, network: Operator, places: tuple[str, ...], facts: AddressFacts | None
    ) -> Location:
        step = inferred(
            "asn-places",
            operator_rule(network),
            asn=facts and facts.asn,
            operator=network.name,
            places="/".join(places),
        )
        if facts and facts.country and facts.country not in places:
            against = self._steps.looked_up(
                "places-against-geolocation", "country", places="/".join(places), country=facts.country
            )
            geolocated = self._geolocated(facts)
            return Location(geolocated.countries, geolocated.grade, evidence=geolocated.evidence, rejected=(against,))
        unsourced = network.unsourced or bool(host.numbers and host.numbers.unsourced)
        grade = lowered(Grade.B if host.name_agrees else Grade.C, unsourced=unsourced)
        return Location(places, grade, place="/".join(places), evidence=(step,))

    def _geolocated(self, facts: AddressFacts | None) -> Location:
        if facts is None or facts.country is None:
            return Location()
        step = self._steps.looked_up("geolocation", "country", country=facts.country)
        return Location((facts.country,), Grade.D, evidence=(step,))

    def _against(self, facts: AddressFacts | None, place: str, countries: tuple[str, ...]) -> tuple[Evidence, ...]:
        """Geolocation that says something else is shown, and does not count."""
        if facts is None or facts.country is None or facts.country in countries:
            return ()
        return (self._steps.looked_up("geolocation-against-place", "country", country=facts.country, place=place),)


def _zones(places: Mapping[str, Region]) -> dict[str, dict[str | None, Region]]:
    """Return, by region, its zones in other countries, by country: ``eu-central-1`` has ``eu-central-1-ist-1``."""
    found: dict[str, dict[str | None, Region]] = {}
    for zone in places.values():
        parent = places.get(_ZONE.sub("", zone.id))
        if parent is not None and parent.country != zone.country:
            found.setdefault(parent.id, {}).setdefault(zone.country, zone)
    return found


def _anycast(host: Host, known: Known, named: HostName) -> str:
    """Return what says that the address is at many places at once; nothing if nothing does."""
    operator, facts = host.operator, known.facts
    if operator is None:
        return ""
    # Hosts of a more special operator may stand in a network that does have places.
    if (host.network or operator).anycast or (host.numbers and host.numbers.anycast):
        return operator.name
    service = named.service or known.service
    if service and service.anycast and host.evidence:
        return service.product
    if facts and host.network and host.numbers is None:
        tags = [tag for tag in host.network.anycast_services if tag in facts.services]
        return tags[0] if tags else facts.region if facts.region == GLOBAL else ""
    return ""
