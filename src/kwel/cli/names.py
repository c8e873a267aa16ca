"""``kwel names``: captures in, the table of names out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.show import epilog, show_traffic, table_options


@click.command(epilog=epilog("names"))
@table_options
def names(**wanted: Any) -> int:
    """List every name read from the wire, and the frame.

    Server names of TLS and QUIC, HTTP hosts, CONNECT targets, DNS and the names that devices give themselves.
    """
    from kwel.export.write import write_names

    return show_traffic(write_names, **wanted)
