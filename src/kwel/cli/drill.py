"""``kwel drill``: a scenario in, a test protocol out; captures of the test in, what happened out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.options import internal, language_of_environment, load_site, rules, site, status_with
from kwel.cli.outage import chosen_scenarios
from kwel.cli.outcome import Failure, Status, say_when_compiling, status_of, writing
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    from kwel.analysis.stages import Options
    from kwel.model.drill import Trial
    from kwel.model.report import Report
    from kwel.report.text import Language

one_scenario = click.option(
    "--scenario", "wanted", required=True, metavar="NAME|FILE", help="What is cut off: as `kwel outage` names it."
)
in_language = click.option(
    "--lang", "language", type=click.Choice(["nl", "en"]), help="Default: as the environment says."
)


@click.group(
    epilog="""\b
Example:
  kwel drill plan plant.pcapng --scenario azure -o drill/
  kwel drill judge before.pcap during.pcap after.pcap --scenario azure"""
)
def drill() -> None:
    """Test for real what stops without a cloud: plan it, cut it off, judge what happened.

    kwel itself cuts nothing off and sends nothing: it writes the rules, and somebody of the site applies them.
    """


@drill.command(
    epilog="""\b
Example:
  kwel drill plan plant.pcapng --scenario azure -o drill/
  kwel drill plan plant.pcapng --site site.toml --scenario us-parent --lang nl -o proef/

\b
Exit status: 0 done; 2 the command was not understood; 3 a capture could not be
read to its end, or the scenario or the result not be read or written."""
)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@one_scenario
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Where to write; made if it is not there.")
@in_language
@internal
@site
@rules
def plan(captures: tuple[str, ...], wanted: str, output: str, language: Language | None, **given: Any) -> int:
    """Write a test protocol: what to cut off, what to watch, when to stop, how to undo it.

    The folder gets plan.html, plan.json, rules for nftables, Windows and any other firewall, and those that undo them.
    What is predicted is what the captures show; whoever applies the rules decides and answers for it.
    """
    say_when_compiling()
    from kwel import rulebook
    from kwel.export.drill_json import plan_json
    from kwel.impact.drill import FILES, block_rules, draw_plan
    from kwel.impact.outage import simulate
    from kwel.model.law import Words
    from kwel.report.drills import plan_page

    options = _options(given)
    (scenario,) = chosen_scenarios((wanted,), given["rules"])
    with Progress("Reading captures") as progress:
        report = _report(captures, options, progress)
    drawn = draw_plan(report, simulate(report.needs(), scenario))  # type: ignore[misc]
    functions = rulebook.load(given["rules"]).vocabulary.functions
    reasons = {name: Words(function.impact.why_nl, function.impact.why_en) for name, function in functions.items()}
    files = {
        "plan.html": plan_page(report, drawn, language or language_of_environment(), reasons),
        "plan.json": _spelled(plan_json(report, drawn)),
        **block_rules(drawn),
    }
    folder = Path(output)
    with writing(output):
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:  # of an earlier plan in the same folder, whose rules would cut off something else
            (folder / name).unlink(missing_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    click.echo(f"{folder / 'plan.html'}")
    if not drawn.targets:
        click.echo("nothing in these captures stops in that scenario: there is nothing to cut off", err=True)
    return status_with(options.site, status_of(report.captures, report.coverage))


@drill.command(
    epilog="""\b
Example:
  kwel drill judge before.pcap during.pcap after.pcap --scenario azure
  kwel drill judge before/ during/ after/ --scenario us-parent --json -o drill.json

\b
Exit status: 0 all as predicted, as far as it was tested; 1 something stopped
that should not, or went on that should not; 2 the command was not understood;
3 a capture could not be read to its end, or the result not be written."""
)
@click.argument("before")
@click.argument("during")
@click.argument("after")
@one_scenario
@click.option("--json", "as_json", is_flag=True, help="JSON for machines.")
@in_language
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
@internal
@site
@rules
def judge(
    before: str, during: str, after: str, wanted: str, as_json: bool, language: Language | None, output: str,
    **given: Any,
) -> int:  # fmt: skip
    """Compare captures from before, during and after the cut with what was predicted.

    Each of the three is a capture or a folder of captures. What is said of an asset rests on frames of all three.
    """
    say_when_compiling()
    from kwel.impact.drill import judge as judged
    from kwel.impact.outage import simulate

    options = _options(given)
    (scenario,) = chosen_scenarios((wanted,), given["rules"])
    with Progress("Reading captures") as progress:
        first, second, third = (_report((part,), options, progress) for part in (before, during, after))
        together = _report((before, during, after), options, progress)
    trial = judged(first, second, third, simulate(first.needs(), scenario), together)  # type: ignore[misc]
    text = _told(first, trial, language or language_of_environment(), as_json=as_json)
    with writing(output):
        if output == "-":
            sys.stdout.write(text)
        else:
            Path(output).write_text(text, encoding="utf-8")
    worst = max(status_of(report.captures, report.coverage) for report in (first, second, third))
    if worst != Status.DONE:
        return worst
    return Status.CHECK_FAILED if trial.surprises else Status.DONE


def _options(given: dict[str, Any]) -> Options:
    from kwel.analysis.stages import Options

    return Options(internal=given["internal"], site=load_site(given["site_file"]), rules=given["rules"])


def _report(captures: tuple[str, ...], options: Options, progress: Progress) -> Report:
    from kwel.analysis.stages import analyse

    report = analyse(captures, options, progress).report
    if report.needs is None:
        raise Failure("the analysis holds no needs; this is a fault of kwel")
    return report


def _spelled(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _told(first: Report, trial: Trial, language: Language, *, as_json: bool) -> str:
    if as_json:
        from kwel.export.drill_json import trial_json

        return _spelled(trial_json(first, trial))
    from kwel.export.drill_text import trial_lines

    return "\n".join(trial_lines(first, trial, language)) + "\n"
