"""A process in, whether the kernel says of each of its threads that it can do nothing out."""

from __future__ import annotations

import os
from typing import Final

from kwel.model.window import Check

NO_RIGHTS: Final = {"CapInh", "CapPrm", "CapEff", "CapAmb"}
FILTERED: Final = "2"
"""SECCOMP_MODE_FILTER."""
FILTERS: Final = "Seccomp_filters"
"""How many filters of system calls hold a process, those that it was started with among them; Linux 5.9."""


def what_is_open(process: int, inherited: int = 0) -> list[str]:
    """Return what the threads of a process may still do, each as proc_pid_status(5) tells it; an empty list is sealed.

    *inherited*: filters of system calls that it was started with, as in a container or under a unit. They let through
    what its own does not, so there has to be one more.

    Raises:
        OSError: the process is gone.
    """
    wrong: dict[str, None] = {}
    folder = f"/proc/{process}/task"
    for thread in sorted(os.listdir(folder), key=int):
        try:
            told = _told(f"{folder}/{thread}")
        except FileNotFoundError:
            continue  # a thread that has ended can do nothing
        wrong |= {f"{key} {told[key]}": None for key in sorted(NO_RIGHTS) if int(told.get(key, "1"), 16)}
        if told.get("NoNewPrivs") != "1":
            wrong["NoNewPrivs 0"] = None
        if told.get("Seccomp") != FILTERED:
            wrong[f"Seccomp {told.get('Seccomp', '?')}"] = None
        elif int(told.get(FILTERS, inherited + 1)) <= inherited:
            wrong[f"{FILTERS} {told[FILTERS]}, none of them its own"] = None
    return list(wrong)


def filters_of(process: int) -> int | None:
    """Return how many filters of system calls hold a process; ``None`` where this kernel does not say.

    Raises:
        OSError: the process is gone.
    """
    told = _told(f"/proc/{process}").get(FILTERS)
    return int(told) if told else None


def sealed(process: int) -> Check:
    """Return the check that a process can send nothing: no capability, no new privileges, system calls filtered.

    The filter has to be one that it has beyond those of its parent: those somebody else set, for another purpose.
    """
    try:
        inherited = filters_of(int(_told(f"/proc/{process}")["PPid"]))
        wrong = what_is_open(process, inherited or 0)
        told = filters_of(process)
    except (OSError, KeyError, ValueError):
        return Check("sealed", None, f"process {process} is gone")
    if (inherited is None or told is None) and not wrong:
        return Check("sealed", None, f"process {process}: this kernel does not say whose filter it is")
    return Check("sealed", not wrong, ", ".join([f"process {process}", *wrong]))


def _told(folder: str) -> dict[str, str]:
    with open(f"{folder}/status", encoding="utf-8", errors="replace") as file:
        lines = [line.split(":\t", 1) for line in file if ":\t" in line]
    return {key: value.strip() for key, value in lines}
