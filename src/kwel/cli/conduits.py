"""``kwel conduits``: captures in, the register of zones or of conduits out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import inventory, on
from kwel.cli.show import epilog, show_concluded, table_options


@click.command(epilog=epilog("conduits"))
@table_options
@on
@inventory
@click.option("--zones", is_flag=True, help="One row a zone instead: who drew it, what stands in it.")
def conduits(zones: bool, **wanted: Any) -> int:
    """List what passes between the zones of the plant.

    Zones as --site draws them, else proposed ones; from which zone to which, by which protocols, how much, when, and
    the frames that prove it: the register that IEC 62443-3-2 asks for.
    """
    return show_concluded("zones" if zones else "conduits", **wanted)
