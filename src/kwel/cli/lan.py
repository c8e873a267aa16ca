"""``kwel lan``: captures in, the table of conversations without IP out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.show import epilog, show_traffic, table_options


@click.command(epilog=epilog("lan"))
@table_options
def lan(**wanted: Any) -> int:
    """List who sent what to whom on Ethernet without IP.

    PROFINET, GOOSE, Sampled Values, EtherCAT, POWERLINK, SERCOS III, rings and clocks, LLDP, CDP and spanning tree:
    stations by their MAC addresses, their part in it, how many frames, and the first one.
    """
    from kwel.export.write import write_lan

    return show_traffic(write_lan, **wanted)
