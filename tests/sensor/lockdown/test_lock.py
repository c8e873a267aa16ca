"""Nothing leaves a locked interface: each case that was measured to send is tried, with and without the lock."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kwel.sensor import lockdown
from kwel.sensor.lockdown import programs
from tests.sensor.lockdown import wires
from tests.sensor.lockdown.wires import ELSEWHERE, HELD, SENSOR, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.model.window import Proof

    RequireTool = Callable[[str], str]

SCAPY = "from scapy.sendrecv import sniff; sniff(iface='mon0', timeout=3, count=3)"


def nothing(_: Wire, __: str) -> None:
    """Leave all as it is."""


@dataclass
class Case:
    """What is done to the sensor's side before and after its link is up, and a program that runs there."""

    before: Callable[[Wire, str], None] = nothing
    after: Callable[[Wire, str], None] = nothing
    sends: str = ""
    hears: Sequence[str] = ()
    answers_unlocked: bool = False
    """Whether frames are seen without the lock: that the test can fail."""
    refused: str = "ENOBUFS"
    said: dict[str, str] = field(default_factory=dict)


def quiet(wire: Wire, where: str) -> None:
    wire.sysctl("ipv6/disable_ipv6", "1", where)
    wire.link("arp", "off", where=where)


def arp_and_another_address(wire: Wire, where: str) -> None:
    wire.sysctl("ipv6/disable_ipv6", "1", where)
    wire.link("arp", "on", where=where)
    wire.address(f"{ELSEWHERE}/32", "lo", where=where)


def arp_and_an_address(wire: Wire, where: str) -> None:
    wire.sysctl("ipv6/disable_ipv6", "1", where)
    wire.link("arp", "on", where=where)
    wire.address(f"{HELD}/24", where=where)


def an_address(wire: Wire, where: str) -> None:
    quiet(wire, where)
    wire.address(f"{HELD}/24", where=where)


def everything_wrong(wire: Wire, where: str) -> None:
    wire.link("arp", "on", "multicast", "on", where=where)
    wire.address(f"{HELD}/24", where=where)
    wire.sysctl("ipv6/disable_ipv6", "0", where)


def another_queue(wire: Wire, where: str) -> None:
    quiet(wire, where)
    with lockdown.inside(where):
        programs.ask("tc", "qdisc", "replace", "dev", SENSOR, "root", "tbf", "rate", "1mbit", "burst", "10k",
                     "latency", "1ms")  # fmt: skip


CASES = {
    "A naive": Case(answers_unlocked=True),
    "B ARP on, an address elsewhere": Case(arp_and_another_address, arp_and_another_address, answers_unlocked=True),
    "C ARP on, an address": Case(after=arp_and_an_address, answers_unlocked=True),
    "D ARP off, an address": Case(after=an_address, answers_unlocked=True),
    "E recommended": Case(quiet),
    "F a program sends": Case(quiet, sends="plain", answers_unlocked=True),
    "G without capabilities": Case(quiet, sends="no-capabilities", answers_unlocked=True),
    "H after shutdown": Case(quiet, sends="shutdown", said={"shutdown": "ENOTSUP"}, answers_unlocked=True),
    "I past the queue": Case(quiet, sends="bypass", answers_unlocked=True),
    "J worst": Case(everything_wrong, everything_wrong, answers_unlocked=True),
    "K another queue, past it": Case(after=another_queue, sends="bypass", answers_unlocked=True),
    "L sealed": Case(quiet, sends="sealed", refused="EPERM"),
    "M tcpdump": Case(quiet, hears=("tcpdump", "-n", "-i", SENSOR, "-c", "3", "-w", "/dev/null")),
    "M dumpcap": Case(quiet, hears=("dumpcap", "-q", "-i", SENSOR, "-c", "3", "-w", "/dev/null")),
    "M scapy": Case(quiet, hears=(sys.executable, "-c", SCAPY)),
}
REFUSED_WITH_AN_ADDRESS = {"J worst"}
"""The lock refuses what this case begins with; it is made as bad once it is locked."""
WAIT = 1.5
"""Seconds: a host answers ARP and pings at once, MLD within 0.1 s, and looks for its own address within 1 s."""


@dataclass
class Outcome:
    """What came of a case."""

    frames: list[bytes]
    said: dict[str, str]
    proof: Proof | None = None


def tried(case: Case, wire: Wire, locks: bool, namespace: bool) -> Outcome:
    where = wire.own if namespace else wire.sensor
    guard = None
    if not (locks and case.before is everything_wrong):
        case.before(wire, wire.sensor)
    if locks:
        with lockdown.inside(wire.sensor):
            guard = lockdown.lock(SENSOR, namespace=wire.own if namespace else None)
    else:
        wire.link("promisc", "on", "up")
    case.after(wire, where)
    hearing = wire.program(*case.hears, where=where) if case.hears else None
    wire.stimulate()
    said = json.loads(wire.python("sender", case.sends, where=where)) if case.sends else {}
    wire.stimulate()
    frames = wire.heard(WAIT) if locks or not case.answers_unlocked else wire.heard(10, enough=1)
    if hearing:
        hearing.terminate()
        hearing.communicate()
    return Outcome(frames, said, guard.proof() if guard else None)


@pytest.fixture(scope="module")
def outcomes(may_lay_wires: None) -> dict[tuple[str, str], Outcome]:
    """Return what came of every case without the lock, with it, and with it in a namespace of its own; all at once."""

    def one(name: str, how: str) -> tuple[tuple[str, str], Outcome]:
        with wires.laid() as wire:
            return (name, how), tried(CASES[name], wire, how != "open", how == "apart")

    todo = [(name, how) for name in CASES for how in ("open", "locked", "apart") if usable(CASES[name], how)]
    with ThreadPoolExecutor(12) as pool:
        return dict(pool.map(one, *zip(*todo, strict=True)))


def usable(case: Case, how: str) -> bool:
    return (how != "open" or case.answers_unlocked) and not (case.hears and shutil.which(case.hears[0]) is None)


@pytest.mark.parametrize("how", ["locked", "apart"])
@pytest.mark.parametrize("name", CASES)
def test_no_frame_leaves_a_locked_interface(
    name: str, how: str, outcomes: dict[tuple[str, str], Outcome], require_tool: RequireTool
) -> None:
    case = CASES[name]
    if case.hears:
        require_tool(case.hears[0])
    outcome = outcomes[name, how]

    assert outcome.frames == []
    assert outcome.proof is not None
    assert outcome.proof.sent == 0
    assert outcome.said == ({**dict.fromkeys(("send", "write", "sendto", "sendmsg"), case.refused), **case.said}
                            if case.sends else {})  # fmt: skip
    if case.sends and case.refused == "ENOBUFS":
        assert outcome.proof.stopped is not None
        assert outcome.proof.stopped >= 4


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.answers_unlocked])
def test_without_the_lock_frames_are_seen(name: str, outcomes: dict[tuple[str, str], Outcome]) -> None:
    assert outcomes[name, "open"].frames


@pytest.mark.parametrize("how", ["locked", "apart"])
def test_an_untouched_lock_is_proved_and_a_spoilt_one_is_not(
    how: str, outcomes: dict[tuple[str, str], Outcome]
) -> None:
    for name, case in CASES.items():
        outcome = outcomes.get((name, how))
        if outcome is not None:
            assert outcome.proof is not None
            assert lockdown.prove(outcome.proof.checks) == (case.after is nothing), (name, outcome.proof.checks)
