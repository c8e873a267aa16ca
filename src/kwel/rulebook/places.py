"""Reads rules/regions.toml and rules/places.toml: regions of operators, and their codes in host names."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.rulebook.model import PlaceExample, Region
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PLACES: Final = "places.toml"

CODES: Final = "-codes"
"""End of the name of a table of short codes: ``[azure-codes]`` stands for regions of ``[azure]``."""


class Circle(NamedTuple):
    """A part of the globe."""

    latitude: float
    longitude: float
    radius: float
    """In km."""


class Circles(NamedTuple):
    """Where places are, coarsely: a host of a country stands within one of its circles."""

    countries: dict[str, tuple[Circle, ...]]
    regions: dict[str, dict[str, Circle]]
    """By operator's table of regions.toml, for regions that are called after one city."""
    km_per_ms: int
    """How far light goes in fibre."""
    reviewed: str


class Here(NamedTuple):
    """Where the capture was made, as the user says."""

    label: str
    circles: tuple[Circle, ...]


class Places(NamedTuple):
    """Places by their ids: regions of each operator, IATA location codes, short codes of each operator's regions."""

    regions: dict[str, dict[str, Region]]
    sites: dict[str, Region]
    codes: dict[str, dict[str, Region]]


def read(table: RuleTable) -> Places:
    """Return every place that rules/regions.toml names."""
    table.sources()
    table.date("reviewed")
    regions: dict[str, dict[str, Region]] = {}
    codes: dict[str, dict[str, Region]] = {}
    for owner, places in table.rest():
        if not isinstance(places, dict):
            raise table.wrong(owner, "must be a table of places")
        inner, whose = table.within(places, owner), owner.removesuffix(CODES)
        if whose == owner:
            regions[owner] = {name: _region(inner, name, value) for name, value in inner.rest()}
        else:
            codes[whose] = {name: _coded(inner, name, value, regions.get(whose, {})) for name, value in inner.rest()}
    return Places(regions, regions.pop("sites", {}), codes)


def _coded(table: RuleTable, name: str, value: object, regions: dict[str, Region]) -> Region:
    """A code is written ``weu = "westeurope"``, after the regions that it stands for."""
    if not isinstance(value, str) or value not in regions:
        raise table.wrong(name, f"{value!r} is not a region of the same operator")
    return regions[value]


def _region(table: RuleTable, name: str, value: object) -> Region:
    """A place is written ``westeurope = ["NL", "West Europe"]``: two hundred tables would be slow to read."""
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(v, str) and v for v in value):
        raise table.wrong(name, "must be [country, place]")
    table.check_country(name, value[0])
    return Region(name, value[0], value[1])


def templates(table: RuleTable, key: str, placeholder: str) -> tuple[str, ...]:
    """Return where in names a place stands: in the first label, before a suffix."""
    values = table.words(key, ())
    for value in values:
        label, _, suffix = value.partition(".")
        if placeholder not in label or not suffix or "{" in suffix or "*" in suffix:
            raise table.wrong(key, f"{value!r}: {placeholder} must be in the first label, before a suffix")
    return values


def circles(root: Traversable | None = None) -> Circles:
    """Return where countries and regions are: of the rules under *root* if they say it, else of those that ship.

    Apart from ``rulebook.load``, since most analyses never ask.

    Raises:
        RuleError: the file is missing or wrong.
    """
    files = (folder / PLACES for folder in (root, resources.files("kwel.rules")) if folder is not None)
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise RuleError(f"{PLACES}: file: missing")
    return read_circles(RuleTable.parse(file.read_bytes(), PLACES))


def read_circles(table: RuleTable) -> Circles:
    """Return what rules/places.toml says."""
    table.sources()
    reviewed, speed = table.date("reviewed"), table.take("km_per_ms", int)
    countries = {}
    for country, circles in table.take("countries", dict).items():
        table.check_country("countries", country)
        if not isinstance(circles, list) or not circles:
            raise table.wrong(f"countries.{country}", "must be a list of circles")
        countries[country] = tuple(_circle(table, f"countries.{country}", circle) for circle in circles)
    regions = {
        owner: {name: _circle(table, f"regions.{owner}.{name}", circle) for name, circle in places.items()}
        for owner, places in table.take("regions", dict).items()
    }
    table.finish()
    return Circles(countries, regions, speed, reviewed)


def _circle(table: RuleTable, key: str, value: object) -> Circle:
    if not isinstance(value, list) or len(value) != 3 or not all(isinstance(n, int | float) for n in value):
        raise table.wrong(key, "must be [latitude, longitude, radius in km]")
    circle = Circle(*value)
    if not (-90 <= circle.latitude <= 90 and -180 <= circle.longitude <= 180 and circle.radius >= 0):
        raise table.wrong(key, f"{value} is not on the globe")
    return circle


def examples(table: RuleTable, rule: str) -> list[PlaceExample]:
    """Return which region names promise to tell; an empty one promises that the name tells none."""
    inner = table.table("places")
    found = []
    for name, region in inner.rest() if inner else ():
        if not isinstance(region, str):
            raise table.wrong(f"places.{name}", "must be a region id, or empty for none")
        found.append(PlaceExample(rule, name, region))
    return found


def parse_here(text: str, known: Circles) -> Here:
    """Return a place that a user named: a country (``NL``), or latitude and longitude in degrees (``52.1,5.1``).

    Raises:
        ValueError: it is neither.
    """
    words = text.strip().upper()
    if words in known.countries:
        return Here(words, known.countries[words])
    try:
        latitude, longitude = (float(part) for part in words.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is no place: write a country such as NL, or degrees such as 52.1,5.1") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(f"{text!r} is not on the globe: latitude is within 90 degrees, longitude within 180")
    return Here(f"{latitude:g} {longitude:g}", (Circle(latitude, longitude, 0),))
