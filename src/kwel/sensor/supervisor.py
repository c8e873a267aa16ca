"""A plan in, a running sensor out: locks interfaces, starts what hears them and what keeps, restarts what dies.

It hears nothing itself and draws no conclusions, so it stays small; it alone keeps the right to look at the interfaces,
and writes every few seconds what they sent, which is nothing.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from kwel.sensor import notify, proofs
from kwel.sensor.files import replace_file
from kwel.sensor.plan import WAITS
from kwel.sensor.post import GONE, UNHEARD, UNPROVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.passive import Guard
    from kwel.passive.lock import Mark
    from kwel.sensor.plan import Plan, Post

PROOF_EVERY = 10.0
"""Seconds."""
KEEPER_EVERY = 60.0
"""Seconds at most between two runs of the keeper; it runs as soon as a window waits."""
FULL_EVERY = 15.0
"""Seconds between two runs while the disk is full."""
KEEPER_AT_MOST = 3600.0
"""Seconds after which a keeper that does not end is ended: the next one goes on where it was."""
SHORTEST, LONGEST = 0.1, 60.0
"""Seconds before what died is started again: doubled each time, until it has lived for a window or a minute."""
END_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, prctl(2)."""
FAREWELL = 30.0
"""Seconds that the watchers have to write their windows when the sensor ends; then for the keeper as much again."""


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


@dataclass(slots=True)
class Locked:
    """An interface under lock."""

    guard: Guard
    since: Mark


@dataclass(slots=True)
class Supervisor:
    """The processes of a sensor."""

    plan: Plan
    say: Callable[[str], None]
    standing: list[Standing] = field(default_factory=list)
    locked: dict[str, Locked] = field(default_factory=dict)
    keeper: subprocess.Popen[str] | None = None
    keeper_started: float = -KEEPER_EVERY
    is_failing: bool = False
    """The keeper failed the last time."""
    is_full: bool = False
    """The keeper found no room on the disk."""
    ending: bool = False
    lock: IO[bytes] | None = None
    started: int = field(default_factory=time.time_ns)
    failed: int = 0
    """The first exit status that no restart can mend."""

    def run(self) -> int:
        """Run the sensor until told to end; return the exit status of ``kwel sensor run``."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        self._make_folders()
        self._be_the_only_one()
        self._tidy()
        self.standing = [Standing(number, post) for number, post in enumerate(self.plan.posts)]
        self._tell()
        self._lock_all()
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

    def _make_folders(self) -> None:
        """Make the folders that the watchers write to, and give them to whom those become.

        Raises:
            OSError: they cannot be made, or not be given away.
        """
        for folder in (self.plan.spool, self.plan.state):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            if self.plan.user and os.geteuid() == 0:
                shutil.chown(folder, self.plan.user)

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

    def _lock_all(self) -> None:
        """Lock every interface; raises ``PassiveError`` where one could answer."""
        from kwel import passive

        for post in self.plan.posts:
            if post.interface and not post.unlocked and post.interface not in self.locked:
                guard = passive.lock(post.interface, namespace=post.namespace or None, without=post.without)
                self.locked[post.interface] = Locked(guard, guard.began)

    def _prove(self) -> None:
        """Write what the interfaces sent since the last time."""
        from kwel.passive import PassiveError, disprove

        for name, of in self.locked.items():
            hearing = [one.process for one in self.standing if one.post.interface == name and self._hears(one)]
            sealed = [process.pid for process in hearing if process]
            try:
                now = of.guard.mark()
                proof = of.guard.proof(of.since, sealed_processes=sealed)
                proofs.append(self.plan.proofs, proof)
                of.since = now
            except (PassiveError, OSError) as error:
                self.say(f"{name}: cannot be proved at the moment: {error}")
                continue
            if disprove(proof.checks):
                self._raise_walls(name, of)
            if proof.sent:
                self.say(f"{name}: sent {proof.sent} frames, which cannot be; see `kwel sensor check {name}`")

    def _raise_walls(self, name: str, of: Locked) -> None:
        """Lock an interface again whose walls somebody took down, such as who reloaded the firewall."""
        from kwel import passive

        post = next(one.post for one in self.standing if one.post.interface == name)
        self.say(f"{name}: what keeps it from sending was taken down; it is put back")
        try:
            of.guard = passive.lock(name, namespace=post.namespace or None, without=post.without, self_test=False)
        except passive.PassiveError as error:
            self.say(f"{name}: cannot be locked again: {error}")

    def _hears(self, one: Standing) -> bool:
        """Return whether the process of a post has said that it is sealed and hears."""
        if one.process is None or one.process.poll() is not None:
            return False
        with suppress(OSError, ValueError):
            told = json.loads((self.plan.state / f"{one.post.source}.json").read_bytes())
            return bool(told["process"] == one.process.pid)
        return False

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
            elif time.monotonic() > one.started + min(LONGEST, self.plan.window):
                one.pause = SHORTEST

    def _start(self, one: Standing) -> None:
        if one.restarts and one.post.interface in self.locked and not self._lock_again(one):
            return
        command = [sys.executable, "-P", "-m", "kwel.sensor.post", str(one.number)]
        try:
            one.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_urgent,
                env={**os.environ, **STEADY}, pass_fds=[self.lock.fileno()] if self.lock else (),
            )  # fmt: skip
        except OSError as error:
            self._put_off(one, f"{one.post.source}: cannot be started: {error.strerror}")
            return
        one.started = time.monotonic()
        with suppress(BrokenPipeError):
            if one.process.stdin:
                one.process.stdin.write(self.plan.to_json() + "\n")
                one.process.stdin.close()

    def _lock_again(self, one: Standing) -> bool:
        """Lock the interface of a post whose process died: it may have been away."""
        from kwel import passive

        try:
            guard = passive.lock(
                one.post.interface, namespace=one.post.namespace or None, without=one.post.without, self_test=False
            )
        except passive.PassiveError as error:
            self._put_off(one, str(error))
            return False
        self.locked[one.post.interface].guard = guard
        return True

    def _ended(self, one: Standing, status: int) -> None:
        one.process = None
        if status == 0 and (self.plan.once or self.ending):
            one.is_done = True
        elif status in (UNPROVED, UNHEARD) and not one.restarts and len(self.standing) == 1:
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
                if time.monotonic() > self.keeper_started + KEEPER_AT_MOST:
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
        self.keeper_started = time.monotonic()
        command = [sys.executable, "-P", "-m", "kwel.sensor.keeper"]
        try:
            self.keeper = subprocess.Popen(
                command, stdin=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_modest,
                env={**os.environ, **STEADY},
            )  # fmt: skip
        except OSError as error:
            self.say(f"the keeper cannot be started: {error.strerror}")
            return
        with suppress(BrokenPipeError):
            if self.keeper.stdin:
                self.keeper.stdin.write(self.plan.to_json() + "\n")
                self.keeper.stdin.close()

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
                with suppress(subprocess.TimeoutExpired):
                    one.process.wait(max(until - time.monotonic(), 0.1))
        self._prove()
        for _ in range(2):  # the one under way, then one that sees the last windows
            if self.keeper is None:
                self._run_keeper()
            try:
                if self.keeper:
                    self.keeper.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                self.say("the keeper is still at work, and goes on; what it leaves, the next start takes in")
                break
            self.keeper = None
        return self.failed


def _urgent() -> None:
    """Go first, where that is permitted: what is not heard in time is lost. And end with the supervisor, politely."""
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGTERM)
    with suppress(OSError):
        os.nice(-10)


def _modest() -> None:
    """Let the watchers go first, always."""
    os.nice(10)
