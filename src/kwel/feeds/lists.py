"""rules/feeds.toml in, the official lists out that ``kwel update`` fetches, and the addresses that are nobody's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.feeds.formats import FORMATS
from kwel.feeds.ranges import Block, block
from kwel.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

FILE = "feeds.toml"


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


@dataclass(frozen=True, slots=True)
class Lists:
    """What is fetched, in order."""

    lists: tuple[OfficialList, ...]
    reserved: tuple[Block, ...]
    """Addresses that belong to nobody, whatever a list says; in order."""

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
    lists = tuple(_list(inner) for inner in table.tables("feeds"))
    table.finish()
    names = [each.id for each in lists]
    if not lists or len(set(names)) < len(names):
        raise table.wrong("feeds", "missing, or an id is there twice")
    return Lists(lists, blocks)


def _list(table: RuleTable) -> OfficialList:
    link = table.text("link", None)
    try:
        pattern = re.compile(link) if link else None
    except re.error as error:
        raise table.wrong("link", str(error)) from error
    found = OfficialList(
        id=table.text("id"),
        provider=table.text("provider"),
        format=table.one_of("format", tuple(FORMATS)),
        url=table.text("url"),
        link=pattern,
        most_bytes=table.take("most_bytes", int),
    )
    table.finish()
    return found
