"""Reads rules/inventory.toml: the meaning of each column of an inventory."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kwel.rulebook.rulefile import RuleTable

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE: Final = "inventory.toml"
KEYS: Final = ("name", "device", "address", "mac", "serial")
"""Fields of which one at least must have a column: by these a device is found."""
FIELDS: Final = (*KEYS, "vendor", "product", "role", "zone", "location", "site", "rack", "owner", "criticality", "vlan")
LONGEST_HEADING: Final = 100
_NOISE: Final = re.compile(r"[\W_]+")


def bare(text: str) -> str:
    """Return letters and digits in lower case.

    >>> bare("MAC-adres"), bare(" ip_address ")
    ('macadres', 'ipaddress')
    """
    return _NOISE.sub("", text.casefold())


@dataclass(frozen=True, slots=True)
class Headings:
    """Says what columns hold, and which cells say nothing."""

    fields: dict[str, tuple[str, int]]
    """By bare heading: the field, and its place among the headings of that field."""
    empty: frozenset[str]

    def field(self, heading: str) -> tuple[str, int] | None:
        """Return what a column holds, and its place; ``None`` where nobody knows."""
        return self.fields.get(bare(heading[:LONGEST_HEADING]))

    def is_empty(self, cell: str) -> bool:
        """Return whether a cell says nothing."""
        word = bare(cell)
        return not word or word in self.empty

    def assign(self, row: Sequence[str]) -> dict[str, list[int]]:
        """Return, by field, the columns that hold it, the best first."""
        found: dict[str, list[tuple[int, int]]] = {}
        for column, heading in enumerate(row):
            if known := self.field(heading):
                found.setdefault(known[0], []).append((known[1], column))
        return {field: [column for _, column in sorted(columns)] for field, columns in found.items()}


@functools.cache
def installed() -> Headings:
    """Return the headings that came with this installation.

    Raises:
        RuleError: the file is wrong: ``file:line: key: reason``.
    """
    return read((files("kwel.rules") / FILE).read_bytes())


def read(text: bytes) -> Headings:
    """Read a file of headings.

    Raises:
        RuleError: it is wrong.
    """
    table = RuleTable.parse(text, FILE)
    table.date("reviewed")
    table.sources()
    empty = frozenset(map(bare, table.words("empty")))
    columns = table.table("columns")
    if columns is None:
        raise table.wrong("columns", "missing")
    fields: dict[str, tuple[str, int]] = {}
    for field in FIELDS:
        for place, heading in enumerate(columns.words(field)):
            if (known := fields.setdefault(bare(heading), (field, place))) != (field, place):
                raise columns.wrong(field, f"{heading!r} is a column of {known[0]} already")
    columns.finish()
    table.finish()
    return Headings(fields, empty)
