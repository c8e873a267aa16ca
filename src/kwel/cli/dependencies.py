"""``kwel dependencies``: captures in, the table of dependencies out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kwel.cli.show import epilog, show_report, table_options

if TYPE_CHECKING:
    from kwel.tables.write import Format


@click.command(epilog=epilog("dependencies"))
@table_options
def dependencies(captures: tuple[str, ...], form: Format | None, output: str, internal: tuple[str, ...]) -> int:
    """List which asset needs which host outside.

    Operator, parent and place of each, with the grade of the evidence and the verdict.
    """
    from kwel.tables.write import write_dependencies

    return show_report(write_dependencies, captures, form, output, internal)
