"""A lock refuses, finds itself again, is never half on, and does not call proved what was spoilt."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from benchmarks.wire import run

from kwel.model.proofs import unproved
from kwel.model.window import Check
from kwel.sensor import lockdown
from kwel.sensor.lockdown import namespaces, programs, selftest, walls
from kwel.sensor.lockdown.interface import look
from tests.conftest import ROOT
from tests.sensor.lockdown.wires import HELD, SENSOR, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@pytest.fixture
def inside(wire: Wire) -> Iterator[Wire]:
    """Return a wire, with this thread on the sensor's side."""
    with lockdown.inside(wire.sensor):
        yield wire


def failing(checks: Sequence[Check]) -> set[str]:
    return {check.key for check in checks if check.holds is False}


def is_up() -> bool:
    found = look(SENSOR)
    assert found is not None
    return found.is_up


def nft(*words: str) -> None:
    run("nft", *words)


def test_a_locked_interface_hears_everything(inside: Wire) -> None:
    import socket

    lockdown.lock(SENSOR)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as one:
        one.bind((SENSOR, 3))
        one.settimeout(2)
        inside.stimulate()
        heard = [one.recv(2048) for _ in range(9)]

    assert len(heard) == 9


def test_the_host_hears_nothing(inside: Wire) -> None:
    """A server on this machine gets no datagram from the wire, so that it has nothing to answer elsewhere."""
    import socket

    lockdown.lock(SENSOR)
    inside.address(f"{HELD}/24")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 9))
        server.settimeout(0.3)
        inside.stimulate()
        with pytest.raises(TimeoutError):
            server.recv(100)


def spoil_address(wire: Wire) -> None:
    wire.address(f"{HELD}/24")


def spoil_route(wire: Wire) -> None:
    wire.link("up")
    run("ip", "-n", wire.sensor, "route", "add", "default", "dev", SENSOR)


def spoil_bridge(wire: Wire) -> None:
    run("ip", "-n", wire.sensor, "link", "add", "br0", "type", "bridge")
    wire.link("master", "br0")


def spoil_upon(wire: Wire) -> None:
    run("ip", "-n", wire.sensor, "link", "add", "link", SENSOR, "name", "mac0", "type", "macvlan")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_address, "has the address"),
        (spoil_route, "default route"),
        (spoil_bridge, "port of br0"),
        (spoil_upon, "mac0 stands on"),
    ],
)
@pytest.mark.parametrize("apart", [False, True])
def test_an_interface_that_could_answer_is_refused_and_left_alone(
    spoil: Callable[[Wire], None], why: str, apart: bool, inside: Wire
) -> None:
    spoil(inside)
    before = run("ip", "-n", inside.sensor, "-details", "address")

    with pytest.raises(lockdown.LockError, match=why):
        lockdown.lock(SENSOR, namespace=inside.own if apart else None)
    assert run("ip", "-n", inside.sensor, "-details", "address") == before


def test_what_is_not_there_is_told_with_what_is(inside: Wire) -> None:
    with pytest.raises(lockdown.AbsentError, match=f"no interface nope0 here; there are: {SENSOR}"):
        lockdown.lock("nope0")
    with pytest.raises(lockdown.PassiveError, match="no name of an interface"):
        lockdown.lock("a b")
    with pytest.raises(lockdown.PassiveError, match="no name for a network namespace"):
        lockdown.lock(SENSOR, namespace="../etc")


@pytest.mark.parametrize("apart", [False, True])
def test_a_second_lock_finds_the_first_and_opens_nothing(apart: bool, inside: Wire) -> None:
    namespace = inside.own if apart else None
    first = lockdown.lock(SENSOR, namespace=namespace)
    inside.python("sender", "plain", where=first.namespace)
    second = lockdown.lock(SENSOR, namespace=namespace)
    proof = first.proof()

    assert second.began.stopped == proof.stopped
    assert proof.stopped is not None
    assert proof.stopped >= 4, "the filter was not made anew"
    assert lockdown.prove(proof.checks)


def test_a_relock_repairs_what_was_spoilt(inside: Wire) -> None:
    lockdown.lock(SENSOR)
    nft("delete", "table", "netdev", walls.table_of(SENSOR))
    inside.link("arp", "on")
    guard = lockdown.lock(SENSOR)

    assert lockdown.prove(guard.proof().checks)


def test_a_test_is_made_again_where_the_walls_are_new(inside: Wire) -> None:
    first = lockdown.lock(SENSOR)
    before = Check(selftest.KEY, True, "the first time")
    assert lockdown.lock(SENSOR, tested=before).tested == before
    assert first.is_up()
    first.close()
    assert not first.is_up()
    nft("delete", "table", "netdev", walls.table_of(SENSOR))

    again = lockdown.lock(SENSOR, tested=before)
    assert again.tested == Check(selftest.KEY, True, "refused by the filter")
    assert again.is_up()


def test_who_locks_waits_for_another(inside: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "LONGEST", 0.0)
    with namespaces.held(None), pytest.raises(lockdown.PassiveError, match="another kwel"):
        lockdown.lock(SENSOR)
    with namespaces.held(inside.switch):
        lockdown.lock(SENSOR)


def test_closing_leaves_it_down_behind_its_walls(inside: Wire) -> None:
    with lockdown.lock(SENSOR) as guard:
        assert is_up()
    assert not is_up()
    stand = walls.standing(SENSOR)
    assert (stand.egress, stand.deaf, stand.queue) == (True, True, True)
    assert guard.proof().sent == 0


def delete_table(_: Wire) -> None:
    nft("delete", "table", "netdev", walls.table_of(SENSOR))


def let_some_through(_: Wire) -> None:
    nft("insert", "rule", "netdev", walls.table_of(SENSOR), "out", "ether", "type", "0x88b6", "accept")


def change_policy(_: Wire) -> None:
    nft("flush", "chain", "netdev", walls.table_of(SENSOR), "out")
    nft("chain", "netdev", walls.table_of(SENSOR), "out", "{ policy accept; }")


def open_queue(wire: Wire) -> None:
    run("tc", "-n", wire.sensor, "qdisc", "delete", "dev", SENSOR, "root")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (delete_table, {"egress-drop", "host-deaf"}),
        (let_some_through, {"egress-drop"}),
        (change_policy, {"egress-drop"}),
        (open_queue, {"queue-closed"}),
        (spoil_address, {"no-address"}),
        (lambda wire: wire.link("arp", "on"), {"arp-off"}),
        (spoil_upon, {"nothing-joined"}),
    ],
)
def test_what_is_spoilt_later_is_told(spoil: Callable[[Wire], None], told: set[str], inside: Wire) -> None:
    guard = lockdown.lock(SENSOR)
    spoil(inside)
    proof = guard.proof()

    assert told <= failing(proof.checks)
    assert not lockdown.prove(proof.checks)


def test_no_test_frame_is_handed_over_where_a_wall_is_missing(inside: Wire) -> None:
    guard = lockdown.lock(SENSOR)
    delete_table(inside)
    check = selftest.run(SENSOR)

    assert (check.holds, check.value) == (None, "not tried: a wall is missing")
    assert inside.heard(0.2) == []
    assert guard.proof().sent == 0


def test_the_self_test_would_notice_a_filter_that_does_not_hold(inside: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the virtual wire of the rehearsal, where a frame may go: the real interface is then handed none."""
    lockdown.lock(SENSOR)
    monkeypatch.setattr(walls, "raise_filter", lambda _: None)
    monkeypatch.setattr(walls, "close_queue", lambda _: None)
    before = walls.standing(SENSOR).counts
    check = selftest.run(SENSOR)

    assert check.holds is False
    assert "rehearsal failed" in check.value
    assert walls.standing(SENSOR).counts == before


def test_without_nft_it_is_refused_unless_done_without_by_name(inside: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    find = programs.find
    monkeypatch.setattr(programs, "find", lambda name: None if name == "nft" else find(name))

    with pytest.raises(lockdown.LockError, match=r"nft is not installed.*--without egress-filter"):
        lockdown.lock(SENSOR)
    assert not is_up()

    guard = lockdown.lock(SENSOR, without=["egress-filter"])
    proof = guard.proof()
    assert is_up()
    assert failing(proof.checks) == {"egress-drop", "host-deaf"}
    assert not lockdown.prove(proof.checks)


def test_a_kernel_without_an_egress_hook_leaves_the_host_deaf_all_the_same(
    inside: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = programs.ask

    def older(program: str, *arguments: str, given: str | None = None) -> str:
        if given and '"egress"' in given:
            raise programs.ProgramError("nft: Error: Could not process rule: Operation not supported")
        return ask(program, *arguments, given=given)

    monkeypatch.setattr(programs, "ask", older)
    with pytest.raises(lockdown.LockError, match=r"Operation not supported.*--without egress-filter"):
        lockdown.lock(SENSOR)
    proof = lockdown.lock(SENSOR, without=["egress-filter"]).proof()

    assert failing(proof.checks) == {"egress-drop"}
    assert not lockdown.prove(proof.checks)
    inside.stimulate()
    assert set(json.loads(inside.python("sender", "plain")).values()) == {"ENOBUFS"}, "the closed queue stands"
    assert inside.heard(0.5) == []
    inside.python("sender", "bypass")
    assert inside.heard(0.5), "and is not enough"


def test_a_proof_counts_from_a_mark(inside: Wire) -> None:
    guard = lockdown.lock(SENSOR)
    inside.python("sender", "plain")
    _, mark = guard.proof_and_mark()
    later = guard.proof(since=mark)
    whole = guard.proof()

    assert (whole.stopped, later.stopped) == (4, 0)
    assert whole.since < later.since == mark.at <= later.until


def test_what_goes_around_the_walls_is_told_by_the_counter(inside: Wire) -> None:
    """Root can send past every filter of the kernel, by AF_XDP for one; the card's own counter says so."""
    guard = lockdown.lock(SENSOR)
    said = inside.python("express")
    if "unsupported" in said:
        pytest.skip("this kernel has no AF_XDP")
    frames = inside.heard(1, enough=1)
    proof = guard.proof()

    assert frames
    assert proof.sent == len(frames) == 1
    assert "nothing-sent" in failing(proof.checks)


def test_a_card_that_was_put_back_is_fetched_by_its_unit_and_heard_where_it_was(inside: Wire) -> None:
    """The unit runs in the namespace of the machine, where the new card is; the sensor needs no right there."""
    lockdown.lock(SENSOR, namespace=inside.own)
    run("ip", "-n", inside.own, "link", "delete", SENSOR)
    with lockdown.inside(inside.own), pytest.raises(lockdown.AbsentError):
        lockdown.lock(SENSOR, namespace=inside.own)
    run("ip", "link", "add", "sw1", "netns", inside.switch, "type", "veth", "peer", "name", SENSOR,
        "netns", inside.sensor)  # fmt: skip
    unit = (ROOT / "packaging" / "systemd" / "kwel-fetch@.service").read_text()
    words = unit.partition("ExecStart=/usr/bin/")[2].partition("\n")[0].replace("%I", SENSOR).split()
    words[words.index("--namespace") + 1] = inside.own
    run(sys.executable, "-m", *words, "--during", "0")

    assert inside.python("modest", "unit", where=inside.own).strip() == "proved, self-test-refused True"
    assert look(SENSOR) is None


def test_a_watch_changes_nothing_and_finds_it_in_any_namespace(wire: Wire) -> None:
    with lockdown.inside(wire.sensor):
        lockdown.lock(SENSOR, namespace=wire.own)
    guard = lockdown.watch(SENSOR, namespace=wire.own)

    assert guard.namespace == wire.own
    assert unproved(guard.proof().checks) == ("self-test-refused",), "nobody has tried"
    assert lockdown.prove(guard.test().proof().checks)


@pytest.mark.parametrize("how", ["", "unit", "container"])
def test_in_a_namespace_of_its_own_two_capabilities_are_enough(how: str, inside: Wire) -> None:
    """As a unit runs that is put into the namespace: it may make none, and is nobody; and as a container does."""
    lockdown.lock(SENSOR, namespace=inside.own)
    said = inside.python("modest", *([how] if how else []), where=inside.own)

    assert said.strip() == "proved, self-test-refused True"
    assert run("ip", "-n", inside.own, "-brief", "link").count("\n") == 2  # lo and the card: nothing is left behind
