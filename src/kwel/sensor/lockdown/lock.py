"""The name of an interface in, the same interface unable to send out: a guard that proves it as often as asked.

The order is that in which measurements showed no frame: refuse what could answer; link down; own namespace; IPv6 and
ARP off; egress filter, ingress filter and closed queue; only then link up; then a test frame, which has to be refused.
Whatever fails on the way, and whoever ends on the way, leaves the interface down or behind its walls, never open.
Of two that lock at once, one waits for the other: else one that fails takes down what the other has just put up.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from kwel.model.window import Check, Proof
from kwel.sensor.lockdown import card, checks, interface, namespaces, programs, selftest, walls
from kwel.sensor.lockdown.errors import AbsentError, NotPermittedError, PassiveError
from kwel.sensor.lockdown.programs import ProgramError
from kwel.sensor.lockdown.refusals import why_not
from kwel.sensor.lockdown.status import sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType

    from kwel.sensor.lockdown.interface import Interface


class LockError(PassiveError):
    """The interface was not locked: it could answer, or a protection is missing."""


class Mark(NamedTuple):
    """A moment, and what the counters showed."""

    at: int
    """Nanoseconds since the epoch, UTC."""
    sent: int | None
    stopped: int | None


@dataclass(frozen=True, slots=True)
class Guard:
    """An interface that is locked or looked at. It holds no descriptor: to close it late, or never, opens nothing."""

    interface: str
    namespace: str | None
    """``None``: one without a name, that of the thread that asked; whoever asks again has to be in it."""
    without: tuple[str, ...]
    began: Mark
    tested: Check | None
    """How the self-test went when it was locked; ``None`` where none was made."""

    def proof(self, since: Mark | None = None, *, sealed_processes: Sequence[int] = ()) -> Proof:
        """Look at everything again and return what shows that the interface sent nothing since *since*, or its lock.

        *sealed_processes*: the watchers that hold its packet sockets; each has to have no way to send.

        Raises:
            PassiveError: the namespace is gone, or may not be entered.
        """
        return self.proof_and_mark(since, sealed_processes=sealed_processes)[0]

    def proof_and_mark(self, since: Mark | None = None, *, sealed_processes: Sequence[int] = ()) -> tuple[Proof, Mark]:
        """Return a proof, and the moment at which it ends: where the next one begins, so that no frame is in both.

        Raises:
            PassiveError: as with `proof`.
        """
        since = since or self.began
        with namespaces.inside(self.namespace):
            found = checks.look(self.interface, without=self.without)
            now = _mark(self.interface)
        sent, stopped = _more(since.sent, now.sent), _more(since.stopped, now.stopped)
        nothing = Check("nothing-sent", None if sent is None else sent == 0, "" if sent is None else str(sent))
        tested = self.tested or Check(selftest.KEY, None, "not tried")
        seals = tuple(sealed(process) for process in sealed_processes)
        return Proof(self.interface, since.at, now.at, sent, stopped, (*found, tested, *seals, nothing)), now

    def test(self) -> Self:
        """Hand a test frame to the interface, which cannot leave, and return a guard whose proofs tell how that went.

        Raises:
            PassiveError: the namespace is gone, or may not be entered.
        """
        with namespaces.inside(self.namespace):
            return replace(self, tested=selftest.run(self.interface))

    def is_up(self) -> bool:
        """Return whether its link is up, as `lock` left it: a cable that is out takes nothing of that away.

        Raises:
            PassiveError: the interface or its namespace is gone, or may not be looked at.
        """
        with namespaces.inside(self.namespace):
            return interface.is_up(self.interface)

    def refusal(self) -> str | None:
        """Return why `lock` would refuse the interface as it is, in one line; ``None`` where it would not.

        Raises:
            PassiveError: the namespace is gone, or may not be entered.
        """
        with namespaces.inside(self.namespace):
            found = interface.look(self.interface)
        return why_not(found) if found else f"{self.interface} is gone"

    def close(self) -> None:
        """Take the link down. The walls stay, for whatever happens to the interface next."""
        with suppress(PassiveError), namespaces.inside(self.namespace):
            programs.ask("ip", "link", "set", self.interface, "down")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def lock(
    name: str, *, namespace: str | None = None, without: Collection[str] = (), tested: Check | None = None
) -> Guard:
    """Lock an interface: after this it hears, and cannot send.

    Locking it again finds it locked and leaves it as it is, without a moment in which it is open or deaf. Who else
    locks one in that namespace at the same time is waited for.

    Args:
        name: the interface, in the network namespace of the calling thread or in *namespace* already.
        namespace: network namespace that it is moved into, and which is made if absent; ``None`` leaves it where it is.
        without: protections that the user does without, by name: ``egress-filter`` where the kernel has none.
        tested: how the self-test of this very interface went when it was locked before. If the frame was refused, and
            the walls stand as they did, that holds; else the interface is handed a test frame, which cannot leave (see
            `kwel.sensor.lockdown.selftest`).

    Raises:
        AbsentError: there is no such interface.
        LockError: it could answer, or a protection is missing; the line says which and what to do.
        NotPermittedError: CAP_NET_ADMIN is missing, or CAP_SYS_ADMIN for a namespace.
        PassiveError: a program of the system is missing, or failed.
    """
    if namespace:
        namespaces.create(namespace)
    with namespaces.held(namespace):
        return _lock_alone(name, namespace, without, tested)


def _lock_alone(name: str, namespace: str | None, without: Collection[str], tested: Check | None) -> Guard:
    _bring(name, namespace)
    with namespaces.inside(namespace):
        found = _refuse(interface.look(name), name)
        try:
            stood = _is_locked(found)
            if not stood:
                _wall_in(found, without)
            began = _mark(name)
            programs.ask("ip", "link", "set", name, "up", "promisc", "on")
            if checks.EGRESS in without:
                tested = None
            elif not (stood and tested and tested.holds):
                tested = selftest.run(name)
            _insist(name, without, tested)
        except BaseException:
            with suppress(PassiveError):
                programs.ask("ip", "link", "set", name, "down")
            raise
        return Guard(name, namespaces.name_of_this(), tuple(sorted(without)), began, tested)


def watch(name: str, *, namespace: str | None = None) -> Guard:
    """Look at an interface without changing anything; what it sent is counted from now.

    Without *namespace* it is looked for where this thread is, then in every namespace that has a name.

    Raises:
        AbsentError: there is no such interface.
        NotPermittedError: it may not be looked at.
    """
    places: tuple[str | None, ...] = (namespace,) if namespace else (None, *namespaces.names())
    for place in places:
        try:
            with namespaces.inside(place):
                if interface.look(name):
                    return Guard(name, namespaces.name_of_this(), (), _mark(name), None)
        except NotPermittedError:
            if place is None or namespace:
                raise
    raise AbsentError(_nowhere(name, namespace))


def _bring(name: str, namespace: str | None) -> None:
    """Move an interface into its namespace, down, after it was made sure that it may be taken."""
    if namespace is None:
        return
    with namespaces.inside(namespace):
        if interface.look(name):
            return
    found = interface.look(name)
    if found is None:
        raise AbsentError(_nowhere(name, namespace))
    _refuse(found, name)
    programs.ask("ip", "link", "set", name, "down")
    programs.ask("ip", "link", "set", name, "netns", namespace)


def _refuse(found: Interface | None, name: str) -> Interface:
    if found is None:
        raise AbsentError(_nowhere(name, None))
    if why := why_not(found):
        raise LockError(why)
    return found


def _nowhere(name: str, namespace: str | None) -> str:
    here = ", ".join(interface.others("")) or "none"
    also = f" nor in network namespace {namespace}" if namespace else ""
    return f"there is no interface {name} here{also}; there are: {here}"


def _is_locked(found: Interface) -> bool:
    """Return whether an interface is behind all its walls, so that it may stay up."""
    stand = walls.standing(found.name)
    quiet = programs.read_word(f"/proc/sys/net/ipv6/conf/{found.name}/disable_ipv6") in ("1", None)
    return bool(stand.egress and stand.deaf and stand.queue and "NOARP" in found.flags and quiet)


def _wall_in(found: Interface, without: Collection[str]) -> None:
    name = found.name
    programs.ask("ip", "link", "set", name, "down")
    programs.write_word(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "1")
    programs.ask("ip", "link", "set", name, "arp", "off", "multicast", "off")
    programs.ask("ip", "address", "flush", "dev", name)  # those of the link alone: others were refused
    card.silence(name)
    walls.close_queue(name)
    try:
        walls.raise_filter(name)
    except ProgramError as error:
        if checks.EGRESS not in without:
            raise LockError(
                f"{name}: no egress filter, so that a program could still send ({error}); "
                f"install nftables, use Linux 5.16 or later, or do without by name: --without {checks.EGRESS}"
            ) from error
        with suppress(ProgramError):
            walls.raise_filter(name, egress=False)


def _insist(name: str, without: Collection[str], tested: Check | None) -> None:
    """Raise if anything about an interface that was just locked does not hold."""
    excused = {"egress-drop", "host-deaf"} if checks.EGRESS in without else set()
    of_card = {"no-pause-frames", "no-lldp-agent"}  # told in the proof; no software can do more about them
    found = [*checks.look(name, without=tuple(without)), *([tested] if tested else [])]
    wrong = [one for one in found if one.holds is False and one.key not in excused | of_card]
    if wrong:
        told = "; ".join(f"{one.key} {one.value}".strip() for one in wrong)
        raise LockError(f"{name} is not locked, and was taken down: {told}")


def _mark(name: str) -> Mark:
    counts = walls.standing(name).counts
    return Mark(time.time_ns(), interface.sent(name), counts.stopped if counts else None)


def _more(before: int | None, now: int | None) -> int | None:
    """Return by how much a counter grew; one that is lower began anew, and all of it is since."""
    if before is None or now is None:
        return None
    return now - before if now >= before else now
