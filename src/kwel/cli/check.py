"""``kwel check``: captures or an analysis and a policy in, what is not allowed out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.contacts import of_analysis
from kwel.cli.options import (
    accept_sovereign,
    here,
    internal,
    inventory,
    load_inventory,
    load_rules,
    load_site,
    on,
    refuse_own_capture,
    rules,
    site,
)
from kwel.cli.outcome import Status, say_when_compiling, writing
from kwel.cli.policies import load_policy
from kwel.cli.progress import Progress
from kwel.model.version import __version__
from kwel.policy.shipped import known_words

if TYPE_CHECKING:
    import datetime

    from kwel.model.limits import Judgement, Policy

STATUSES = {"in-order": Status.DONE, "breach": Status.CHECK_FAILED, "incomplete": Status.INCOMPLETE}


@click.command(
    epilog="""\b
Example:
  kwel check plant.pcapng --policy limits.toml
  kwel check plant.pcapng --policy no-foreign-cloud --junit check.xml
  kwel report --json -o plant.json plant.pcapng
  kwel check plant.json --policy limits.toml --sarif check.sarif

The keys of a policy are described in docs/limits.md, and so is what decides.

\b
Exit status: 0 in order; 1 a breach, or an exception that has expired; 2 the
command was not understood; 3 incomplete: too little was seen or is known to say
that all is in order, or something could not be read or written."""
)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...|ANALYSIS")
@click.option("--policy", required=True, metavar="FILE", help="Limits: a file, or the name of one that kwel ships.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML as well.")
@click.option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 as well.")
@internal
@accept_sovereign
@rules
@here
@site
@inventory
@on
def check(captures: tuple[str, ...], policy: str, output: str, as_json: bool, **wanted: Any) -> int:
    """Hold captures against your own limits: which contacts are allowed, and which are not.

    ANALYSIS is what `kwel report --json` wrote. Nothing that is not known is ever called in order.
    """
    for destination in (output, wanted["junit"], wanted["sarif"]):
        if destination:
            refuse_own_capture(destination, (*captures, policy))
    book = load_rules(wanted["rules"], wanted["accepted"]) or _book()
    limits = load_policy(policy, known_words(book, wanted["rules"]))
    day = wanted["on"].date() if wanted["on"] else None
    judgement = _of_analysis(captures, limits, day, wanted) or _of_captures(captures, limits, day, wanted)
    _write(judgement, output, as_json=as_json)
    for name in ("junit", "sarif"):
        if wanted[name]:
            _write_as(name, judgement, wanted[name])
    return STATUSES[judgement.result.value]


def _book() -> Any:
    from kwel import rulebook

    return rulebook.load()


def _of_analysis(
    captures: tuple[str, ...], limits: Policy, day: datetime.date | None, wanted: dict[str, Any]
) -> Judgement | None:
    """Return what an analysis comes to; ``None`` where captures were given."""
    from kwel.policy.judge import judge

    told = of_analysis(captures, count_proposals=limits.proposals == "count")
    late = [f"--{name.partition('_')[0]}" for name in ("internal", "site_file", "inventory_files") if wanted[name]]
    if told and late:
        raise click.UsageError(
            f"{captures[0]} is an analysis: give {' and '.join(late)} to the `kwel report` behind it"
        )
    return judge(limits, told.contacts, told.seen, day.isoformat() if day else told.day) if told else None


def _of_captures(
    captures: tuple[str, ...], limits: Policy, day: datetime.date | None, wanted: dict[str, Any]
) -> Judgement:
    from kwel.analysis.stages import Options, analyse

    say_when_compiling()
    options = Options(
        internal=wanted["internal"],
        accepted=wanted["accepted"],
        rules=wanted["rules"],
        here=wanted["here"],
        site=load_site(wanted["site_file"]),
        inventory=load_inventory(wanted["inventory_files"]),
        on=day,
        policy=limits,
    )
    with Progress("Reading captures") as progress:
        judgement = analyse(captures, options, progress).report.judgement
    if judgement is None:
        raise AssertionError("a policy was given")
    return judgement


def _write(judgement: Judgement, output: str, *, as_json: bool) -> None:
    from kwel.export import judgement as tables
    from kwel.export.output import open_output

    with writing(output), open_output(output) as out:
        if as_json:
            tables.write_json(judgement, out)
            return
        text = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        tables.write_table(judgement, text, width=200)
        text.detach()


def _write_as(name: str, judgement: Judgement, destination: str) -> None:
    from kwel.export import junit, sarif
    from kwel.export.output import open_output

    with writing(destination), open_output(destination) as out:
        if name == "junit":
            junit.write(judgement, out)
        else:
            sarif.write(judgement, out, __version__)
