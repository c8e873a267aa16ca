"""``kwel interruptions``: captures in, the outages that they hold out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import on
from kwel.cli.show import epilog, show_concluded, table_options


@click.command(epilog=epilog("interruptions"))
@table_options
@on
def interruptions(**wanted: Any) -> int:
    """List outages that the captures hold already.

    What had answered an asset and then did not: from when until when, how the asset tried again, and whether its
    traffic inside the plant went on meanwhile.
    """
    return show_concluded("interruptions", **wanted)
