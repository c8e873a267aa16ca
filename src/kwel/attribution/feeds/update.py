"""Official lists in, a new edition of the look-up tables out.

A list that cannot be had, cannot be read or has lost half of its addresses is refused, and its provider keeps the
ranges of the edition before: wrong is worse than old. What was kept is said in the manifest, and so in every report.
A table that is made of registries' lists is made of all of them, or stays as it was (``renew``).
"""

from __future__ import annotations

import datetime
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kwel.attribution.editions import nearest
from kwel.attribution.feeds import mmdb
from kwel.attribution.feeds.cover import EVERYWHERE, Cover, covered, record_of, united
from kwel.attribution.feeds.formats import FeedError, date_in, parse
from kwel.attribution.feeds.install import Made, manifest_of
from kwel.attribution.feeds.ranges import Block, outside
from kwel.attribution.feeds.renew import Outcome, renew
from kwel.attribution.tables import CLOUD, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from kwel.attribution.editions import Edition
    from kwel.attribution.feeds.cover import Published
    from kwel.attribution.feeds.lists import Lists, OfficialList
    from kwel.attribution.feeds.renew import Fetches

V4_SPACE: Final = 1 << 32
SUBNET: Final = 1 << 64
"""IPv6 is counted in subnets (RFC 4291 section 2.5.1): a single address of it is nothing."""
HALF: Final = 2
MOST_PAGE: Final = 5_000_000
KIND, ABOUT = "kwel-Cloud", "Address ranges that cloud providers publish: provider, region, services"
LICENCE: Final = "as each provider publishes its own ranges"


@dataclass(frozen=True, slots=True)
class Update:
    """What one run did."""

    outcomes: tuple[Outcome, ...]
    kept: tuple[str, ...]
    """Providers whose ranges are those of the edition before."""
    files: dict[str, bytes]
    """The new edition: empty where there is nothing new."""


Size = tuple[int, int]
"""IPv4 addresses and IPv6 subnets."""


def fetch_lists(
    lists: Lists,
    fetch: Fetches,
    found: Sequence[Edition],
    day: datetime.date,
    say: Callable[[Outcome], None] = lambda _: None,
    only: Collection[str] = (),
) -> Update:
    """Fetch every list and make an edition of them.

    Args:
        lists: what to fetch.
        fetch: gets it.
        found: the editions that there are; the newest is what new lists are compared with.
        day: today, UTC.
        say: called after each list.
        only: names of the tables to make anew; all by default.

    Raises:
        FeedError: the edition before cannot be read.
    """
    outcomes: list[Outcome] = []

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        say(outcome)

    made: list[Made] = []
    kept: tuple[str, ...] = ()
    if not only or CLOUD in only:
        table, kept = _published(lists, fetch, found, day, told)
        made += [table] if table else []
    for each in lists.tables:
        if (not only or each.name in only) and (renewed := renew(each, lists, fetch, found, day, told)):
            made.append(renewed)
    files = {table.name: table.data for table in made}
    return Update(tuple(outcomes), kept, {MANIFEST: manifest_of(made).encode(), **files} if made else {})


def _published(
    lists: Lists, fetch: Fetches, found: Sequence[Edition], day: datetime.date, say: Callable[[Outcome], None]
) -> tuple[Made | None, tuple[str, ...]]:
    """Return the table of published ranges, and the providers whose ranges are those of the edition before."""
    before = nearest(found, CLOUD, None)
    old = list(_leaves(before))
    old_sizes = _sizes_of((first, last, cover.provider) for (first, last, _), cover in old)
    rows: dict[str, list[Published]] = {}
    outcomes: list[Outcome] = []
    for each in lists.lists:
        outcome, published = _get(each, fetch)
        rows.setdefault(each.provider, []).extend(published)
        outcomes.append(outcome)
        say(outcome)
    refused = {outcome.provider for outcome in outcomes if outcome.problem}
    minus = {each.provider: each.minus for each in lists.lists}
    for provider in sorted(rows, key=lambda name: minus[name] is not None):  # a list that others are told by goes first
        if provider in refused:
            continue
        other = minus[provider]
        problem = f"not without the list of {other}" if other in refused else None
        if other is not None and problem is None:
            rows[provider] = _without(rows[provider], rows[other])
        problem = problem or _shrunk(rows[provider], old_sizes.get(provider, (0, 0)), lists.reserved)
        if problem:
            refused.add(provider)
            say(Outcome("", provider, len(rows[provider]), None, problem))
    fresh = [provider for provider in rows if provider not in refused]
    kept = tuple(sorted({cover.provider for _, cover in old} - set(fresh)))
    if not fresh:
        return None, kept
    known = [pair for pair in old if pair[1].provider in kept]
    known += united(row for provider in fresh for row in rows[provider])
    return _table(known, lists.reserved, outcomes, kept, str(before.manifest[CLOUD]["date"]), day), kept


def _without(rows: Sequence[Published], others: Sequence[Published]) -> list[Published]:
    """Return the rows that lie in no prefix of others: Google's services are its addresses without its cloud's."""
    apart = set(outside({row.prefix for row in rows}, {row.prefix for row in others}))
    return [row for row in rows if row.prefix in apart]


def _get(each: OfficialList, fetch: Fetches) -> tuple[Outcome, list[Published]]:
    try:
        fetched = fetch(_address(each, fetch), each.most_bytes)
        feed = parse(each.format, fetched.data, each.provider)
    except FeedError as error:
        return Outcome(each.id, each.provider, 0, None, str(error)), []
    date = feed.date or date_in(fetched.url)
    digest = hashlib.sha256(fetched.data).hexdigest()
    return Outcome(each.id, each.provider, len(feed.rows), date, None, digest, fetched.url), feed.rows


def _address(each: OfficialList, fetch: Fetches) -> str:
    """Return where a list is, today."""
    if each.link is None:
        return each.url
    link = each.link.search(fetch(each.url, MOST_PAGE).data.decode("utf-8", "replace"))
    if link is None:
        raise FeedError("its page holds no link to the list any more")
    return link.group()


def _leaves(edition: Edition) -> Iterator[tuple[Block, Cover]]:
    """Yield what an edition knows, as it lies in the tree: joined, split, and with its provider's prefix lengths."""
    import maxminddb

    data = (edition.root / CLOUD).read_bytes()
    with maxminddb.open_database(io.BytesIO(data), maxminddb.MODE_FD) as database:
        for network, record in database:
            if not isinstance(record, dict):
                raise FeedError(f"edition {edition.name}: {CLOUD} is damaged")
            about: dict[str, Any] = record
            region = about.get("region")
            placed = region not in {None, EVERYWHERE}
            block = Block(int(network[0]), int(network[-1]), network.prefixlen)
            services = frozenset(about.get("services", ()))
            yield block, Cover(about["provider"], region, placed, services, about["prefix_length"])


def _sizes_of(stretches: Iterator[tuple[int, int, str]]) -> dict[str, Size]:
    v4, v6 = Counter[str](), Counter[str]()
    for first, last, provider in stretches:
        if last < V4_SPACE:
            v4[provider] += last - first + 1
        else:
            v6[provider] += max(1, (last - first + 1) // SUBNET)
    return {provider: (v4[provider], v6[provider]) for provider in v4 | v6}


def _shrunk(rows: Sequence[Published], before: Size, reserved: Sequence[Block]) -> str | None:
    """Return why a list is not believed that holds less than half of what it held."""
    ranges, covers = covered(united(rows), reserved)
    sizes = _sizes_of((each.first, each.last, covers[each.record].provider) for each in ranges)
    (now,) = sizes.values() or ((0, 0),)
    for size, old, what in zip(now, before, ("IPv4 addresses", "IPv6 subnets"), strict=True):
        if size * HALF < old:
            return f"has {size} {what} where there were {old}: more than half is gone"
    return None


def _table(
    published: Sequence[tuple[Block, Cover]],
    reserved: Sequence[Block],
    outcomes: Sequence[Outcome],
    kept: Sequence[str],
    kept_of: str,
    day: datetime.date,
) -> Made:
    ranges, covers = covered(published, reserved)
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
    data = mmdb.write(ranges, [record_of(cover) for cover in covers], KIND, ABOUT, int(midnight.timestamp()))
    source = f"Lists that the providers publish, fetched {day.isoformat()}"
    if kept:
        source += f"; {', '.join(kept)} as of {kept_of}"
    inputs = tuple(
        f"{outcome.id} {outcome.date or day.isoformat()} sha256:{outcome.sha256} {outcome.url}"
        for outcome in outcomes
        if outcome.problem is None and outcome.provider not in kept
    )
    return Made(CLOUD, data, ABOUT, source, LICENCE, day.isoformat(), len(published), inputs)
