"""Measures the layout of ``src/kwel``: names, modules, imports between rooms, retired words.

A room is a name directly in ``src/kwel``. ``python -m tools.house`` prints the measures, ``python -m tools.house
words`` every name that still uses a retired word, by file.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).parents[1] / "src" / "kwel"

RETIRED = frozenset(
    {
        "acts",
        "amiss",
        "asked",
        "beats",
        "beginnings",
        "believed",
        "claimed",
        "condensing",
        "couriers",
        "crowd",
        "faring",
        "fronts",
        "greetings",
        "hear",
        "heard",
        "hearing",
        "hears",
        "hearsay",
        "heardsay",
        "judged",
        "keeper",
        "lanes",
        "lodges",
        "lodgers",
        "mending",
        "openings",
        "papers",
        "preludes",
        "quoting",
        "reach",
        "rhythms",
        "said",
        "sameness",
        "saying",
        "sayings",
        "says",
        "scribe",
        "shelf",
        "spelling",
        "strata",
        "tell",
        "teller",
        "tellers",
        "telling",
        "tellings",
        "tells",
        "told",
        "trips",
        "watcher",
    }
)
"""Words that named things here before each thing had the field's term: docs/glossary.md has the terms."""


def words_of(name: str) -> list[str]:
    """Return the words of an identifier: ``read_AssetName2`` has read, asset and name."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_in(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every name that a module defines, with its line: functions, classes, parameters, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def retired_names(root: Path = SOURCES) -> list[tuple[str, int, str]]:
    """Return file, line and name of everything below *root* that a retired word names."""
    found = []
    for file in sorted(root.rglob("*.py")):
        place = str(file.relative_to(root))
        parts = Path(place).with_suffix("").parts
        found += [(place, 0, part) for part in parts if RETIRED.intersection(words_of(part))]
        tree = ast.parse(file.read_text())
        found += [(place, line, name) for name, line in names_in(tree) if RETIRED.intersection(words_of(name))]
    return found


def arrows(root: Path = SOURCES) -> dict[str, set[str]]:
    """Return for each room the rooms that it imports from; imports for type checkers and in functions count too."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in root.rglob("*.py"):
        room = file.relative_to(root).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text())):
            targets = []
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = node.module == "kwel"
                targets = [f"kwel.{alias.name}" for alias in node.names] if inside else [node.module]
            elif isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            for target in targets:
                parts = target.split(".")
                known = len(parts) > 1 and ((root / parts[1]).is_dir() or (root / f"{parts[1]}.py").is_file())
                if parts[0] == "kwel" and known and parts[1] != room:
                    found[room].add(parts[1])
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of rooms that import one another, directly or by way of others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for room in graph.get(todo.pop(), ()):
                if room not in seen:
                    seen.add(room)
                    todo.append(room)
        return seen

    below = {room: reached(room) for room in graph}
    groups = {tuple(sorted({room} | {b for b in below[room] if room in below.get(b, ())})) for room in graph}
    return [list(group) for group in sorted(groups) if len(group) > 1]


def measures(root: Path = SOURCES) -> list[tuple[str, str]]:
    """Return what is measured, and how much of it there is."""
    files = sorted(root.rglob("*.py"))
    sizes = {file: len(file.read_text().splitlines()) for file in files}
    longest = max(files, key=lambda file: sizes[file])
    graph = arrows(root)
    top = [p for p in root.iterdir() if p.name not in {"__pycache__", "py.typed"} and not p.name.startswith("__")]
    folders = {file.parent for file in files}
    skips = sum(file.read_text().count("fmt: skip") for file in files)
    return [
        ("names directly in src/kwel", str(len(top))),
        ("packages", str(len(folders))),
        ("modules", str(len(files))),
        ("lines", str(sum(sizes.values()))),
        ("median module", f"{statistics.median(sizes.values()):.0f} lines"),
        ("longest module", f"{sizes[longest]} lines ({longest.relative_to(root)})"),
        ("imports between rooms", str(sum(map(len, graph.values())))),
        ("circles of rooms", "; ".join(" ".join(circle) for circle in circles(graph)) or "0"),
        ("names of retired words", str(len(retired_names(root)))),
        ("fmt: skip", str(skips)),
    ]


def main(arguments: list[str]) -> None:
    """Print the measures; with ``words``, every name of a retired word instead."""
    if arguments[:1] == ["words"]:
        found = retired_names()
        for place, line, name in found:
            print(f"src/kwel/{place}:{line}: {name}")
        rooms = Counter(place.split("/")[0] for place, _, _ in found)
        print(", ".join(f"{room} {count}" for room, count in rooms.most_common()) or "none")
        return
    for what, much in measures():
        print(f"{what:30} {much}")


if __name__ == "__main__":
    main(sys.argv[1:])
