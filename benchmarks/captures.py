"""A folder in, captures to measure on out: made where absent, read once so that they lie in the page cache."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_HEADER, RECORD_HEADER = 24, 16
NAMES = ("big", "small", "many", "quic")


@dataclass(frozen=True, slots=True)
class Subject:
    """One capture that is measured on."""

    name: str
    path: Path
    packets: int
    truth: Path | None
    """A file that tells what is in it, if the generator made it."""


def prepare(folder: Path, name: str, scale: float) -> Subject:
    """Return the capture *name*, made in *folder* if it is not there, with its pages in memory."""
    path = folder / f"{name}.pcap"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # A process of its own: numpy's memory would count as every measured program's.
        generator = [sys.executable, "-m", "benchmarks.generate", name, str(path), "--scale", str(scale)]
        subprocess.run(generator, check=True)
    truth = path.with_suffix(".json")
    with path.open("rb") as file:
        # Pages that have lain in memory for hours are read up to three times slower than fresh ones.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 20):
            pass
    if not truth.exists():
        return Subject(name, path, sum(1 for _ in _records(path)), None)
    return Subject(name, path, json.loads(truth.read_text(encoding="utf-8"))["packets"]["total"], truth)


def _records(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(FILE_HEADER)
        while record := _record(file):
            yield record


def _record(file: BinaryIO) -> bytes | None:
    header = file.read(RECORD_HEADER)
    if len(header) < RECORD_HEADER:
        return None
    return header + file.read(struct.unpack_from("<I", header, 8)[0])


def cut(whole: Path, packets: int, path: Path) -> Path:
    """Write the first *packets* of *whole* to *path*."""
    with whole.open("rb") as file, path.open("wb") as out:
        out.write(file.read(FILE_HEADER))
        out.writelines(islice(_records(whole), packets))
    return path
