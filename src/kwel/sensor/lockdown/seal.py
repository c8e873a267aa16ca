"""The packet sockets of this process in, the same process without any way to send out."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING, Final

from kwel.model.window import Check
from kwel.sensor.lockdown import seccomp
from kwel.sensor.lockdown.errors import PassiveError
from kwel.sensor.lockdown.status import filters_of, what_is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

NO_NEW_PRIVILEGES, DROP_FROM_BOUNDS, AMBIENT, CLEAR_ALL = 38, 24, 47, 4
"""PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, linux/prctl.h."""
CAPABILITY_VERSION: Final = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3, linux/capability.h."""
CAPABILITIES: Final = 64
FILES: Final = (0, 1, 3)
"""CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER, linux/capability.h: what makes root's files root's."""
SENDS_BY_ITSELF: Final = ("io_uring", "bpf", "/dev/net/tun", "/dev/vhost")
"""What a descriptor must not be: each can put frames on a wire without a call that a filter sees."""
NOBODYS: Final = -1


class SealError(PassiveError):
    """The process is not sealed, or only in part: it has to end."""


def give_up_rights(user: str | None = None, *, keep: Collection[int] = ()) -> None:
    """Give up every capability, and become *user* where the process was started as root; programs it starts get none.

    For a process that has opened its packet socket and has yet to load libraries that start threads of their own: a
    thread has the rights of the one that started it, and cannot take them from another.

    Args:
        user: whom to become.
        keep: capabilities that root keeps, as far as it has them: `FILES`. Whoever is not root, or does not stay root,
            keeps none.

    Raises:
        SealError: the kernel refuses; the process has to end.
    """
    kept = 0
    if not user and os.geteuid() == 0:
        kept = sum(1 << one for one in keep) & _permitted()
    _drop_from_bounds(kept)
    if user:
        _become(user)
    _prctl(AMBIENT, CLEAR_ALL)
    _have_only(kept)
    if _prctl(NO_NEW_PRIVILEGES, 1):
        raise SealError("the kernel refuses to forbid new privileges")


def seal(
    sockets: Sequence[socket.socket | int], *, user: str | None = None, may_fork: bool = False
) -> tuple[Check, ...]:
    """Give up every way to send, for all threads and for good, and return the proof.

    To be called once the packet sockets are bound, and before other threads are started or after `give_up_rights`.
    What works afterwards: the ring and its counters, files, memory, threads, time. What does not: new sockets and
    their options, other programs, another descriptor for a packet socket.

    Args:
        sockets: the packet sockets, or their descriptors; there may be no other network socket.
        user: whom to become, for a process that was started as root.
        may_fork: whether it may make copies of itself; they are as sealed as it is, and cannot start a program.

    Raises:
        SealError: something is still open, or the kernel refuses; the process has to end.
        FilterError: the processor is not known, or the kernel takes no filter.
    """
    on = seccomp.processor()
    held = sorted(one if isinstance(one, int) else one.fileno() for one in sockets)
    _refuse_other_ways(held)
    give_up_rights(user)
    inherited = filters_of(os.getpid()) or 0
    seccomp.install(seccomp.program(held, os.getpid(), on, may_fork=may_fork), on)
    if wrong := what_is_open(os.getpid(), inherited):
        raise SealError(
            f"not sealed: {', '.join(wrong)}; a thread of a library had them before: "
            "start it with OPENBLAS_NUM_THREADS=1, or give up rights first"
        )
    tried = try_to_send(held)
    if not tried.holds:
        raise SealError(f"not sealed: {tried.value}")
    return (Check("sealed", True, f"process {os.getpid()}"), tried)


def try_to_send(sockets: Sequence[int]) -> Check:
    """Try to send in a sealed process; nothing could leave even if it were not sealed.

    A write of one byte is no Ethernet frame: without CAP_SYS_RAWIO the kernel refuses what is shorter than a header
    (dev_validate_header, linux/netdevice.h). The other calls are given no descriptor at all: a filter refuses them
    with EPERM before the kernel sees that, and without a filter they end in EBADF.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    one = ctypes.create_string_buffer(1)
    ways: list[tuple[str, Callable[[], int]]] = [
        ("send", lambda: libc.send(NOBODYS, one, 1, 0)),
        ("sendto", lambda: libc.sendto(NOBODYS, one, 1, 0, None, 0)),
        ("sendmsg", lambda: libc.sendmsg(NOBODYS, None, 0)),
        ("sendfile", lambda: libc.sendfile(NOBODYS, NOBODYS, None, 1)),
        ("socket", lambda: libc.socket(int(socket.AF_PACKET), int(socket.SOCK_RAW), 0)),
        *((f"write {held}", lambda held=held: libc.write(held, one, 1)) for held in sockets),
        *((f"dup {held}", lambda held=held: libc.dup(held)) for held in sockets),
    ]
    for name, way in ways:
        ctypes.set_errno(0)
        outcome = way()
        if outcome >= 0 or ctypes.get_errno() != errno.EPERM:
            return Check("seal-test-refused", False, f"{name} was not refused by the filter")
    return Check("seal-test-refused", True, f"{len(ways)} ways refused")


def _refuse_other_ways(held: Sequence[int]) -> None:
    """Raise if this process has another descriptor by which it could send."""
    folder = "/proc/self/fd"
    for name in os.listdir(folder):
        try:
            what = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:  # the listing itself
            continue
        if any(sign in what for sign in SENDS_BY_ITSELF):
            raise SealError(f"descriptor {name} is {what}, by which frames can be sent; close it first")
        if what.startswith("socket:") and int(name) not in held and _family(int(name)) != socket.AF_UNIX:
            raise SealError(f"descriptor {name} is another network socket; close it first")
    missing = [one for one in held if _family(one) != socket.AF_PACKET]
    if missing:
        raise SealError(f"descriptor {missing[0]} is no packet socket")


def _family(descriptor: int) -> int | None:
    try:
        one = socket.socket(fileno=descriptor)
    except OSError:
        return None
    family = int(one.family)
    one.detach()
    return family


def _become(name: str) -> None:
    import pwd

    try:
        who = pwd.getpwnam(name)
        if (os.getuid(), os.geteuid(), os.getgid()) == (who.pw_uid, who.pw_uid, who.pw_gid):
            return
        os.setgroups([])
        os.setresgid(who.pw_gid, who.pw_gid, who.pw_gid)
        os.setresuid(who.pw_uid, who.pw_uid, who.pw_uid)
    except KeyError as error:
        raise SealError(f"there is no user {name}; adduser --system {name}") from error
    except OSError as error:
        raise SealError(f"cannot become {name}: {error.strerror}; start it as root, or as {name}") from error


def _drop_from_bounds(kept: int) -> None:
    """Drop capabilities from the bounding set. Where that is not permitted it gives nothing: see new privileges."""
    for capability in range(CAPABILITIES):
        if not kept >> capability & 1:
            _prctl(DROP_FROM_BOUNDS, capability)


def _permitted() -> int:
    """Return the capabilities that this thread may use, one bit each."""
    with open("/proc/thread-self/status", encoding="ascii", errors="replace") as file:
        return int(next(line.split()[1] for line in file if line.startswith("CapPrm:")), 16)


def _have_only(kept: int) -> None:
    """Have these capabilities, effective and permitted, and none that a program would inherit."""
    header, low, high = struct.pack("=Ii", CAPABILITY_VERSION, 0), kept & 0xFFFFFFFF, kept >> 32
    sets = struct.pack("=6I", low, low, 0, high, high, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, sets):
        raise SealError(f"cannot give up capabilities: {os.strerror(ctypes.get_errno())}")


def _prctl(*arguments: int) -> int:
    given = [ctypes.c_ulong(one) for one in (*arguments, *([0] * (5 - len(arguments))))]
    outcome: int = ctypes.CDLL(None, use_errno=True).prctl(ctypes.c_int(arguments[0]), *given[1:])
    return outcome
