"""``kwel sensor status``: what a sensor wrote of itself in, how it fares out, live."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kwel.cli.outcome import Failure, Status

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.sensor.health import Health

CONFIG = "/etc/kwel/sensor.toml"
REFRESH = 1.0
"""Seconds."""
REMEMBERED = 30
"""Tellings that rates are taken over, at most."""


@click.command(
    epilog="""\b
Example:
  kwel sensor status
  kwel sensor status --store /var/lib/kwel/store --once
  kwel sensor status --json

\b
On a terminal it is shown anew each second, until Ctrl-C; what needs a person
stands in red. It reads a file that the sensor writes, and asks nobody.

\b
Exit status: 0 healthy; 1 something needs a person; 2 the command was not
understood; 3 there is no sensor, or its status cannot be read."""
)
@click.option("--config", metavar="FILE", help=f"The sensor's configuration. Default: {CONFIG}.")
@click.option("--store", metavar="DIR", help="Where the sensor keeps its windows, in place of a configuration.")
@click.option("--once", is_flag=True, help="Show it once, as where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, once.")
def status(config: str | None, store: str | None, once: bool, as_json: bool) -> int:
    """Show how the sensor of this machine fares: what it hears, loses, keeps, and whether it is proved silent."""
    if config and store:
        raise click.UsageError("--config and --store do not go together")
    file = _file(config, store)
    if as_json:
        return _as_json(file)
    if once or not sys.stdout.isatty():
        return _show(file)
    return _live(file)


def _file(config: str | None, store: str | None) -> Path:
    from kwel.sensor.config import ConfigError, load
    from kwel.sensor.health import place

    if store:
        return place(store)
    try:
        return place(load(config or CONFIG).store.folder)
    except ConfigError as error:
        raise Failure(f"{error}; or say with --store DIR where the sensor keeps its windows") from error


def _read(file: Path) -> Health:
    from kwel.sensor.health import HealthError, read

    try:
        return read(file)
    except HealthError as error:
        raise Failure(str(error)) from error


def _as_json(file: Path) -> int:
    from kwel.sensor.amiss import amiss

    health = _read(file)
    wrong = amiss(health, time.time_ns())
    click.echo(
        json.dumps({**asdict(health), "healthy": not wrong, "amiss": [one._asdict() for one in wrong]}, indent=1)
    )
    return Status.CHECK_FAILED if wrong else Status.DONE


def _show(file: Path) -> int:
    from rich.console import Console

    from kwel.cli.sensor.panel import panel
    from kwel.sensor.amiss import amiss

    health, now = _read(file), time.time_ns()
    wrong = amiss(health, now)
    Console(highlight=False).print(panel(health, None, wrong, now))
    return Status.CHECK_FAILED if wrong else Status.DONE


def _live(file: Path) -> int:
    from rich.console import Console
    from rich.live import Live

    from kwel.cli.sensor.panel import panel
    from kwel.sensor.amiss import amiss

    tellings = [_read(file)]
    wrong = amiss(tellings[-1], time.time_ns())
    try:
        with Live(console=Console(highlight=False), screen=True, auto_refresh=False) as live:
            while True:
                health, now = _read(file), time.time_ns()
                if health.at != tellings[-1].at:
                    tellings = [*tellings[-REMEMBERED:], health]
                wrong = amiss(health, now)
                live.update(panel(health, tellings[0] if len(tellings) > 1 else None, wrong, now), refresh=True)
                time.sleep(REFRESH)
    except KeyboardInterrupt:
        return Status.CHECK_FAILED if wrong else Status.DONE
