"""Rows of the providers' lists in, the table of published ranges out: one record an address, whatever covers it.

Readers see one leaf of the tree, so the walk through all prefixes around an address is done here, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kwel.attribution.feeds.mmdb import Range, Value
from kwel.attribution.feeds.ranges import Block, nested, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


EVERYWHERE = "global"
"""Region of what stands at no place in particular. It yields to any other that covers the address."""


class Published(NamedTuple):
    """One row of a provider's list."""

    prefix: Block
    provider: str
    region: str | None
    services: tuple[str, ...]


class Cover(NamedTuple):
    """What all published prefixes around an address say together."""

    provider: str = ""
    region: str | None = None
    placed: bool = False
    """The region is a place, not ``global``."""
    services: frozenset[str] = frozenset()
    length: int = 0
    """Of the prefix that decides: the longest with a place, else the longest."""


def within(around: Cover, prefix: Block, says: Cover) -> Cover:
    """Return what is known inside *prefix*: a place beats none, longer beats shorter, services add up."""
    if around.provider and around.provider != says.provider:
        around = Cover()
    decides = says.placed or not around.placed
    return Cover(
        provider=says.provider,
        region=(says.region or around.region) if decides else around.region,
        placed=says.placed or around.placed,
        services=around.services | says.services,
        length=says.length if decides else around.length,
    )


def united(rows: Iterable[Published]) -> list[tuple[Block, Cover]]:
    """Return each prefix once, with the services of all its rows."""
    found: dict[Block, Cover] = {}
    for row in rows:
        placed = row.region not in {None, EVERYWHERE}
        says = Cover(row.provider, row.region, placed, frozenset(row.services), row.prefix.length)
        found[row.prefix] = within(found.get(row.prefix, Cover()), row.prefix, says)
    return list(found.items())


def covered(published: Iterable[tuple[Block, Cover]], reserved: Sequence[Block]) -> tuple[list[Range], list[Cover]]:
    """Return ranges that do not overlap, and the records that they index; *reserved* addresses are nobody's."""
    records: dict[Cover, int] = {}
    ranges = [
        Range(first, last, records.setdefault(cover, len(records)))
        for first, last, cover in nested(published, Cover(), within)
    ]
    return list(without(ranges, reserved)), list(records)


def record_of(cover: Cover) -> dict[str, Value]:
    """Return what ``clouds.tables`` reads of an address."""
    record: dict[str, Value] = {"provider": cover.provider, "prefix_length": cover.length}
    if cover.region:
        record["region"] = cover.region
    if cover.services:
        record["services"] = list[Value](sorted(cover.services))
    return record
