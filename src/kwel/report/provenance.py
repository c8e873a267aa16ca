"""Captures, tables and rules in, the title block and the chapter on method out."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.claims import Grade
from kwel.model.report import days_older, sensitivity
from kwel.model.verdicts import Verdict
from kwel.report import ledger, numbers, siteuse
from kwel.report.limits import reason_name
from kwel.report.relations import USED, alike
from kwel.report.text import DASH, NOTHING, Text, code, joined, plain, wire
from kwel.report.unknown import speaks_for_itself

if TYPE_CHECKING:
    from kwel.model.report import Report, TableInfo
    from kwel.model.traffic import Capture
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Column

REASONS = 4
"""Reasons for setting packets aside that the title block names; the chapter on limits has all."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the title block."""

    head: Text
    body: Text
    small: Text = NOTHING


@dataclass(frozen=True, slots=True)
class Source:
    """One capture file or one data table."""

    name: Text
    about: Text
    digest: Text


@dataclass(frozen=True, slots=True)
class Judgement:
    """One of the verdicts, what it means, and how often it was given."""

    name: Text
    meaning: Text
    count: Text


@dataclass(frozen=True, slots=True)
class Method:
    """Everything that somebody needs to do it again and get the same."""

    captures: list[Source]
    tables: list[Source]
    rules: Text
    internal: Text
    bloc: Text
    members: Text
    sensitivity: list[Text]
    site: siteuse.Shown | None
    command: Text
    verdicts: list[Judgement]
    grades: list[tuple[str, Text]]


def identity(report: Report) -> str:
    """Return a short name of this report: the same input, rules and version give the same."""
    parts = [report.version, report.rulebook, report.bloc, *report.accepted, *report.internal]
    parts += [f"{capture.name} {capture.sha256} {capture.packets} {capture.bytes}" for capture in report.captures]
    parts += [f"{table.name} {table.date} {table.rows}" for table in report.tables]
    parts += [report.site.site.sha256, report.site.day or ""] if report.site else []
    parts += [of.info.sha256 for of in report.site.site.databases] if report.site else []
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
    return f"K-{digest[:4]}-{digest[4:8]}".upper()


def title(report: Report) -> Text:
    """Return what the report is about: the given title, else the captures."""
    if report.title:
        return wire(report.title, 120)
    names = [capture.name for capture in report.captures]
    return joined([wire(name, 60) for name in names[:2]] + [plain("…")][: len(names) > 2])


def block(report: Report, say: Catalogue) -> list[Line]:
    """Return the title block."""
    return [
        Line(say("cover.report"), plain(identity(report)), say("cover.version", version=plain(report.version))),
        _captures(report, say),
        _period(report, say),
        _packets(report, say),
        *_lines(report, say),
        *([Line(say("cover.assets"), numbers.number(len(report.assets)), known(report, say))] if report.assets else []),
        _lost(report, say),
        Line(say("cover.coverage"), *ledger.summary(report.coverage, say)),
        Line(say("cover.sent"), say("cover.sent-none"), say("cover.sent-why")),
        _bloc(report, say),
        *_switches(report, say),
        _dates(report.tables, say),
        *([Line(say("cover.site"), *siteuse.summary(report.site, say))] if report.site else []),
        Line(say("cover.rules"), code(report.rulebook[:12])),
        *_digest(report.captures, say),
    ]


def known(report: Report, say: Catalogue) -> Text:
    """Return how many assets told themselves who they are."""
    told = sum(map(speaks_for_itself, report.assets))
    return say.count("lists.known", told, all=numbers.number(len(report.assets)))


def _bloc(report: Report, say: Catalogue) -> Line:
    members = say.count("cover.bloc-members", len(report.bloc_members))
    return Line(say("cover.bloc"), say.term("bloc", report.bloc), members)


def _switches(report: Report, say: Catalogue) -> list[Line]:
    """Return which offerings called sovereign the user accepts; nothing where none is."""
    names = [wire(report.law.offerings[one].name, 60) for one in report.accepted]
    return [Line(say("cover.switches"), joined(names), say("cover.switches-is"))] if names else []


def _captures(report: Report, say: Catalogue) -> Line:
    captures = report.captures
    if not captures:
        return Line(say("cover.captures"), say("word.none"))
    if len(captures) == 1:
        return Line(say("cover.capture"), wire(captures[0].name, 60), wire(captures[0].format, 40))
    unread = sum(1 for capture in captures if capture.problem)
    names = joined([wire(captures[0].name, 40), wire(captures[-1].name, 40)], " … ")
    body = say.count("cover.files", len(captures))
    return Line(say("cover.captures"), body, joined([names, say.count("cover.unread", unread)]) if unread else names)


def span(report: Report) -> tuple[int, int] | None:
    """Return when the captures began and ended."""
    moments = [moment for c in report.captures for moment in (c.first, c.last) if moment is not None]
    return (min(moments), max(moments)) if moments else None


def _period(report: Report, say: Catalogue) -> Line:
    period = span(report)
    if period is None:
        return Line(say("cover.period"), say("word.unknown"))
    return Line(say("cover.period"), numbers.period(*period), numbers.duration(period[1] - period[0]))


def _packets(report: Report, say: Catalogue) -> Line:
    coverage = report.coverage
    body = numbers.number(coverage.packets)
    aside = sum(coverage.set_aside.values())
    ledger = say("cover.ledger", used=numbers.number(coverage.used), aside=numbers.number(aside))
    if not aside:
        return Line(say("cover.packets"), body, ledger)
    ranked = sorted(((k, n) for k, n in coverage.set_aside.items() if n), key=lambda item: (-item[1], item[0]))
    reasons = [joined([numbers.number(count), reason_name(reason, say)], " ") for reason, count in ranked[:REASONS]]
    if len(ranked) > REASONS:
        rest = sum(count for _, count in ranked[REASONS:])
        reasons.append(joined([numbers.number(rest), say("cover.other-reasons")], " "))
    return Line(say("cover.packets"), body, joined([ledger, joined(reasons)], ": "))


def _lines(report: Report, say: Catalogue) -> list[Line]:
    """Return how much logs of other probes told; nothing where there are none."""
    logs = [capture for capture in report.captures if capture.is_log]
    if not logs:
        return []
    probes = joined([say.term("probe", kind) for kind in dict.fromkeys(capture.kind for capture in logs)])
    return [Line(say("cover.log-lines"), numbers.number(sum(capture.lines for capture in logs)), probes)]


def _lost(report: Report, say: Catalogue) -> Line:
    told = [capture.dropped for capture in report.captures if capture.dropped is not None]
    if not told:
        return Line(say("cover.lost"), say("cover.lost-unknown"))
    small = say("cover.lost-part") if len(told) < len(report.captures) else NOTHING
    return Line(say("cover.lost"), numbers.number(sum(told)), small)


def _dates(tables: tuple[TableInfo, ...], say: Catalogue) -> Line:
    dates = sorted({table.date for table in tables})
    if not dates:
        return Line(say("cover.data"), say("word.none"))
    body = numbers.date(dates[0])
    if len(dates) > 1:
        body = joined([body, numbers.date(dates[-1])], f" {DASH} ")
    return Line(say("cover.data"), body, say.count("cover.tables", len(tables)))


def _digest(captures: tuple[Capture, ...], say: Catalogue) -> list[Line]:
    digest = next((capture.sha256 for capture in captures if capture.sha256), None)
    if digest is None:
        return []
    short = code(f"{digest[:4]} {digest[4:8]} {digest[8:12]} … {digest[-4:]}")
    return [Line(plain("SHA-256"), short, say.count("cover.digests", sum(1 for c in captures if c.sha256)))]


def method(report: Report, say: Catalogue) -> Method:
    """Return how the report was made, and from what."""
    return Method(
        captures=[_capture(capture, say) for capture in report.captures],
        tables=[_table(table, report, say) for table in report.tables],
        rules=code(report.rulebook),
        internal=joined([code(prefix) for prefix in report.internal]),
        bloc=say.term("bloc", report.bloc),
        members=joined([say.country(code_) for code_ in sorted(report.bloc_members)]),
        sensitivity=_sensitivity(report, say),
        site=siteuse.shown(report.site, say),
        command=code(report.command, 2000),
        verdicts=_verdicts(report, say),
        grades=[(grade.name, say(f"grade-meaning.{grade.name}")) for grade in sorted(Grade, reverse=True)],
    )


def _capture(capture: Capture, say: Catalogue) -> Source:
    links = joined([wire(f"{name} {count:d}", 40) for name, count in capture.links])
    count = say.count("method.lines", capture.lines) if capture.is_log else say.count("method.packets", capture.packets)
    about = [wire(capture.format, 40), numbers.size(capture.bytes), count]
    if capture.first is not None and capture.last is not None:
        about.append(numbers.period(capture.first, capture.last))
    if links:
        about.append(links)
    digest = code(_grouped(capture.sha256)) if capture.sha256 else say("method.no-digest")
    return Source(wire(capture.name), joined(about, " · "), digest)


def _grouped(digest: str) -> str:
    return " ".join(digest[start : start + 16] for start in range(0, len(digest), 16))


def _table(table: TableInfo, report: Report, say: Catalogue) -> Source:
    about = [wire(table.source), numbers.date(table.date), *_gap(table, report, say)]
    about.append(say.count("method.rows", table.rows))
    return Source(wire(table.name), joined(about, " · "), wire(table.licence))


def _gap(table: TableInfo, report: Report, say: Catalogue) -> list[Text]:
    """Return how far a table's data lie from the captures that it judges."""
    days = days_older(table, report.captures)
    if days is None:
        return []
    return [say.count("method.newer" if days < 0 else "method.older", abs(days))]


def _verdicts(report: Report, say: Catalogue) -> list[Judgement]:
    """Return all verdicts, those that were never given as well: the scale is part of the method."""
    dependencies = report.dependencies
    order = {verdict: position for position, verdict in enumerate(Verdict)}
    attributions = dependencies.attributions
    _, first, sort = np.unique(alike(attributions), return_index=True, return_inverse=True)
    of = np.array([order[attributions[index].verdict] for index in first.tolist()], np.int64)
    used: Column = of[sort[dependencies.attribution[dependencies.state == USED]]]
    counts = np.bincount(used, minlength=len(order)).tolist()
    return [
        Judgement(say(f"verdict.{v.value}.name"), say(f"verdict.{v.value}.meaning"), numbers.number(counts[order[v]]))
        for v in Verdict
    ]


def _sensitivity(report: Report, say: Catalogue) -> list[Text]:
    """Return how many contacts would change class if other states counted as inside, a sentence a bloc.

    Then the same for offerings called sovereign with their switch the other way, where anything hangs on it.
    """
    changed, contacts = sensitivity(report)
    views = [("method.sensitivity", {"bloc": say.term("bloc", bloc)}, changed[bloc]) for bloc in report.other_blocs]
    views += [
        ("method.sensitivity-offering", {"offering": wire(one.name, 60)}, changed[one.id])
        for one in report.law.offerings.values()
        if changed[one.id]
    ]
    every = numbers.number(contacts)
    return [say(key, n=numbers.number(n), all=every, **values) for key, values, n in views]


def whole(command: str, report: Report) -> Text:
    """Return the command that prints a table without leaving anything out."""
    names = [capture.name for capture in report.captures][:3]
    tail = ["…"] if len(report.captures) > len(names) else []
    return code(" ".join(["kwel", command, *map(shlex.quote, names), *tail]))
