"""``kwel commands``: captures in, the table of commands out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import on
from kwel.cli.show import epilog, show_concluded, table_options


@click.command(epilog=epilog("commands"))
@table_options
@on
def commands(**wanted: Any) -> int:
    """List who told whom to do what in protocols of the plant.

    Reads, writes, programs loaded, controllers stopped: how often, when first and last, and in which frame.
    """
    return show_concluded("commands", **wanted)
