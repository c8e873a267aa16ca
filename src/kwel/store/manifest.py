"""Lines of a journal in, what the store holds, lost and removed out; each line with its number and a checksum."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from kwel.store import head
from kwel.store.files import Damaged, Disk, is_full
from kwel.store.parts import Lost, Part, Removed, Runs, overlap, read_part, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    Line = dict[str, Any]

ALL = "all"
"""Of what was removed: every tier of it."""
BUCKET = 30 * 86_400 * 1_000_000_000
"""Nanoseconds: of what was removed within so long, a summary is kept."""
SPARE_LINES = 2_000
"""Lines beyond those that are needed, before the journal is written anew."""


class Manifest:
    """What the store holds, as its journal tells: readers read it, and the one writer adds to it."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path, self._disk = path, disk
        self.parts: dict[str, Part] = {}
        self.lost: list[Lost] = []
        self.removed: list[Removed] = []
        self.pending: list[Line] = []
        """Lines for which there was no room yet."""
        self.torn = 0
        """Lines that are not whole: of the last one, writing was cut short."""
        self._number, self._lines, self._clean = 0, 0, True
        self.missing_lines = 0
        self._read()

    def _read(self) -> None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        self._clean = not data or data.endswith(b"\n")
        for raw in data.split(b"\n")[: None if not self._clean else -1]:
            if not raw:
                continue
            try:
                line = head.unsealed(raw + b"\n")
                number = line.pop("n")
                self.apply(line)
            except (Damaged, ValueError, KeyError, TypeError):
                self.torn += 1
                continue
            self.missing_lines += max(0, number - self._number - 1)
            self._number = number
            self._lines += 1

    def apply(self, line: Line) -> None:
        """Take in what a line says, without writing it."""
        if line["do"] == "add":
            self._keep(line["part"])
        elif line["do"] == "swap":
            part = read_part(line["part"])
            for old in line["old"]:
                self.parts.pop(old, None)
            self.parts[part.id] = part
        elif line["do"] == "lost":
            self.lost.append(Lost(*line["window"]))
        elif line["do"] == "remove":
            self._remove(line)
        elif line["do"] == "removed":
            told = list(line["what"])
            told[2] = tuple((int(first), int(last)) for first, last in told[2])
            self.removed.append(Removed(*told))

    def _keep(self, said: Line) -> None:
        part = read_part(said)
        self.parts[part.id] = part
        self.lost = [one for one in self.lost if not (one.source == part.source and _holds(part, one.sequence))]

    def _remove(self, line: Line) -> None:
        from dataclasses import replace

        part = self.parts.get(line["id"])
        if part is None:
            return
        tier = line["tier"]
        sequences = tuple((int(first), int(last)) for first, last in line.get("sequences", part.sequences))
        if sequences:  # else another part holds all that it held
            what = part.sensor, part.source, sequences, part.opened, part.closed
            self.removed.append(Removed(*what, tier, line["bytes"], line["reason"]))
        if tier == ALL:
            del self.parts[part.id]
        else:
            self.parts[part.id] = replace(part, gone=part.gone | {tier})

    def write(self, line: Line) -> None:
        """Take in what a line says, and write it. Where there is no room it waits, and nothing is forgotten.

        Raises:
            OSError: the disk fails for another reason.
        """
        self.apply(line)
        self.pending.append(line)
        self.flush()

    def write_now(self, line: Line) -> None:
        """Write a line, and take in what it says once it is written.

        Raises:
            OSError: among others, that there is no room; then nothing was taken in, nor will be.
        """
        if not self.flush():
            raise OSError(errno.ENOSPC, "there is no room for what the manifest has to say first")
        self.pending.append(line)
        written = False
        try:
            written = self.flush()
        finally:
            if not written:
                self.pending.clear()
        if not written:
            raise OSError(errno.ENOSPC, "there is no room for a line of the manifest")
        self.apply(line)

    def flush(self) -> bool:
        """Write what waits; return whether nothing does any more."""
        while self.pending:
            raw = head.sealed({**self.pending[0], "n": self._number + 1})
            try:
                self._disk.append(self._path, raw if self._clean else b"\n" + raw)
            except OSError as error:
                self._clean = False
                if not is_full(error):
                    raise
                return False
            self._clean = True
            self._number += 1
            self._lines += 1
            del self.pending[0]
        return True

    def begin(self, why: str) -> None:
        """Write a line that says that a writer opened the store, for the manifest to be there before any window."""
        self.write({"do": "open", "why": why})

    @property
    def is_long(self) -> bool:
        """Whether most of the journal tells of what is no more."""
        needed = len(self.parts) + len(self.lost) + len(summary_of(self.removed))
        return self._lines > 2 * needed + SPARE_LINES

    def rewrite(self) -> None:
        """Write the journal anew, beside the old one: what is there, what was lost, and a summary of what was removed.

        Raises:
            OSError: among others, that there is no room; the old journal is as it was.
        """
        self.removed = summary_of(self.removed)
        new = self._path.with_suffix(".new")
        self._disk.remove(new)
        lines = list(self._lines_of_now())
        self._disk.write(new, [head.sealed({**line, "n": i}) for i, line in enumerate(lines, 1)])
        self._disk.rename(new, self._path)
        self._disk.sync_folder(self._path.parent)
        self._number, self._lines, self._clean = len(lines), len(lines), True
        self.pending.clear()
        self.torn = self.missing_lines = 0

    def _lines_of_now(self) -> Iterator[Line]:
        yield {"do": "open", "why": "written anew"}
        for part in self.parts.values():
            yield {"do": "add", "part": part.said()}
        for lost in self.lost:
            yield {"do": "lost", "window": list(lost)}
        for removed in self.removed:
            yield {"do": "removed", "what": list(removed)}

    def holds(self, source: str, sequences: Runs) -> list[Part]:
        """Return the parts of a source that hold any of *sequences*."""
        return [part for part in self.parts.values() if part.source == source and overlap(part.sequences, sequences)]

    def was_removed(self, source: str, sequence: int) -> Removed | None:
        """Return when a window was removed with all that was of it; ``None`` where it was not."""
        whole = (one for one in self.removed if one.tier == ALL and one.source == source and one.reason != "damaged")
        return next((one for one in whole if overlap(one.sequences, ((sequence, sequence),))), None)

    def in_order(self) -> list[Part]:
        """Return the parts, those of each source by their numbers, whatever the clock showed."""
        order: list[tuple[int, str, int, Part]] = []
        latest: dict[str, int] = {}
        for part in sorted(self.parts.values(), key=lambda one: (one.source, one.sequences)):
            latest[part.source] = max(latest.get(part.source, part.opened), part.opened)
            order.append((latest[part.source], part.source, part.sequences[0][0], part))
        return [one[-1] for one in sorted(order, key=lambda one: one[:3])]


def _holds(part: Part, sequence: int) -> bool:
    return bool(overlap(part.sequences, ((sequence, sequence),)))


def summary_of(removed: Sequence[Removed]) -> list[Removed]:
    """Return what was removed, a line for each month, source, tier and reason."""
    summed: dict[tuple[str, str, str, str, int], Removed] = {}
    for one in removed:
        key = one.sensor, one.source, one.tier, one.reason, one.closed // BUCKET
        was = summed.get(key)
        summed[key] = one if was is None else _both(was, one)
    return list(summed.values())


def _both(one: Removed, other: Removed) -> Removed:
    return one._replace(
        sequences=runs_of((*one.sequences, *other.sequences)),
        opened=min(one.opened, other.opened),
        closed=max(one.closed, other.closed),
        bytes=one.bytes + other.bytes,
    )
