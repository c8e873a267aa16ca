"""``kwel assets``: captures in, the table of assets out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import on
from kwel.cli.show import epilog, show_report, table_options


@click.command(epilog=epilog("assets"))
@table_options
@on
def assets(**wanted: Any) -> int:
    """List the devices on the plant's side.

    What each is, what it is called, what it speaks, and the frames that say so.
    """
    from kwel.tables.write import write_assets

    return show_report(write_assets, **wanted)
