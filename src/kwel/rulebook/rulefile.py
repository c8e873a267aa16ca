"""Reads values from TOML tables and checks them: an error names the file, line, key and reason.

Reads TOML 1.0 as ``tomllib`` gives it: dates stay dates, and Norway stays ``"NO"``.
"""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from kwel.rulebook.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kwel.rulebook.lines import Place

T = TypeVar("T")
REGION: Final = "{region}"
"""Stands for any region id in a name."""

_COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
_LABEL = r"(\{region\}|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)"  # RFC 1035 section 2.3.1, with _ as found in practice
_SUFFIX = re.compile(rf"(?=.{{4,253}}$)({_LABEL}\.)+[a-z][a-z0-9-]*[a-z]")
_DATED = re.compile(r"(19|20)\d\d")
REQUIRED: Final = object()
"""Default of a key that must be there."""


RENAMED: Final = {
    "fronts": "front_tags",
    "keeps": "own_suffixes",
    "lodges": "mixed_hosting",
    "outer_names": "ech_public_names",
    "shares": "shares_networks_of",
}
"""Keys of earlier versions and their names today. A table may still have a key of the old name with another meaning."""


class RuleError(ValueError):
    """A rule is wrong; the message reads ``file:line: key: reason``, without the line where it is not known."""


class RuleTable:
    """A TOML table whose keys must all be read; ``finish`` refuses those that were not.

    Args:
        table: keys and values, as ``tomllib`` gives them.
        where: name of the file.
        prefix: path of the table in messages: ``asns[0].``.
        whole: text of the file, to find lines in.
        at: path of the table in the file.
    """

    FIRST = 0
    """Number of the first table of an array in messages."""

    def __init__(self, table: dict[str, Any], where: str, prefix: str = "", *, whole: str = "", at: Place = ()) -> None:
        self._table = dict(table)
        self._where = where
        self._prefix = prefix
        self._whole = whole
        self._at = at
        self._known: set[str] = set()

    @classmethod
    def parse(cls, text: bytes, where: str) -> Self:
        """Read a whole file.

        Raises:
            RuleError: it is not TOML, or not UTF-8.
        """
        try:
            whole = text.decode()
            return cls(tomllib.loads(whole), where, whole=whole)
        except ValueError as error:
            raise RuleError(f"{where}: file: not TOML: {error}") from error

    def within(self, table: dict[str, Any], *at: str | int) -> Self:
        """Return a table that lies in this one, at the given keys and positions."""
        prefix = self._prefix
        for part in at:
            prefix = f"{prefix[:-1]}[{part + self.FIRST}]." if isinstance(part, int) else f"{prefix}{part}."
        return type(self)(table, self._where, prefix, whole=self._whole, at=(*self._at, *at))

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return self._where

    def wrong(self, key: str, why: str) -> RuleError:
        """Return the error to raise."""
        line = line_of(self._whole, (*self._at, *key.split("."))) if self._whole else None
        return RuleError(f"{self._where}{f':{line}' if line else ''}: {self._prefix}{key}: {why}")

    def finish(self) -> None:
        """Refuse keys that were not read: a misspelt key would be a rule that silently does nothing."""
        for key in sorted(self._table):
            new = RENAMED.get(key)
            if new in self._known:
                raise self.wrong(key, f"is now called {new}; write {new}")
            raise self.wrong(key, f"unknown key{nearest(key, self._known)}")

    def __contains__(self, key: str) -> bool:
        self._known.add(key)
        return key in self._table

    def take(self, key: str, kind: type[T], default: Any = REQUIRED) -> T:
        """Return a value of exactly that type."""
        self._known.add(key)
        if key not in self._table:
            if default is REQUIRED:
                raise self.wrong(key, "missing")
            return default  # type: ignore[no-any-return]
        value = self._table.pop(key)
        if type(value) is not kind:
            raise self.wrong(key, f"must be {kind.__name__}, is {type(value).__name__}")
        return value

    def text(self, key: str, default: Any = REQUIRED) -> str:
        """Return text that is not empty."""
        value = self.take(key, str, default)
        if value is not default and not value.strip():
            raise self.wrong(key, "is empty")
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """Return a number within bounds, whole or not."""
        self._known.add(key)
        value = self._table.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(key, f"{value!r} is not a number from {least:g} to {most:g}")
        return value

    def one_of(self, key: str, known: tuple[str, ...], default: Any = REQUIRED) -> str:
        """Return a word from a closed list."""
        value = self.take(key, str, default)
        if value is not default and value not in known:
            near = nearest(value, known)
            raise self.wrong(key, f"{value!r} is not in the vocabulary ({', '.join(known)}){near}")
        return value

    def country(self, key: str, default: Any = REQUIRED) -> str:
        """Return an ISO 3166-1 alpha-2 code."""
        value = self.take(key, str, default)
        if value is not default:
            self.check_country(key, value)
        return value

    def check_country(self, key: str, value: object) -> None:
        """Refuse what is not an upper-case ISO 3166-1 alpha-2 code."""
        if not isinstance(value, str) or not _COUNTRY.fullmatch(value):
            raise self.wrong(key, f"{value!r} is not an upper-case ISO 3166-1 country code")

    def words(self, key: str, default: Any = REQUIRED) -> tuple[str, ...]:
        """Return a list of distinct texts."""
        values = self.take(key, list, default)
        if values is default:
            return tuple(values)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value:
                raise self.wrong(key, f"{value!r} is not a text")
            if value in values[:index]:
                raise self.wrong(key, f"{value!r} is there twice")
        return tuple(values)

    def countries(self, key: str, default: Any = REQUIRED) -> tuple[str, ...]:
        """Return distinct country codes."""
        values = self.words(key, default)
        for value in values:
            self.check_country(key, value)
        return values

    def suffixes(self, key: str, default: Any = REQUIRED) -> tuple[str, ...]:
        """Return domain suffixes, none of which makes another one useless."""
        values = self.words(key, default)
        for value in values:
            if not _SUFFIX.fullmatch(value):
                raise self.wrong(key, f"{value!r} is not a lower-case domain suffix")
            for parent in suffixes(value.partition(".")[2]):
                if parent in values:
                    raise self.wrong(key, f"{value!r} is shadowed by {parent!r}")
        return values

    def prefixes(self, key: str) -> tuple[str, ...]:
        """Return networks in CIDR notation, with no host bits set, none of which makes another one useless."""
        values = self.words(key, ())
        widest: dict[int, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
        try:
            networks = [ipaddress.ip_network(value) for value in values]
        except ValueError as error:
            raise self.wrong(key, str(error)) from error
        for network in sorted(networks, key=lambda each: (each.version, int(each[0]), each.prefixlen)):
            above = widest.get(network.version)
            if above is not None and int(network[0]) <= int(above[-1]):
                raise self.wrong(key, f"{str(network)!r} is shadowed by {str(above)!r}")
            widest[network.version] = network
        return values

    def numbers(self, key: str) -> tuple[int, ...]:
        """Return AS numbers (RFC 6793: 32 bits)."""
        values = self.take(key, list)
        for index, value in enumerate(values):
            if type(value) is not int or not 0 < value < 1 << 32 or value in values[:index]:
                raise self.wrong(key, f"{value!r} is not an AS number, or there twice")
        return tuple(values)

    def date(self, key: str) -> str:
        """Return a date as ISO 8601 text."""
        return self.take(key, datetime.date).isoformat()

    def sources(self) -> tuple[str, ...]:
        """Return where the facts come from: at least one, each with its year."""
        values = self.words("sources")
        if not values:
            raise self.wrong("sources", "a rule needs at least one source")
        for value in values:
            self._check_dated("sources", value)
        return values

    def source(self) -> str:
        """Return where the facts of one row come from, with its year."""
        value = self.text("source")
        self._check_dated("source", value)
        return value

    def owner_unverified(self) -> bool:
        """Return whether the file says that the owner of an operator or vendor was not checked."""
        return self.one_of("owner", ("unverified",), None) is not None

    def _check_dated(self, key: str, value: str) -> None:
        if not _DATED.search(value):
            raise self.wrong(key, f"{value!r} carries no date")

    def table(self, key: str) -> Self | None:
        """Return a table within this one."""
        inner = self.take(key, dict, {})
        return self.within(inner, key) if inner else None

    def sentence(self, key: str) -> tuple[str, str]:
        """Return a sentence in both languages of the report: Dutch, English."""
        inner = self.table(key)
        if inner is None:
            raise self.wrong(key, 'missing; write { nl = "...", en = "..." }')
        both = inner.text("nl"), inner.text("en")
        inner.finish()
        return both

    def tables(self, key: str) -> list[Self]:
        """Return a list of tables within this one."""
        inner = self.take(key, list, [])
        if not all(isinstance(table, dict) for table in inner):
            raise self.wrong(key, "must be a list of tables")
        return [self.within(table, key, n) for n, table in enumerate(inner)]

    def rest(self) -> Iterator[tuple[str, Any]]:
        """Read every key that is left, in the order of the file."""
        rest, self._table = self._table, {}
        yield from rest.items()


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` with the most similar known word, or nothing where none is similar."""
    near = difflib.get_close_matches(word, sorted(known), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def suffixes(name: str) -> Iterator[str]:
    """Return the name and its parents, longest first, on label boundaries.

    >>> list(suffixes("a.b.c"))
    ['a.b.c', 'b.c', 'c']
    """
    while name:
        yield name
        name = name.partition(".")[2]
