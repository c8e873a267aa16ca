"""rules/feeds.toml in, the official lists out that ``kwel update`` fetches, and the addresses that are nobody's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.attribution.feeds.formats import FORMATS
from kwel.attribution.feeds.ranges import Block, block
from kwel.attribution.tables import ASN, COUNTRY, OUI
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable
    from pathlib import Path

FILE = "feeds.toml"
VENDOR_FORMAT: Final = "ieee-csv"
REGISTER_FORMATS: Final = {ASN: ("ip2asn",), COUNTRY: ("range-countries",), OUI: (VENDOR_FORMAT,)}
"""In which format the lists of a table may be."""


@dataclass(frozen=True, slots=True)
class OfficialList:
    """A list that a provider publishes."""

    id: str
    provider: str
    """What its rows are called in the table; several lists may be of one provider."""
    format: str
    url: str
    """Of the list, or of a page that leads to it."""
    link: re.Pattern[str] | None
    """What the list's own address looks like in that page."""
    most_bytes: int
    minus: str | None = None
    """Provider whose prefixes are not of this list, though they stand in it."""


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """A table that is made anew of one or several lists: all of them, or it stays as it was."""

    name: str
    kind: str
    """The database type of a MaxMind DB file; of no use in another."""
    about: str
    source: str
    licence: str
    lists: tuple[OfficialList, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """What is fetched, in order."""

    lists: tuple[OfficialList, ...]
    """Of published ranges."""
    reserved: tuple[Block, ...]
    """Addresses that belong to nobody, whatever a list says; in order."""
    tables: tuple[RegisterTable, ...] = ()
    """The other tables."""
    no_countries: frozenset[str] = frozenset()
    """Codes of two letters that are no country of ISO 3166-1."""
    no_vendors: frozenset[str] = frozenset()
    """Assignees of MAC blocks that stand for others."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the providers, each once."""
        return tuple(dict.fromkeys(each.provider for each in self.lists))


def load(root: Traversable | Path) -> Lists:
    """Read the file in the folder *root*.

    Raises:
        RuleError: something in it is wrong.
    """
    try:
        table = RuleTable.parse((root / FILE).read_bytes(), FILE)
    except OSError as error:
        raise RuleError(f"{FILE}: file: {error.strerror}") from error
    table.date("reviewed")
    table.sources()
    reserved = table.table("reserved")
    if reserved is None:
        raise table.wrong("reserved", "missing")
    reserved.text("source")
    blocks = tuple(sorted(block(prefix) for prefix in reserved.prefixes("prefixes")))
    reserved.finish()
    lists = tuple(_list(inner, FORMATS) for inner in table.tables("feeds"))
    tables = tuple(_table(inner) for inner in table.tables("tables"))
    no_countries, no_vendors = table.words("no_countries", ()), table.words("no_vendors", ())
    table.finish()
    names = [each.id for each in (*lists, *(inner for one in tables for inner in one.lists))]
    if not lists or len(set(names)) < len(names):
        raise table.wrong("feeds", "missing, or an id is there twice")
    for each in lists:
        if each.minus is not None and each.minus not in {other.provider for other in lists}:
            raise table.wrong("feeds", f"{each.id}: minus: no list of {each.minus!r}")
    return Lists(lists, blocks, tables, frozenset(no_countries), frozenset(no_vendors))


def _table(table: RuleTable) -> RegisterTable:
    name = table.one_of("name", tuple(REGISTER_FORMATS))
    found = RegisterTable(
        name=name,
        kind=table.text("kind", ""),
        about=table.text("about"),
        source=table.text("source"),
        licence=table.text("licence"),
        lists=tuple(_list(inner, REGISTER_FORMATS[name]) for inner in table.tables("lists")),
    )
    table.finish()
    if not found.lists:
        raise table.wrong("lists", "missing")
    return found


def _list(table: RuleTable, formats: Collection[str]) -> OfficialList:
    link = table.text("link", None)
    try:
        pattern = re.compile(link) if link else None
    except re.error as error:
        raise table.wrong("link", str(error)) from error
    found = OfficialList(
        id=table.text("id"),
        provider=table.text("provider") if formats is FORMATS else "",
        format=table.one_of("format", tuple(formats)),
        url=table.text("url"),
        link=pattern,
        most_bytes=table.take("most_bytes", int),
        minus=table.text("minus", None),
    )
    table.finish()
    return found
