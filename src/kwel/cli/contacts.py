"""Captures or an analysis in, the contacts that a policy is held against out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.outcome import Failure, say_when_compiling
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    from kwel.policy.of_analysis import Read


def contacts_for(captures: tuple[str, ...], options: dict[str, Any], *, count_proposals: bool = False) -> Read:
    """Return the contacts; end with one line where they cannot be read.

    Args:
        captures: or one analysis.
        options: of the analysis of captures.
        count_proposals: whether a Purdue level that is only proposed counts.
    """
    found = of_analysis(captures, count_proposals=count_proposals)
    if found:
        return found
    from kwel.analysis.stages import Options, analyse
    from kwel.policy.of_analysis import Read
    from kwel.policy.of_report import contacts_of, seen

    say_when_compiling()
    with Progress("Reading captures") as progress:
        report = analyse(captures, Options(**options), progress).report
    day = report.site.day if report.site else None
    contacts = contacts_of(report, count_proposals=count_proposals)
    return Read(contacts, seen(report), day, tuple(capture.name for capture in report.captures))


def of_analysis(captures: tuple[str, ...], *, count_proposals: bool) -> Read | None:
    """Return what an analysis tells; ``None`` where captures were given."""
    from kwel.policy.of_analysis import AnalysisError, looks_like, read

    path = Path(captures[0])
    try:
        if captures[0] == "-" or not path.is_file() or not looks_like(path):
            return None
        if len(captures) > 1:
            raise click.UsageError(f"{captures[0]} is an analysis: give it alone")
        return read(path, count_proposals=count_proposals)
    except AnalysisError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
