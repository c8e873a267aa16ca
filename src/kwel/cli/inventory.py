"""``kwel inventory``: captures and the site's own inventory in, where the two disagree out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kwel.cli.options import inventory as option
from kwel.cli.options import on
from kwel.cli.outcome import Status
from kwel.cli.show import show_report, table_options

if TYPE_CHECKING:
    from kwel.model.report import Report


@click.group()
def inventory() -> None:
    """Compare your own inventory of devices with what captures show.

    CSV of any spreadsheet, or an export of NetBox; docs/site.md says which columns are understood.
    """


@inventory.command(
    epilog="""\b
Example:
  kwel inventory check plant.pcapng --inventory assets.csv
  kwel inventory check plant.pcapng --inventory devices.json --format csv -o differences.csv

The columns are described in docs/formats.md.

\b
Exit status: 0 the two agree; 1 they do not; 2 the command was not understood;
3 a capture or the inventory could not be read to its end, or the result not be
written."""
)
@table_options
@on
@option
@click.option("--all", "whole", is_flag=True, help="Entries with which everything agrees, too.")
def check(whole: bool, **wanted: Any) -> int:
    """List what was seen and stands in no inventory, what stands there and was not seen, and what contradicts it."""
    disagree = False

    def write(report: Report, *rest: Any) -> None:
        from kwel.export.write import write_inventory

        nonlocal disagree
        if report.inventory is None:
            raise click.UsageError("no inventory: name one with --inventory, or in the site file")
        disagree = report.inventory.differs
        write_inventory(report, *rest, whole=whole)

    status = show_report(write, **wanted)
    return Status.CHECK_FAILED if status is Status.DONE and disagree else status
