"""``kwel sensor config``: the configuration of a sensor in, what is amiss with it out; or one to go on from."""

from __future__ import annotations

import datetime
import os

import click

from kwel.cli.outcome import Failure, Status, writing
from kwel.cli.remarks import tell

FOR_YOU_ALONE = 0o600
"""It may hold where a plant sends its alerts."""


@click.group()
def config() -> None:
    """Write and check the configuration of a sensor. docs/sensor.md has every key."""


@config.command(
    epilog="""\b
Example:
  kwel sensor config check /etc/kwel/sensor.toml

Exit status: 0 nothing wrong; 1 something is, named on standard output;
3 the file cannot be read."""
)
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(file: str, as_json: bool) -> int:
    """Say everything that is wrong with FILE, each with its line, and what it names that is not there."""
    from kwel.cli.policies import named_policy
    from kwel.model.remarks import Remark
    from kwel.sensor.config import ConfigError, examine
    from kwel.sensor.surroundings import beside

    try:
        read, faults = examine(file)
    except ConfigError as error:
        raise Failure(str(error)) from error
    remarks = [Remark("fault", "file", fault) for fault in faults]
    remarks += beside(read)
    try:
        named_policy(read.analysis.policy or None, None)
    except Failure as failure:
        remarks.append(Remark("fault", "analysis.policy", failure.message))
    return tell(file, read.sha256, datetime.datetime.now(datetime.UTC).date(), remarks, as_json=as_json)


@config.command(
    epilog="""\b
Example:
  kwel sensor config new
  kwel sensor config new -o /etc/kwel/sensor.toml

Exit status: 0 done; 3 it cannot be written."""
)
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
def new(output: str) -> int:
    """Write a commented configuration to go on from: every key, what it means, and what holds without it.

    A file that is there already is left alone.
    """
    from kwel.sensor.keys import example

    with writing(output):
        if output == "-":
            click.echo(example(), nl=False)
            return Status.DONE
        with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FOR_YOU_ALONE), "w", encoding="utf-8") as file:
            file.write(example())
    return Status.DONE
