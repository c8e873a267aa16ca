"""``kwel outage``: captures and scenarios in, what stops out."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.options import (
    captures,
    internal,
    inventory,
    language_of_environment,
    load_inventory,
    load_site,
    on,
    refuse_own_capture,
    rules,
    site,
    status_with,
)
from kwel.cli.outcome import Failure, say_when_compiling, status_of, writing
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from kwel.model.outage import Outcome, Scenario
    from kwel.model.report import Report
    from kwel.report.text import Language


@click.command(
    epilog="""\b
Example:
  kwel outage plant.pcapng --scenario azure
  kwel outage plant.pcapng --scenario region:westeurope --scenario own-cloud.toml
  kwel outage captures/ --all --json -o outages.json

\b
Scenarios: azure, aws, google, oracle, us-parent, identity, dns, cdn, internet,
notice-less-eight-days; and region:NAME, operator:ID, supplier:NAME,
parent:NAME, jurisdiction:CC, function:NAME; or a file, see docs/outage.md.

\b
Exit status: 0 done; 2 the command was not understood; 3 a capture could not be
read to its end, or the scenario or the result not be read or written."""
)
@captures
@click.option("--scenario", "wanted", multiple=True, metavar="NAME|FILE", help="What stops. May be repeated.")
@click.option("--all", "every", is_flag=True, help="Every scenario that needs no name: one line each.")
@click.option("--json", "as_json", is_flag=True, help="JSON for machines: every asset, chain and frame.")
@click.option("--lang", "language", type=click.Choice(["nl", "en"]), help="Default: as the environment says.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
@internal
@site
@inventory
@rules
@on
def outage(
    captures: tuple[str, ...],
    wanted: tuple[str, ...],
    every: bool,
    as_json: bool,
    language: Language | None,
    output: str,
    on: datetime.datetime | None,
    **given: Any,
) -> int:
    """Say what stops when something outside stops: which assets, which functions, when, and by which way.

    Directly, or behind a server of the plant that passes the loss on, with the shortest chain. What nobody can know
    from the captures is undecided, never unaffected. When is an estimate, unless site file or rhythm says so.
    """
    if not wanted and not every:
        raise click.UsageError("which outage? name one with --scenario, or all with --all")
    refuse_own_capture(output, captures)
    say_when_compiling()
    from kwel.analysis.stages import Options, analyse
    from kwel.impact.outage import simulate

    scenarios = chosen_scenarios(wanted, given["rules"], every=every)
    own, known = load_inventory(given["inventory_files"]), load_site(given["site_file"])
    options = Options(internal=given["internal"], site=known, inventory=own, on=on and on.date(), rules=given["rules"])
    with Progress("Reading captures") as progress:
        report = analyse(captures, options, progress).report
    if report.needs is None:
        raise Failure("the analysis holds no needs; this is a fault of kwel")
    graph = report.needs()
    outcomes = tuple(simulate(graph, scenario) for scenario in scenarios)
    text = _json(report, outcomes) if as_json else _text(report, outcomes, language or language_of_environment(), every)
    with writing(output):
        if output == "-":
            sys.stdout.write(text)
        else:
            with open(output, "w", encoding="utf-8") as file:
                file.write(text)
    return status_with(options.site, status_of(report.captures, report.coverage), options.own_inventory)


def chosen_scenarios(wanted: tuple[str, ...], root: Path | None, *, every: bool = False) -> tuple[Scenario, ...]:
    """Return the scenarios of these names or files; with *every*, those that need no name before them.

    Raises:
        Failure: one is not known, or wrong.
    """
    from kwel import rulebook
    from kwel.rulebook import scenarios as scenariobook

    try:
        book = rulebook.load(root)
        forms = scenariobook.load(root, book)
    except rulebook.RuleError as error:
        raise Failure(f"{error}; `kwel rules lint` names all that is wrong") from error
    try:
        chosen = [scenariobook.choose(one, forms, book) for one in wanted]
    except scenariobook.ScenarioError as error:
        raise Failure(str(error)) from error
    found = [*scenariobook.plain(forms), *chosen] if every else chosen
    return tuple({scenario.id: scenario for scenario in found}.values())


def _json(report: Report, outcomes: tuple[Outcome, ...]) -> str:
    from kwel.export.outage_json import outcome_json

    held = [outcome_json(report, outcome) for outcome in outcomes]
    unread = outcomes[0].graph.unread if outcomes else {}
    return json.dumps({"outages": held, "unread": unread}, ensure_ascii=False, indent=1) + "\n"


def _text(report: Report, outcomes: tuple[Outcome, ...], language: Language, every: bool) -> str:
    from kwel.export.outage_text import WORDS, matrix_lines, outcome_lines

    if every:
        return "\n".join(matrix_lines(outcomes, language)) + "\n"
    blocks = ["\n".join(outcome_lines(report, outcome, language)) for outcome in outcomes]
    return "\n\n".join([*blocks, WORDS[language]["estimate"]]) + "\n"
