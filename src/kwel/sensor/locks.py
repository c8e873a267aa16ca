"""Interfaces in, each behind its lock or a line why not out; and what each sent, written down as often as asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kwel.model.window import Check
from kwel.sensor import proofs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.model.window import Proof
    from kwel.sensor.lockdown import Guard, PassiveError
    from kwel.sensor.lockdown.lock import Mark
    from kwel.sensor.plan import Plan, Post


WALLS = frozenset({"egress-drop", "host-deaf", "queue-closed", "arp-off", "ipv6-off"})
"""Checks that hold again once the interface is locked again."""


class CaptureProcess(NamedTuple):
    """A process that hears an interface."""

    process: int
    tried: str
    """How many ways to send it tried in vain, by its own word; who is not sealed ends before it can give it."""


@dataclass(slots=True)
class Locked:
    """An interface under lock."""

    post: Post
    guard: Guard
    since: Mark
    """Where the next proof begins."""
    is_gone: bool = False


class Locks:
    """The interfaces of a plan."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan, self._say = plan, say
        self._locked: dict[str, Locked] = {}
        self._said: dict[str, str] = {}
        """What was said last of an interface that cannot be proved: it is said once."""

    def lock(self, post: Post, *, again: bool = False) -> PassiveError | None:
        """Lock the interface of a post, if it has one; return why it cannot be.

        *again*: also one that is under lock, as far as is known: it may have been away.
        """
        from kwel.sensor import lockdown

        had = self._locked.get(post.interface)
        stays = had if had and not had.is_gone else None
        if not post.interface or post.unlocked or (stays and not again):
            return None
        tested = stays.guard.tested if stays else None
        try:
            guard = lockdown.lock(post.interface, namespace=post.namespace or None, without=post.without, tested=tested)
        except lockdown.AbsentError as error:
            if stays:
                stays.is_gone = True
            return error
        except lockdown.PassiveError as error:
            if stays:
                self._take_down(stays, error)
            return error
        self._locked[post.interface] = Locked(post, guard, stays.since if stays else guard.began)
        self._said.pop(post.interface, None)
        return None

    def _take_down(self, of: Locked, why: PassiveError) -> None:
        """Take down the link of what cannot be locked again, for nobody knows what stands between it and the wire."""
        of.guard.close()
        name = of.post.interface
        self._say_once(name, f"{name}: cannot be locked again, so its link is down, and it is tried again: {why}")

    def prove(self, hearing: Callable[[str], Sequence[CaptureProcess]]) -> None:
        """Write what the interfaces sent since the last time. *hearing*: the sealed processes of an interface."""
        from kwel.sensor.lockdown import PassiveError

        for name, of in self._locked.items():
            heard = hearing(name)
            try:
                proof, now = of.guard.proof_and_mark(of.since, sealed_processes=[one.process for one in heard])
                of.is_gone = any(check.key == "interface-is-here" for check in proof.checks)
                if of.is_gone:  # there is nothing to prove; it is locked anew when it is back
                    continue
                tried = (Check("seal-test-refused", True, one.tried) for one in heard if one.tried)
                proofs.append(self._plan.proofs, proof._replace(checks=(*proof.checks, *tried)))
                of.since, is_up = now, of.guard.is_up()
            except (PassiveError, OSError) as error:
                self._say_once(name, f"{name}: cannot be proved at the moment: {error}")
                continue
            self._judge(of, proof, is_up)

    def _judge(self, of: Locked, proof: Proof, is_up: bool) -> None:
        """Say what is wrong, and lock an interface again whose walls or link somebody took down, as a firewall does."""
        name = of.post.interface
        if proof.sent:
            self._say(f"{name}: sent {proof.sent} frames, which cannot be; see `kwel sensor check {name}`")
        excused = {"egress-drop", "host-deaf"} if of.post.without else set()
        wrong = [check.key for check in proof.checks if check.holds is False and check.key not in excused]
        are_open = not WALLS.isdisjoint(wrong)
        if are_open or not is_up:
            if self.lock(of.post, again=True) is None:
                what = (
                    f"what keeps it from sending was taken down ({', '.join(wrong)})"
                    if are_open
                    else "its link was down"
                )
                self._say(f"{name}: {what}; it is locked again, and up")
        elif wrong:
            self._say_once(name, f"{name}: not as it should be: {', '.join(wrong)}; see `kwel sensor check {name}`")
        else:
            self._said.pop(name, None)

    def _say_once(self, name: str, line: str) -> None:
        if self._said.get(name) != line:
            self._said[name] = line
            self._say(line)
