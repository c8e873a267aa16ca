"""``kwel sensor alerts``: what a sensor told in, a list, an explanation, an acknowledgement or a test out."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kwel.cli.outcome import Failure, Status, complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.alerts.couriers import Courier
    from kwel.alerts.ledger import Entry, Ledger
    from kwel.alerts.settings import Settings
    from kwel.sensor.config import Config

STATE_IN_STORE: Final = "sensor/state/alerts"
STATE: Final = f"/var/lib/kwel/store/{STATE_IN_STORE}"
CONFIG: Final = "/etc/kwel/sensor.toml"

state = click.option(
    "--state",
    default=STATE,
    show_default=True,
    metavar="DIR",
    help="Folder in which the sensor keeps what it told.",
)


@click.group()
def alerts() -> None:
    """What the sensor told: list it, explain it, acknowledge it, and try whether alerts arrive."""


@contextmanager
def opened(folder: str) -> Iterator[Ledger]:
    """Open what a sensor told; end with one line where there is nothing, or it cannot be opened."""
    import sqlite3

    from kwel.alerts.ledger import Ledger
    from kwel.alerts.opening import FILE, LedgerError

    if not (Path(folder) / FILE).exists():
        raise Failure(f"{folder}: no sensor keeps its alerts there; name the folder with --state")
    try:
        ledger = Ledger(Path(folder))
    except LedgerError as error:
        raise Failure(str(error)) from error
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"{folder}: {error}; are you permitted to read it?") from error
    try:
        yield ledger
    except sqlite3.Error as error:
        raise Failure(f"{folder}: {error}; try again") from error
    finally:
        ledger.close()


def language() -> str:
    """Return the language of whoever asks."""
    from kwel.cli.options import language_of_environment

    return language_of_environment()


@alerts.command(
    name="list",
    epilog="""\b
Example:
  kwel sensor alerts list
  kwel sensor alerts list --all --json

Exit status: 0 done; 2 the command was not understood; 3 no sensor keeps its
alerts there, or they cannot be read.""",
)
@state
@click.option("--all", "all_of_them", is_flag=True, help="Also those that somebody acknowledged.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(state: str, all_of_them: bool, as_json: bool) -> int:
    """List the alerts that nobody acknowledged, the latest last."""
    with opened(state) as ledger:
        entries = ledger.entries(all=all_of_them)
    for entry in entries:
        click.echo(json.dumps(_plain(entry)) if as_json else _line(entry))
    if not entries and not as_json:
        click.echo("No alert that nobody acknowledged." if not all_of_them else "No alert yet.")
    return Status.DONE


@alerts.command(
    epilog="""\b
Example:
  kwel sensor alerts explain A86c87400ab

Exit status: 0 done; 1 there is no such alert; 2 the command was not
understood; 3 no sensor keeps its alerts there, or they cannot be read."""
)
@click.argument("id")
@state
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(id: str, state: str, as_json: bool) -> int:
    """Say what alert ID rests on: what was seen, whose the host is and why, in which frames, and what to do."""
    with opened(state) as ledger:
        entry = ledger.find(id)
    if entry is None:
        complain(f"there is no alert {id}; `kwel sensor alerts list --all` names all")
        return Status.CHECK_FAILED
    told = _explained(entry.alert.host)
    if as_json:
        click.echo(json.dumps({**_plain(entry), "host_explained": told}))
        return Status.DONE
    for line in _lines(entry):
        click.echo(line)
    if told is not None:
        from kwel.cli.explain import lines_of

        click.echo()
        click.echo(lines_of(told), nl=False)
    return Status.DONE


def _explained(host: str) -> dict[str, Any] | None:
    """Return what ``kwel explain`` says of a host."""
    if not host:
        return None
    import datetime

    from kwel.analysis import stages

    return stages.explain(host, options=stages.Options(on=datetime.datetime.now(datetime.UTC).date()))


@alerts.command(
    epilog="""\b
Example:
  kwel sensor alerts ack A86c87400ab --remark "new heat pump, ticket 4711"
  kwel sensor alerts ack --all --by anna

Exit status: 0 done; 1 there is no such alert; 2 the command was not
understood; 3 no sensor keeps its alerts there, or they cannot be changed."""
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "all_of_them", is_flag=True, help="Every alert that is open.")
@click.option("--by", default="", metavar="NAME", help="Who acknowledges it. Default: who is logged in.")
@click.option("--remark", default="", metavar="TEXT", help="Why, for whoever reads it later.")
@state
def ack(ids: tuple[str, ...], all_of_them: bool, by: str, remark: str, state: str) -> int:
    """Acknowledge alerts: what was seen of them until now is not told again."""
    import time

    if bool(ids) == all_of_them:
        raise click.UsageError("name the alerts to acknowledge, or say --all")
    who, status = by or os.environ.get("SUDO_USER") or os.environ.get("USER") or "unknown", Status.DONE
    with opened(state) as ledger:
        for id in [of.alert.id for of in ledger.entries()] if all_of_them else ids:
            if not ledger.acknowledge(id, who, time.time_ns(), remark):
                complain(f"there is no alert {id}; `kwel sensor alerts list --all` names all")
                status = Status.CHECK_FAILED
    return status


@alerts.command(
    epilog="""\b
Example:
  kwel sensor alerts test
  kwel sensor alerts test --config /etc/kwel/sensor.toml

Exit status: 0 every output took it; 1 there is no output; 2 the command was
not understood; 3 the configuration cannot be read, or an output did not take
it."""
)
@click.option("--config", default=CONFIG, show_default=True, metavar="FILE", help="The sensor's configuration.")
def test(config: str) -> int:
    """Send a test alert to every output, and say which took it."""
    import tempfile

    from kwel.alerts import Alerter
    from kwel.alerts.send import Road, SendError
    from kwel.alerts.settings import Lines
    from kwel.model.version import __version__
    from kwel.sensor.service import give

    read, settings = configured(config)
    listened = tuple(of.name for of in read.interfaces)
    if not settings.outputs:
        complain(f"{config}: [alerts] names no output; docs/sensor.md has them")
        return Status.CHECK_FAILED
    try:
        Road(listened, settings.interface)
    except SendError as error:
        raise Failure(f"{config}: {error}") from error
    with tempfile.TemporaryDirectory() as folder:
        here = replace(settings, apart=False)  # to test is to send, wherever others send from
        alerter = Alerter(
            here, Path(folder), sensor=read.name, listened=listened, version=__version__, background=False
        )
        alerter.test()
        alerter.deliver()
        outputs = alerter.health().outputs
        alerter.close()
    give([one.path for one in settings.outputs if isinstance(one, Lines)], read.store.folder)
    for output in outputs:
        click.echo(f"{output.name}: {output.trouble or 'taken'}")
    return Status.INCOMPLETE if any(output.trouble or output.waiting for output in outputs) else Status.DONE


@alerts.command(
    epilog="""\b
Example:
  kwel sensor alerts send
  kwel sensor alerts send --once --config /etc/kwel/sensor.toml

Exit status: 0 done; 1 there is no output, or the sensor itself sends; 2 the
command was not understood; 3 something cannot be read, or with --once an
output did not take everything."""
)
@click.option("--config", default=CONFIG, show_default=True, metavar="FILE", help="The sensor's configuration.")
@click.option("--state", metavar="DIR", help="Folder of what the sensor told. Default: that in the store of --config.")
@click.option("--once", is_flag=True, help="Send what waits, and end.")
def send(config: str, state: str | None, once: bool) -> int:
    """Send what the sensor has to tell, beside it: the sensor has no network where it listens.

    For a configuration that says `apart = true` under [alerts].
    """
    from kwel.alerts.couriers import Courier
    from kwel.model.version import __version__

    read, settings = configured(config)
    listened = tuple(of.name for of in read.interfaces)
    folder = Path(state or f"{read.store.folder}/{STATE_IN_STORE}")
    if not settings.apart or not settings.outputs:
        complain(f"{config}: nothing to send from here: [alerts] needs apart = true, and outputs")
        return Status.CHECK_FAILED
    couriers = [Courier(output, settings, folder, listened, __version__) for output in settings.outputs]
    if once:
        done = [courier.deliver() for courier in couriers]
        for courier in couriers:
            click.echo(f"{courier.output.name}: {courier.trouble or 'taken'}")
            courier.stop()
        return Status.DONE if all(done) else Status.INCOMPLETE
    try:
        _serve(couriers)
    except KeyboardInterrupt:  # told to end
        pass
    finally:
        for courier in couriers:
            courier.stop()
    return Status.DONE


def _serve(couriers: list[Courier]) -> None:
    """Send for ever, and say what changes: one line for each trouble, and one when it is over."""
    import time

    for courier in couriers:
        courier.start()
    said = dict.fromkeys((courier.output.name for courier in couriers), "")
    while True:
        time.sleep(1)
        for courier in couriers:
            if courier.trouble != said[courier.output.name]:
                complain(f"{courier.output.name}: {courier.trouble or 'takes alerts again'}")
                said[courier.output.name] = courier.trouble


def configured(file: str) -> tuple[Config, Settings]:
    """Return what a configuration says, and how it alerts; end with a line where it is wrong."""
    from kwel.alerts import SettingsError, load
    from kwel.sensor import config as configuration

    try:
        read = configuration.load(file)
        return read, load(read.alerts, file)
    except (configuration.ConfigError, SettingsError) as error:
        raise Failure(str(error)) from error


def _line(entry: Entry) -> str:
    from kwel.alerts.kinds import sentence
    from kwel.alerts.messages import moment

    alert = entry.alert
    marks = (
        (entry.seen > 1, f"seen {entry.seen} times"),
        (entry.standing, "going on"),
        (entry.held, "not yet told"),
        (entry.acked_by is not None, f"acknowledged by {entry.acked_by}"),
    )
    more = ", ".join(mark for holds, mark in marks if holds)
    severity = alert.severity.name.lower()
    text = sentence(alert, language())
    return f"{alert.id}  {moment(entry.last)[:16]}Z  {severity:6}  {text}" + (f" ({more})" if more else "")


def _plain(entry: Entry) -> dict[str, Any]:
    from kwel.alerts.ledger import Waiting
    from kwel.alerts.messages import moment, plain

    said = plain(Waiting(0, entry.alert, entry.tellings, entry.told or entry.last), language())
    when = {
        key: moment(at) if (at := getattr(entry, key)) is not None else None
        for key in ("first", "last", "told", "acked")
    }
    rest = {key: getattr(entry, key) for key in ("seen", "held", "standing", "acked_by", "remark")}
    return {**said, **when, **rest}


def _lines(entry: Entry) -> Iterator[str]:
    """Yield an alert for a person: what it says, when, what it rests on, and what to do."""
    from kwel.alerts.kinds import sentence, shown, to_do
    from kwel.alerts.messages import moment

    alert, where = entry.alert, f"window {entry.alert.window} of {entry.alert.source}"
    rows = [
        ("severity", alert.severity.name.lower()),
        ("kind", alert.kind),
        ("first", moment(entry.first)),
        ("last", f"{moment(entry.last)}, seen {entry.seen} times, told {entry.tellings} times"),
        ("asset", f"{alert.asset_label} ({alert.asset})" if alert.asset else ""),
        ("operator", alert.operator),
        ("host", alert.host),
        ("evidence", f"{', '.join(alert.evidence)} in {where}" if alert.evidence else ""),
        ("seen in", where if alert.window is not None and not alert.evidence else ""),
        ("to do", to_do(alert, language())),
        ("ack", f"by {entry.acked_by}: {entry.remark}" if entry.acked_by else ""),
    ]
    yield f"{alert.id}  {sentence(alert, language())}"
    yield from (f"  {key:9} {shown(value, 1000)}" for key, value in rows if value)
    if alert.because:
        yield "  because"
        yield from (f"    {shown(step, 1000)}" for step in alert.because)
