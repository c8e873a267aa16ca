"""``kwel needs``: captures in, the table of who needs what out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import inventory, on
from kwel.cli.show import epilog, show_concluded, table_options


@click.command(epilog=epilog("needs"))
@table_options
@on
@inventory
def needs(**wanted: Any) -> int:
    """List who needs what: each asset the servers of the plant that it uses, and the services outside.

    For which function, by data or control path, with what else stands in for it, how soon an outage is felt, and the
    frames. docs/outage.md says what makes a need; `kwel outage` says what stops without it.
    """
    return show_concluded("needs", **wanted)
