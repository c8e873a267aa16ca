"""``kwel assets``: captures in, the table of assets out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kwel.cli.show import epilog, show_report, table_options

if TYPE_CHECKING:
    from kwel.tables.write import Format


@click.command(epilog=epilog("assets"))
@table_options
def assets(captures: tuple[str, ...], form: Format | None, output: str, internal: tuple[str, ...]) -> int:
    """List the devices on the plant's side.

    What each is, what it is called, what it speaks, and the frames that say so.
    """
    from kwel.tables.write import write_assets

    return show_report(write_assets, captures, form, output, internal)
