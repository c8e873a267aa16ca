"""The bytes of an official list in, its rows and its date out: a function a format, and no list is believed blindly.

Which list is in which format, and where it is fetched, stands in rules/feeds.toml. The formats are described by their
owners: AWS (docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html), Azure (learn.microsoft.com, Service Tags
JSON), Google (support.google.com/a/answer/10026322), Oracle (docs.oracle.com, Public IP Address Ranges), Fastly
(developer.fastly.com, public-ip-list), geofeeds (RFC 8805), one prefix a line (cloudflare.com/ips).
"""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.attribution.feeds.cover import EVERYWHERE, Published
from kwel.attribution.feeds.ranges import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHORTEST: Final = {4: 8, 6: 19}
"""Bits that the shortest prefix of a list has: none of these providers owns more, and a fault may say ``0.0.0.0/0``."""

GLOBAL_UNICAST: Final = 0b001
"""First bits of the IPv6 addresses that anybody owns (RFC 4291 section 2.4). In our tree IPv4 lies among the others."""

_DATE = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}")
_COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1
_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")  # ISO 3166-2


LONGEST_COMPLAINT: Final = 300
"""Characters of one line that says what is wrong, however much of it a server wrote."""


class FeedError(ValueError):
    """A list is not what it should be, or not to be had."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split())[:LONGEST_COMPLAINT])


class Feed(NamedTuple):
    """A list as its owner published it."""

    date: str | None
    """ISO 8601 date that the list itself tells."""
    rows: list[Published]


def parse(form: str, data: bytes, provider: str) -> Feed:
    """Read a list.

    Args:
        form: a key of ``FORMATS``.
        data: as it was fetched.
        provider: the id that its rows get in our table.

    Raises:
        FeedError: it is not a list of that format.
    """
    try:
        date, rows = FORMATS[form](data.decode("utf-8-sig"))
        published = [Published(_block(prefix), provider, region, tags) for prefix, region, tags in rows]
    except FeedError:
        raise
    except RecursionError:
        raise FeedError("nested too deep") from None
    except (ValueError, LookupError, TypeError, AttributeError, csv.Error) as error:
        raise FeedError(f"not in the format {form}: {type(error).__name__}: {error}") from error
    if not published:
        raise FeedError("holds no prefix")
    return Feed(date, published)


Row = tuple[str, str | None, tuple[str, ...]]
"""Prefix, region, service tags."""


def _aws(text: str) -> tuple[str | None, Iterator[Row]]:
    """A Local Zone or Wavelength Zone has a border group of its own: it is not where its parent region is."""
    told = json.loads(text)
    return _date(told["createDate"]), (
        (row[key], _region(row["network_border_group"]), (_tag(row["service"]),))
        for part, key in (("prefixes", "ip_prefix"), ("ipv6_prefixes", "ipv6_prefix"))
        for row in told[part]
    )


def _azure(text: str) -> tuple[str | None, Iterator[Row]]:
    """The name of a regional tag ends in the region once more: ``Storage.GermanyWestCentral``."""

    def rows() -> Iterator[Row]:
        for value in json.loads(text)["values"]:
            about = value["properties"]
            region = _region(about["region"]) if about["region"] else None
            tag = _tag(value["name"].rsplit(".", 1)[0] if region else value["name"])
            for prefix in about["addressPrefixes"]:
                yield prefix, region, (tag,)

    return None, rows()


def _google(text: str) -> tuple[str | None, Iterator[Row]]:
    told = json.loads(text)
    return _date(told["creationTime"]), (
        (
            row.get("ipv4Prefix") or row["ipv6Prefix"],
            _region(row["scope"]) if "scope" in row else None,
            (_tag(row["service"].replace(" ", "_")),) if "service" in row else (),
        )
        for row in told["prefixes"]
    )


def _oracle(text: str) -> tuple[str | None, Iterator[Row]]:
    told = json.loads(text)
    return _date(told["last_updated_timestamp"]), (
        (row["cidr"], _region(region["region"]), tuple(_tag(tag) for tag in row["tags"]))
        for region in told["regions"]
        for row in region["cidrs"]
    )


def _fastly(text: str) -> tuple[str | None, Iterator[Row]]:
    told = json.loads(text)
    return None, ((prefix, None, ()) for part in ("addresses", "ipv6_addresses") for prefix in told[part])


def _geofeed(text: str) -> tuple[str | None, Iterator[Row]]:
    """RFC 8805: prefix, country, subdivision, city, and a postal code that nobody fills in any more."""

    def rows() -> Iterator[Row]:
        for row in csv.reader(io.StringIO(text)):
            if row and not row[0].lstrip().startswith("#"):
                place = row[2].strip()
                yield row[0].strip(), place if _SUBDIVISION.fullmatch(place) else None, ()

    return None, rows()


def _geofeed_countries(text: str) -> tuple[str | None, Iterator[Row]]:
    """The same; the country stands for the place, where the subdivisions are not those of data centres."""

    def rows() -> Iterator[Row]:
        for row in csv.reader(io.StringIO(text)):
            if row and not row[0].lstrip().startswith("#"):
                country = row[1].strip()
                yield row[0].strip(), country if _COUNTRY.fullmatch(country) else None, ()

    return None, rows()


def _lines(text: str) -> tuple[str | None, Iterator[Row]]:
    return None, ((line.strip(), None, ()) for line in text.splitlines() if line.strip())


FORMATS: Final[Mapping[str, Callable[[str], tuple[str | None, Iterator[Row]]]]] = {
    "aws-ip-ranges": _aws,
    "azure-service-tags": _azure,
    "google-ip-ranges": _google,
    "oracle-ip-ranges": _oracle,
    "fastly-ip-list": _fastly,
    "geofeed": _geofeed,
    "geofeed-countries": _geofeed_countries,
    "prefix-lines": _lines,
}


def date_in(text: str) -> str | None:
    """Return the first date in a file's name or a header, ISO 8601.

    >>> date_in("ServiceTags_Public_20261123.json")
    '2026-11-23'
    """
    found = _DATE.search(text)
    return "-".join(found.groups()) if found else None


def _date(value: Any) -> str:
    date = date_in(value)
    if date is None:
        raise FeedError(f"no date in {value!r}")
    return date


def _region(value: Any) -> str:
    name = _name(value)
    return EVERYWHERE if name.lower() == EVERYWHERE else name


def _tag(value: Any) -> str:
    return _name(value).upper()


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise FeedError(f"not a name: {value!r}")
    return value


def _block(prefix: Any) -> Block:
    """Return a prefix as numbers.

    Raises:
        FeedError: it is none, or too wide to be true.
    """
    try:
        network = ipaddress.ip_network(prefix if isinstance(prefix, str) else "")
    except ValueError:
        raise FeedError(f"not a prefix: {prefix!r}") from None
    if network.version == 6 and int(network[0]) >> 125 != GLOBAL_UNICAST:
        raise FeedError(f"{network} is no global unicast address")
    if network.prefixlen < SHORTEST[network.version]:
        raise FeedError(f"{network} is too wide to belong to one provider")
    return Block(int(network[0]), int(network[-1]), network.prefixlen)
