"""``kwel dependencies``: captures in, the table of dependencies out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.options import here, inventory, on
from kwel.cli.show import epilog, show_report, table_options


@click.command(epilog=epilog("dependencies"))
@table_options
@on
@inventory
@here
def dependencies(**wanted: Any) -> int:
    """List which asset needs which host outside.

    Operator, parent and place of each, with the grade of the evidence and the verdict.
    """
    from kwel.export.write import write_dependencies

    return show_report(write_dependencies, **wanted)
