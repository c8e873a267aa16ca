"""``kwel limits``: a policy in, what is amiss with it out; or captures in, a policy to go on from out."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from kwel.cli.options import internal, load_site, refuse_own_capture, rules, site
from kwel.cli.outcome import Failure, Status, complain, writing
from kwel.cli.remarks import tell
from kwel.policy.shipped import known_words

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def limits() -> None:
    """Write and check a policy: what your plant allows. docs/limits.md has every key."""


@limits.command(
    epilog="""\b
Example:
  kwel limits check limits.toml
  kwel limits check --json --on 2027-01-01 limits.toml

Exit status: 0 nothing wrong; 1 something is, named on standard output;
3 the file cannot be read."""
)
@click.argument("file", metavar="FILE")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge what has expired on this day. Default: today.",
)
@rules
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(file: str, on: datetime.datetime | None, rules: Path | None, as_json: bool) -> int:
    """Say what is wrong with FILE: not understood, never reached, expired, or an example that comes out otherwise."""
    from kwel import rulebook
    from kwel.model.remarks import Remark
    from kwel.policy.lint import lint
    from kwel.policy.policy import LimitsError, examine

    day = (on or datetime.datetime.now(datetime.UTC)).date()
    try:
        known = known_words(rulebook.load(rules), rules)
        policy, faults = examine(file, known)
    except (LimitsError, rulebook.RuleError) as error:
        raise Failure(str(error)) from error
    remarks = [Remark("fault", "file", fault) for fault in faults]
    if policy:
        remarks += lint(policy, known, day)
    return tell(file, policy.sha256 if policy else None, day, remarks, as_json=as_json)


@limits.command(
    epilog="""\b
Example:
  kwel limits suggest plant.pcapng -o limits.toml
  kwel limits suggest plant.pcapng --as nftables
  kwel limits suggest plant.pcapng --as csv -o firewall.csv

What was seen in a capture is not all that a plant needs, and not all of it is
meant to be. These are suggestions: nobody has tried the rules.

Exit status: 0 done; 2 the command was not understood; 3 a capture could not be
read to its end, or the result not be written."""
)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...|ANALYSIS")
@click.option(
    "--as",
    "form",
    type=click.Choice(["policy", "nftables", "csv", "suricata", "json"]),
    default="policy",
    help="What to write. Default: a policy for `kwel check`.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --as json.")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
@internal
@site
def suggest(
    captures: tuple[str, ...],
    form: str,
    as_json: bool,
    output: str,
    internal: tuple[str, ...],
    site_file: str | None,
) -> int:
    """Write the smallest allow-list that covers what was seen, by asset and service, each line with its frames."""
    refuse_own_capture(output, captures)
    from kwel.cli.contacts import contacts_for
    from kwel.export.allowlist import FORMS
    from kwel.export.output import open_output
    from kwel.policy.suggest import suggest as draft

    told = contacts_for(captures, {"internal": internal, "site": load_site(site_file)})
    grade = told.seen.coverage
    head = (
        f"What was seen in {', '.join(told.captures[:3])}{' …' if len(told.captures) > 3 else ''}.",
        f"Coverage is {grade}{'' if grade == 'good' else ': there is more that was not seen'}.",
    )
    with writing(output), open_output(output) as out:
        for line in FORMS["json" if as_json else form](draft(told.contacts), head):
            out.write((line + "\n").encode("utf-8", "backslashreplace"))
    for problem in told.seen.unread:
        complain(problem)
    return Status.INCOMPLETE if told.seen.unread or told.seen.is_empty else Status.DONE
