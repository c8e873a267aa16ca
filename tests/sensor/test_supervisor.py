"""One interface keeps the sensor from no other; what reads what was heard begins without rights."""

from __future__ import annotations

import ctypes
import io
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from kwel.capture import live
from kwel.capture.live import CannotListen
from kwel.kernel.build import jit
from kwel.model.window import Check, Proof
from kwel.sensor import lockdown, notify, post, proofs, rights
from kwel.sensor import supervisor as supervisors
from kwel.sensor.faring import fare
from kwel.sensor.keeper import Keeper
from kwel.sensor.lockdown.lock import Mark
from kwel.sensor.lockdown.seal import FILES
from kwel.sensor.locks import CaptureProcess, Locks
from kwel.sensor.plan import Plan, Post
from kwel.sensor.supervisor import Standing, Supervisor, _reads_files
from kwel.sensor.watcher import Watching
from kwel.store import Store
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOBODY = "nobody"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives rights up that others have")
ABSENT = lockdown.AbsentError("there is no interface span1 here; there are: span0")
REFUSED = lockdown.LockError("span1 has the address 10.1.2.3, so it could answer")


TESTED = Check("self-test-refused", True)


class Guard:
    """A lock that says what it is told to."""

    began = Mark(0, 0, 0)

    def __init__(self, *said: Sequence[Check], up: bool = True) -> None:
        self.said = list(said)
        self.at = 0
        self.tested: Check | None = TESTED
        self.up, self.closed = up, 0

    def is_up(self) -> bool:
        return self.up

    def close(self) -> None:
        self.up = False
        self.closed += 1

    def proof_and_mark(self, since: Mark, *, sealed_processes: Sequence[int] = ()) -> tuple[Proof, Mark]:
        self.at += 10
        now = Mark(self.at, 0, 0)
        return Proof("span0", since.at, now.at, 0, 0, tuple(self.said.pop(0))), now


def locking(
    monkeypatch: pytest.MonkeyPatch, tested: list[Check | None] | None = None, **outcomes: lockdown.PassiveError | Guard
) -> list[str]:
    """Have interfaces be locked, or not, in this way; return those that were asked for, as they are.

    *tested*: takes the tests that are said to hold still.
    """
    asked: list[str] = []

    def lock(name: str, **how: Any) -> Any:
        asked.append(name)
        if tested is not None:
            tested.append(how["tested"])
        outcome = outcomes.get(name, Guard())
        if isinstance(outcome, lockdown.PassiveError):
            raise outcome
        return outcome

    monkeypatch.setattr(lockdown, "lock", lock)
    return asked


def supervisor(folder: Path, *posts: Post, **more: Any) -> tuple[Supervisor, list[str]]:
    said: list[str] = []
    plan = Plan(str(folder), posts, **more)
    made = Supervisor(plan, said.append)
    rights.hand_over(plan)
    made.standing = [Standing(number, post) for number, post in enumerate(posts)]
    return made, said


def told(of: Supervisor, source: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((of.plan.state / f"{source}.json").read_text())
    return found


class Alerter:
    """Takes down what stands."""

    def __init__(self) -> None:
        self.standing: dict[tuple[str, str], str] = {}

    def stands(self, kind: str, holds: bool, source: str = "", **values: str) -> None:
        if holds:
            self.standing[kind, source] = values.get("why", "")


def alerts(of: Supervisor) -> dict[tuple[str, str], str]:
    alerter = Alerter()
    with Store(of.plan.state.parent.parent, write=True) as store:
        Keeper(of.plan, store)._blindness(cast("Any", alerter))
    return alerter.standing


def test_one_that_is_absent_keeps_the_sensor_from_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = locking(monkeypatch, span1=ABSENT)
    one, said = supervisor(tmp_path, Post("span0"), Post("span1"))

    assert one._lock_all()
    assert said == [f"{ABSENT}; the others are heard, and it is tried again"]
    with Store(tmp_path, write=True) as store:
        sources = fare(one.plan, store, time.time_ns(), None, None).sources
    assert [source.link for source in sources] == [None, False]
    assert alerts(one) == {("interface-down", "span1"): ""}

    assert not one._is_locked(one.standing[1])
    assert len(said) == 1, "the same is said once"
    locking(monkeypatch)
    assert one._is_locked(one.standing[1])
    assert said[1:] == ["span1: its interface is locked, and heard from now on"]
    assert asked == ["span0", "span1", "span1"]


def test_word_of_one_that_stays_away_stays_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking(monkeypatch, span1=ABSENT)
    one, _ = supervisor(tmp_path, Post("span0"), Post("span1"))
    one._lock_all()
    before = told(one, "span1")["at"]
    one.locks = Locks(one.plan, print)  # there is nothing to prove here
    one._prove()

    assert told(one, "span1")["at"] > before


def test_one_that_could_answer_is_refused_alone_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking(monkeypatch, span1=REFUSED)
    one, said = supervisor(tmp_path, Post("span0"), Post("span1", members=2), Post("span1", members=2, member=1))

    assert one._lock_all()
    assert len(said) == 1, "one line for both members"
    assert alerts(one) == {("stopped-working", source): str(REFUSED) for source in ("span1.0", "span1.1")}


def test_for_one_window_what_cannot_be_heard_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking(monkeypatch, span1=ABSENT)
    one, _ = supervisor(tmp_path, Post("span0"), Post("span1"), once=True)

    assert one._lock_all()
    assert ([standing.is_done for standing in one.standing], one.failed) == ([False, True], 3)


def test_where_none_can_be_heard_it_ends_and_says_why_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking(monkeypatch, span0=REFUSED, span1=ABSENT)
    one, said = supervisor(tmp_path, Post("span0"), Post("span1"))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # those of the tests stay

    assert one.run() == 3
    assert said == [str(REFUSED), str(ABSENT)]


def test_a_service_whose_only_mirror_port_is_away_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To end and be begun again every few seconds would end the keeper each time."""
    locking(monkeypatch, span1=ABSENT)
    one, said = supervisor(tmp_path, Post("span1"), config="/etc/kwel/sensor.toml")
    rounds: list[str] = []

    def keep(of: Supervisor) -> None:
        rounds.append(told(of, "span1")["link"])
        of.ending = True

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(notify, "ready", lambda: rounds.append("ready"))
    monkeypatch.setattr(Supervisor, "_keep", keep)
    monkeypatch.setattr(Supervisor, "_leave", lambda of: of.failed)

    assert one.run() == 0
    assert said == [f"{ABSENT}; it is tried again"]
    assert rounds == ["ready", "gone"], "the keeper tells it to alerts and status"
    one._ended(one.standing[0], post.UNHEARD)
    assert not one.standing[0].is_done


class Slow:
    """A process that does not end."""

    pid = 0

    def __init__(self) -> None:
        self.kills = 0

    def poll(self) -> None:
        return

    def terminate(self) -> None:
        return

    def kill(self) -> None:
        self.kills += 1

    def wait(self, seconds: float) -> int:
        raise subprocess.TimeoutExpired("post", seconds)


def test_a_window_that_is_not_written_at_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisors, "FAREWELL", 0.0)
    monkeypatch.setattr(Supervisor, "_run_keeper", lambda _: None)
    one, said = supervisor(tmp_path, Post("span0"))
    one.standing[0].process = cast("Any", Slow())

    assert one._leave() == 0
    assert said == [
        "span0: its window is not written after 0 s; its process goes on, and if it is ended too, the window is lost"
    ]


def test_the_unit_waits_longer_than_the_sensor_takes_to_end() -> None:
    unit = (ROOT / "packaging" / "systemd" / "kwel-sensor.service").read_text()
    stops = int(unit.partition("TimeoutStopSec=")[2].split()[0])

    assert stops > supervisors.FAREWELL + 2 * supervisors.KEEPER_FAREWELL + 15


def test_a_keeper_that_cannot_be_started_is_told_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise PermissionError("no user kwel")

    monkeypatch.setattr(rights, "born_with", lambda *_, **__: fails)
    one, said = supervisor(tmp_path, Post("span0"))
    (one.plan.spool / "span0-00000001").mkdir()
    for _ in range(3):
        one._keep()
        one.keeper_started -= 10

    assert len(said) == 1
    assert "a process cannot begin: no user kwel" in capfd.readouterr().err


def test_a_keeper_that_hangs_in_the_disk_is_ended_and_told_once(tmp_path: Path) -> None:
    one, said = supervisor(tmp_path, Post("span0"))
    hangs = Slow()
    one.keeper, one.keeper_started = cast("Any", hangs), time.monotonic() - 4000
    for _ in range(3):
        one._keep()

    assert (len(said), hangs.kills) == (1, 1)


def test_an_interface_that_is_taken_away_is_nothing_that_somebody_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proof of it is written, nothing is said, and what it sent is counted anew when it is back."""
    good, gone = [Check("no-address", True)], [Check("interface-is-here", False, "no interface span0")]
    asked = locking(monkeypatch, span0=Guard(good, gone, gone, good))
    said: list[str] = []
    plan = Plan(str(tmp_path), (Post("span0"),))
    rights.hand_over(plan)
    locks = Locks(plan, said.append)
    assert locks.lock(plan.posts[0]) is None
    for _ in range(3):
        locks.prove(lambda _: [])
    assert asked == ["span0"]
    assert locks.lock(plan.posts[0]) is None
    locks.prove(lambda _: [])

    assert asked == ["span0", "span0"]
    assert said == []
    found = proofs.between(plan.proofs, "span0", 0, 99)
    assert found
    assert (found.until, len((plan.proofs / "span0.jsonl").read_bytes().splitlines())) == (40, 2)


@pytest.mark.parametrize(
    ("wrong", "without", "times"),
    [("egress-drop", (), 2), ("egress-drop", ("egress-filter",), 1), ("no-pause-frames", (), 1)],
)
def test_only_walls_that_a_lock_puts_back_are_put_back(
    wrong: str, without: tuple[str, ...], times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = locking(monkeypatch, span0=Guard([Check(wrong, False)]))
    plan = Plan(str(tmp_path), (Post("span0", without=without),))
    rights.hand_over(plan)
    locks = Locks(plan, lambda _: None)
    locks.lock(plan.posts[0])
    locks.prove(lambda _: [])

    assert len(asked) == times


def test_a_test_holds_for_the_card_that_it_was_made_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is locked again keeps it; one that was away is tested anew."""
    good, wrong = [Check("no-address", True)], [Check("arp-off", False)]
    gone = [Check("interface-is-here", False)]
    tested: list[Check | None] = []
    locking(monkeypatch, tested, span0=Guard(wrong, good, gone, good))
    plan = Plan(str(tmp_path), (Post("span0"),))
    rights.hand_over(plan)
    locks = Locks(plan, lambda _: None)
    locks.lock(plan.posts[0])
    locks.prove(lambda _: [])
    assert tested == [None, TESTED]

    for _ in range(2):
        locks.prove(lambda _: [])
    locks.lock(plan.posts[0])
    assert tested == [None, TESTED, None]

    locking(monkeypatch, tested, span0=ABSENT)
    locks.lock(plan.posts[0], again=True)
    locking(monkeypatch, tested)
    locks.lock(plan.posts[0])
    assert tested[3:] == [TESTED, None], "it was away and nobody had proved anything meanwhile"


def test_what_cannot_be_locked_again_is_taken_down_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody took the walls down and gave it an address: it could answer."""
    open_ = Guard(*[[Check("egress-drop", False), Check("no-address", False)]] * 3)
    said: list[str] = []
    locking(monkeypatch, span0=open_)
    plan = Plan(str(tmp_path), (Post("span0"),))
    rights.hand_over(plan)
    locks = Locks(plan, said.append)
    locks.lock(plan.posts[0])
    asked = locking(monkeypatch, span0=REFUSED)
    for _ in range(2):
        locks.prove(lambda _: [])

    assert (open_.up, asked) == (False, ["span0", "span0"])
    assert said == [f"span0: cannot be locked again, so its link is down, and it is tried again: {REFUSED}"]
    locking(monkeypatch)
    locks.prove(lambda _: [])
    assert said[1:] == [
        "span0: what keeps it from sending was taken down (egress-drop, no-address); it is locked again, and up"
    ]


def test_one_whose_link_somebody_took_down_is_locked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another that locked it at the same time and failed."""
    good = [Check("no-address", True)]
    asked = locking(monkeypatch, span0=Guard(good, up=False))
    said: list[str] = []
    plan = Plan(str(tmp_path), (Post("span0"),))
    rights.hand_over(plan)
    locks = Locks(plan, said.append)
    locks.lock(plan.posts[0])
    locking(monkeypatch, span0=Guard(good))
    locks.prove(lambda _: [])
    locks.prove(lambda _: [])

    assert asked == ["span0"]
    assert said == ["span0: its link was down; it is locked again, and up"]


def test_what_hears_and_never_says_that_it_is_sealed_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk it cannot say so; and it may not be."""
    one, _ = supervisor(tmp_path, Post("span0"))
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, text=True) as process:
        one.standing[0].process, one.standing[0].started = process, time.monotonic()
        assert one._hearing("span0") == []
        one.standing[0].started -= 61
        assert one._hearing("span0") == [(process.pid, "")]
        (one.plan.state / "span0.json").write_text(json.dumps({"process": process.pid, "tried": "9 ways refused"}))
        assert one._hearing("span0") == [(process.pid, "9 ways refused")]
    assert one._hearing("span0") == []


def test_what_the_process_tried_stands_in_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locking(monkeypatch, span0=Guard([Check("no-address", True)]))
    plan = Plan(str(tmp_path), (Post("span0"),))
    rights.hand_over(plan)
    locks = Locks(plan, lambda _: None)
    locks.lock(plan.posts[0])
    locks.prove(lambda _: [CaptureProcess(7, "9 ways refused"), CaptureProcess(8, "")])

    found = proofs.between(plan.proofs, "span0", 0, 99)
    assert found
    assert found.checks[1:] == (Check("seal-test-refused", True, "9 ways refused"),)


def status(begin: Callable[[], None]) -> list[str]:
    done = subprocess.run(
        ["/bin/cat", "/proc/self/status"], preexec_fn=begin, stdout=subprocess.PIPE, text=True, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return [line[1] for line in lines if line[0] in ("Uid:", "NoNewPrivs:") or line[0].startswith("Cap")]


@as_root
def test_what_keeps_the_store_begins_without_rights() -> None:
    uid, *capabilities, no_new = status(rights.born_with(NOBODY, nice=0))

    assert (uid, no_new) == (str(pwd.getpwnam(NOBODY).pw_uid), "1")
    assert {int(word, 16) for word in capabilities} == {0}


@as_root
@pytest.mark.parametrize("user", ["", NOBODY])
def test_what_reads_files_ends_with_the_sensor_whoever_it_became(user: str) -> None:
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _reads_files(user, parent)
        told = ctypes.c_int()
        ctypes.CDLL(None).prctl(2, ctypes.byref(told))  # PR_GET_PDEATHSIG
        os._exit(told.value)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == signal.SIGTERM


def test_whose_parent_is_gone_already_ends() -> None:
    """Its end would be told to nobody: who asks for the signal after that waits for ever."""
    parent, ends = os.getpid(), []
    for claimed in (parent, 1):
        child = os.fork()
        if child == 0:
            rights.end_with_parent(signal.SIGKILL, claimed)
            os._exit(7)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    assert ends == [7, 1]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OSError(28, "No space left on device", "x"), "<3>kwel: span0: [Errno 28] No space left on device: 'x'\n"),
        (ValueError("x"), "<2>kwel: span0: a fault of kwel, please report it: ValueError('x')\n<7>kwel: Traceback"),
    ],
)
def test_a_fault_of_what_hears_is_one_line_in_the_journal(
    fault: Exception, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> int:
        raise fault

    monkeypatch.setattr(post, "_hear", fails)
    monkeypatch.setattr(post, "Ending", lambda: lambda: False)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    monkeypatch.setattr(sys, "stdin", io.StringIO(Plan(str(tmp_path), (Post("span0"),)).to_json()))

    assert post.main(0) == 1
    assert capfd.readouterr().err.startswith(told)


@as_root
def test_root_keeps_the_rights_over_files_alone(tmp_path: Path) -> None:
    uid, inherited, permitted, effective, bounds, ambient, no_new = status(rights.born_with("", nice=0))
    files = sum(1 << one for one in FILES)

    assert (uid, no_new) == ("0", "1")
    assert [int(word, 16) for word in (permitted, effective, bounds)] == [files] * 3
    assert int(inherited, 16) == int(ambient, 16) == 0

    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 65534, 65534)
    subprocess.run(["/bin/touch", tmp_path / "theirs" / "x"], preexec_fn=rights.born_with("", nice=0), check=True)


@as_root
def test_a_store_that_root_made_is_handed_over(tmp_path: Path) -> None:
    store, outside = tmp_path / "store", tmp_path / "outside"
    (store / "parts").mkdir(parents=True)
    (store / "parts" / "one").write_text("x")
    outside.write_text("x")
    (store / "linked").hardlink_to(outside)
    (store / "pointed").symlink_to(outside)
    plan = Plan(str(store), (), user=NOBODY, report_folder=str(tmp_path / "reports"))
    rights.hand_over(plan)

    owner = pwd.getpwnam(NOBODY).pw_uid
    theirs = [store, plan.spool, plan.state, store / "parts" / "one", tmp_path / "reports"]
    assert {path.stat().st_uid for path in theirs} == {owner}
    assert outside.stat().st_uid == 0, "what is somewhere else too is not given"


@as_root
def test_root_that_listens_without_rights_is_told_whose_the_store_is(tmp_path: Path) -> None:
    """Else each window of what it hears would be lost."""
    store = tmp_path / "store"
    plan = Plan(str(store), (Post("span0"),))
    rights.hand_over(plan)
    rights.look_through(plan)
    for place in (store, plan.spool.parent, plan.spool, plan.state):
        os.chown(place, 65534, 65534)
        place.chmod(0o750)

    with pytest.raises(PermissionError, match=f'belongs to {NOBODY}.* say user = "{NOBODY}"'):
        rights.look_through(plan)
    rights.look_through(replace(plan, posts=(Post(folder="/x"), Post("span0", unlocked=True))))


@as_root
def test_what_is_still_root_as_it_begins_leaves_files_of_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        plan = Plan(folder, (Post("span0"),), user=NOBODY)
        rights.hand_over(plan)

        def refused(*_: object, **__: object) -> None:
            raise CannotListen("no such interface")

        monkeypatch.setattr(live, "open_live", refused)
        monkeypatch.setattr(jit, "load", lambda: None)
        monkeypatch.setattr(post, "Watcher", lambda *_, **__: (plan.state / "number").write_text("1"))
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                how = Watching("s", "span0", plan.spool, state=plan.state)
                os._exit(post._hear_interface(how, plan.posts[0], plan, cast("Any", None)))
            os._exit(1)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == post.UNHEARD
        assert [path.stat().st_uid for path in plan.state.iterdir()] == [65534]


@as_root
def test_what_the_sensor_writes_is_theirs_and_no_link_of_theirs_leads_it_astray() -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile("w") as roots:
        os.chown(folder, 65534, 65534)
        Path(folder, "link").symlink_to(roots.name)
        child = os.fork()
        if child == 0:
            rights.write_as(NOBODY)
            Path(folder, "word").write_text("x")
            try:
                Path(folder, "link").write_text("x")
            except PermissionError:
                os._exit(0)
            os._exit(1)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert Path(folder, "word").stat().st_uid == 65534


@as_root
def test_a_folder_that_they_cannot_come_to_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "store").mkdir()
    with pytest.raises(PermissionError) as raised:
        rights.look_through(Plan(str(tmp_path / "store"), (), user=NOBODY))

    assert "nobody cannot come to this folder" in str(raised.value)
