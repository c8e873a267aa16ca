"""``kwel sensor run``: interfaces or a folder in, windows in a store out, until it is told to end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.outcome import Failure, complain

if TYPE_CHECKING:
    from kwel.sensor.plan import Plan, Post


@click.command(
    epilog="""\b
Example:
  kwel sensor run span0 --store /var/lib/kwel
  kwel sensor run --config /etc/kwel/sensor.toml
  kwel sensor run --from-folder /captures --store plant.store --once

\b
An interface that is not there, or that could answer, keeps it from no other:
it is told, and tried again.

\b
Exit status: 0 ended as asked; 2 the command was not understood; 3 no interface
can be heard, with --once not all of them, or the store cannot be written."""
)
@click.argument("interfaces", nargs=-1, metavar="[INTERFACE]...")
@click.option("--config", metavar="FILE", help="Everything in one file, in place of switches; see docs/sensor.md.")
@click.option("--from-folder", "folder", metavar="DIR", help="Read captures as they appear in a folder.")
@click.option("--store", metavar="DIR", help="Where windows are kept; made if it is not there.")
@click.option("--name", default=None, metavar="NAME", help="Of the sensor. Default: that of the machine.")
@click.option("--window", type=click.IntRange(1, 86_400), metavar="SECONDS", help="Length of a window. Default: 300.")
@click.option("--filter", "filter_", default=None, metavar="TEXT", help="Hear only what passes: see pcap-filter(7).")
@click.option("--fanout", type=click.IntRange(1, 64), metavar="N", help="Processes that share each interface.")
@click.option("--namespace", metavar="NAME", help="Move the interfaces into this network namespace, made if absent.")
@click.option("--user", metavar="USER", help="Whom the processes become that listen, keep and report.")
@click.option(
    "--without",
    multiple=True,
    metavar="WHAT",
    help="Do without a protection, such as egress-filter. Reports say so.",
)
@click.option("--unlocked", is_flag=True, help="A trial: hear the interface as it is. Nothing proves it silent.")
@click.option("--once", is_flag=True, help="End after one window; with --from-folder, after all that is there.")
def run(interfaces: tuple[str, ...], config: str | None, **given: Any) -> int:
    """Hear mirror ports for months: lock them, keep windows of what was on the wire, make reports.

    Each INTERFACE is locked first, so that it cannot send, and `kwel sensor check` proves it. Needs root, or the
    capabilities CAP_NET_RAW and CAP_NET_ADMIN.
    """
    from kwel.sensor.lockdown import PassiveError
    from kwel.sensor.supervisor import Supervisor

    plan = made_plan(interfaces, config, given)
    prepare(plan)
    try:
        return Supervisor(plan, complain).run()
    except PassiveError as error:
        raise Failure(str(error)) from error
    except LookupError as error:
        raise Failure(f"there is no user {plan.user}; make one: adduser --system {plan.user}") from error
    except OSError as error:
        raise Failure(f"{error.filename or plan.store}: {error.strerror or error}") from error


def made_plan(interfaces: tuple[str, ...], config: str | None, given: dict[str, Any]) -> Plan:
    """Return what is to be done; end with one line where that is not clear."""
    from kwel.sensor.plan import Plan

    if config:
        return _configured(interfaces, config, given)
    if not interfaces and not given["folder"]:
        raise click.UsageError("name an interface, or --from-folder DIR, or --config FILE")
    if interfaces and given["folder"]:
        raise click.UsageError("interfaces and --from-folder do not go together: run one sensor for each")
    if len(set(interfaces)) < len(interfaces):
        raise click.UsageError("an interface is named twice")
    if not given["store"]:
        raise click.UsageError("say with --store DIR where windows are kept")
    posts = _posts(interfaces, given)
    return Plan(
        str(Path(given["store"]).resolve()), posts, given["name"] or os.uname().nodename, given["window"] or 300,
        given["user"] or "", once=given["once"],
    )  # fmt: skip


def _configured(interfaces: tuple[str, ...], config: str, given: dict[str, Any]) -> Plan:
    from kwel.sensor.config import ConfigError, load
    from kwel.sensor.planning import plan_of

    if also := sorted(name for name, value in given.items() if value and name != "once") or interfaces:
        raise click.UsageError(f"--config says everything; leave out {', '.join(also).replace('filter_', 'filter')}")
    try:
        return plan_of(load(config), once=given["once"])
    except ConfigError as error:
        raise Failure(str(error)) from error


def _posts(interfaces: tuple[str, ...], given: dict[str, Any]) -> tuple[Post, ...]:
    from kwel.sensor.plan import Post

    if given["folder"]:
        if not os.path.isdir(given["folder"]):
            raise Failure(f"{given['folder']}: no such folder; make it, or give another with --from-folder")
        return (Post(folder=str(Path(given["folder"]).resolve())),)
    members = given["fanout"] or 1
    common = Post(
        namespace=given["namespace"] or "", filter=given["filter_"] or "", members=members,
        without=tuple(given["without"]), unlocked=given["unlocked"],
    )  # fmt: skip
    return tuple(
        replace(common, interface=name, member=member, group=(os.getpid() + number) & 0xFFFF)
        for number, name in enumerate(interfaces)
        for member in range(members)
    )


def prepare(plan: Plan) -> None:
    """Make the folders, and compile what must be compiled while there is time."""
    from kwel.cli.outcome import say_when_compiling
    from kwel.kernel.build import jit

    try:
        for folder in (plan.spool, plan.state):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise Failure(f"cannot write {plan.store}: {error.strerror}; give another place with --store") from error
    say_when_compiling()
    jit.load()
