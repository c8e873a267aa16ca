"""``kwel explain``: hosts and addresses in, how each attribution came about out."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.options import internal
from kwel.cli.outcome import EXIT_STATUS, Status, say_when_compiling, status_of
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPTURE_SUFFIXES = (".pcap", ".pcapng", ".cap", ".gz", ".zst")
UNKNOWN = "not known"


@click.command(
    epilog=f"""\b
Example:
  kwel explain login.microsoftonline.com
  kwel explain 13.69.64.110 plant.pcapng

{EXIT_STATUS}"""
)
@click.argument("subjects", nargs=-1, required=True, metavar="HOST|IP... [CAPTURE...]")
@internal
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def explain(subjects: tuple[str, ...], internal: tuple[str, ...], as_json: bool) -> int:
    """Say how an attribution comes about: operator, parent, place, and what spoke against it.

    With captures, what they say about the host or address counts too: the name it was asked by, the way through DNS.
    """
    captures = tuple(subject for subject in subjects if is_capture(subject))
    queries = [subject for subject in subjects if not is_capture(subject)]
    if not queries:
        raise click.UsageError("name a host or an address to explain, besides the captures")
    from kwel import pipeline

    analysis = None
    if captures:
        say_when_compiling()
        with Progress("Reading captures") as progress:
            analysis = pipeline.analyse(captures, pipeline.Options(internal=internal), progress)
    for query in queries:
        answer = pipeline.explain(query, analysis)
        click.echo(json.dumps(answer) if as_json else lines_of(answer))
    return status_of(analysis.report.captures, analysis.report.coverage) if analysis else Status.DONE


def is_capture(subject: str) -> bool:
    """Return whether an argument is a capture rather than a host: it exists as a file, or is called like one."""
    return subject == "-" or os.path.exists(subject) or subject.lower().endswith(CAPTURE_SUFFIXES)


def lines_of(answer: Mapping[str, Any]) -> str:
    """Return an explanation for a person: one line a key, longer ones indented below it."""
    from kwel.tables.cells import visible

    width = max(map(len, answer)) + 2
    lines = []
    for key, value in answer.items():
        values = value if isinstance(value, list | tuple) else [value]
        texts = [visible(_text(one)) for one in values] or [UNKNOWN]
        lines.append(f"{key.replace('_', ' '):{width}}{texts[0]}")
        lines += [" " * width + text for text in texts[1:]]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(part)}" for key, part in value.items())
    return str(value)
