"""``kwel assets``: captures in, the table of assets out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import inventory, on
from kwel.cli.show import epilog, show_concluded, table_options


@click.command(epilog=epilog("assets"))
@table_options
@on
@inventory
@click.option("--facts", is_flag=True, help="One row for each thing that a frame says of an asset, with the frame.")
def assets(facts: bool, **wanted: Any) -> int:
    """List the devices on the plant's side.

    What each is, what it is called, what it speaks, and the frames that say so.
    """
    return show_concluded("facts" if facts else "assets", **wanted)
