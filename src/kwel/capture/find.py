"""Paths as the user gave them in, the captures behind them out: each once, the earliest first."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.capture.file import CaptureFile, Reading
from kwel.capture.sources import PIECE, Refusal, Source, open_source, printable
from kwel.capture.unpack import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

NAMED_LIKE_A_CAPTURE = re.compile(r"\.(pcap|pcapng|cap|dmp|snoop|trc)\d*(\.(gz|zst|xz|bz2|lz4|zip))?$", re.IGNORECASE)
"""A file in a folder that claims by its name to be a capture, and is none, is listed; a README is not."""

NOTHING = "holds no capture; give a folder with pcap or pcapng files"


@dataclass(slots=True)
class Found:
    """A capture, or why there is none, before it has a name."""

    path: Path | None
    problem: str | None = None
    first: int | None = None
    """Time stamp of the first frame; ``None`` where there is none, or where looking would take it away."""
    packed: bool = False
    bytes: int = 0
    log: str | None = None
    """Whose log it is, where it holds no frames."""
    beginning: Hashable = None
    """The first bytes of a log."""


def find_captures(
    paths: Sequence[str], *, hash_files: bool, recognise: Callable[[bytes], str | None] | None = None
) -> list[CaptureFile]:
    """Return the captures behind *paths*: files, folders with all that is below them, ``-`` for standard input.

    What cannot be read is returned too, with its ``problem``. A file that is given twice, through another path, a
    link, or as a copy, packed or not, is returned once. Symbolic links to folders are not followed.

    Args:
        paths: as the user wrote them.
        hash_files: whether reading a file shall also compute its SHA-256.
        recognise: says by its first bytes whose log a file is that is no capture; logs are returned too, then.
    """
    looked: dict[tuple[int, int] | str, Found | None] = {}
    for text in paths:
        folder = os.path.isdir(text)
        keys = []
        for member in _members(text) if folder else [Found(None if text == "-" else Path(text))]:
            keys.append(key := _identity(member.path))
            if looked.get(key) is None:
                looked[key] = _look(member, in_folder=folder, recognise=recognise)
        if all(looked[key] is None for key in keys):
            looked[text] = Found(Path(text), NOTHING)
    found = _distinct([one for one in looked.values() if one])
    found.sort(key=lambda one: (one.first is None, one.first or 0))
    return [
        CaptureFile(name, one.path, hash_file=hash_files, problem=one.problem, log=one.log)
        for name, one in zip(unique_names([one.path for one in found]), found, strict=True)
    ]


def unique_names(paths: Sequence[Path | None]) -> list[str]:
    """Return a short name for each path: the file's own, with as many folders before it as tell it from the others.

    >>> unique_names([Path("a/x.pcap"), Path("b/x.pcap"), Path("b/y.pcap"), None])
    ['a/x.pcap', 'b/x.pcap', 'y.pcap', '-']
    """
    depths = [1] * len(paths)
    while True:
        names = [_tail(path, depth) for path, depth in zip(paths, depths, strict=True)]
        count = Counter(names)
        deeper = [
            depth + (count[name] > 1 and path is not None and depth < len(path.parts))
            for path, name, depth in zip(paths, names, depths, strict=True)
        ]
        if deeper == depths:
            break
        depths = deeper
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[index] = f"{name} ({seen[name]})"
    return names


def _tail(path: Path | None, depth: int) -> str:
    return "-" if path is None else printable(os.fspath(Path(*path.parts[-depth:])))


def _identity(path: Path | None) -> tuple[int, int] | str:
    """Return what two paths to the same file have in common."""
    if path is None:
        return "-"
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return os.fspath(path)
    return state.st_dev, state.st_ino


def _members(folder: str) -> Iterator[Found]:
    """Yield the files below *folder*, and the folders there that cannot be listed."""
    problems: list[OSError] = []
    for inside, folders, files in os.walk(folder, onerror=problems.append):
        folders.sort()
        yield from (Found(Path(inside, name)) for name in sorted(files))
    for error in problems:
        yield Found(Path(error.filename), f"cannot be listed: {error.strerror}; check the folder's permissions")


def _look(one: Found, *, in_folder: bool, recognise: Callable[[bytes], str | None] | None) -> Found | None:
    """Read a file as far as its first frames; return ``None`` where a folder holds something else."""
    if one.path is None or one.problem:
        return one
    named = not in_folder or bool(NAMED_LIKE_A_CAPTURE.search(one.path.name))
    try:
        mode = os.stat(one.path).st_mode
    except (OSError, ValueError):
        mode = stat.S_IFREG  # opening it tells what is wrong
    if in_folder and not stat.S_ISREG(mode):
        return None
    if stat.S_ISFIFO(mode):  # can be read only once
        return one
    reading = Reading(one.path, chunk=PIECE, recognise=recognise)
    batches = reading.batches()
    batch = next(batches, None)
    one.first = int(batch.records[0]["time"]) if batch else None
    batches.close()
    one.log, one.beginning = reading.log, reading.head or None
    if reading.log is not None:
        one.packed, one.bytes = True, reading.bytes  # packed or not: only what is in it tells two apart
        return one
    if reading.index is None:
        one.problem = reading.problem
        return one if named or reading.refused else None
    one.packed, one.bytes = "." in reading.format, reading.bytes
    return one


def _distinct(found: list[Found]) -> list[Found]:
    """Return *found* without copies of what comes earlier in it."""
    kept: dict[Hashable, list[Found]] = {}
    out = []
    for one in found:
        first = one.beginning if one.log else one.first
        if first is not None:
            earlier = kept.setdefault(first, [])
            if any(_same_content(one, other) for other in earlier):
                continue
            earlier.append(one)
        out.append(one)
    return out


def _same_content(one: Found, other: Found) -> bool:
    """Return whether two captures hold the same bytes once unpacked."""
    if not one.packed and not other.packed and one.bytes != other.bytes:
        return False
    try:
        with open_source(one.path) as first, open_source(other.path) as second:
            return _same_bytes(unpacked(first), unpacked(second))
    except Refusal:
        return False


def _same_bytes(one: Source, other: Source) -> bool:
    mine, theirs = bytearray(PIECE), bytearray(PIECE)
    while True:
        count = one.fill(memoryview(mine))
        if count != other.fill(memoryview(theirs)) or mine[:count] != theirs[:count]:
            return False
        if count < PIECE:
            return True
