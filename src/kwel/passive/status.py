"""A process in, whether the kernel says of each of its threads that it can do nothing out."""

from __future__ import annotations

import os
from typing import Final

from kwel.model.window import Check

NO_RIGHTS: Final = {"CapInh", "CapPrm", "CapEff", "CapAmb"}
FILTERED: Final = "2"
"""SECCOMP_MODE_FILTER."""


def what_is_open(process: int) -> list[str]:
    """Return what the threads of a process may still do, each as proc_pid_status(5) tells it; an empty list is sealed.

    Raises:
        OSError: the process is gone.
    """
    wrong: dict[str, None] = {}
    folder = f"/proc/{process}/task"
    for thread in sorted(os.listdir(folder), key=int):
        try:
            with open(f"{folder}/{thread}/status", encoding="utf-8", errors="replace") as file:
                told = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except FileNotFoundError:
            continue  # a thread that has ended can do nothing
        wrong |= {f"{key} {told[key]}": None for key in sorted(NO_RIGHTS) if int(told.get(key, "1"), 16)}
        if told.get("NoNewPrivs", "").strip() != "1":
            wrong["NoNewPrivs 0"] = None
        if told.get("Seccomp", "").strip() != FILTERED:
            wrong[f"Seccomp {told.get('Seccomp', '?').strip()}"] = None
    return list(wrong)


def sealed(process: int) -> Check:
    """Return the check that a process can send nothing: no capability, no new privileges, system calls filtered."""
    try:
        wrong = what_is_open(process)
    except OSError:
        return Check("sealed", None, f"process {process} is gone")
    return Check("sealed", not wrong, ", ".join([f"process {process}", *wrong]))
