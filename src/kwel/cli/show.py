"""What the four table commands share: options in, one table written, an exit status out."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwel.cli.options import captures, internal, load_inventory, load_site, refuse_own_capture, site, status_with
from kwel.cli.outcome import EXIT_STATUS, Status, keep, say_when_compiling, status_of, writing
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

    from kwel.export.schema import Name
    from kwel.export.write import Format
    from kwel.model.report import Report
    from kwel.model.site import Site
    from kwel.model.traffic import Traffic

Command = TypeVar("Command", bound="Callable[..., Any]")
PIPE_WIDTH = 160
"""Characters a line where no terminal says how many it has."""


def table_options(command: Command) -> Command:
    """Add the arguments of a table command."""
    for option in (
        site,
        internal,
        click.option("-o", "--output", default="-", metavar="FILE", help="Where to write. Default: standard output."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", "csv", "jsonl", "parquet"]),
            help="Default: as the suffix of FILE says, else table.",
        ),
        captures,
    ):
        command = option(command)
    return command


def epilog(name: str) -> str:
    """Return an example and the exit statuses of the command *name*."""
    return f"""\b
Example:
  kwel {name} plant.pcapng
  kwel {name} --format jsonl captures/ | jq .
  kwel {name} monday.pcap.gz tuesday.pcap.gz -o {name}.parquet

The columns are described in docs/formats.md.

{EXIT_STATUS}"""


def show_traffic(
    write: Callable[[Traffic, Format, Any, int | None, Site | None], None],
    captures: tuple[str, ...],
    form: Format | None,
    output: str,
    internal: tuple[str, ...],
    site_file: str | None,
) -> Status:
    """Write a table of what was on the wire."""
    chosen = _check(captures, form, output)
    from kwel.analysis.stages import Options, read_traffic

    options = Options(internal=internal, site=load_site(site_file))
    with Progress("Reading captures") as progress:
        traffic = read_traffic(captures, options, progress, discovery=False)
    _write(lambda out, width: write(traffic, chosen, out, width, options.site), output)
    return status_of(traffic.captures, traffic.coverage)


def show_report(
    write: Callable[[Report, Format, Any, int | None], None],
    captures: tuple[str, ...],
    form: Format | None,
    output: str,
    internal: tuple[str, ...],
    site_file: str | None,
    on: datetime.datetime | None,
    here: str = "",
    inventory_files: tuple[str, ...] = (),
) -> Status:
    """Write a table of what follows from it."""
    chosen = _check(captures, form, output)
    from kwel.analysis.stages import Options, analyse

    own = load_inventory(inventory_files)
    options = Options(internal=internal, here=here, site=load_site(site_file), inventory=own, on=on and on.date())
    with Progress("Reading captures") as progress:
        made = analyse(captures, options, progress).report
    keep(made)
    _write(lambda out, width: write(made, chosen, out, width), output)
    return status_with(options.site, status_of(made.captures, made.coverage), options.own_inventory)


def show_concluded(name: Name, **wanted: Any) -> Status:
    """Write the table *name* of what follows from it."""
    from kwel.export.write import write_concluded

    return show_report(partial(write_concluded, name), **wanted)


def _check(captures: tuple[str, ...], form: Format | None, output: str) -> Format:
    """Return the format, or refuse what could only go wrong later."""
    from kwel.export.write import format_for

    say_when_compiling()
    refuse_own_capture(output, captures)
    chosen = form or format_for(output)
    if chosen == "parquet" and output == "-" and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal: say where to write it with -o")
    return chosen


def _write(write: Callable[[Any, int | None], None], output: str) -> None:
    from kwel.export.output import open_output

    width = None if output == "-" and sys.stdout.isatty() else PIPE_WIDTH
    with writing(output), open_output(output) as out:
        write(out, width)
