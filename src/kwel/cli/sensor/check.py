"""``kwel sensor check``: an interface in, what shows that it sends nothing out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from kwel.cli.outcome import Failure, Status, complain

if TYPE_CHECKING:
    from kwel.model.window import Check, Proof
    from kwel.sensor.lockdown import Guard

SIGNS = {True: "yes", False: "NO", None: "?"}
ANSWERS = {True: "yes", False: "no", None: "unknown"}


@click.command(
    epilog="""\b
Example:
  kwel sensor check span0
  kwel sensor check span0 --lock --namespace kwel
  kwel sensor check span0 --json --during 10

\b
Without --lock nothing is changed: the interface is looked at, twice, and where
every wall stands a test frame is handed to it, which cannot leave. With --lock
it is locked first, and stays so. docs/sensor.md tells what each line means.

\b
Exit status: 0 proved: it cannot send, and sent nothing; 1 it could answer, or
it is not proved; 2 the command was not understood; 3 it could not be looked at:
no such interface, a program is missing, or not permitted."""
)
@click.argument("interface")
@click.option("--lock", "locks", is_flag=True, help="Lock the interface first: it hears, and cannot send.")
@click.option(
    "--namespace",
    metavar="NAME",
    help="The network namespace that it is in, or with --lock is moved into. Default: wherever it is found.",
)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(["egress-filter"]),
    help="With --lock: do without a protection that this kernel lacks. It is then never proved.",
)
@click.option("--during", type=click.FloatRange(0, 3600), default=2.0, metavar="SECONDS", help="How long. Default: 2.")
@click.option("--process", "processes", multiple=True, type=int, metavar="PID", help="A watcher that has to be sealed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(
    interface: str,
    locks: bool,
    namespace: str | None,
    without: tuple[str, ...],
    during: float,
    processes: tuple[int, ...],
    as_json: bool,
) -> int:
    """Say whether INTERFACE can send, and prove that it does not."""
    from kwel.sensor import lockdown

    if without and not locks:
        raise click.UsageError("--without goes with --lock")
    try:
        guard = (
            lockdown.lock(interface, namespace=namespace, without=without)
            if locks
            else lockdown.watch(interface, namespace=namespace).test()
        )
        time.sleep(during)
        proof = guard.proof(sealed_processes=processes)
    except lockdown.LockError as error:
        complain(str(error))
        return Status.CHECK_FAILED
    except lockdown.PassiveError as error:
        raise Failure(str(error)) from error
    _tell(guard, proof, as_json=as_json)
    if lockdown.prove(proof.checks):
        return Status.DONE
    return Status.CHECK_FAILED if lockdown.disprove(proof.checks) else Status.INCOMPLETE


def _tell(guard: Guard, proof: Proof, *, as_json: bool) -> None:
    from kwel.sensor import lockdown

    proved = lockdown.prove(proof.checks)
    refusal = None if proved else guard.refusal()
    if as_json:
        told: dict[str, Any] = {**proof._asdict(), "namespace": guard.namespace, "proved": proved, "refusal": refusal}
        told["checks"] = [_as_json(one) for one in proof.checks]
        told["counters"] = {"sent_before": guard.began.sent, "stopped_before": guard.began.stopped}
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    where = f" in network namespace {guard.namespace}" if guard.namespace else ""
    click.echo(f"{proof.interface}{where}, {(proof.until - proof.since) / 1e9:.1f} s")
    click.echo(_counters(guard, proof))
    for one in proof.checks:
        click.echo(_line(one))
    click.echo("proved: it cannot send, and sent nothing" if proved else "NOT proved")
    if refusal:
        click.echo(f"--lock would refuse it: {refusal}")


def _counters(guard: Guard, proof: Proof) -> str:
    before, meanwhile = guard.began.sent, proof.sent
    if before is None or meanwhile is None:
        return "frames sent: not known"
    stopped = "not known" if proof.stopped is None else str(proof.stopped)
    return f"frames sent: {before} before, {before + meanwhile} after; stopped by the filter meanwhile: {stopped}"


def _line(one: Check) -> str:
    from kwel.export.cells import visible

    found = f" [{one.value}]" if one.value else ""
    return visible(f"{SIGNS[one.holds]:>4}  {_sentence(one)}{found}")


def _as_json(one: Check) -> dict[str, Any]:
    return {**one._asdict(), "says": _sentence(one)}


def _sentence(one: Check) -> str:
    from html import unescape

    from kwel.report import catalogue

    return unescape(str(catalogue.load()(f"passive.{one.key}.{ANSWERS[one.holds]}")["en"]))
