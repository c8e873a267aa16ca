"""rules/regions.toml in, places by what operators call them out; and where operators write them into host names."""

from __future__ import annotations

from typing import Final, NamedTuple

from kwel.rulefile import RuleTable
from kwel.rulemodel import PlaceExample, Region

CODES: Final = "-codes"
"""End of the name of a table of short codes: ``[azure-codes]`` stands for regions of ``[azure]``."""


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
        inner, whose = RuleTable(places, "regions.toml", f"{owner}."), owner.removesuffix(CODES)
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


def examples(table: RuleTable, rule: str) -> list[PlaceExample]:
    """Return which region names promise to tell; an empty one promises that the name tells none."""
    inner = table.table("places")
    found = []
    for name, region in inner.rest() if inner else ():
        if not isinstance(region, str):
            raise table.wrong(f"places.{name}", "must be a region id, or empty for none")
        found.append(PlaceExample(rule, name, region))
    return found
