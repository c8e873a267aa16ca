"""The name of a network namespace in, this thread inside it out."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kwel.sensor.lockdown.errors import NotPermittedError, PassiveError
from kwel.sensor.lockdown.programs import ask, write_word

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "/run/netns"
"""Where ip-netns(8) keeps the names of network namespaces."""
HERE = "/proc/thread-self/ns/net"
NEW_NETWORK = 0x40000000
"""CLONE_NEWNET, unshare(2)."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
IPV6_OFF = ("all", "default")
LONGEST = 60.0
"""Seconds for which one that locks waits for another."""


def names() -> tuple[str, ...]:
    """Return the network namespaces of this machine that have a name."""
    try:
        return tuple(sorted(os.listdir(FOLDER)))
    except OSError:
        return ()


def create(name: str) -> None:
    """Make a network namespace, or find the one that is there; IPv6 is off in it for all that ever enters it.

    Its loopback stays down: nothing in it has an address.

    Raises:
        PassiveError: the name is none, or it cannot be made.
    """
    if not NAME.fullmatch(name):
        raise PassiveError(f"{name!r} is no name for a network namespace; use letters, digits, '-', '_' and '.'")
    if name not in names():
        ask("ip", "netns", "add", name)
    with inside(name):
        for part in IPV6_OFF:
            write_word(f"/proc/sys/net/ipv6/conf/{part}/disable_ipv6", "1")


@contextmanager
def inside(name: str | None) -> Iterator[None]:
    """Have this thread, and what it starts, in a network namespace; ``None`` leaves it where it is.

    A socket that is opened in the body belongs to the namespace for as long as it lives.

    Raises:
        NotPermittedError: entering needs CAP_SYS_ADMIN; no right is needed where the thread is in it already.
        PassiveError: there is no namespace of this name.
    """
    if name is None or is_inside(name):
        yield
        return
    back = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(f"{FOLDER}/{name}")
        try:
            yield
        finally:
            _join(back, name)
    finally:
        os.close(back)


@contextmanager
def held(name: str | None) -> Iterator[None]:
    """Keep others that ask for the same network namespace waiting; ``None`` is that of this thread.

    The lock is on the namespace itself, which root and the sensor's user see alike, whatever else each of them sees.

    Raises:
        NotPermittedError: it may not be looked at.
        PassiveError: there is none of this name, or another keeps it for longer than a minute.
    """
    descriptor = _open(HERE if name is None else f"{FOLDER}/{name}")
    try:
        until = time.monotonic() + LONGEST
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    where = f"in the network namespace {name}" if name else "here"
                    raise PassiveError(f"another kwel has been locking {where} for a minute; end it first") from error
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def enter(name: str) -> None:
    """Move this thread, and all that it starts, into a network namespace for good: what a watcher does first.

    Raises:
        PassiveError: as with `inside`.
    """
    if not is_inside(name):
        _enter(f"{FOLDER}/{name}")


def leave_for_an_empty_one() -> None:
    """Move this thread into a new network namespace that ends with the thread.

    Raises:
        NotPermittedError: CAP_SYS_ADMIN is missing.
    """
    if _libc().unshare(NEW_NETWORK):
        raise NotPermittedError(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}; run it as root")


def is_inside(name: str) -> bool:
    """Return whether this thread is in the network namespace of a name already."""
    try:
        return os.path.samestat(os.stat(f"{FOLDER}/{name}"), os.stat(HERE))
    except OSError:
        return False


def name_of_this() -> str | None:
    """Return the name of the network namespace that this thread is in; that which the machine started with has none."""
    return next((name for name in names() if is_inside(name)), None)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _open(path: str) -> int:
    name = os.path.basename(path)
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise PassiveError(f"there is no network namespace {name}; `ip netns` lists those that there are") from error
    except PermissionError as error:
        raise NotPermittedError(f"network namespace {name}: not permitted; run it as root") from error


def _enter(path: str) -> None:
    descriptor = _open(path)
    try:
        _join(descriptor, os.path.basename(path))
    finally:
        os.close(descriptor)


def _join(descriptor: int, name: str) -> None:
    if _libc().setns(descriptor, NEW_NETWORK):
        why = os.strerror(ctypes.get_errno())
        raise NotPermittedError(f"cannot enter the network namespace {name}: {why}; run it as root")
