"""``kwel explain``: hosts and addresses in, how each attribution came about out."""

from __future__ import annotations

import datetime
import json
import os
from typing import TYPE_CHECKING, Any, TextIO

import click

from kwel.cli.options import accept_sovereign, here, internal, load_rules, load_site, on, rules, site, status_with
from kwel.cli.outcome import EXIT_STATUS, Status, say_when_compiling, status_of
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAPTURE_SUFFIXES = (".pcap", ".pcapng", ".cap", ".snoop", ".gz", ".zst", ".lz4", ".xz", ".bz2")
UNKNOWN = "not known"
CHANGES = {
    "operator-identified-inside": "its operator were known, and inside",
    "parent-inside": "the parent were inside",
    "operator-inside": "the operator were inside",
    "licensor-inside": "whoever owns its technology were inside",
    "place-inside": "the place were proven, and inside",
    "supplier-inside": "the supplier were inside",
    "no-front": "no front stood before it",
    "no-contradiction": "nothing pointed elsewhere",
    "parent-outside": "the parent were outside",
    "operator-outside": "the operator were outside",
    "place-outside": "the place were outside",
    "supplier-outside": "the supplier were outside",
}
"""What would make another class of it, in words."""
REMARKS = {
    "own": "as your site file says",
    "customer": "a customer's name, whose it does not say",
    "domain": "a registered domain, whose it does not say",
    "number": "by the name of the network",
}
"""What is not known of whom a link names."""


@click.command(
    epilog=f"""\b
Example:
  kwel explain login.microsoftonline.com
  kwel explain 13.69.64.110 plant.pcapng
  kwel explain --json --from hosts.txt

{EXIT_STATUS}"""
)
@click.argument("subjects", nargs=-1, metavar="HOST|IP... [CAPTURE...]")
@click.option(
    "--from",
    "many",
    type=click.File("r", encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="Explain each host or address in FILE too, one a line; - is standard input.",
)
@internal
@accept_sovereign
@rules
@here
@site
@on
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def explain(
    subjects: tuple[str, ...],
    many: TextIO | None,
    internal: tuple[str, ...],
    accepted: tuple[str, ...],
    rules: Path | None,
    here: str,
    site_file: str | None,
    on: datetime.datetime | None,
    as_json: bool,
) -> int:
    """Say how an attribution comes about: operator, parent, place, and what spoke against it.

    With captures, what they say about the host or address counts too: the name it was asked by, the way through DNS.
    Without, the overrides of --site are judged today, or on the day of --on.
    """
    captures = tuple(subject for subject in subjects if is_capture(subject))
    queries = [subject for subject in subjects if not is_capture(subject)]
    if many is not None:
        queries += [line.strip() for line in many if line.strip()]
    if not queries:
        raise click.UsageError("name a host or an address to explain, besides the captures")
    from kwel.analysis import stages

    day = on.date() if on else None if captures else datetime.datetime.now(datetime.UTC).date()
    analysis = None
    known = load_site(site_file, load_rules(rules, accepted))
    options = stages.Options(internal=internal, accepted=accepted, rules=rules, here=here, site=known, on=day)
    if captures:
        say_when_compiling()
        with Progress("Reading captures") as progress:
            analysis = stages.analyse(captures, options, progress)
    for query in queries:
        answer = stages.explain(query, analysis, options)
        click.echo(json.dumps(answer) if as_json else lines_of(answer), nl=as_json or len(queries) > 1)
    done = status_of(analysis.report.captures, analysis.report.coverage) if analysis else Status.DONE
    return status_with(options.site, done)


def is_capture(subject: str) -> bool:
    """Return whether an argument is a capture rather than a host: it exists as a file, or is called like one."""
    return subject == "-" or os.path.exists(subject) or subject.lower().endswith(CAPTURE_SUFFIXES)


def lines_of(answer: Mapping[str, Any]) -> str:
    """Return an explanation for a person: the conclusion first, then each step that led to it."""
    from kwel.export.cells import visible

    rows = [
        ("verdict", f"{answer['verdict']} (grade {answer['grade']}: {answer['reason']})"),
        *((axis, _axis(answer, axis)) for axis in ("operator", "parent", "location")),
        (
            "service",
            _joined(
                answer["service"],
                answer["function"],
                answer["path"] and f"{answer['path']} path",
                answer["impact"] and f"an outage is felt within {answer['impact']}",
            )
            or UNKNOWN,
        ),
        ("supplier", _with_law(answer["supplier"], answer["supplier_jurisdiction"])),
        ("address", _joined(answer["address"], answer["special"], *answer["chain"]) or UNKNOWN),
        ("used by", _joined(answer.get("asset"), answer.get("state"))),
        *_by_site(answer),
    ]
    if answer["changes"]:
        ways = " or ".join(" and ".join(CHANGES[fact] for fact in facts) for facts in answer["changes"])
        rows.append(("unless", ways))
    rows += _legal(answer)
    lines = [answer["query"], *(f"  {key:9} {value}" for key, value in rows if value or key != "used by")]
    lines += ["  links", *(f"    {_link(link)}" for link in answer["links"])]
    for title, steps in (("because", answer["evidence"]), ("rejected", answer["rejected"])):
        lines += [f"  {title}", *(f"    {_step(step)}" for step in steps)] if steps else []
    return "".join(visible(line) + "\n" for line in lines)


def _legal(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what law says of it: a line for each law that reaches it, and for each question that it limits."""
    rows = [("stated", answer["statement"] or UNKNOWN)]
    if front := answer["front"]:
        rows.append(("front", f"{front['what']} is under {front['jurisdiction'] or UNKNOWN} control, origin unknown"))
    for head, kind in (("access", "access"), ("interrupt", "interruption")):
        nothing = [(head, "no law of the register reaches what is known of it")]
        rows += [(head, _reach(reach)) for reach in answer[kind]] or nothing
    for limit in answer["limits"]:
        if limit["because"]:
            rows.append(("limit", _limit(limit)))
    return rows


def _reach(reach: Mapping[str, Any]) -> str:
    checked = ", unverified" if reach["checked"] == "unverified" else ""
    status = f"{reach['status']} on {reach['status_date']}{checked}"
    return f"{reach['title']} [{reach['law']}], by {' and '.join(reach['through'])} ({status}, grade {reach['grade']})"


def _limit(limit: Mapping[str, Any]) -> str:
    where, outcome = f"{limit['framework']} {limit['objective']}", limit["outcome"]
    said = outcome if outcome in ("contradicted", "observed") else f"cannot exceed {outcome}"
    return f"{where}: {said}, because {limit['because']}"


def _link(link: Mapping[str, Any]) -> str:
    """Return one link of the way: who, what makes it known, and under which name."""
    remark = REMARKS.get(link["by"])
    who = _joined(_with_law(link["value"], link["jurisdiction"]), remark, f"grade {link['grade']}")
    named = f"  [{link['name']}]" if link["name"] else ""
    return f"{link['link']:10} {who if link['value'] else UNKNOWN}{named}"


def _by_site(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the site file says: whose name it is, and what stood there without its overrides."""
    rows = [("own", answer["own"])] if answer["own"] else []
    without = answer["without_overrides"]
    if without is None:
        return rows
    numbers = ", ".join(map(str, answer["overrides"]))
    known = _joined(without["operator"], without["location"], without["supplier"]) or UNKNOWN
    verdict = f"{without['verdict']} (grade {without['grade']}: {without['reason']})"
    return [*rows, ("otherwise", f"{verdict}, {known}: without override {numbers} of the site file")]


def _axis(answer: Mapping[str, Any], axis: str) -> str:
    if answer[axis] is None:
        return UNKNOWN
    place = answer["place"] or answer["region"] if axis == "location" else None
    value = place or _with_law(answer[axis], answer.get(f"{axis}_jurisdiction"))
    return f"{value}, grade {answer[f'{axis}_grade']}"


def _with_law(name: str | None, jurisdiction: str | None) -> str:
    if name is None:
        return UNKNOWN
    return f"{name} ({jurisdiction})" if jurisdiction else name


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _step(step: Mapping[str, Any]) -> str:
    """Return one step: how it is known, what it says, and where to look it up."""
    values = ", ".join(f"{key} {value}" for key, value in step["values"].items() if value)
    proof = step["where"] or step["source"]
    return f"{step['step']:10} {step['kind']}: {values}" + (f"  [{proof}]" if proof else "")
