"""Captures that mean harm: floods of one frame whose fields count up, damaged samples, commands with a limit."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Field = tuple[int, Callable[[NDArray[np.uint64]], NDArray[np.uint8]]]

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
AT_ONCE = 1 << 16

PROBE = """
import json, resource, sys
from kwel.cli.app import run
status = run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
most = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([status, used.ru_utime + used.ru_stime, most / 1024]), file=sys.stderr)
"""


IN_TURN = """
import json, os, sys
from kwel.kernel.build import jit
jit.load()
{first}
from kwel.cli.app import run
statuses = []
for number, command in enumerate(json.loads(sys.argv[1])):
    for stream in (1, 2):
        os.dup2(os.open(f"{{sys.argv[2]}}/{{number}}.{{stream}}", os.O_CREAT | os.O_WRONLY), stream)
    try:
        statuses.append(run(command))
    except SystemExit as stopped:
        statuses.append(str(stopped.code))
    sys.stdout.flush()
    sys.stderr.flush()
json.dump(statuses, open(f"{{sys.argv[2]}}/statuses", "w"))
"""
"""Starting Python and kwel takes longer than most commands: several of them run in one process."""


def big_endian(size: int) -> Callable[[NDArray[np.uint64]], NDArray[np.uint8]]:
    """Return a function: numbers in, a row of *size* bytes for each out."""

    def rows(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        return numbers.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]

    return rows


def letters(size: int) -> Callable[[NDArray[np.uint64]], NDArray[np.uint8]]:
    """Return a function: numbers in, *size* letters for each out, other ones for another number below 16 ** size."""

    def rows(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        shifts = np.arange(0, 4 * size, 4, dtype=np.uint64)
        return (97 + ((numbers[:, None] >> shifts) & np.uint64(15))).astype(np.uint8)

    return rows


def flood(path: Path, frame: bytes, count: int, fields: Iterable[Field]) -> Path:
    """Write *frame* *count* times, a microsecond apart; each field is (offset, number of the frame -> its bytes)."""
    fields = list(fields)
    with path.open("wb") as file:
        file.write(HEADER)
        for start in range(0, count, AT_ONCE):
            numbers = np.arange(start, min(count, start + AT_ONCE), dtype=np.uint64)
            rows = np.zeros((len(numbers), 16 + len(frame)), np.uint8)
            head = np.zeros((len(numbers), 4), "<u4")
            head[:, 0], head[:, 1] = 1_700_000_000 + numbers // 1_000_000, numbers % 1_000_000
            head[:, 2:] = len(frame)
            rows[:, :16], rows[:, 16:] = head.view(np.uint8), np.frombuffer(frame, np.uint8)
            for at, of in fields:
                value = of(numbers)
                rows[:, 16 + at : 16 + at + value.shape[1]] = value
            file.write(rows.tobytes())
    return path


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command in a process of its own went."""

    status: int
    seconds: float
    """Of both processors together."""
    megabytes: float
    out: str
    err: list[str]


def run(*arguments: str | Path, timeout: float = 120) -> Ran:
    """Run a command in a process of its own and measure it."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, arguments)],
        capture_output=True, text=True, errors="backslashreplace", cwd=ROOT, timeout=timeout, check=False,
    )  # fmt: skip
    *err, measured = done.stderr.splitlines()
    status, seconds, megabytes = json.loads(measured)
    return Ran(status, seconds, megabytes, done.stdout, err)


def in_turn(
    commands: Sequence[Sequence[str]], folder: Path, *, before: Sequence[str] = (), first: str = "", **how: Any
) -> list[tuple[int | str, bytes, bytes]]:
    """Run commands one after another in one process; return the status and both streams of each.

    Args:
        commands: words behind ``kwel``.
        folder: where the streams may be written.
        before: what starts the process.
        first: lines of Python that run in it before kwel is imported.
        how: as ``subprocess.run`` takes it.
    """
    folder.mkdir(parents=True)
    run = [*before, sys.executable, "-c", IN_TURN.format(first=first), json.dumps([*map(list, commands)]), str(folder)]
    subprocess.run(run, capture_output=True, timeout=240, check=True, **how)
    statuses = json.loads((folder / "statuses").read_text())
    streams = [[(folder / f"{number}.{stream}").read_bytes() for stream in (1, 2)] for number in range(len(statuses))]
    return [(status, out, err) for status, (out, err) in zip(statuses, streams, strict=True)]


def kwel(*arguments: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run ``kwel`` as a user does, with other *how* than usual."""
    environment: Mapping[str, str] = how.pop("env", os.environ)
    how.setdefault("stdout", subprocess.PIPE)
    how.setdefault("timeout", 120)
    how.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, "-m", "kwel", *map(str, arguments)],
        text=True, errors="backslashreplace", env=environment, check=False, **how,
    )  # fmt: skip


def assert_one_clear_line(err: str) -> None:
    """One line that begins with who says it, and no traceback."""
    assert err.startswith("kwel: "), err
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
