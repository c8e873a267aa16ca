"""One capture file that may still be written in, batches of the whole frames in it out, from wherever reading stopped.

What a capture file means hangs on what stood before: byte order, clocks and links of its interfaces. So a place to go
on from is an offset and that state, as it was before the batch that holds the next frame.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.capture import records
from kwel.capture.file import CARRY, SPARE, Batch, Reading
from kwel.capture.formats import HEAD, Index, open_index
from kwel.capture.sources import PIECE, Refusal, open_source
from kwel.capture.unpack import packing, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK: Final = 0x10_0000
STATE: Final = ("state", "interfaces")
LOOK: Final = 4096
"""Bytes that tell one file from another: the header and the first frames, of which no two are of the same time."""


def head_of(path: Path) -> bytes:
    """Return the first bytes of what a file holds, unpacked; as many as there are, nothing where it cannot be read."""
    try:
        with open_source(path) as file:
            return unpacked(file).peek(LOOK)
    except Refusal:
        return b""


def digest(head: bytes) -> str:
    """Return a short name of some first bytes."""
    return hashlib.sha256(head).hexdigest()[:32]


class Followed:
    """A file, and how far its frames were handed out."""

    def __init__(self, path: Path, identity: tuple[int, int], head: bytes) -> None:
        self.path, self.identity = path, identity
        self.head, self.head_size = digest(head), len(head)
        """Of its first bytes, as many as there were."""
        self.packed = False
        self.offset = 0
        """Bytes up to the next record; of a packed file it has no meaning."""
        self.frames = 0
        """Handed out so far."""
        self.size = 0
        """When it was looked at last."""
        self.written = 0
        """When, by the file system, nanoseconds; 0 before it was looked at."""
        self.read_at = -1
        """Size at which all whole frames were handed out."""
        self.first = 0
        """Time of its first frame; 0 is not known."""
        self.problem: str | None = None
        """Why nothing more is read of it."""
        self.gone = False
        self._index: Index | None = None
        self._skip = 0
        """Frames of the next batch that were handed out before a restart."""
        self._state: dict[str, Any] | None = None
        """What the index knew then."""
        self._before: dict[str, Any] | None = None
        self._kept: dict[str, Any] | None = None

    def is_head_of(self, head: bytes) -> bool:
        """Return whether *head* may be the first bytes of this very file, grown or not."""
        return len(head) >= self.head_size and digest(head[: self.head_size]) == self.head

    def learn(self, head: bytes) -> None:
        """Take in more of the first bytes, once the file has more."""
        if len(head) > self.head_size:
            self.head, self.head_size = digest(head), len(head)

    def batches(self) -> Iterator[Batch]:
        """Yield the whole frames that were not handed out yet; then stop, until asked again."""
        if self.problem is not None:
            return
        if self.packed:
            yield from self._packed()
            return
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.gone = True
            return
        try:
            state = os.fstat(descriptor)
            if (state.st_dev, state.st_ino) == self.identity:
                yield from self._grown(descriptor)
        finally:
            os.close(descriptor)

    def _grown(self, descriptor: int) -> Iterator[Batch]:
        index = self._opened(descriptor)
        if index is None:
            return
        spare = CHUNK + CARRY
        buffer = np.empty(spare + SPARE, np.uint8)
        skip = self._skip
        while True:
            end = os.preadv(descriptor, [memoryview(buffer.data)[:spare]], self.offset)
            index.position = 0
            status = records.FULL
            while status == records.FULL:
                self._before = self._saved(index, self.offset + index.position, self.frames - skip)
                status = index.run(buffer, end, final=False)
                if not index.rows:
                    continue
                rows = index.records[: index.rows]
                skipped, skip = min(skip, len(rows)), max(0, skip - len(rows))
                self._kept = {**self._before, "skip": skipped}
                if skipped < len(rows):
                    self.frames += len(rows) - skipped
                    yield Batch(buffer, rows[skipped:], self.frames - len(rows) + skipped + 1, spare)
            self.offset += index.position
            self._before, self._kept = None, None
            if status != records.MORE:
                self.problem = index.explain(status, self.offset - index.position)
                return
            if index.position == 0 or end < spare:
                self._index, self._skip = index, 0
                return

    def _opened(self, descriptor: int) -> Index | None:
        """Return the index, at ``offset``; ``None`` where the file has no whole header yet, or is no capture."""
        if self._index is not None:
            return self._index
        head = os.pread(descriptor, HEAD, 0)
        index = open_index(head)
        if isinstance(index, str):
            self.problem = index if len(head) >= HEAD else None
            return None
        if self._state is None or not _restore(index, self._state):
            if self._state is not None:  # of another release: read anew, and what was handed out is passed over
                self._state, self._skip = None, self.frames
            self.offset = index.position
        return index

    def _packed(self) -> Iterator[Batch]:
        """Yield the frames of a packed file beyond those handed out; one that is not whole yet is read again later."""
        reading, seen = Reading(self.path), 0
        for batch in reading.batches():
            skipped = min(max(0, self.frames - seen), len(batch.records))
            seen += len(batch.records)
            if skipped < len(batch.records):
                self._kept = {"skip": 0}
                self.frames = seen
                yield Batch(batch.buffer, batch.records[skipped:], batch.first_frame + skipped, batch.spare)
        self._kept = None
        self.problem = reading.problem if reading.index is None and reading.problem else None

    def saved(self, back: int = 0) -> dict[str, Any]:
        """Return where to go on from, as plain values.

        Args:
            back: frames of the batch that was yielded last which do not count yet.
        """
        told: dict[str, Any] = {
            "path": str(self.path), "identity": list(self.identity), "head": self.head, "head_size": self.head_size,
            "packed": self.packed, "frames": self.frames - back, "problem": self.problem, "first": self.first,
            "size": self.size, "read_at": self.read_at,
        }  # fmt: skip
        if self.packed:
            return told
        if self._kept is not None:  # within a batch: from before it, without the frames of it that count
            state = self._kept
            return {**state, **told, "skip": self.frames - back - state["frames"]}
        if back:
            raise ValueError("no batch of this file is under way")
        known = _state_of(self._index) if self._index else self._state or {}
        return {**told, **{key: known[key] for key in STATE if key in known}, "offset": self.offset, "skip": self._skip}

    def _saved(self, index: Index, offset: int, frames: int) -> dict[str, Any]:
        return {"offset": offset, "frames": frames, **_state_of(index)}

    @classmethod
    def restored(cls, told: dict[str, Any], path: Path) -> Followed:
        """Return a file as it was saved, now at *path*."""
        made = cls(path, (int(told["identity"][0]), int(told["identity"][1])), b"")
        made.head, made.head_size = str(told["head"]), int(told["head_size"])
        made.packed, made.problem, made.first = bool(told["packed"]), told["problem"], int(told["first"])
        made.frames, made.offset = int(told["frames"]), int(told.get("offset", 0))
        made._skip, made.size = int(told.get("skip", 0)), int(told["size"])
        made.read_at = int(told["read_at"])
        made._state = told if "state" in told else None
        return made

    def take_over(self, other: Followed) -> None:
        """Go on where *other* stopped: the same file, copied, renamed or packed since."""
        self.frames, self.first = other.frames, other.first
        if not self.packed and not other.packed:
            self.offset, self._index, self._state, self._skip = other.offset, other._index, other._state, other._skip
        elif not self.packed:
            self._skip = other.frames


def _state_of(index: Index) -> dict[str, Any]:
    """Return what an index knows, as text: its kernel's numbers, and those of the interfaces."""
    numbers = zip(STATE, (index.state, index._interfaces), strict=True)
    return {key: base64.b85encode(value.astype("<i8").tobytes()).decode() for key, value in numbers}


def _restore(index: Index, told: dict[str, Any]) -> bool:
    """Give an index back what it knew, and return whether that could be: another release knows something else."""
    try:
        state, interfaces = (np.frombuffer(base64.b85decode(told[key]), "<i8") for key in STATE)
    except (KeyError, ValueError):
        return False
    if len(state) != len(index.state):
        return False
    index.state[:] = state
    index._interfaces = interfaces.astype(np.int64)
    return True


def first_time(path: Path) -> int:
    """Return the time of a capture's first frame; 0 where there is none yet."""
    reading = Reading(path, chunk=PIECE)
    batches = reading.batches()
    batch = next(batches, None)
    found = int(batch.records[0]["time"]) if batch else 0
    batches.close()
    return found


def is_packed(path: Path) -> bool:
    """Return whether a file is packed."""
    try:
        with open_source(path) as file:
            return packing(file.peek(6)) is not None
    except Refusal:
        return False
