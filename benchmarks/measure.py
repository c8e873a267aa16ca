"""A command in, what it cost out: processor seconds, elapsed seconds, peak memory, of the whole process tree.

The kernel's own account is read (wait4(2)), so start, imports and children that were waited for are in it. Peak
memory is that of the largest single process. It cannot fall below that of the process that started the command,
which is why nothing here imports numpy.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from resource import struct_rusage

SENTENCE = 160
"""Longest part of a command's complaint that is shown."""


class Unmeasured(Exception):
    """A command that did not end as it should; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    cpu: float
    """Seconds of processor time, user and system."""
    wall: float
    """Seconds elapsed."""
    peak: float
    """Megabytes of resident memory, at most."""


def run(
    command: Sequence[str], *, timeout: float, complaints: Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run *command* once and return its cost. What it prints is thrown away.

    Args:
        command: program and arguments.
        timeout: seconds after which the command and its children are ended.
        complaints: file for its standard error.
        environment: variables besides the usual ones.

    Raises:
        Unmeasured: the command took too long, was ended by a signal, or failed.
    """
    variables = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    nothing = subprocess.DEVNULL
    with complaints.open("wb") as err:
        began = time.perf_counter()
        # A session of its own, so that its children can be ended with it.
        process = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=err, env=variables, start_new_session=True
        )
        status, usage, late = _wait(process.pid, timeout)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if late:
        raise Unmeasured(f"not done after {timeout:.0f} s")
    if process.returncode:
        raise Unmeasured(_failure(process.returncode, complaints))
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024 / 1e6)


def _wait(process: int, timeout: float) -> tuple[int, struct_rusage, bool]:
    """Return how *process* ended, what it used, and whether it had to be ended."""
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)

    timer = threading.Timer(timeout, end)
    timer.start()
    try:
        _, status, usage = os.wait4(process, 0)
    except KeyboardInterrupt:
        end()
        raise
    finally:
        timer.cancel()
    return status, usage, late.is_set()


def _failure(status: int, complaints: Path) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    last = complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"exit status {status}" + (f": {last[-1][:SENTENCE]}" if last else "")
