"""Descriptors of packet sockets in, a filter of system calls that lets nothing be sent out.

Everything is refused with EPERM but what `kwel.sensor.lockdown.syscalls` lists, and of that:

- writing to a descriptor of a packet socket, by whatever call;
- a second descriptor for one (dup, fcntl), for which the filter would not hold;
- receiving messages from anything but a packet socket: a message can bring a descriptor along;
- a process (clone without CLONE_THREAD), unless forking is asked for: a child has the same filter, and clone3 is told
  to be absent, since a filter cannot see its flags;
- signals to others, and of what ioctl can do all but reading: whether something is a terminal, how much it holds,
  whether an interface is up.

A system call of another architecture ends the process: 32-bit numbers mean something else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.sensor.lockdown.errors import PassiveError
from kwel.sensor.lockdown.syscalls import AARCH64, ALLOWED, X86_64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Instruction = tuple[int, int, int, int]
    """Code, jump if true, jump if false, constant: struct sock_filter, linux/filter.h."""

LOAD, JUMP_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
"""Bytes into struct seccomp_data, linux/seccomp.h."""
ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
REFUSE: Final = 0x00050000 | errno.EPERM
ABSENT: Final = 0x00050000 | errno.ENOSYS

NOT_OF_SOCKETS: Final = frozenset({"write", "writev", "pwrite64", "pwritev", "pwritev2", "dup", "dup2", "dup3"})
HEARS: Final = frozenset({"recvfrom", "recvmsg"})
DUPLICATES: Final = (0, 1030)
"""F_DUPFD and F_DUPFD_CLOEXEC, linux/fcntl.h."""
SETTINGS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x8913, 0x8933)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, asm-generic/ioctls.h; SIOCGIFFLAGS, SIOCGIFINDEX,
linux/sockios.h."""
OF_ITSELF: Final = (3, 15, 16, 21, 23, 29, 30, 39, 0x53564D41)
"""PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK,
PR_GET_NO_NEW_PRIVS, PR_SET_VMA, linux/prctl.h: none gives anything back."""
NEW_THREAD: Final = 0x00010000
"""CLONE_THREAD, linux/sched.h."""
NEW_NAMESPACES: Final = 0x7E020080
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME, linux/sched.h."""
FILTER_MODE, ALL_THREADS = 1, 1
"""SECCOMP_SET_MODE_FILTER and SECCOMP_FILTER_FLAG_TSYNC, linux/seccomp.h."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What differs between the processors that are known."""

    column: int
    audit: int
    """AUDIT_ARCH_…, linux/audit.h."""
    seccomp: int
    """Number of the call that sets a filter."""


PROCESSORS: Final = {
    "x86_64": Processor(X86_64, 0xC000003E, 317),
    "aarch64": Processor(AARCH64, 0xC00000B7, 277),
}


class FilterError(PassiveError):
    """No filter can be made or set here: the process must not go on."""


def processor() -> Processor:
    """Return what is known of this machine's processor.

    Raises:
        FilterError: its system calls are not known, so that nothing could be promised.
    """
    found = PROCESSORS.get(platform.machine())
    if found is None or struct.calcsize("P") != 8 or sys.byteorder != "little":
        known = " and ".join(sorted(PROCESSORS))
        raise FilterError(f"no filter of system calls is known for {platform.machine()}, only for {known} with 64 bits")
    return found


def program(sockets: Sequence[int], own: int, on: Processor, *, may_fork: bool = False) -> bytes:
    """Return the filter as instructions of classic BPF. *sockets*: descriptors; *own*: the number of this process."""
    made: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (JUMP_EQUAL, 1, 0, on.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
    ]
    for name, numbers in ALLOWED.items():
        number = numbers[on.column]
        if number is None:
            continue
        body = _forks() if name == "clone" and may_fork else _conditions(name, sockets, own)
        made += [(JUMP_EQUAL, 0, len(body), number), *body]
    made.append((RETURN, 0, 0, REFUSE))
    return b"".join(struct.pack("=HBBI", *one) for one in made)


def install(instructions: bytes, on: Processor) -> None:
    """Set a filter for all threads of this process, for good.

    Raises:
        FilterError: the kernel refuses.
    """

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    given = Program(len(instructions) // 8, instructions)
    call: Callable[..., int] = ctypes.CDLL(None, use_errno=True).syscall
    outcome = call(on.seccomp, FILTER_MODE, ALL_THREADS, ctypes.byref(given))
    if outcome:
        why = os.strerror(ctypes.get_errno()) if outcome < 0 else f"thread {outcome} has a filter of its own"
        raise FilterError(f"the kernel takes no filter of system calls: {why}")


def _conditions(name: str, sockets: Sequence[int], own: int) -> list[Instruction]:
    """Return what follows once the number of a call has matched; it ends in a return on every way."""
    if name in NOT_OF_SOCKETS:
        return _if_argument(0, sockets, REFUSE, ALLOW)
    if name in HEARS:
        return _if_argument(0, sockets, ALLOW, REFUSE)
    if name == "fcntl":
        duplicate = _if_argument(0, sockets, REFUSE, ALLOW)
        first, second = DUPLICATES
        commands = [(JUMP_EQUAL, 2, 0, first), (JUMP_EQUAL, 1, 0, second), (RETURN, 0, 0, ALLOW)]
        return [_argument(1), *commands, *duplicate]
    if name == "ioctl":
        return _if_argument(1, SETTINGS, ALLOW, REFUSE)
    if name == "prctl":
        return _if_argument(0, OF_ITSELF, ALLOW, REFUSE)
    if name == "tgkill":
        return _if_argument(0, (own,), ALLOW, REFUSE)
    if name == "clone":
        return [_argument(0), (JUMP_ANY_BIT, 0, 1, NEW_THREAD), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    return [(RETURN, 0, 0, ABSENT if name == "clone3" else ALLOW)]


def _forks() -> list[Instruction]:
    """Let a process be copied, but into no namespace of its own, where it would have rights."""
    return [_argument(0), (JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]


def _if_argument(index: int, values: Sequence[int], then: int, otherwise: int) -> list[Instruction]:
    compared = [step for value in values for step in ((JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, then))]
    return [_argument(index), *compared, (RETURN, 0, 0, otherwise)]


def _argument(index: int) -> Instruction:
    """Load the low half of an argument: descriptors, commands and flags have 32 bits, and the kernel drops the rest."""
    return (LOAD, 0, 0, ARGUMENTS_AT + 8 * index)
