"""What the one who holds the lock sees in, lines in a file an interface out; and of a window's time, the proof of it.

The newest lines stand last, and a file is read from there: a window costs its own lines, however old the file is.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.model.proofs import spells, together
from kwel.model.window import Check, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.model.window import Window

KEPT: Final = 2 * 86_400_000_000_000
"""Nanoseconds for which a line is kept at least, if its file is not too large: how the sensor fares is told of a day,
and windows that wait for room want theirs."""
LARGEST: Final = 32 << 20
"""Bytes of a file: some four days at a line every ten seconds."""
RECENT: Final = 360
"""Lines, an hour of them, that are kept whatever their age: the clock may have been set forward."""
STRAY: Final = 60
"""Older lines in a row after which none before is wanted: where the clock was set, some stand out of order."""
BLOCK: Final = 1 << 16


class Wanted(NamedTuple):
    """Which lines are wanted, by when they ended: nanoseconds since the epoch."""

    after: int
    until: int
    anew: int
    """Of those after the clock was set back for the last time, these as well: after this moment, up to *closed*."""
    closed: int
    setbacks: int | None = None
    """How often the clock may have been set back between them; ``None`` is any number."""


def append(folder: Path, proof: Proof) -> None:
    """Add a proof to its interface's file; what is too old goes, now and then.

    Raises:
        OSError: it cannot be written.
    """
    path = _file(folder, proof.interface)
    folder.mkdir(mode=0o750, exist_ok=True)
    line = json.dumps([*proof[:-1], [list(check) for check in proof.checks]]).encode()
    with open(path, "ab+") as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(-1, os.SEEK_END)
        mends = size > 0 and file.read(1) != b"\n"  # a power cut left half a line
        file.write(b"\n" * mends + line + b"\n")
    if size > LARGEST or _begins_before(path, proof.until - 2 * KEPT):
        _cut(path, proof.until - KEPT)


def of_window(folder: Path, window: Window, before: int | None = None) -> tuple[Proof, ...]:
    """Return what proves the time of a window, one an interface and unbroken spell.

    A line belongs to the window in which it ended; one that ended between two windows, to the later one. So each is in
    one window of a source, and none is counted twice.

    Args:
        folder: of the files.
        window: its losses name the interfaces.
        before: when the window before it closed; by default nothing is wanted that ended before this one opened.

    Where the clock was set back, times come twice. Lines that ended after it was are those of windows that opened
    after it was; the window in which it was set has those from before, and what of its own time is left after.
    """
    after = window.opened if before is None else min(before, window.opened)
    back = [step for step in window.clock_steps if step.by < 0]
    until = max([window.closed, *(step.at - step.by for step in back)])
    span = Wanted(after, until, max((step.at for step in back), default=until), window.closed, len(back))
    names = dict.fromkeys(loss.interface for loss in window.losses)
    return spells(proof for name in names for proof in _lines(_file(folder, name), span))


def between(folder: Path, interface: str, opened: int, closed: int) -> Proof | None:
    """Return one proof of all that ended after *opened*, up to *closed*; ``None`` where there is none."""
    return together(_lines(_file(folder, interface), Wanted(opened, closed, closed, closed)))


def _file(folder: Path, interface: str) -> Path:
    return folder / f"{interface.replace('/', '-')}.jsonl"


def _lines(path: Path, wanted: Wanted) -> Iterator[Proof]:
    """Yield the proofs that are wanted, the newest first."""
    stray = setbacks = 0
    is_newest, is_there, has_begun = True, False, False
    later: int | None = None
    with suppress(OSError):
        for line in _backwards(path):
            proof = _read(line)
            if proof is None:
                continue
            if later is not None and proof.until > later:  # between this line and the later one, the clock was set back
                is_newest, has_begun, setbacks = False, False, setbacks + is_there
                if wanted.setbacks is not None and setbacks > wanted.setbacks:
                    return
            later = proof.until
            has_begun = has_begun or proof.until > wanted.after
            stray = stray + 1 if has_begun and proof.until <= wanted.after else 0
            if stray > STRAY:
                return
            if wanted.after < proof.until <= wanted.until or (is_newest and wanted.anew < proof.until <= wanted.closed):
                is_there = True
                yield proof


def _backwards(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, the last one first."""
    with open(path, "rb") as file:
        at, rest = file.seek(0, os.SEEK_END), b""
        while at > 0:
            step = min(at, BLOCK)
            at = file.seek(at - step)
            rest, *lines = (file.read(step) + rest).split(b"\n")
            yield from reversed(lines)
        yield rest


def _read(line: bytes) -> Proof | None:
    """Return the proof in a line; ``None`` where a power cut has damaged it.

    One during which the clock was set back is of the moment at which it ended: how long it was, nobody can tell.
    """
    try:
        interface, since, until, sent, stopped, checks = json.loads(line)
        since = min(int(since), int(until))
        return Proof(interface, since, int(until), sent, stopped, tuple(Check(*check) for check in checks))
    except (ValueError, TypeError):
        return None


def _begins_before(path: Path, moment: int) -> bool:
    with open(path, "rb") as file:
        first = _read(file.readline(BLOCK))
    return first is not None and first.until < moment


def _cut(path: Path, moment: int) -> None:
    """Keep what is no older than a moment, and no more than half of what a file may hold."""
    kept: list[bytes] = []
    size = 0
    for line in _backwards(path):
        proof = _read(line)
        size += len(line) + 1
        if size > LARGEST // 2:
            break
        if proof and (proof.until >= moment or len(kept) < RECENT):
            kept.append(line + b"\n")
    beside = path.with_suffix(".part")
    beside.write_bytes(b"".join(reversed(kept)))
    os.replace(beside, path)
