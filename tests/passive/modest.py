"""Locks mon0 with CAP_NET_ADMIN and CAP_NET_RAW alone, as user nobody: run by tests in a namespace of its own."""

from __future__ import annotations

import ctypes
import encodings.ascii  # nobody may not be able to read the libraries
import os
import struct

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


def main() -> None:
    from kwel import passive

    assert encodings.ascii.getregentry().name == "ascii"
    become_modest()
    proof = passive.lock("mon0").proof()
    tested = next(check for check in proof.checks if check.key == "self-test-refused")
    print(f"{'proved' if passive.prove(proof.checks) else proof.checks}, {tested.key} {tested.holds}")


if __name__ == "__main__":
    main()
