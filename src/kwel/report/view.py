"""A report in, a view out: every value that the page shows, ready to be shown. Templates compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kwel.model.verdicts import Control
from kwel.report import (
    cases,
    conduits,
    inventory,
    judged,
    lanes,
    law,
    limits,
    listing,
    lists,
    numbers,
    outages,
    provenance,
    sankey,
    sensor,
    siteuse,
    suppliers,
    tried,
    unknown,
    zonemap,
)
from kwel.report.phrases import Phrases
from kwel.report.relations import RANKED, operational, relate, total
from kwel.report.text import Text, wire

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.model.talks import Closeup
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Column, Totals


_STATES = RANKED[::-1]
TABLES = ("dependencies", "assets", "flows", "conduits", "suppliers")
"""Commands that leave nothing out of what a chapter shows."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict in one sentence, and what must be said with it."""

    control: Control
    sentence: Text
    lead: list[Text]


class Answers(NamedTuple):
    """Chapters that a report has where there is something to say."""

    outages: outages.Chapter | None
    judged: judged.Chapter | None
    sensor: sensor.Chapter | None


@dataclass(frozen=True, slots=True)
class View:
    """The whole page, chapter by chapter."""

    identity: str
    title: Text
    period: Text | None
    version: str
    block: list[provenance.Line]
    headline: Headline
    key: list[tuple[Control, Text, Text]]
    squares: list[inventory.Square]
    marks: list[inventory.Marks]
    mark_stands_for: int
    drawing: sankey.Drawing | None
    listing: listing.Listing
    cases: list[cases.Case]
    assets: Text
    rows: list[inventory.Row]
    lists: lists.Lists
    rows_left_out: Text | None
    sheets_left_out: Text | None
    frames_in: Text | None
    """The one capture that frame numbers without a file name belong to."""
    zone_map: zonemap.ZoneMap | None
    register: conduits.Register
    tried: tried.Tried
    chart: lanes.Chart | None
    limits: limits.Limits
    law: law.Chapter
    suppliers: suppliers.Chapter | None
    method: provenance.Method
    outages: outages.Chapter | None
    judged: judged.Chapter | None
    sensor: sensor.Chapter | None
    whole: dict[str, Text]
    """The commands that leave nothing out, by table."""


def build(report: Report, say: Catalogue) -> View:
    """Return everything that the page shows of *report*."""
    totals = total(report, relations := relate(report))
    order = inventory.ordered(report, totals)
    phrases = Phrases(say, one_capture=len(report.captures) == 1, logs=_logs(report))
    small, each = inventory.marks(report, totals, order, say)
    anchors = {report.assets[a].id: f"a-{a}" for a in order[: inventory.ROWS]}
    strangers, near = _close(report, order)
    legal = law.chapter(report, phrases)
    answers = _answers(report, anchors, phrases)
    return View(
        identity=provenance.identity(report),
        title=provenance.title(report),
        period=_period(report),
        version=report.version,
        block=provenance.block(report, say),
        headline=_with_more(headline(report, totals, say), answers),
        key=_key(totals.rank, say),
        squares=inventory.squares(report, totals, order),
        marks=small,
        mark_stands_for=each,
        drawing=sankey.draw(report, relations, say),
        listing=listing.listing(report, relations, phrases, legal.anchors),
        cases=cases.cases(report, anchors, phrases),
        assets=say.count("assets.all", len(order)),
        rows=inventory.rows(report, relations, totals, order, phrases, near),
        lists=lists.lists(report, strangers, near, anchors, phrases),
        rows_left_out=_rows_left_out(len(order), say),
        sheets_left_out=_sheets_left_out(len(order), report, say),
        frames_in=_frames_in(report, say),
        zone_map=zonemap.draw(report, say),
        register=conduits.register(report, anchors, phrases),
        tried=tried.tried(report, phrases),
        chart=lanes.chart(report, relations, say),
        limits=limits.limits(report, relations, say),
        law=legal,
        suppliers=suppliers.chapter(report, say),
        method=provenance.method(report, say),
        **answers._asdict(),
        whole={name: provenance.whole(name, report) for name in TABLES},
    )


def _answers(report: Report, anchors: dict[str, str], phrases: Phrases) -> Answers:
    return Answers(
        outages.chapter(report, anchors, phrases),
        judged.chapter(report, anchors, phrases),
        sensor.chapter(report, phrases.say),
    )


def _close(report: Report, order: list[int]) -> tuple[list[int], dict[int, Closeup]]:
    """Return the assets of which nothing is known but an address, and what those that are shown did."""
    strangers = unknown.find(report, order)
    return strangers, inventory.closeups(report, sorted({*order[: inventory.SHEETS], *strangers[: unknown.LISTED]}))


def _period(report: Report) -> Text | None:
    span = provenance.span(report)
    return numbers.period(*span) if span else None


def _rows_left_out(count: int, say: Catalogue) -> Text | None:
    return say.count("assets.left-out", count - inventory.ROWS) if count > inventory.ROWS else None


def _sheets_left_out(count: int, report: Report, say: Catalogue) -> Text | None:
    if count <= inventory.SHEETS:
        return None
    command = provenance.whole("assets", report)
    return say("assets.sheets-left-out", n=numbers.number(inventory.SHEETS), command=command)


def _key(rank: Column, say: Catalogue) -> list[tuple[Control, Text, Text]]:
    counts = {control: int((rank == RANKED.index(control)).sum()) for control in _STATES}
    return [(control, numbers.number(n), say(f"key.{control.value}")) for control, n in counts.items()]


def headline(report: Report, totals: Totals, say: Catalogue) -> Headline:
    """Return the verdict: how many assets of all, then what is undecided, then what it does not say."""
    count = {control: int((totals.rank == RANKED.index(control)).sum()) for control in _STATES}
    foreign, all_ = count[Control.NON_EUROPEAN], len(report.assets)
    worst = next((control for control in _STATES if count[control]), Control.NONE)
    return Headline(worst, _sentence(foreign, all_, say), _lead(report, totals, count, say))


def _with_more(verdict: Headline, answers: Answers) -> Headline:
    """Return the headline with what the site's own limits say, and what the gravest outage of one operator does."""
    more = [of.lead for of in (answers.judged, answers.outages) if of and of.lead]
    return Headline(verdict.control, verdict.sentence, [*verdict.lead[:-1], *more, verdict.lead[-1]])


def _sentence(foreign: int, all_: int, say: Catalogue) -> Text:
    if all_ == 0:
        return say("headline.no-assets")
    if all_ == 1:
        return say("headline.only" if foreign else "headline.only-not")
    values = {"n": say.capital_words(foreign), "all": say.words(all_)}
    if foreign == 0:
        return say("headline.none", **values)
    if foreign == all_:
        return say("headline.all", **values)
    return say("headline.one" if foreign == 1 else "headline.some", **values)


def _lead(report: Report, totals: Totals, count: dict[Control, int], say: Catalogue) -> list[Text]:
    foreign = totals.rank == RANKED.index(Control.NON_EUROPEAN)
    parts = {
        "ot": int((foreign & operational(report)).sum()),
        "undecided": count[Control.UNDECIDED],
        "european": count[Control.EUROPEAN],
        "no-contact": count[Control.NONE],
        "tried": int(((totals.rank == 0) & (totals.attempts > 0)).sum()),
    }
    lead = [_in_words(f"lead.{key}", n, say) for key, n in parts.items() if n]
    if report.suppliers and (supplied := suppliers.foreign(report.suppliers())):
        lead.append(_in_words("suppliers.lead", supplied, say))
    if changed := siteuse.otherwise(report, totals):
        lead.append(_in_words("lead.site", changed, say))
    if unread := sum(1 for capture in report.captures if capture.problem):
        lead.append(_in_words("lead.unread", unread, say))
    return [*lead, say("lead.neutral")]


def _in_words(key: str, count: int, say: Catalogue) -> Text:
    return say.count(key, count, n=say.words(count), N=say.capital_words(count))


def _frames_in(report: Report, say: Catalogue) -> Text | None:
    only = report.captures[0] if len(report.captures) == 1 else None
    return say("assets.frames", capture=wire(only.name)) if only and not only.is_log else None


def _logs(report: Report) -> dict[str, str]:
    """Return the captures that are logs of other probes, by name."""
    return {capture.name: capture.kind for capture in report.captures if capture.is_log}
