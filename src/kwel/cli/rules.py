"""``kwel rules``: a folder of rule files in, what is wrong with them out."""

from __future__ import annotations

from pathlib import Path

import click

from kwel.cli.outcome import Status

folder = click.option(
    "--rules",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of rule files. Default: those that kwel ships.",
)
STATUS = "Exit status: 0 nothing wrong; 1 something is, named on standard output."


@click.group()
def rules() -> None:
    """Check the rule files: operators, services, jurisdictions.

    docs/rules.md says how to write one.
    """


@rules.command(
    epilog=f"""\b
Example:
  kwel rules lint --rules my-rules

{STATUS}"""
)
@folder
def lint(root: Path | None) -> int:
    """Check that every file is complete: sources, dates, spelling, no two rules for one thing."""
    from kwel import rulebook

    return _tell(rulebook.lint(root))


@rules.command(
    epilog=f"""\b
Example:
  kwel rules test --rules my-rules

{STATUS}"""
)
@folder
def test(root: Path | None) -> int:
    """Check that every rule matches its examples, misses what it must, and reads places where it promises to."""
    from kwel import rulebook
    from kwel.clouds.names import misplaced

    return _tell([*rulebook.test(root), *misplaced(root)])


def _tell(faults: list[str]) -> int:
    for fault in faults:
        click.echo(fault)
    return Status.CHECK_FAILED if faults else Status.DONE
