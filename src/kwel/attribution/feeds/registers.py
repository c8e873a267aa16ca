"""The bytes of registries' lists in, the tables of networks, places and vendors out: each whole, or not at all.

Three formats: IPtoASN's tab-separated ranges (iptoasn.com), ranges with a country as DB-IP Lite has them (db-ip.com),
and the CSV of the IEEE Registration Authority (standards-oui.ieee.org). Which list goes into which table, and under
which terms, stands in rules/feeds.toml.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import socket
import zlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.attribution.feeds import mmdb
from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.feeds.mmdb import V4_BITS, Range, Value
from kwel.attribution.feeds.ranges import Block, apart, without

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

FINEST_V6: Final = 64
"""Longest IPv6 prefix in the tables of networks and countries: within one link, neither changes."""
WIDEST: Final = {4: 1 << 28, 6: 1 << 116}
"""Addresses that one row may have: more is a fault, or somebody who wants to own the internet."""
LONGEST_NAME: Final = 200
_NUMBERS: Final = 1 << 32
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_NOWHERE: Final = frozenset({"", "None", "ZZ"})
"""How these lists write "no country"."""
_BLOCK: Final = re.compile(r"[0-9A-F]{6}([0-9A-F]([0-9A-F]{2})?)?")
_LOCAL: Final = 2
"""Second bit of the first octet: locally administered (IEEE 802-2014 section 8.2), so of nobody."""


class Stretch(NamedTuple):
    """One row of a list: addresses and what they are."""

    first: int
    last: int
    number: int
    """Of the network; 0 in a list of places."""
    name: str
    country: str | None


class Content(NamedTuple):
    """What goes into a table of addresses."""

    ranges: list[Range]
    records: list[dict[str, Value]]
    rows: int


def unpacked(data: bytes, most_bytes: int) -> bytes:
    """Return a list as it was before gzip (RFC 1952), which it need not have gone through.

    Raises:
        FeedError: it unpacks to more than may be, or is damaged.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    packed = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = packed.decompress(data, most_bytes + 1)
    except zlib.error as error:
        raise FeedError(f"not a gzip file: {error}") from error
    if len(text) > most_bytes:
        raise FeedError(f"unpacks to more than {most_bytes} bytes")
    if not packed.eof:
        raise FeedError("cut off: the gzip file does not end")
    return text


def stretches(form: str, data: bytes) -> list[Stretch]:
    """Read a list of addresses.

    Raises:
        FeedError: it is not a list of that format, or says what cannot be.
    """
    try:
        found = list(ADDRESSES[form](data.decode("utf-8-sig")))
    except (ValueError, OSError, csv.Error) as error:
        if isinstance(error, FeedError):
            raise
        raise FeedError(f"not in the format {form}: {type(error).__name__}: {error}") from error
    if not found:
        raise FeedError("holds no range")
    return found


def _ip2asn(text: str) -> Iterator[Stretch]:
    """First, last, network number, country of registration, name; number 0 is what nobody announces."""
    for line in text.split("\n"):  # and at no other sign that Unicode calls the end of a line
        if line:
            first, last, number, country, name = line.rstrip("\r").split("\t")
            if int(number):
                yield _stretch(first, last, int(number), tidy(name), country)


def _range_countries(text: str) -> Iterator[Stretch]:
    """First, last, country."""
    for row in csv.reader(io.StringIO(text)):
        if row:
            first, last, country = row
            if country not in _NOWHERE:
                yield _stretch(first, last, 0, "", country)


ADDRESSES: Final[Mapping[str, Callable[[str], Iterator[Stretch]]]] = {
    "ip2asn": _ip2asn,
    "range-countries": _range_countries,
}


def _stretch(first: str, last: str, number: int, name: str, country: str) -> Stretch:
    version = 6 if ":" in first else 4
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    low, high = (int.from_bytes(socket.inet_pton(family, text)) for text in (first, last))
    if not 0 <= high - low < WIDEST[version]:
        raise FeedError(f"{first} to {last} is no range that one network can have")
    if version == 6 and low >> V4_BITS == 0:
        raise FeedError(f"{first} to {last} lies where IPv4 is kept")
    if not 0 <= number < _NUMBERS:
        raise FeedError(f"{number} is not a network number")
    known = None if country in _NOWHERE else country
    if known is not None and not _COUNTRY.fullmatch(known):
        raise FeedError(f"not a country: {country!r}")
    return Stretch(low, high, number, name, known)


def networks(rows: Sequence[Stretch], reserved: Sequence[Block], others: Collection[str]) -> Content:
    """Return who announces which addresses; a network is registered where most of its addresses are."""
    names: dict[int, str] = {}
    votes: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        names.setdefault(row.number, row.name)
        if row.country and row.country not in others:
            # An IPv6 range counts as little as one address: a /32 would outvote the whole IPv4 internet.
            votes[row.number][row.country] += 1 if row.first >> V4_BITS else row.last - row.first + 1
    index = {number: place for place, number in enumerate(names)}
    kept = apart(Range(row.first, row.last, index[row.number]) for row in rows)
    records = [network_record(number, name, _most(votes[number])) for number, name in names.items()]
    return Content(list(without(kept, reserved)), records, len(rows))


def _most(votes: Counter[str]) -> str | None:
    return min(votes, key=lambda country: (-votes[country], country)) if votes else None


def network_record(number: int, organisation: str, country: str | None) -> dict[str, Value]:
    """Return the fields that GeoLite2-ASN has, so that other tools find them, and the country beside them."""
    record: dict[str, Value] = {"autonomous_system_number": number, "autonomous_system_organization": organisation}
    if country is not None:
        record["registered_country"] = {"iso_code": country}
    return record


def places(rows: Sequence[Stretch], reserved: Sequence[Block], others: Collection[str]) -> Content:
    """Return in which country an address is used; codes that are no country (*others*) are nowhere."""
    index: dict[str, int] = {}
    kept = apart(
        Range(row.first, row.last, index.setdefault(row.country, len(index)))
        for row in rows
        if row.country and row.country not in others
    )
    records: list[dict[str, Value]] = [{"country": {"iso_code": country}} for country in index]
    return Content(list(without(kept, reserved)), records, len(rows))


def database(content: Content, kind: str, about: str, day: datetime.date) -> bytes:
    """Return a table of addresses as a MaxMind DB file."""
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
    return mmdb.write(content.ranges, content.records, kind, about, int(midnight.timestamp()), FINEST_V6)


def vendors(data: bytes) -> dict[str, str]:
    """Read the assignee of every MAC block: of the registries MA-L, MA-M and MA-S, 6, 7 or 9 digits.

    Raises:
        FeedError: it is not a list of the IEEE.
    """
    found = {}
    try:
        for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))):
            digits, name = row["Assignment"].upper(), tidy(row["Organization Name"])
            if not _BLOCK.fullmatch(digits):
                raise FeedError(f"not a MAC block: {digits!r}")
            found[digits] = name
    except (ValueError, KeyError, AttributeError, csv.Error) as error:
        if isinstance(error, FeedError):
            raise
        raise FeedError(f"not in the format ieee-csv: {type(error).__name__}: {error}") from error
    if not found:
        raise FeedError("holds no MAC block")
    return found


def vendor_table(found: Mapping[str, str], placeholders: Collection[str]) -> tuple[bytes, int]:
    """Return MAC blocks in order of their digits, and how many; without placeholders and what belongs to nobody."""
    kept = {
        digits: name
        for digits, name in found.items()
        if name and name not in placeholders and not int(digits[:2], 16) & _LOCAL
    }
    return "".join(f"{digits}\t{name}\n" for digits, name in sorted(kept.items())).encode(), len(kept)


def tidy(name: str) -> str:
    """Return *name* as one line of visible text: registries pass on stray blanks, commas and marks."""
    visible = "".join(letter if letter.isprintable() else " " * letter.isspace() for letter in name)
    return " ".join(visible.split()).rstrip(" ,")[:LONGEST_NAME]
