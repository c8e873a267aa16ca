"""Locks mon0 with CAP_NET_ADMIN and CAP_NET_RAW alone, as user nobody: run by tests in a namespace of its own.

``unit``: with the address families and calls alone that kwel-sensor.service leaves. ``container``: no namespace has a
name here, either.
"""

from __future__ import annotations

import ctypes
import encodings.ascii  # nobody may not be able to read the libraries
import os
import platform
import struct
import sys

NET = 1 << 12 | 1 << 13
"""CAP_NET_ADMIN and CAP_NET_RAW, linux/capability.h."""
KEEP, AMBIENT, RAISE = 8, 47, 2
"""PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, linux/prctl.h."""
NOBODY = 65534


def become_modest() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(KEEP, 1, 0, 0, 0) == 0
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    header, sets = struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", NET, NET, NET, 0, 0, 0)
    assert libc.capset(header, sets) == 0
    for capability in (12, 13):
        assert libc.prctl(AMBIENT, RAISE, ctypes.c_ulong(capability), 0, 0) == 0


FAMILIES = (1, 16, 17)
"""AF_UNIX, AF_NETLINK and AF_PACKET."""
SOCKET, ENTERING = (41, 198), ((272, 97), (308, 268))
"""socket; unshare and setns: x86-64 and aarch64."""
NAMES_OF_MOUNTS, PRIVATE = 0x20000, 0x44000
"""CLONE_NEWNS; MS_REC | MS_PRIVATE."""


def hide_names() -> None:
    """Have no namespace a name, as in a container."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(NAMES_OF_MOUNTS) == 0
    assert libc.mount(b"none", b"/", None, PRIVATE, None) == 0
    assert libc.mount(b"none", b"/run/netns", b"tmpfs", 0, None) == 0


def confine() -> None:
    """Leave three address families, and no way into another namespace."""
    from kwel.sensor.lockdown import seccomp

    arm = platform.machine() != "x86_64"
    refuse = [step for call in ENTERING for step in ((0x15, 0, 1, call[arm]), (6, 0, 0, seccomp.REFUSE))]
    families = [step for one in FAMILIES for step in ((0x15, 0, 1, one), (6, 0, 0, seccomp.ALLOW))]
    steps = [
        (0x20, 0, 0, 0), *refuse, (0x15, 1, 0, SOCKET[arm]), (6, 0, 0, seccomp.ALLOW),
        (0x20, 0, 0, 16), *families, (6, 0, 0, 0x50000 | 97),
    ]  # fmt: skip
    seccomp.install(b"".join(struct.pack("=HBBI", *step) for step in steps), seccomp.processor())


def main(how: str = "") -> None:
    from kwel.sensor import lockdown

    assert encodings.ascii.getregentry().name == "ascii"
    if how == "container":
        hide_names()
    if how:
        confine()
    become_modest()
    proof = lockdown.lock("mon0").proof()
    tested = next(check for check in proof.checks if check.key == "self-test-refused")
    print(f"{'proved' if lockdown.prove(proof.checks) else proof.checks}, {tested.key} {tested.holds}")


if __name__ == "__main__":
    main(*sys.argv[1:])
