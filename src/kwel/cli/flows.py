"""``kwel flows``: captures in, the table of flows out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.show import epilog, show_traffic, table_options


@click.command(epilog=epilog("flows"))
@table_options
def flows(**wanted: Any) -> int:
    """List the conversations on the wire, with their names.

    One row a flow: who began it, with whom, how far it came, how much went each way, and the name of the other side.
    """
    from kwel.export.write import write_flows

    return show_traffic(write_flows, **wanted)
