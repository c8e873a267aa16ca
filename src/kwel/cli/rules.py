"""``kwel rules``: a folder of rule files in, what is wrong with them out."""

from __future__ import annotations

from pathlib import Path

import click

from kwel.cli.outcome import Failure, Status

folder = click.option(
    "--rules",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of rule files. Default: those that kwel ships.",
)
STATUS = "Exit status: 0 nothing wrong; 1 something is, named on standard output; 3 a\nlook-up table cannot be read."


@click.group()
def rules() -> None:
    """Check the rule files: operators, services, jurisdictions, devices.

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
    """Check that every file is complete, and that nothing contradicts anything.

    Complete: sources, dates, spelling, no two rules for one thing. Contradictions:
    two operators for the same addresses, a prefix that never decides, a published
    region without a place, a network number of somebody else.
    """
    from importlib.resources import files

    from kwel import rulebook
    from kwel.assets import rules as devices
    from kwel.attribution.feeds import contradictions, lists
    from kwel.attribution.tables import TableError
    from kwel.cli.policies import lint_shipped
    from kwel.impact.outage import examples
    from kwel.policy.shipped import known_words
    from kwel.rulebook import crosswalk, needs

    faults = [*rulebook.lint(root), *devices.lint(root)]
    faults = faults or [*needs.lint(root), *examples.lint(root), *crosswalk.lint(root)]
    if not faults:
        faults = lint_shipped(root, known_words(rulebook.load(root), root))
    if not faults:
        try:
            fetched = lists.load(files("kwel.rules")).providers
            faults = contradictions.find(rulebook.load(root), fetched)
        except (TableError, rulebook.RuleError) as error:
            raise Failure(str(error)) from error
    return _tell(faults)


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
    from kwel.assets import rules as devices
    from kwel.attribution.names import misplaced
    from kwel.impact.outage import examples
    from kwel.rulebook import crosswalk, needs

    faults = [*rulebook.test(root), *misplaced(root), *devices.test(root)]
    return _tell(faults or [*needs.test(root), *examples.test(root), *crosswalk.test(root)])


def _tell(faults: list[str]) -> int:
    for fault in faults:
        click.echo(fault)
    return Status.CHECK_FAILED if faults else Status.DONE
