"""``kwel report``: captures in, the report and its headline out."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from kwel.cli.options import (
    accept_sovereign,
    here,
    internal,
    inventory,
    language_of_environment,
    load_inventory,
    load_rules,
    load_site,
    on,
    refuse_own_capture,
    rules,
    site,
    status_with,
)
from kwel.cli.outcome import EXIT_STATUS, Failure, Status, complain, keep, say_when_compiling, status_of, writing
from kwel.cli.policies import named_policy
from kwel.cli.progress import Progress
from kwel.cli.stores import STORE_HELP, chosen, opened, since, until
from kwel.cli.stores import status_of as status_of_store

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from kwel.analysis.stages import Options
    from kwel.cli.stores import Chosen
    from kwel.model.drill import DrillTold
    from kwel.model.report import Report
    from kwel.report.text import Language

PACKED = (".gz", ".zst", ".xz", ".bz2", ".lz4")


@click.command(
    epilog=f"""\b
Example:
  kwel report plant.pcapng
  kwel report --lang nl --title "Line 3" -o line3.html monday.pcap.gz tuesday.pcap.gz
  kwel report --store /var/lib/kwel/store --since 7d -o week.html

{EXIT_STATUS}4 tables are older than --max-age allows.
"""
)
@click.argument("captures", nargs=-1, metavar="CAPTURE...")
@click.option("--store", "folder", metavar="DIR", help=f"Instead of captures: {STORE_HELP[0].lower()}{STORE_HELP[1:]}")
@since
@until
@click.option("-o", "--output", metavar="FILE", help="Where to write. Default: beside the capture, .html.")
@click.option("--lang", type=click.Choice(["nl", "en"]), help="Language. Default: as your environment asks.")
@internal
@accept_sovereign
@rules
@here
@site
@inventory
@on
@click.option("--policy", metavar="FILE", help="Your own limits: a chapter says what they forbid; see docs/limits.md.")
@click.option("--drill", "drills", multiple=True, metavar="FILE", help="A judged drill: `kwel drill judge --json`.")
@click.option("--title", default="", metavar="TEXT", help="Title of the report: the plant, the line, the date.")
@click.option(
    "--max-age",
    type=click.IntRange(0),
    metavar="DAYS",
    help="End with status 4 where a table of addresses is further than this from the end of the captures.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of HTML; to standard output unless -o.")
def report(
    captures: tuple[str, ...],
    folder: str | None,
    since: str | None,
    until: str | None,
    output: str | None,
    lang: Language | None,
    internal: tuple[str, ...],
    accepted: tuple[str, ...],
    rules: Path | None,
    here: str,
    site_file: str | None,
    inventory_files: tuple[str, ...],
    on: datetime.datetime | None,
    policy: str | None,
    drills: tuple[str, ...],
    title: str,
    max_age: int | None,
    as_json: bool,
) -> int:
    """Say which assets depend on clouds that Europe does not control.

    Reads captures (files, folders, or - for standard input), or what a sensor kept, and writes one HTML file that needs
    nothing else.
    """
    span = chosen(folder, since, until, captures)
    destination = output or ("-" if as_json else default_output(span.folder if span else captures[0]))
    refuse_own_capture(destination, captures)
    from kwel.analysis.stages import Options

    say_when_compiling()
    day = on.date() if on else None
    known = load_site(site_file, book := load_rules(rules, accepted))
    chosen_by = (accepted, known.file if known else None, day, rules, here, inventory_files, policy, drills, span)
    options = Options(
        internal=internal,
        accepted=accepted,
        rules=rules,
        here=here,
        site=known,
        inventory=load_inventory(inventory_files),
        on=day,
        policy=named_policy(policy, book, rules),
        title=title or (known.name if known else ""),
        hash_files=True,
        command=command_line(captures, lang, internal, title, *chosen_by),
    )
    told = _told(drills)
    report, whole = _analysed(captures, span, options)
    keep(made := replace(report, drills=told))
    if made.coverage.packets == 0 and made.coverage.is_empty:
        status_of(made.captures, made.coverage)
        raise Failure("no packet was read, so there is no report")
    _write(made, destination, lang, as_json=as_json)
    status = status_with(known, max(whole, status_of(made.captures, made.coverage)), options.own_inventory)
    return _staleness(made, max_age) if status is Status.DONE and max_age is not None else status


def _write(made: Report, destination: str, lang: Language | None, *, as_json: bool) -> None:
    if as_json:
        _write_json(made, destination)
    else:
        _write_html(made, destination, lang or language_of_environment())


def _analysed(captures: tuple[str, ...], span: Chosen | None, options: Options) -> tuple[Report, Status]:
    """Return the report on captures or on a span of a store, and whether all of that span is there."""
    from kwel.analysis.stages import analyse, conclude
    from kwel.sensor.accounts import told
    from kwel.sensor.waiting import waiting

    if span is None:
        with Progress("Reading captures") as progress:
            return analyse(captures, options, progress).report, Status.DONE
    with opened(span.folder) as store:
        traffic = store.read(span.since, span.until)
        account = store.account(span.since, span.until)
    waits = waiting(span.folder, span.since, span.until)
    if waits:
        complain(f"{len(waits)} windows of that time wait to be stored, and are not in the report")
    report = replace(conclude(traffic, options).report, sensor=told(account, waits))
    status = status_of_store(account)
    return report, Status.INCOMPLETE if waits else status


def _told(files: tuple[str, ...]) -> tuple[DrillTold, ...]:
    """Return what the files of judged drills say."""
    from pathlib import Path

    from kwel.impact.drill import read_told

    try:
        return tuple(read_told(Path(file)) for file in files)
    except (OSError, ValueError) as error:
        raise Failure(str(error)) from error


def _staleness(made: Report, max_age: int) -> Status:
    """Name the tables that lie too far from the captures, and return the status that follows."""
    from kwel.model.report import days_older

    days = {table.name: days_older(table, made.captures) or 0 for table in made.tables}
    stale = [f"{name} by {abs(distance)} days" for name, distance in days.items() if abs(distance) > max_age]
    if not stale:
        return Status.DONE
    complain(f"further than {max_age} days from the captures: {', '.join(stale)}; run `kwel update`")
    return Status.STALE


def command_line(
    captures: tuple[str, ...],
    lang: str | None,
    internal: tuple[str, ...],
    title: str,
    accepted: tuple[str, ...] = (),
    site_file: str | None = None,
    on: datetime.date | None = None,
    rules: Path | None = None,
    here: str = "",
    inventory_files: tuple[str, ...] = (),
    policy: str | None = None,
    drills: tuple[str, ...] = (),
    span: Chosen | None = None,
) -> str:
    """Return how to make this report again, wherever the captures or the store lie.

    >>> command_line(("/data/line 3.pcapng",), "nl", ("198.51.100.0/24",), "")
    "kwel report --lang nl --internal 198.51.100.0/24 'line 3.pcapng'"
    """
    words = ["kwel", "report", *(["--lang", lang] if lang else [])]
    for prefix in internal:
        words += ["--internal", prefix]
    for offering in accepted:
        words += ["--accept-sovereign", offering]
    words += ["--rules", str(rules)] if rules else []
    words += ["--here", here] if here else []
    words += ["--site", site_file] if site_file else []
    for file in inventory_files:
        words += ["--inventory", os.path.basename(file)]
    words += ["--on", on.isoformat()] if on else []
    words += ["--policy", os.path.basename(policy)] if policy else []
    for file in drills:
        words += ["--drill", os.path.basename(file)]
    words += ["--title", title] if title else []
    words += span.words() if span else []
    return shlex.join([*words, *(os.path.basename(os.path.normpath(capture)) for capture in captures)])


def default_output(capture: str) -> str:
    """Return where the report on *capture* goes: beside it.

    >>> default_output("/data/plant.pcapng.gz"), default_output("-"), default_output("captures/")
    ('/data/plant.html', 'kwel.html', 'captures.html')
    """
    if capture == "-":
        return "kwel.html"
    path = os.path.normpath(capture)
    if os.path.basename(path) in (".", ".."):
        path = os.path.abspath(path)  # a folder's own name
    stem, suffix = os.path.splitext(path)
    if suffix in PACKED:
        stem, suffix = os.path.splitext(stem)
    return stem + ".html"


def _write_json(made: Report, destination: str) -> None:
    from kwel.export.output import open_output
    from kwel.export.report_json import write_report_json

    with writing(destination), open_output(destination) as out:
        write_report_json(made, out)


def _write_html(made: Report, destination: str, lang: Language) -> None:
    from kwel.export.cells import visible
    from kwel.report import ReportError, render, write

    if destination == "-":
        with writing(destination):
            click.echo(render(made, lang))
        return
    try:
        said = write(made, destination, lang)
    except ReportError as error:
        raise Failure(str(error)) from error
    click.echo(said)
    click.echo(f"Report: {visible(destination)}")
