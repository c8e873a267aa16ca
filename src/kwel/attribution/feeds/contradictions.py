"""Checked rules and the look-up tables in, what they say against one another out: one line each.

Of nested prefixes the most special decides, and that is no contradiction. These are: two rules for the same addresses,
a rule that never decides, a published place that no rule knows, and a network number of somebody else.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.attribution.editions import editions, nearest
from kwel.attribution.feeds.cover import EVERYWHERE
from kwel.attribution.feeds.ranges import Block, block
from kwel.attribution.tables import ASN, CLOUD, open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import maxminddb

    from kwel.attribution.editions import Edition
    from kwel.rulebook.model import Operator, Rulebook

STRIDE: Final = 16
"""Every so manieth published network is held against its network number: all of them would take three seconds."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Leaf(NamedTuple):
    """A part of a prefix for which a table says one thing."""

    size: int
    record: dict[str, Any]


class _Owners:
    """Who a row of a table belongs to, by the rules."""

    def __init__(self, book: Rulebook) -> None:
        self._ranges = {
            (claim.provider, region): operator
            for operator in book.operators.values()
            for claim in operator.ranges
            for region in claim.regions or (None,)
        }
        self._numbers = {
            number: operator
            for operator in book.operators.values()
            for network in operator.networks
            for number in network.numbers
        }
        self._carriers = book.vocabulary.carrier_kinds

    def of_range(self, record: Mapping[str, Any]) -> Operator | None:
        provider = record.get("provider", "")
        return self._ranges.get((provider, record.get("region"))) or self._ranges.get((provider, None))

    def of_number(self, record: Mapping[str, Any]) -> Operator | None:
        """Return whose a network number is; not where it lodges hosts of others."""
        operator = self._numbers.get(record.get("autonomous_system_number", 0))
        return None if operator is None or operator.kind in self._carriers else operator


def find(book: Rulebook, providers: Collection[str], found: tuple[Edition, ...] | None = None) -> list[str]:
    """Return what contradicts what.

    Args:
        book: the rules.
        providers: whose lists ``kwel update`` fetches, though the table may not hold them yet.
        found: the editions of the tables; those that are installed by default.

    Raises:
        TableError: a table is missing or damaged.
    """
    found = editions() if found is None else found
    chosen = {name: nearest(found, name, None) for name in (CLOUD, ASN)}
    owners = _Owners(book)
    opened = [open_table(edition.root, name, edition.manifest) for name, edition in chosen.items()]
    with opened[0] as cloud, opened[1] as numbers:
        return [
            *_twice(book),
            *_claims(book),
            *_documented(book, owners, cloud, numbers),
            *_published(book, owners, providers, cloud, numbers),
        ]


def _twice(book: Rulebook) -> Iterator[str]:
    """Two rules for the same prefix, and a prefix inside that of an operator who has nothing to do with its owner."""
    seen: dict[str, str] = {}
    for service in book.services:
        for prefix in service.prefixes:
            if prefix in seen:
                yield f"{service.file}: networks: {prefix!r} is already in {seen[prefix]}"
            seen[prefix] = service.file
    claims = [(block(prefix), prefix, o) for o in book.operators.values() for prefix in o.prefixes]
    around: list[tuple[Block, str, Operator]] = []
    for inner, prefix, operator in sorted(claims, key=lambda claim: (":" in claim[1], claim[0].first, -claim[0].last)):
        while around and (around[-1][0].last < inner.first or (":" in around[-1][1]) is not (":" in prefix)):
            around.pop()
        for outer, other_prefix, other in around:
            if outer == inner:
                yield f"{operator.file}: networks: {prefix!r} is already in {other.file}"
            elif not _related(operator, other):
                yield f"{operator.file}: networks: {prefix!r} lies in {other_prefix!r} of {other.file}"
        around.append((inner, prefix, operator))


def _claims(book: Rulebook) -> Iterator[str]:
    """Two operators for the same published ranges."""
    seen: dict[tuple[str, str | None], str] = {}
    for operator in book.operators.values():
        for claim in operator.ranges:
            for region in claim.regions or (None,):
                if other := seen.get((claim.provider, region)):
                    where = f" in {region}" if region else ""
                    yield f"{operator.file}: ranges: those of {claim.provider!r}{where} are already in {other}"
                seen[claim.provider, region] = operator.file


def _documented(book: Rulebook, owners: _Owners, cloud: maxminddb.Reader, numbers: maxminddb.Reader) -> Iterator[str]:
    """A documented prefix that somebody else publishes, or that is announced under somebody else's number."""
    for operator in book.operators.values():
        for prefix in operator.prefixes:
            network = ipaddress.ip_network(prefix)
            published, announced = Counter[str](), Counter[str]()
            for leaf in _leaves(cloud, network):
                owner = owners.of_range(leaf.record)
                if owner and leaf.record.get("prefix_length", 0) >= network.prefixlen and not _related(owner, operator):
                    published[owner.file] += leaf.size
            for leaf in _leaves(numbers, network):
                owner = owners.of_number(leaf.record)
                if owner and not _related(owner, operator):
                    announced[owner.file] += leaf.size
            for other, size in sorted(published.items()):
                whole = "it never decides" if size == network.num_addresses else f"{size} addresses of it"
                yield f"{operator.file}: networks: {prefix!r} is published by {other}: {whole}"
            for other, size in sorted(announced.items()):
                yield f"{operator.file}: networks: {prefix!r} is announced under a number of {other}: {size} addresses"


def _published(
    book: Rulebook,
    owners: _Owners,
    providers: Collection[str],
    cloud: maxminddb.Reader,
    numbers: maxminddb.Reader,
) -> Iterator[str]:
    """Published ranges of nobody, places that no rule knows, and numbers of somebody else."""
    held, tags, announced = _held(owners, cloud, numbers)
    publishing = {provider for provider, _ in held}
    for operator in book.operators.values():
        for claim in operator.ranges:
            if claim.provider not in publishing.union(providers):
                yield f"{operator.file}: ranges: nobody publishes ranges as {claim.provider!r}"
            for region in claim.regions:
                if claim.provider in publishing and (claim.provider, region) not in held:
                    yield f"{operator.file}: ranges: {claim.provider!r} publishes none in {region!r}"
    for operator in book.operators.values():
        mine = publishing.intersection(claim.provider for claim in operator.ranges)
        for tag in operator.front_tags + operator.anycast_services:
            if mine and not tags.intersection(f"{provider}/{tag}" for provider in mine):
                yield f"{operator.file}: fronts, anycast_services: no published range is tagged {tag!r}"
    for service in book.services:
        for tag in service.tags:
            if tag.partition("/")[0] in publishing and tag not in tags:
                yield f"{service.file}: tags: no published range is tagged {tag!r}"
    for provider, place in sorted(held, key=str):
        owner = owners.of_range({"provider": provider, "region": place})
        if owner is None:
            yield f"{CLOUD}: {provider}: published ranges that no operator claims"
        elif place not in {None, EVERYWHERE} and place not in book.regions.get(owner.regions, {}):
            yield f"regions.toml: {owner.regions}: {place!r} is missing, where {provider} publishes ranges"
    for (file, other), count in sorted(announced.items()):
        yield f"{file}: ranges: {count} of those published are announced under a number of {other}"


def _held(
    owners: _Owners, cloud: maxminddb.Reader, numbers: maxminddb.Reader
) -> tuple[set[tuple[str, str | None]], set[str], Counter[tuple[str, str]]]:
    """Return providers with their regions, their tags, and how often one's range is under another's number."""
    tags: set[str] = set()
    held: set[tuple[str, str | None]] = set()
    announced: Counter[tuple[str, str]] = Counter()
    for index, (network, record) in enumerate(cloud):
        about: Any = record
        held.add((about["provider"], about.get("region")))
        tags.update([f"{about['provider']}/{tag}" for tag in about.get("services", ())])
        if index % STRIDE == 0:
            owner, at = owners.of_range(about), numbers.get(network[0])
            other = owners.of_number(at) if isinstance(at, dict) else None
            if owner and other and not _related(owner, other):
                announced[owner.file, other.file] += 1
    return held, tags, announced


def _leaves(table: maxminddb.Reader, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Iterator[_Leaf]:
    """Yield what a table says of each part of a prefix of which it says one thing."""
    bits, at, last = network.max_prefixlen, int(network[0]), int(network[-1])
    kind = type(network[0])
    while at <= last:
        record, length = table.get_with_prefix_len(str(kind(at)))
        end = min(at | (1 << max(0, bits - length)) - 1, last)
        if isinstance(record, dict):
            yield _Leaf(end - at + 1, record)
        at = end + 1


def _related(one: Operator, other: Operator) -> bool:
    """Return whether two operators are one in the end: hosts of one may stand in ranges of the other."""
    return (
        one is other
        or one.id in other.shares_networks_of
        or other.id in one.shares_networks_of
        or one.parent.name == other.parent.name
    )
