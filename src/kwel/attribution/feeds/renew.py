"""Registries' lists in, one table made of them anew out: of all of them, or none.

What is held against the table before: no less than half of it may be gone, and where both know something, they must
agree more often than not. A list that fails is refused, and so is its table.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import ipaddress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from kwel.attribution.editions import nearest
from kwel.attribution.feeds import registers
from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.feeds.install import Made
from kwel.attribution.feeds.mmdb import V4_BITS
from kwel.attribution.tables import ASN, OUI

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.attribution.editions import Edition
    from kwel.attribution.feeds.fetch import Fetched
    from kwel.attribution.feeds.lists import Lists, OfficialList, RegisterTable
    from kwel.attribution.feeds.registers import Content

MONTH: Final = "{month}"
"""In an address: the month of the list. It may not be there yet on the first days."""
MOST_UNPACKED: Final = 400_000_000
HALF: Final = 2
SAMPLE: Final = 2000
"""Rows that are held against the table before."""
_OLDEST: Final = datetime.date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went with one list."""

    id: str
    provider: str
    rows: int
    date: str | None
    """Of the list."""
    problem: str | None
    """Why it was refused."""
    sha256: str = ""
    url: str = ""


class Fetches(Protocol):
    """What gets a list: ``fetch.fetch``."""

    def __call__(self, url: str, most_bytes: int) -> Fetched:
        """Return what lies at *url*."""


class _Got(NamedTuple):
    data: bytes
    date: datetime.date
    outcome: Outcome


def renew(
    table: RegisterTable,
    lists: Lists,
    fetch: Fetches,
    found: Sequence[Edition],
    day: datetime.date,
    say: Callable[[Outcome], None],
) -> Made | None:
    """Return a table made anew, or nothing where one of its lists is not to be had or not to be believed."""
    got: list[_Got] = []
    for each in table.lists:
        try:
            got.append(_get(each, fetch, day))
        except FeedError as error:
            say(Outcome(each.id, table.name, 0, None, str(error)))
            return None
    before = nearest(found, table.name, None)
    try:
        data, rows = _made(table, lists, [one.data for one in got], before, min(one.date for one in got))
    except FeedError as error:
        say(Outcome("", table.name, 0, None, str(error)))
        return None
    for one in got:
        say(one.outcome)
    date = min(one.date for one in got).isoformat()
    inputs = tuple(f"{one.outcome.id} {one.outcome.date} sha256:{one.outcome.sha256} {one.outcome.url}" for one in got)
    return Made(table.name, data, table.about, table.source, table.licence, date, rows, inputs)


def _get(each: OfficialList, fetch: Fetches, day: datetime.date) -> _Got:
    fetched = _fetched(each, fetch, day)
    data = registers.unpacked(fetched.data, MOST_UNPACKED)
    date = _date_of(fetched, day)
    digest = hashlib.sha256(fetched.data).hexdigest()
    rows = data.count(b"\n")
    return _Got(data, date, Outcome(each.id, "", rows, date.isoformat(), None, digest, fetched.url))


def _fetched(each: OfficialList, fetch: Fetches, day: datetime.date) -> Fetched:
    if MONTH not in each.url:
        return fetch(each.url, each.most_bytes)
    last_month = day.replace(day=1) - datetime.timedelta(days=1)
    try:
        return fetch(each.url.replace(MONTH, f"{day:%Y-%m}"), each.most_bytes)
    except FeedError:
        return fetch(each.url.replace(MONTH, f"{last_month:%Y-%m}"), each.most_bytes)


def _date_of(fetched: Fetched, day: datetime.date) -> datetime.date:
    """Return what the server says of when the list was made, unless that cannot be: then today."""
    try:
        told = parsedate_to_datetime(fetched.modified).date()
    except (TypeError, ValueError):
        return day
    return told if _OLDEST <= told <= day else day


def _made(
    table: RegisterTable, lists: Lists, texts: Sequence[bytes], before: Edition, date: datetime.date
) -> tuple[bytes, int]:
    """Return the bytes of a table, and how many rows it was made of.

    Raises:
        FeedError: a list is none, or is not believed.
    """
    if table.name == OUI:
        return _vendors(lists, texts, before)
    rows = [
        row for each, data in zip(table.lists, texts, strict=True) for row in registers.stretches(each.format, data)
    ]
    build = registers.networks if table.name == ASN else registers.places
    content = build(rows, lists.reserved, lists.no_countries)
    _compare(table.name, content, (before.root / table.name).read_bytes())
    return registers.database(content, table.kind, table.about, date), content.rows


def _vendors(lists: Lists, texts: Sequence[bytes], before: Edition) -> tuple[bytes, int]:
    found: dict[str, str] = {}
    for data in texts:
        found.update(registers.vendors(data))
    data, count = registers.vendor_table(found, lists.no_vendors)
    old = dict(line.split("\t", 1) for line in (before.root / OUI).read_text(encoding="utf-8").splitlines())
    if count * HALF < len(old):
        raise FeedError(f"has {count} MAC blocks where there were {len(old)}: more than half is gone")
    both = [digits for digits in old if digits in found]
    _agree(sum(_alike(old[digits], found[digits]) for digits in both), len(both), "MAC blocks")
    return data, count


def _alike(one: str, other: str) -> bool:
    """Return whether two names begin alike: registries and collectors shorten them differently."""
    return one[:4].casefold() == other[:4].casefold()


def _compare(name: str, content: Content, old: bytes) -> None:
    """Refuse what has lost half of the table before, or seldom agrees with it."""
    import maxminddb

    with maxminddb.open_database(io.BytesIO(old), maxminddb.MODE_FD) as database:
        was = [0, 0]
        for network, _ in database:
            was[network.version == 6] += _size(int(network[0]), int(network[-1]))
        now = [0, 0]
        for each in content.ranges:
            now[each.first >> V4_BITS > 0] += _size(each.first, each.last)
        for size, before, what in zip(now, was, ("IPv4 addresses", "IPv6 subnets"), strict=True):
            if size * HALF < before:
                raise FeedError(f"has {size} {what} where there were {before}: more than half is gone")
        known, same = 0, 0
        for each in content.ranges[:: max(1, len(content.ranges) // SAMPLE)]:
            record = database.get(_address((each.first + each.last) // 2))
            if isinstance(record, dict):
                known += 1
                same += _says(name, record) == _says(name, content.records[each.record])
    _agree(same, known, "ranges that both know")


def _size(first: int, last: int) -> int:
    """Return IPv4 addresses, or subnets of IPv6 (RFC 4291 section 2.5.1)."""
    return last - first + 1 if first >> V4_BITS == 0 else max(1, last - first + 1 >> 64)


def _address(value: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv6Address(value) if value >> V4_BITS else ipaddress.IPv4Address(value)


def _says(name: str, record: dict[str, Any]) -> object:
    return record.get("autonomous_system_number") if name == ASN else (record.get("country") or {}).get("iso_code")


def _agree(same: int, known: int, what: str) -> None:
    if same * HALF < known:
        raise FeedError(f"agrees with the table before in {same} of {known} {what}")
