"""Finds the line on which each table and key of a TOML file begins.

``tomllib`` does not report lines. Inline tables and strings over several lines are not followed.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = tuple[str | int, ...]
"""``("store", "folder")``; ``("interfaces", 0, "name")``."""
_HEAD: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


@functools.lru_cache(maxsize=1)  # one file has many tables and errors
def lines_of(text: str) -> Mapping[Place, int]:
    """Return the line of each table and key, counted from 1.

    Args:
        text: of a file that `tomllib` reads.
    """
    found: dict[Place, int] = {}
    several: Counter[str] = Counter()
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if head := _HEAD.match(line):
            name = head[2]
            table = tuple(name.split("."))
            if head[1] == "[[":
                table = (*table, several[name])
                several[name] += 1
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1]), number)
    return found


def line_of(text: str, place: Place) -> int | None:
    """Return the line of a key, or of the innermost table around it that has a line of its own."""
    lines = lines_of(text)
    return next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)
