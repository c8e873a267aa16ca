"""Names and addresses in, the override of a site file that fits best out."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Final

from kwel.attribution.hosts import Prefixes
from kwel.rulebook.model import LONGEST_NAME
from kwel.rulebook.rulefile import suffixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.model.site import Override

_REMEMBERED: Final = 1 << 16
_LITERAL: Final = 2
"""Labels at the end of a pattern that have no asterisk."""


class Finder:
    """Finds the most specific of some overrides: host, then pattern, then longest domain; or the longest prefix.

    Of two patterns that fit, the one with more text is the more specific one; of equally long ones, the first.
    """

    def __init__(self, overrides: Iterable[Override]) -> None:
        self._hosts: dict[str, Override] = {}
        self._domains: dict[str, Override] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Override]]] = {}
        prefixes = []
        for override in overrides:
            if override.scope == "prefix":
                prefixes.append((override.what, override))
            elif override.scope == "domain":
                self._domains[override.what] = override
            elif override.scope == "host" and "*" not in override.what:
                self._hosts[override.what] = override
            elif override.scope == "host":
                self._patterns.setdefault(_end(override.what), []).append((_compiled(override.what), override))
        for patterns in self._patterns.values():
            patterns.sort(key=lambda found: (-len(found[1].what.replace("*", "")), found[1].number))
        self._prefixes = Prefixes(prefixes)
        self._has_prefixes = bool(prefixes)

    def by_name(self, name: str) -> Override | None:
        """Return the override that fits a name in lower case best."""
        if found := self._hosts.get(name):
            return found
        for pattern, override in self._patterns.get(_end(name), ()):
            if pattern.fullmatch(name):
                return override
        return next((self._domains[suffix] for suffix in suffixes(name) if suffix in self._domains), None)

    def by_address(self, address: str) -> Override | None:
        """Return the override with the longest prefix that holds an address."""
        if not self._has_prefixes:
            return None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            value = int.from_bytes(socket.inet_pton(family, address))
        except (OSError, ValueError):
            return None
        found = self._prefixes.find(family, value)
        return found[0] if found else None  # type: ignore[return-value]  # what was put in


def cleaned(name: str | None, chain: Sequence[str]) -> list[str]:
    """Return the name asked for and its aliases, as site files spell them."""
    return [text.lower().rstrip(".") for text in (name, *chain) if text and len(text) <= LONGEST_NAME + 1]


def _end(name: str) -> str:
    return ".".join(name.rsplit(".", _LITERAL)[-_LITERAL:])


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("[^.]*".join(map(re.escape, pattern.split("*"))))
