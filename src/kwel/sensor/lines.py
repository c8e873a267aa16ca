"""The text of a TOML file in, the line of each key out, as far as a reader that knows no TOML can tell."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

Place = tuple[str | int, ...]
"""``("store", "folder")``; ``("interfaces", 0, "name")``."""
_HEAD: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def lines_of(text: str) -> dict[Place, int]:
    """Return on which line each table and key begins, counted from 1. What stands in quotes over lines is not known.

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
