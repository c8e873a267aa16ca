"""A plan in, a running sensor out: locks interfaces, starts what hears them and what keeps, restarts what dies.

It hears nothing itself and draws no conclusions, so it stays small; it alone keeps the right to look at the interfaces,
and writes every few seconds what they sent, which is nothing. An interface that is not there, or that could answer,
keeps it from no other: it is told and tried again.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kwel.sensor import notify, rights
from kwel.sensor.files import clear_abandoned, replace_file
from kwel.sensor.journal import say
from kwel.sensor.locks import CaptureProcess, Locks
from kwel.sensor.plan import WAITS
from kwel.sensor.post import GONE, UNHEARD, UNPROVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.sensor.lockdown import PassiveError
    from kwel.sensor.plan import Plan, Post

PROOF_EVERY = 10.0
"""Seconds."""
KEEPER_EVERY = 60.0
"""Seconds at most between two runs of the keeper; it runs as soon as a window waits."""
FULL_EVERY = 15.0
"""Seconds between two runs while the disk is full."""
KEEPER_AT_MOST = 3600.0
"""Seconds after which a keeper that does not end is ended: the next one goes on where it was."""
SHORTEST, LONGEST = 0.1, 10.0
"""Seconds before what died is started again: doubled each time, until it has lived for as long as the longest."""
SEALING = 60.0
"""Seconds that a process has to say that it is sealed."""
FAREWELL, KEEPER_FAREWELL = 100.0, 30.0
"""Seconds that the watchers have to write their windows when the sensor ends; then each of the last two keepers. With
what lies between, that is less than the unit lets the end take (TimeoutStopSec=)."""

STEADY = {"MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_TRIM_THRESHOLD_": "4000000"}
"""For glibc (mallopt(3)): the tables of a window are mapped, and given back when it is over. Else the threshold rises
by itself, and they are laid out in memory that is kept for ever."""


@dataclass(slots=True)
class Standing:
    """A post and the process that holds it."""

    number: int
    post: Post
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    again: float = 0.0
    """When it is started next."""
    pause: float = SHORTEST
    restarts: int = 0
    is_done: bool = False
    silent: PassiveError | None = None
    """Why its interface cannot be heard at the moment."""


@dataclass(slots=True)
class Supervisor:
    """The processes of a sensor."""

    plan: Plan
    say: Callable[[str], None]
    standing: list[Standing] = field(default_factory=list)
    keeper: subprocess.Popen[str] | None = None
    keeper_started: float = -KEEPER_EVERY
    is_failing: bool = False
    """The keeper failed the last time, or could not be started."""
    is_given_up: bool = False
    """The keeper took too long and was ended; it may hang in the disk, and not even end then."""
    is_full: bool = False
    """The keeper found no room on the disk."""
    ending: bool = False
    lock: IO[bytes] | None = None
    started: int = field(default_factory=time.time_ns)
    failed: int = 0
    """The first exit status that no restart can mend."""
    locks: Locks = field(init=False)

    def __post_init__(self) -> None:
        self.locks = Locks(self.plan, self.say)

    def run(self) -> int:
        """Run the sensor until told to end; return the exit status of ``kwel sensor run``."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        rights.hand_over(self.plan)
        rights.look_through(self.plan)
        rights.write_as(self.plan.user)
        self._be_the_only_one()
        self._tidy()
        self.standing = [Standing(number, post) for number, post in enumerate(self.plan.posts)]
        self._tell()
        if not self._lock_all() and not self.plan.config:
            return 3
        notify.ready()
        next_proof = 0.0
        while not self.ending and not all(one.is_done for one in self.standing):
            self._keep_standing()
            if time.monotonic() >= next_proof:
                self._prove()
                next_proof = time.monotonic() + PROOF_EVERY
            self._keep()
            notify.alive()
            time.sleep(0.2)
        return self._leave()

    def _end(self, *_: object) -> None:
        self.ending = True

    def _be_the_only_one(self) -> None:
        """Refuse to hear for a store that others hear for, a sensor or a watcher that outlived one: all counts twice.

        Raises:
            BlockingIOError: there is another.
        """
        self.lock = open(self.plan.state / ".sensor.lock", "ab")  # noqa: SIM115 - held until the process ends
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, "another sensor keeps its windows there; stop it first") from error

    def _tidy(self) -> None:
        """Clear away what a crash left half-written; whoever wrote it is gone."""
        from kwel.store import spool

        plan = self.plan
        written = [plan.report_folder, *([os.path.dirname(plan.health)] if plan.health else [])]
        for folder in (plan.state, plan.state.parent, *map(Path, filter(None, written))):
            clear_abandoned(folder)
        with suppress(OSError):
            if count := spool.tidy(self.plan.spool):
                self.say(f"{count} windows were half-written when the sensor ended last; they are set aside")
            for path in self.plan.spool.glob(".*.pcapng"):
                path.unlink()

    def _tell(self) -> None:
        """Leave word for the keeper of when the sensor began, and of what had to be started again."""
        restarts = {one.post.source: one.restarts for one in self.standing}
        told = {"started": self.started, "restarts": restarts}
        with suppress(OSError):  # a full disk: the windows matter more
            replace_file(self.plan.state / "supervisor.json", json.dumps(told).encode(), lasting=False)

    def _lock_all(self) -> bool:
        """Lock every interface, and say which cannot be heard; return whether any source can.

        Who starts it by hand reads why none can. As a service nobody does: alerts and status tell it, and it goes on.
        """
        for one in self.standing:
            one.silent = self.locks.lock(one.post)
        hears_any = not all(one.silent for one in self.standing)
        goes_on = "; the others are heard, and it is tried again" if hears_any else "; it is tried again"
        for line in dict.fromkeys(str(one.silent) for one in self.standing if one.silent):
            self.say(f"{line}{goes_on}" if hears_any or self.plan.config else line)
        for one in self.standing:
            if one.silent:
                one.again = time.monotonic() + one.pause
                self._leave_word(one)
                if self.plan.once:
                    one.is_done, self.failed = True, 3
        return hears_any

    def _is_locked(self, one: Standing) -> bool:
        """Return whether the interface of a post is locked, so that it may be heard; else it is tried again later."""
        was, one.silent = one.silent, self.locks.lock(one.post, again=one.restarts > 0)
        if one.silent is None:
            if was:
                self.say(f"{one.post.source}: its interface is locked, and heard from now on")
            return True
        if str(one.silent) != str(was):
            self.say(f"{one.silent}; it is tried again")
        self._leave_word(one)
        one.again, one.pause = time.monotonic() + one.pause, min(2 * one.pause, LONGEST)
        return False

    def _leave_word(self, one: Standing) -> None:
        """Leave word in place of the process that would hear an interface, were it there and could not answer."""
        from kwel.sensor.lockdown import AbsentError

        is_absent = isinstance(one.silent, AbsentError)
        said = {
            "process": None,
            "at": time.time_ns() if is_absent else 0,
            "link": "gone" if is_absent else "unknown",
            "why": str(one.silent),
        }
        with suppress(OSError):
            replace_file(self.plan.state / f"{one.post.source}.json", json.dumps(said).encode(), lasting=False)

    def _prove(self) -> None:
        """Write what the interfaces sent since the last time, and of those that are not there that they are not."""
        self.locks.prove(self._hearing)
        for one in self.standing:
            if one.silent:
                self._leave_word(one)

    def _hearing(self, name: str) -> list[CaptureProcess]:
        """Return the processes that hear an interface: that say that they are sealed, or had a minute to say so."""
        found = []
        for one in self.standing:
            if one.post.interface != name or one.process is None or one.process.poll() is not None:
                continue
            tried = None
            with suppress(OSError, ValueError, KeyError, TypeError):
                told = json.loads((self.plan.state / f"{one.post.source}.json").read_bytes())
                tried = str(told["tried"]) if told["process"] == one.process.pid else None
            if tried is not None or time.monotonic() > one.started + SEALING:
                found.append(CaptureProcess(one.process.pid, tried or ""))
        return found

    def _keep_standing(self) -> None:
        """Start what does not run, and take note of what ended."""
        for one in self.standing:
            if one.is_done:
                continue
            if one.process is None:
                if time.monotonic() >= one.again:
                    self._start(one)
                continue
            status = one.process.poll()
            if status is not None:
                self._ended(one, status)
            elif time.monotonic() > one.started + LONGEST:
                one.pause = SHORTEST

    def _start(self, one: Standing) -> None:
        if not self._is_locked(one):
            return
        begin = (
            partial(_urgent, os.getpid()) if one.post.interface else partial(_reads_files, self.plan.user, os.getpid())
        )
        try:
            one.process = self._begin("post", str(one.number), first=begin)
        except (OSError, subprocess.SubprocessError) as error:
            self._put_off(one, f"{one.post.source}: cannot be started: {error}")
            return
        one.started = time.monotonic()

    def _begin(self, module: str, *words: str, first: Callable[[], None]) -> subprocess.Popen[str]:
        """Start a process of the sensor, and hand it the plan. *first*: what it does before its program.

        Raises:
            OSError: there is no room for another; subprocess.SubprocessError: *first* failed.
        """
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"kwel.sensor.{module}", *words], stdin=subprocess.PIPE, text=True,
            start_new_session=True, preexec_fn=partial(_telling, first), env={**os.environ, **STEADY},
            pass_fds=[self.lock.fileno()] if self.lock and module == "post" else (),
        )  # fmt: skip
        with suppress(BrokenPipeError):
            if process.stdin:
                process.stdin.write(self.plan.to_json() + "\n")
                process.stdin.close()
        return process

    def _ended(self, one: Standing, status: int) -> None:
        one.process = None
        if status == 0 and (self.plan.once or self.ending):
            one.is_done = True
        elif status in (UNPROVED, UNHEARD) and not (one.restarts or self.plan.config or len(self.standing) > 1):
            one.is_done, self.failed = True, self.failed or 3
        else:
            why = "its interface was taken away" if status == GONE else f"its process ended with status {status}"
            self._put_off(one, f"{one.post.source}: {why}")

    def _put_off(self, one: Standing, why: str) -> None:
        self.say(f"{why}; trying again in {one.pause:g} s")
        one.again, one.restarts = time.monotonic() + one.pause, one.restarts + 1
        self._tell()
        one.pause = min(2 * one.pause, LONGEST)

    def _keep(self) -> None:
        """Have the keeper run where a window waits, or once a minute."""
        if self.keeper is not None:
            status = self.keeper.poll()
            if status is None:
                if not self.is_given_up and time.monotonic() > self.keeper_started + KEEPER_AT_MOST:
                    self.is_given_up = True
                    self.say("the keeper did not end within an hour; it is ended, and the next one goes on")
                    self.keeper.kill()
                return
            self.is_full = status == WAITS
            self.is_failing = bool(status) and not self.is_full
            if self.is_failing:
                self.say(f"the keeper ended with status {status}; it is run again within a minute")
            self.keeper = None
        since = time.monotonic() - self.keeper_started
        soon = KEEPER_EVERY if self.is_failing else FULL_EVERY if self.is_full else 1.0
        if since >= KEEPER_EVERY or (since >= soon and self._waits()):
            self._run_keeper()

    def _waits(self) -> bool:
        with suppress(OSError):
            return any(not name.startswith(".") and name != "aside" for name in os.listdir(self.plan.spool))
        return False

    def _run_keeper(self) -> None:
        self.keeper_started, self.is_given_up = time.monotonic(), False
        try:
            self.keeper = self._begin("keeper", first=rights.born_with(self.plan.user, nice=10))
        except (OSError, subprocess.SubprocessError) as error:
            self.is_failing = True
            self.say(f"the keeper cannot be started: {error}; it is tried again within a minute")

    def _leave(self) -> int:
        """End the watchers, which write their windows, and have the keeper take them in."""
        notify.stopping()
        self._prove()
        for one in self.standing:
            if one.process:
                one.process.terminate()
        until = time.monotonic() + FAREWELL
        for one in self.standing:
            if one.process:
                try:
                    one.process.wait(max(until - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    self.say(
                        f"{one.post.source}: its window is not written after {FAREWELL:g} s; "
                        "its process goes on, and if it is ended too, the window is lost"
                    )
        self._prove()
        for _ in range(2):  # the one under way, then one that sees the last windows
            if self.keeper is None:
                self._run_keeper()
            try:
                if self.keeper:
                    self.keeper.wait(KEEPER_FAREWELL)
            except subprocess.TimeoutExpired:
                self.say("the keeper is still at work, and goes on; what it leaves, the next start takes in")
                break
            self.keeper = None
        return self.failed


def _telling(first: Callable[[], None]) -> None:
    """Do what a process does first, and say why it cannot: of that, whoever starts it learns nothing."""
    try:
        first()
    except BaseException as error:
        say(3, f"a process cannot begin: {error}")
        raise


def _urgent(parent: int) -> None:
    """Go first, where that is permitted: what is not heard in time is lost. And end with the supervisor, politely."""
    with suppress(OSError):
        os.nice(-10)
    rights.end_with_parent(signal.SIGTERM, parent)


def _reads_files(user: str, parent: int) -> None:
    """Read captures without any right but to files; to become somebody else takes back the word for the end."""
    rights.born_with(user, nice=0)()
    _urgent(parent)
