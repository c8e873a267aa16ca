"""Address prefixes in, sorted ranges that do not overlap out: arithmetic, and no opinion on what they mean.

Addresses are 128-bit numbers; IPv4 lies in ``::/96``, as it does in the IPv6 tree of a MaxMind DB file.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kwel.attribution.feeds.mmdb import V4_BITS, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Known = TypeVar("Known")


class Block(NamedTuple):
    """One prefix as numbers."""

    first: int
    last: int
    length: int
    """Of the prefix as written: 0 to 32 for IPv4, 0 to 128 for IPv6."""


def block(prefix: str) -> Block:
    """Return *prefix* as numbers."""
    network = ipaddress.ip_network(prefix)
    return Block(int(network[0]), int(network[-1]), network.prefixlen)


def nested(
    published: Iterable[tuple[Block, Known]],
    outermost: Known,
    within: Callable[[Known, Block, Known], Known],
) -> Iterator[tuple[int, int, Known]]:
    """Yield first, last and knowledge for every stretch of addresses under the same covering prefixes.

    Args:
        published: prefixes, each with what it says itself.
        outermost: what is known where no prefix covers.
        within: what is known inside a prefix, of what is known around it, the prefix, and what it says.
    """
    stack: list[tuple[int, Known]] = []
    position = 0
    for inner, says in sorted(published, key=lambda each: (each[0].first, -each[0].last)):
        while stack and stack[-1][0] < inner.first:
            last, known = stack.pop()
            if position <= last:
                yield position, last, known
            position = last + 1
        if stack and position < inner.first:
            yield position, inner.first - 1, stack[-1][1]
        position = inner.first
        stack.append((inner.last, within(stack[-1][1] if stack else outermost, inner, says)))
    while stack:
        last, known = stack.pop()
        if position <= last:
            yield position, last, known
        position = last + 1


def apart(ranges: Iterable[Range]) -> list[Range]:
    """Return *ranges* sorted, with the head of a range cut off where the one before reaches into it."""
    result: list[Range] = []
    position = 0
    for each in sorted(ranges):
        first = max(each.first, position)
        if first <= each.last:
            result.append(Range(first, each.last, each.record))
            position = each.last + 1
    return result


def without(ranges: Iterable[Range], holes: Sequence[Block]) -> Iterator[Range]:
    """Yield *ranges* with the *holes*, which are sorted and apart, cut out."""
    ends = [hole.last for hole in holes]
    for each in ranges:
        first = each.first
        for hole in holes[bisect_left(ends, first) :]:
            if hole.first > each.last:
                break
            if first < hole.first:
                yield Range(first, hole.first - 1, each.record)
            first = hole.last + 1
        if first <= each.last:
            yield Range(first, each.last, each.record)


def outside(blocks: Iterable[Block], others: Iterable[Block]) -> Iterator[Block]:
    """Yield *blocks* without those that lie in one of the *others* as a whole; prefixes nest, so none lies in two."""
    covers = sorted(others, key=lambda each: (each.first, -each.last))
    firsts: list[int] = []
    lasts: list[int] = []
    for each in covers:
        if not lasts or each.last > lasts[-1]:
            firsts.append(each.first)
            lasts.append(each.last)
    for each in blocks:
        place = bisect_right(firsts, each.first) - 1
        if place < 0 or each.last > lasts[place]:
            yield each


def majority(of: Sequence[Range], votes: Sequence[Range]) -> dict[int, int]:
    """Return, for each record in *of*, the record in *votes* that shares most addresses with it.

    An IPv6 overlap counts as little as one IPv4 address: a /32 of it would outvote the whole IPv4 internet.
    """
    shared: defaultdict[int, Counter[int]] = defaultdict(Counter)
    index = 0
    for each in of:
        while index < len(votes) and votes[index].last < each.first:
            index += 1
        for vote in _touching(each, votes, index):
            overlap = min(each.last, vote.last) - max(each.first, vote.first) + 1
            shared[each.record][vote.record] += 1 if each.first >> V4_BITS else overlap
    return {record: min(votes, key=lambda vote: (-votes[vote], vote)) for record, votes in shared.items()}


def _touching(each: Range, votes: Sequence[Range], index: int) -> Iterator[Range]:
    while index < len(votes) and votes[index].first <= each.last:
        yield votes[index]
        index += 1
