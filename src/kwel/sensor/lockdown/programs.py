"""A program of the system and its arguments in, what it printed out: ip, nft, tc and ethtool."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

from kwel.sensor.lockdown.errors import NotPermittedError, PassiveError

PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs for administrators are, whatever the path of the user says."""
PACKAGES = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables", "ethtool": "ethtool"}
PATIENCE = 15
"""Seconds after which a program that does not answer is given up."""
DENIED = ("Operation not permitted", "Permission denied", "must be root")


class ProgramError(PassiveError):
    """The program is absent, or ended with a complaint."""


def find(program: str) -> str | None:
    """Return the path of a program, or ``None``."""
    return shutil.which(program, path=PLACES)


def ask(program: str, *arguments: str, given: str | None = None) -> str:
    """Run a program in the network namespace of this thread and return its standard output.

    Raises:
        NotPermittedError: it says that it may not.
        ProgramError: it is absent, failed, or did not answer.
    """
    path = find(program)
    if path is None:
        raise ProgramError(f"{program} is not installed; install the package {PACKAGES.get(program, program)}")
    try:
        done = subprocess.run(
            [path, *arguments], input=given, capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={"PATH": PLACES, "LC_ALL": "C"}, cwd="/", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"{program} did not answer: {error}") from error
    if done.returncode == 0:
        return done.stdout
    said = " ".join((done.stderr or done.stdout).split()) or f"exit status {done.returncode}"
    if any(sign in said for sign in DENIED):
        raise NotPermittedError(f"{program} {arguments[0]}: not permitted; run it as root")
    raise ProgramError(f"{program} {' '.join(arguments)}: {said[:300]}")


def ask_json(program: str, *arguments: str) -> Any:
    """Return what a program printed as JSON; nothing printed is an empty list.

    Raises:
        ProgramError: as with `ask`, or where what was printed is no JSON.
    """
    printed = ask(program, *arguments)
    try:
        return json.loads(printed or "[]")
    except ValueError as error:
        raise ProgramError(f"{program} {' '.join(arguments)}: printed no JSON: {error}") from error


def read_word(path: str) -> str | None:
    """Return the text of a small file of /proc or /sys, or ``None`` where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except OSError:
        return None


def write_word(path: str, word: str) -> bool:
    """Have a small file of /proc hold a word; return whether there is such a file.

    Raises:
        NotPermittedError: the system refused.
        ProgramError: it cannot be written.
    """
    if not os.path.exists(path):
        return False
    if read_word(path) == word:
        return True
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(word)
    except PermissionError as error:
        raise NotPermittedError(f"{path}: not permitted; run it as root") from error
    except OSError as error:
        raise ProgramError(f"{path}: {error.strerror}") from error
    return True
