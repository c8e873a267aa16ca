"""``kwel sensor``: an interface or a folder in, windows of what was on the wire out. One file a subcommand."""

from __future__ import annotations

import click

from kwel.cli.modules import Modules

SUBCOMMANDS: tuple[str, ...] = ("run", "check", "config", "status", "alerts")


@click.group(cls=Modules, package="kwel.cli.sensor", names=SUBCOMMANDS)
def sensor() -> None:
    """Watch a mirror port for months: see everything, send nothing, lose nothing, and say when it cannot."""
