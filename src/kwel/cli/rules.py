"""``kwel rules``: checks rule files and starts new ones."""

from __future__ import annotations

import datetime
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
    """Check rule files, or start a new one: operators, services, jurisdictions, devices.

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


@rules.command(
    epilog="""\b
Example:
  kwel rules new operator acme --rules my-rules --country NL --domain acme.example
  kwel rules new service acme --rules my-rules --country NL --function monitoring
  kwel rules new device acme-drive --rules my-rules --role drive
  kwel rules lint --rules my-rules && kwel rules test --rules my-rules

Exit status: 0 written; 2 an option is wrong; 3 the file cannot be written, or is\nthere already."""
)
@click.argument("kind", type=click.Choice(["operator", "service", "device"]))
@click.argument("name")
@click.option(
    "--rules",
    "root",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of rule files to write into.",
)
@click.option("--country", default="?", metavar="CC", help="Seat of an operator or vendor: ISO 3166-1, such as NL.")
@click.option("--domain", default="", metavar="SUFFIX", help="Its domain. Default: NAME.example.")
@click.option("--function", default="?", metavar="WORD", help="What a service is for: a word of vocabulary.toml.")
@click.option("--role", default="?", metavar="WORD", help="Role of a device: a word of devices/roles.toml.")
def new(kind: str, name: str, root: Path, country: str, domain: str, function: str, role: str) -> int:
    """Write the skeleton of a rule file, with examples that match and that must not.

    Fields not given hold a question mark: `kwel rules lint` names them. What nobody
    looked up is marked as such, and counts one grade less until a source is named.
    """
    from kwel.rulebook import skeleton

    for value, option in ((name, "NAME"), *(((domain.replace(".", "-"), "--domain"),) if domain else ())):
        if not skeleton.NAME.fullmatch(value):
            raise click.BadParameter(f"{value!r}: write lower-case letters, digits and hyphens", param_hint=option)
    for value in (country, function, role):
        if not value.isprintable() or '"' in value or "\\" in value:
            raise click.BadParameter(f"{value!r} is not a word")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    given = skeleton.Given(name, today, country, domain, role if kind == "device" else function)
    try:
        file = skeleton.write(root, kind, given)
    except OSError as error:
        path = root / skeleton.file_of(kind, name)
        raise Failure(f"{path}: {error.strerror or error}; choose another name or folder") from error
    click.echo(f"{file}: fill it in, then run kwel rules lint --rules {root} && kwel rules test --rules {root}")
    return Status.DONE


def _tell(faults: list[str]) -> int:
    for fault in faults:
        click.echo(fault)
    return Status.CHECK_FAILED if faults else Status.DONE
