"""Reads values of site files: errors name the file, line, key and what to write instead."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from kwel.rulebook.rulefile import REQUIRED, RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 300
"""Characters of a text: enough for a reason, and a page stays readable."""
MOST: Final = 10_000
"""Entries of one kind."""
STARS: Final = 4
"""In one pattern: more would take long to compare."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_PATTERN = re.compile(rf"(?=.{{1,253}}$)([a-z0-9_*-]+\.)*{_LABEL}\.{_LABEL}")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
HINTS: Final = {
    "author": 'write author = "name and function of whoever says so"',
    "reason": 'write reason = "why, and where that can be looked up"',
    "date": "write date = 2026-11-25, without quotes",
    "expires": "write expires = 2027-11-25, without quotes",
    "begins": "write begins = 2026-11-25, without quotes",
    "name": 'write name = "what it is called"',
    "file": 'write file = "city.mmdb", a path from the site file on',
}


class SiteError(ValueError):
    """A site file is wrong, or cannot be read: one line."""


class SiteTable(RuleTable):
    """A table of a site file, whose keys must all be read."""

    FIRST = 1

    def wrong(self, key: str, why: str) -> RuleError:
        """Return the error to raise, with what to write instead where that can be said."""
        key = key if key.isprintable() else repr(key)
        needs = why == "missing" or why.startswith(("must be", "is empty"))
        return super().wrong(key, f"{why}; {HINTS[key]}" if needs and key in HINTS else why)

    def __bool__(self) -> bool:
        return bool(self._table)

    def kind_of(self, key: str) -> type | None:
        """Return the type of a value, without taking it."""
        self._known.add(key)
        return type(self._table[key]) if key in self._table else None

    def words_to_show(self, key: str, default: Any = REQUIRED) -> str:
        """Return text for a reader, of bounded length."""
        value = self.text(key, default)
        if value is not default and len(value) > LONGEST:
            raise self.wrong(key, f"has {len(value)} characters, more than {LONGEST}")
        return value

    def inner(self, key: str) -> SiteTable:
        """Return a table within this one; an empty one where there is none."""
        return self.within(self.take(key, dict, {}), key)

    def each(self, key: str) -> Iterator[SiteTable]:
        """Return the tables of an array of tables."""
        tables = self.take(key, list, [])
        if not all(isinstance(table, dict) for table in tables):
            raise self.wrong(key, f"must be tables; write [[{key}]]")
        if len(tables) > MOST:
            raise self.wrong(key, f"{len(tables)} entries, more than {MOST}")
        for number, table in enumerate(tables):
            yield self.within(table, key, number)

    def many(self, key: str) -> tuple[str, ...]:
        """Return distinct texts; one may be written without a list around it."""
        if self.kind_of(key) is str:
            return (self.text(key),)
        found = self.words(key, ())
        if len(found) > MOST:
            raise self.wrong(key, f"{len(found)} entries, more than {MOST}")
        return found

    def networks(self, key: str) -> tuple[str, ...]:
        """Return prefixes in CIDR notation."""
        return tuple(self.prefix(key, value) for value in self.many(key))

    def prefix(self, key: str, value: str) -> str:
        """Return a prefix as it is usually spelt."""
        try:
            network = ipaddress.ip_network(value)
        except ValueError as error:
            raise self.wrong(key, f"{error}; write 198.51.100.0/24 or 2001:db8::/32") from error
        if network.prefixlen == 0:
            raise self.wrong(key, f"{value} is every address there is: then nothing lies outside")
        return str(network)

    def address(self, key: str, value: str) -> str:
        """Return an address as the analysis spells it."""
        try:
            return str(ipaddress.ip_address(value))
        except ValueError as error:
            raise self.wrong(key, f"{value!r} is not an address; write 10.20.3.32 or 2001:db8::32") from error

    def mac(self, key: str, value: str) -> str:
        """Return a MAC address in lower case with colons."""
        text = value.lower().replace("-", ":")
        if not MAC.fullmatch(text):
            raise self.wrong(key, f"{value!r} is not a MAC address; write 00:90:e8:10:00:32")
        return text

    def domain(self, key: str, value: str) -> str:
        """Return a host name or a domain, in lower case."""
        return self._named(key, value, _DOMAIN, "a domain; write plant.example")

    def pattern(self, key: str, value: str) -> str:
        """Return a host name in which ``*`` stands for any part of a label, in lower case."""
        found = self._named(key, value, _PATTERN, "a host; write gw.plant.example or gw-*.plant.example")
        if found.count("*") > STARS:
            raise self.wrong(key, f"{value!r} has more than {STARS} asterisks")
        return found

    def _named(self, key: str, value: str, form: re.Pattern[str], what: str) -> str:
        text = value.lower().rstrip(".")
        if form.fullmatch(text):
            return text
        try:
            coded = text.encode("idna").decode()
        except UnicodeError:
            coded = ""
        hint = f"; in captures it is {coded!r}" if coded != text and form.fullmatch(coded) else ""
        raise self.wrong(key, f"{value!r} is not {what}{hint}")
