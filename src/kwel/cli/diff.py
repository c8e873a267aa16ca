"""``kwel diff``: two captures, analyses or spans of a store in, what is new, gone and changed out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.options import here, internal, load_site, rules, site
from kwel.cli.outcome import Failure, Status, complain, say_when_compiling
from kwel.cli.stores import STORE_HELP, moment, opened
from kwel.cli.stores import status_of as status_of_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.analysis.stages import Options
    from kwel.findings.comparison import Comparison, Difference, Side
    from kwel.model.report import Report

MARKS = {"new": "+", "gone": "-", "changed": "~"}
Span = tuple[int | None, int | None]


@click.command(
    epilog="""\b
Example:
  kwel diff monday.pcapng tuesday.pcapng
  kwel diff october.json november.json --json
  kwel diff --store /var/lib/kwel/store --week
  kwel diff --store /var/lib/kwel/store 2026-10-01..2026-11-01 2026-11-01..2026-12-01

\b
Exit status: 0 nothing is new, gone or changed; 1 something is; 2 the command
was not understood; 3 something could not be read, or is missing: then what is
called gone may only not have been heard."""
)
@click.argument("sides", nargs=-1, metavar="[BEFORE AFTER]")
@click.option("--store", "folder", metavar="DIR", help=f"{STORE_HELP} BEFORE and AFTER are spans, FROM..TO.")
@click.option("--week", is_flag=True, help="These seven days, today among them, against the seven before.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@internal
@rules
@here
@site
def diff(sides: tuple[str, ...], folder: str | None, week: bool, as_json: bool, **given: Any) -> int:
    """Compare two captures, two analyses, or two spans of a store.

    An analysis is what `kwel report --json` wrote. Dependencies, operators, jurisdictions, suppliers and assets are
    compared; volumes by the day, where it is known how long was heard.
    """
    from kwel.analysis.stages import Options
    from kwel.findings.comparison import compare

    if week is bool(sides) or (week and not folder) or (sides and len(sides) != 2):
        raise click.UsageError("give what was before and what is after, or --store DIR --week")
    known = load_site(given["site_file"])
    options = Options(internal=given["internal"], rules=given["rules"], here=given["here"], site=known)
    say_when_compiling()
    if folder:
        spans = _weeks() if week else [_span(text) for text in sides]
        before, after = _of_store(folder, spans, options)
    else:
        before, after = (_of_file(name, options) for name in sides)
    comparison = compare(before, after)
    if as_json:
        click.echo(json.dumps(_told(comparison), indent=1))
    else:
        for line in _lines(comparison):
            click.echo(line)
    if not (before.whole and after.whole):
        return Status.INCOMPLETE
    return Status.CHECK_FAILED if comparison.differences else Status.DONE


def _weeks() -> list[Span]:
    """Return seven days, today among them, and the seven before: whole ones, for days are kept whole."""
    from kwel.sensor.calendar import days_ago

    now = time.time_ns()
    return [(days_ago(now, 13), days_ago(now, 6)), (days_ago(now, 6), None)]


def _span(text: str) -> Span:
    begin, dots, end = text.partition("..")
    if not dots:
        raise click.BadParameter(f"{text!r} is no span; write FROM..TO, such as 14d..7d or 2026-10-01..2026-11-01")
    return moment(begin or None), moment(end or None)


def _of_store(folder: str, spans: list[Span], options: Options) -> list[Side]:
    """Return the sides that two spans of a store are: concluded anew, both by the rules of today."""
    from kwel.analysis.stages import conclude

    found = []
    with opened(folder) as store:
        for span in spans:
            traffic = store.read(*span)
            account = store.account(*span)
            status = status_of_store(account)
            report = conclude(traffic, options).report
            seconds = max((one.lasted for one in account.sources), default=0) / 10**9
            found.append(_side(_spelt(span), report, seconds, whole=status is Status.DONE))
    return found


def _spelt(span: Span) -> str:
    from kwel.store.spans import spelt

    return "..".join(spelt(one) if one is not None else "" for one in span)


def _of_file(name: str, options: Options) -> Side:
    from kwel.analysis.stages import analyse
    from kwel.policy.of_analysis import AnalysisError, looks_like

    path = Path(name)
    try:
        if path.is_file() and looks_like(path):
            return _of_analysis(path)
    except AnalysisError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    report = analyse(name, options).report
    whole = True
    for capture in report.captures:
        if capture.problem:
            complain(f"{capture.name}: {capture.problem}")
            whole = False
    times = [(one.first, one.last) for one in report.captures if one.first is not None and one.last is not None]
    seconds = sum(last - first for first, last in times) / 10**9
    return _side(name, report, seconds, whole=whole)


def _side(name: str, report: Report, seconds: float, *, whole: bool) -> Side:
    from kwel.export import concluded
    from kwel.findings.comparison import Side, rows_of

    dependencies, assets = rows_of(concluded("dependencies", report)), rows_of(concluded("assets", report))
    return Side(name, dependencies, assets, seconds, whole)


def _of_analysis(path: Path) -> Side:
    """Return the side that an analysis is."""
    from kwel.findings.comparison import Side

    try:
        said = json.loads(path.read_bytes())
        times = [(_seconds(one["first"]), _seconds(one["last"])) for one in said["captures"] if one["first"]]
        seconds = sum(last - first for first, last in times)
        whole = not any(one["problem"] for one in said["captures"])
        return Side(str(path), said["dependencies"], said["assets"], seconds, whole)
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{path}: it is no analysis of this version of kwel; make it again") from error


def _seconds(text: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(text).timestamp()


def _told(comparison: Comparison) -> dict[str, Any]:
    sides = {"before": comparison.before, "after": comparison.after}
    return {
        **{key: {"name": of.name, "seconds": of.seconds, "whole": of.whole} for key, of in sides.items()},
        "differences": [
            {
                **one._asdict(),
                "changes": [dict(zip(("column", "before", "after"), change, strict=True)) for change in one.changes],
            }
            for one in comparison.differences
        ],
    }


def _lines(comparison: Comparison) -> Iterator[str]:
    """Yield one line a difference: a mark, what it is, its name, and what shows it."""
    from kwel.export.cells import visible

    yield visible(f"- {comparison.before.name}")
    yield visible(f"+ {comparison.after.name}")
    for one in comparison.differences:
        yield visible(f"{MARKS[one.how]} {one.what:12} {_said(one)}")
    if not comparison.differences:
        yield "nothing is new, gone or changed"


def _said(one: Difference) -> str:
    changes = ", ".join(f"{column}: {was or 'unknown'} > {now or 'unknown'}" for column, was, now in one.changes)
    verdict = f" [{one.verdict}]" if one.verdict else ""
    of = f" ({one.of})" if one.of else ""
    return f"{one.name}{of}{verdict}{' ' if changes else ''}{changes}  {' '.join(one.evidence)}".rstrip()
