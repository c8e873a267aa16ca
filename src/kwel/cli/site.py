"""``kwel site``: a site file in, what is amiss with it out; or captures in, a site file to go on from out."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

import click

from kwel.cli.options import internal
from kwel.cli.outcome import Failure, Status, say_when_compiling, writing
from kwel.cli.progress import Progress
from kwel.cli.remarks import tell

if TYPE_CHECKING:
    from kwel.site.check import Published


@click.group()
def site() -> None:
    """Write and check a site file: what you know of your own plant.

    Own prefixes and domains, zones, names of assets, and where you know better than the tables. docs/site.md has
    every key.
    """


@site.command(
    epilog="""\b
Example:
  kwel site check site.toml
  kwel site check --json --on 2027-01-01 site.toml

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
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(file: str, on: datetime.datetime | None, as_json: bool) -> int:
    """Say what is wrong with FILE: not understood, expired, shadowed, without effect, or claiming too much."""
    from kwel import rulebook
    from kwel.model.remarks import Remark
    from kwel.site import SiteError, load
    from kwel.site.check import check as examine

    day = (on or datetime.datetime.now(datetime.UTC)).date()
    known = None
    try:
        book = rulebook.load()
        known = load(file, book)
        remarks = examine(known, book, day, _published(), _private())
    except SiteError as error:
        if isinstance(error.__cause__, OSError):
            raise Failure(str(error)) from error
        remarks = [Remark("fault", "file", str(error))]
    return tell(file, known.sha256 if known else None, day, remarks, as_json=as_json)


def _published() -> Published:
    """Return what says which provider publishes an address."""
    from kwel.attribution import editions

    lookup = editions.open_tables().lookup
    return lambda address: lookup(address).cloud_provider


def _private() -> list[str]:
    from kwel.assets.scopes import RANGES

    return [prefix for prefix, _ in RANGES]


@site.command(
    epilog="""\b
Example:
  kwel site new > site.toml
  kwel site new plant.pcapng -o site.toml

Exit status: 0 done; 3 a capture could not be read to its end, or the result not
be written."""
)
@click.argument("captures", nargs=-1, metavar="[CAPTURE...]")
@internal
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output.")
def new(captures: tuple[str, ...], internal: tuple[str, ...], output: str) -> int:
    """Write a commented site file to go on from: with captures, filled with the segments and VLANs that they show.

    A file that is there already is left alone.
    """
    from kwel.site.example import example

    if not captures:
        _write(output, example())
        return Status.DONE
    from kwel.analysis.stages import Options, analyse
    from kwel.cli.outcome import status_of

    say_when_compiling()
    with Progress("Reading captures") as progress:
        made = analyse(captures, Options(internal=internal), progress).report
    names = ", ".join(capture.name for capture in made.captures[:3])
    _write(output, example(made.assets, made.dependencies, names, _private(), made.zones))
    return status_of(made.captures, made.coverage)


def _private_file(path: str, flags: int) -> int:
    """Open a file that nobody else on this machine may read: it says how a plant is built."""
    return os.open(path, flags, 0o600)


def _write(output: str, text: str) -> None:
    if output == "-":
        with writing(output):
            click.echo(text, nl=False)
        return
    try:
        with open(output, "x", encoding="utf-8", opener=_private_file) as file:
            file.write(text)
    except FileExistsError as error:
        raise Failure(f"{output} is there already; choose another place with -o") from error
    except OSError as error:
        raise Failure(f"cannot write {output}: {error.strerror or error}; choose another place with -o") from error
    click.echo(f"Site file: {output}")
