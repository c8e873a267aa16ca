"""Reports that a sensor has filed in, a page that lists them out: one document, without a script, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kwel.report import catalogue, numbers
from kwel.report.page import paper
from kwel.report.text import Text, wire

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from kwel.report.text import Language


class Filed(NamedTuple):
    """One report in the folder."""

    name: str
    """Of the file."""
    first: datetime.date
    last: datetime.date
    bytes: int


@dataclass(frozen=True, slots=True)
class Row:
    """A report as the page shows it."""

    name: str
    period: Text
    kind: Text
    size: Text


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the page shows."""

    title: Text
    verdict: Text
    rows: list[Row]
    version: str


def render(filed: Sequence[Filed], title: str, language: Language, version: str) -> str:
    """Return the page. *filed*: the newest first."""
    say = catalogue.load()
    rows = []
    for one in filed:
        days = (one.last - one.first).days + 1
        first, last = numbers.date(one.first.isoformat()), numbers.date(one.last.isoformat())
        period = first if days == 1 else say("shelf.period", first=first, last=last)
        kind = say("shelf.day" if days == 1 else "shelf.week")
        rows.append(Row(one.name, period, kind, numbers.size(one.bytes)))
    verdict = say("shelf.count.one" if len(rows) == 1 else "shelf.count.other", n=numbers.number(len(rows)))
    name = wire(title, 80)
    return paper("shelf.html", Shelf(name, verdict, rows, version), say, say("shelf.title", name=name), language)
