"""Dossiers of several companies in, what they have in common out: nothing that fewer than k companies share.

Every figure is a number of companies, rounded down to a multiple of k: "at least 6". A cell of fewer than k is left
out, and looks like one of none. So the difference of two figures is a multiple of k too, and never tells that some
set of companies is smaller than k. Sites are counted only where no company has more than half of them. What is said of
a cell, a name or a place, is said by at least k companies in the same words. docs/suppliers.md says what is left.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.model.verdicts import Control
from kwel.rulebook.crosswalk import Names
from kwel.suppliers.schema import DOSSIER, LARGEST, SchemaError, check, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from kwel.model.suppliers import Crosswalk

FORMAT: Final = "kwel-sector"
VERSION: Final = 1
K: Final = 3
"""Companies that must share something before it is shown."""
MOST_FILES: Final = 20_000
MOST: Final = 200
"""Rows of each list."""
FILE: Final = "dossier.json"
_WORST: Final = tuple(
    control.value for control in (Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN, Control.NONE)
)
PARENT: Final = ("parent", "parent_jurisdiction")
CLOUD: Final = ("operator", *PARENT)
HOSTED: Final = ("operator", "region", "location", *PARENT, "control")

Site = tuple[str, str]
"""A company and one of its sites, by pseudonym."""
Row = dict[str, Any]


class Unusable(NamedTuple):
    """A file that is no dossier, and why: ``where: why``."""

    file: str
    why: str


class Entry(NamedTuple):
    """A supplier's dossier by one company."""

    site: Site
    content: Row


def read(paths: Iterable[Path]) -> tuple[list[Entry], list[Unusable]]:
    """Return the dossiers in files and folders, and what is none. They are other people's files.

    Raises:
        OSError: a file or folder cannot be read.
    """
    entries: list[Entry] = []
    unusable: list[Unusable] = []
    for file in _files(paths):
        with file.open("rb") as source:
            data = source.read(LARGEST + 1)
        try:
            content = parse_json(data)
            check(content, DOSSIER)
        except SchemaError as error:
            unusable.append(Unusable(str(file), str(error)))
            continue
        entries.append(Entry((content["company"], content["site"]), _needed(content)))
    return entries, unusable


def _needed(content: Row) -> Row:
    """Return what a merge looks at: a thousand dossiers need not be in memory whole."""
    return {
        "supplier": {key: content["supplier"][key] for key in ("name", "jurisdiction")},
        "services": _distinct(content["services"], ("service", "function", *HOSTED)),
        "products": _distinct(content["products"], ("product",)),
        "questions": _distinct(content["questions"], ("id",)),
    }


def _distinct(rows: list[Row], keys: tuple[str, ...]) -> list[Row]:
    """Return rows with some of their keys, each once."""
    found = dict.fromkeys(tuple(_same(row[key]) for key in keys) for row in rows)
    return [dict(zip(keys, values, strict=True)) for values in found]


def _same(text: str | None) -> str | None:
    return text if text is None else sys.intern(text)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    count = 0
    for path in paths:
        for file in sorted(path.rglob(FILE)) if path.is_dir() else [path]:
            count += 1
            if count > MOST_FILES:
                return
            yield file


def merge(entries: Sequence[Entry], crosswalk: Crosswalk, k: int = K) -> Row:
    """Return what at least *k* companies have in common. The same company twice counts once."""
    if k < 2:
        raise ValueError("k must be 2 or more: what one company says is that company's")
    return _Merge(entries, crosswalk, k).content()


class _Merge:
    """Counts companies in cells."""

    def __init__(self, entries: Sequence[Entry], crosswalk: Crosswalk, k: int) -> None:
        self._entries, self._crosswalk, self._k = entries, crosswalk, k
        self._names = Names(crosswalk)
        self._by_supplier: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._by_supplier[self._id(entry.content["supplier"]["name"])].append(entry)

    def content(self) -> Row:
        """Return everything that may be shown."""
        suppliers = [self._supplier(name, entries) for name, entries in sorted(self._by_supplier.items())]
        return {
            "format": FORMAT,
            "version": VERSION,
            "k": self._k,
            **self._count(entry.site for entry in self._entries),
            "suppliers": _ordered(one for one in suppliers if one),
            "clouds": self._clouds(),
            "parents": self._cells(self._all_uses(), lambda use: (use["parent"], use["parent_jurisdiction"]), PARENT),
            "functions": self._cells(self._all_uses(), lambda use: (use["function"],), ("function",)),
        }

    def _id(self, name: str) -> str:
        return self._names.id(self._names.of(name)[0])

    def _count(self, sites: Iterable[Site]) -> Row:
        """Return how many companies and sites there are at least; nothing where there are too few."""
        by: dict[str, set[str]] = defaultdict(set)
        for company, site in sites:
            by[company].add(site)
        total = sum(map(len, by.values()))
        largest = max(map(len, by.values()), default=0)
        shown = self._floor(total) if self._floor(len(by)) and 2 * largest <= total else 0
        return {"companies": self._floor(len(by)), "sites": shown or None}

    def _floor(self, count: int) -> int:
        return count // self._k * self._k

    def _cells(
        self, rows: Iterable[tuple[Site, Row]], key: Callable[[Row], tuple[str | None, ...]], names: tuple[str, ...]
    ) -> list[Row]:
        """Return the cells that enough companies share, most first; a cell whose first value is not known is none."""
        sites: dict[tuple[str | None, ...], list[Site]] = defaultdict(list)
        for site, row in rows:
            sites[key(row)].append(site)
        cells = [
            {**dict(zip(names, values, strict=True)), **self._count(found)}
            for values, found in sites.items()
            if values[0] is not None
        ]
        return _ordered(cell for cell in cells if cell["companies"])

    def _all_uses(self) -> Iterator[tuple[Site, Row]]:
        return ((entry.site, use) for entry in self._entries for use in entry.content["services"])

    def _supplier(self, name: str, entries: list[Entry]) -> Row | None:
        counted = self._count(entry.site for entry in entries)
        if not counted["companies"]:
            return None
        heads = [(entry.site, entry.content["supplier"]) for entry in entries]
        uses = [(entry.site, use) for entry in entries for use in entry.content["services"]]
        said = self._cells(heads, lambda head: (self._names.of(head["name"])[0],), ("name",))
        seats = self._cells(heads, lambda head: (head["jurisdiction"],), ("jurisdiction",))
        products = ((entry.site, row) for entry in entries for row in entry.content["products"])
        return {
            "id": name,
            "name": said[0]["name"] if said else name,
            "jurisdiction": seats[0]["jurisdiction"] if seats else None,
            **counted,
            "functions": self._cells(uses, lambda use: (use["function"],), ("function",)),
            "services": self._services(uses),
            "hosted": self._hosted(uses),
            "products": self._cells(products, lambda row: (row["product"],), ("product",)),
            "questions": self._questions(entries),
        }

    def _services(self, uses: list[tuple[Site, Row]]) -> list[Row]:
        """Return the services that enough companies use, each with where enough of them saw it."""
        services = self._cells(uses, lambda use: (use["service"], use["function"]), ("service", "function"))
        for one in services:
            same = [
                (site, use)
                for site, use in uses
                if (use["service"], use["function"]) == (one["service"], one["function"])
            ]
            one["hosted"] = self._hosted(same)
        return services

    def _hosted(self, uses: Iterable[tuple[Site, Row]]) -> list[Row]:
        return self._cells(uses, lambda use: tuple(use[key] for key in HOSTED), HOSTED)

    def _questions(self, entries: list[Entry]) -> list[Row]:
        """Return the questions that enough companies ask; in our own words, whatever a dossier says."""
        rows = ((entry.site, row) for entry in entries for row in entry.content["questions"])
        asked = {cell["id"]: cell for cell in self._cells(rows, lambda row: (row["id"],), ("id",))}
        titles = {heading.id: heading.title for heading in self._crosswalk.headings}
        order = list(titles)
        known = sorted(self._crosswalk.questions, key=lambda question: order.index(question.heading))
        return [
            {
                **asked[question.id],
                "heading": question.heading,
                "heading_title": titles[question.heading]._asdict(),
                "text": question.text._asdict(),
            }
            for question in known
            if question.id in asked
        ]

    def _clouds(self) -> list[Row]:
        """Return the operators that enough companies depend on, and which suppliers bring enough of them there."""
        uses = [
            (entry.site, {**use, "supplier": self._id(entry.content["supplier"]["name"])})
            for entry in self._entries
            for use in entry.content["services"]
        ]
        clouds = self._cells(uses, lambda use: tuple(use[key] for key in CLOUD), CLOUD)
        for cloud in clouds:
            there = [(site, use) for site, use in uses if all(use[key] == cloud[key] for key in CLOUD)]
            cloud["suppliers"] = self._cells(there, lambda use: (use["supplier"],), ("id",))
            cloud["functions"] = self._cells(there, lambda use: (use["function"],), ("function",))
        return clouds


def _ordered(cells: Iterable[Row]) -> list[Row]:
    """Return cells with most companies first, of those the worst control, then by what they say."""

    def place(cell: Row) -> tuple[int, int, str]:
        control = cell.get("control")
        worst = _WORST.index(control) if control in _WORST else 0
        return -cell["companies"], worst, "\0".join(str(value) for value in cell.values() if isinstance(value, str))

    return sorted(cells, key=place)[:MOST]
