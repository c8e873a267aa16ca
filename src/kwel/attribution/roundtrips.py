"""A round trip and where it was captured in, places where the answer cannot have come from out.

Nothing travels faster through fibre than light does. Between a SYN and its SYN-ACK, as the capture saw them, the packet
went from the point of capture to whoever answered and back; so that one stands no further away than light gets in half
that time. A place that lies beyond is excluded. This only ever excludes: whoever answers late may be near and busy, and
whoever answers soon may be a proxy, a firewall that answers for others or an edge of the same name. So no verdict rests
on it, and what it contradicts is said aloud. docs/rules.md, "Round trips", has the reasoning.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from kwel.attribution.steps import inferred
from kwel.rulebook.places import Circle, circles, parse_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kwel.model.claims import Evidence
    from kwel.model.verdicts import Attribution
    from kwel.rulebook.model import Rulebook
    from kwel.rulebook.places import Circles

EARTH: Final = 6371.0  # km, mean radius
GEOLOCATED: Final = (
    *("geolocation", "geolocation-against-place", "places-against-geolocation"),
    *("site-geolocation", "site-geolocation-against-place"),
)


class RoundTrips:
    """Holds the distances from where the capture was made."""

    def __init__(self, book: Rulebook, known: Circles, here: str) -> None:
        self._book, self._known, self._here = book, known, parse_here(here, known)
        self._source = f"rules/places.toml, {known.reviewed}"
        self._distances: dict[tuple[str, str], float | None] = {}

    def excluded(self, attribution: Attribution, rtt_us: int) -> tuple[Evidence, ...]:
        """Return what a round trip of so many microseconds speaks against; nothing where it fits."""
        reach = rtt_us / 2000 * self._known.km_per_ms
        found = []
        place = attribution.location.value if attribution.location and not attribution.anycast else None
        if place and (distance := self._to_place(attribution, place)) and distance > reach:
            found.append(self._step("round-trip-against-place", attribution.place or place, distance, reach, rtt_us))
        for country in _geolocated(attribution.evidence + attribution.rejected):
            distance = self._to_country(country)
            if country != place and distance and distance > reach:
                found.append(self._step("round-trip-against-geolocation", country, distance, reach, rtt_us))
        return tuple(found)

    def _step(self, kind: str, place: str, distance: float, reach: float, rtt_us: int) -> Evidence:
        return inferred(
            kind,
            self._source,
            place=place,
            distance=math.floor(distance),
            trip=f"{rtt_us / 1_000_000:.6f}",
            km=math.ceil(reach),
            here=self._here.label,
        )

    def _to_place(self, attribution: Attribution, place: str) -> float | None:
        """Return how far the nearest point of a place is; ``None`` where that is not known."""
        operator = self._book.operators.get(attribution.operator_id or "")
        table, region = operator.regions if operator else "", attribution.region or ""
        key = table, region
        if region and key not in self._distances:
            circle = self._known.regions.get(table, {}).get(region)
            self._distances[key] = self._to((circle,)) if circle else None
        if region and (distance := self._distances[key]) is not None:
            return distance
        distances = [self._to_country(country) for country in place.split("/")]
        known = [distance for distance in distances if distance is not None]
        return min(known) if len(known) == len(distances) else None

    def _to_country(self, country: str) -> float | None:
        key = "", country
        if key not in self._distances:
            circles = self._known.countries.get(country)
            self._distances[key] = self._to(circles) if circles else None
        return self._distances[key]

    def _to(self, circles: Iterable[Circle]) -> float:
        return min(apart(one, other) for one in self._here.circles for other in circles)


def excluding(book: Rulebook, here: str) -> Callable[[Attribution, int], tuple[Evidence, ...]] | None:
    """Return what says which places a round trip excludes, of captures that were made *here*; nothing if nobody says.

    Raises:
        ValueError: that is no place.
    """
    return RoundTrips(book, circles(), here).excluded if here else None


def apart(one: Circle, other: Circle) -> float:
    """Return the great-circle distance in km between the nearest points of two circles; 0 where they meet.

    >>> round(apart(Circle(52.37, 4.9, 0), Circle(40.71, -74.01, 0)))  # Amsterdam and New York
    5863
    """
    a, b, c, d = map(math.radians, (one.latitude, one.longitude, other.latitude, other.longitude))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return max(0.0, 2 * EARTH * math.asin(math.sqrt(min(1.0, half))) - one.radius - other.radius)


def _geolocated(steps: Iterable[Evidence]) -> list[str]:
    """Return the countries that geolocation names, each once."""
    return list(dict.fromkeys(dict(step.values)["country"] for step in steps if step.kind in GEOLOCATED))
