"""One capture file in, batches of its frames out, and afterwards what there is to say about the file.

Files are read through one buffer of 1 MiB rather than mapped: that is faster, since the buffer stays in the
processor's cache, its memory is bounded, and it is the same for packed files and standard input.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.capture import records
from kwel.capture.formats import HEAD, Index, open_index
from kwel.capture.sources import PIECE, Digest, FileSource, Refusal, Source, open_source
from kwel.capture.unpack import unpacked
from kwel.model import traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

CHUNK = 0x10_0000
"""Bytes of the capture that are indexed at a time: more falls out of the cache, fewer cost more calls."""

CARRY = records.HELD + 0x1000
"""The most that an incomplete record or block leaves at the end of a buffer."""

SPARE = 0x8_0000
"""Room behind the frames of a batch, in which the analysis lays out what it puts together of their fragments."""

LOOK = 0x1000
"""Bytes by which a log of another probe is told from what is no capture."""

HASH_REST = 0x4000_0000
"""How much of a file that is read no further is still hashed: 1 GiB, about a second."""


@dataclass(slots=True)
class Batch:
    """Frames that follow one another in one capture file."""

    buffer: NDArray[np.uint8]
    """Whole frames; valid until the next batch is asked for."""
    records: Rows
    """Of ``columns.RECORD``: ``start`` is an offset into ``buffer``."""
    first_frame: int
    """Frame number of the first record, counted from 1 as Wireshark does; the others follow it."""
    spare: int
    """Where the part of ``buffer`` begins that the reader of the batch may write to."""


class Reading:
    """One pass over a capture. Raises nothing for what is wrong with it: sets ``problem`` and stops."""

    def __init__(
        self,
        path: Path | None,
        *,
        hash_file: bool = False,
        chunk: int = CHUNK,
        recognise: Callable[[bytes], str | None] | None = None,
    ) -> None:
        self.path = path
        self.log: str | None = None
        """Whose log it is, where it is no capture: what *recognise* says of its first bytes."""
        self.head = b""
        """Its first bytes, of a log."""
        self._recognise = recognise
        self.refused = True
        """It could not even be opened."""
        self.format = "unknown"
        self.index: Index | None = None
        self.problem: str | None = None
        self.bytes = 0
        self.unread = 0
        self.sha256: str | None = None
        self.file: FileSource | None = None
        """Open while batches are asked for; its ``consumed`` tells how far."""
        self._chunk = chunk
        self._digest = Digest() if hash_file and path is not None else None

    def batches(self) -> Generator[Batch]:
        """Yield the frames from the first to the last that is sound."""
        try:
            with open_source(self.path, self._digest) as file:
                self.refused, self.file = False, file
                yield from self._batches(file)
        except Refusal as refusal:
            self.problem = str(refusal)
        finally:
            if self._digest is not None:
                self._digest.close()

    def _batches(self, file: FileSource) -> Iterator[Batch]:
        self.bytes = file.size or 0
        source = unpacked(file)
        head = source.peek(HEAD)
        index = open_index(head, source.suffix)
        if isinstance(index, str):
            self.problem = source.problem or index
            self.unread = source.unread + len(head)
            if self._recognise is not None:
                self.head = source.peek(LOOK)
                self.log = self._recognise(self.head)
            return
        self.index = index
        self.format = index.format + (f".{source.suffix}" if source.suffix else "")
        yield from self._frames(source, index)
        self._finish(file)

    def _frames(self, source: Source, index: Index) -> Iterator[Batch]:
        spare = self._chunk + CARRY
        buffer = np.empty(spare + SPARE, np.uint8)
        view = memoryview(buffer.data)
        base = keep = 0
        while True:
            got = source.fill(view[keep : keep + self._chunk])
            end, final = keep + got, got < self._chunk
            status = records.FULL
            while status == records.FULL:
                status = index.run(buffer, end, final=final)
                if index.rows:
                    yield Batch(buffer, index.records[: index.rows], index.frame - index.rows + 1, spare)
            keep = max(end - index.position, 0)
            source.settle()
            if status != records.MORE:
                self.problem = source.problem or index.explain(status, base)
                break
            missing = index.position - end  # positive: the tail of a frame that is too long to keep
            if missing > 0:
                missing -= _skip(source, view, missing)
            if final or missing > 0:
                self.problem = source.problem or (index.cut(base, end) if missing else None)
                break
            buffer[:keep] = buffer[end - keep : end]
            base, index.position = base + index.position, 0
        self.unread = source.unread + keep

    def _finish(self, file: FileSource) -> None:
        """Hash what was not read, unless that would take long."""
        self.bytes = file.consumed if file.size is None else file.size
        if self._digest is None or file.unread > HASH_REST:
            return
        piece = memoryview(bytearray(PIECE))
        while file.unread and file.readinto(piece):
            file.settle()
        if not file.unread:
            self.sha256 = self._digest.finish()


def _skip(source: Source, view: memoryview, size: int) -> int:
    """Pass over *size* bytes; return how many there were."""
    gone = 0
    while gone < size and (count := source.readinto(view[: size - gone])):
        gone += count
        source.settle()
    return gone


class CaptureFile:
    """One source of frames, opened when its batches are asked for."""

    def __init__(
        self,
        name: str,
        path: Path | None,
        *,
        hash_file: bool = False,
        problem: str | None = None,
        log: str | None = None,
    ) -> None:
        self.name = name
        """Shown to the user; unique within one analysis."""
        self.path = path
        """``None``: standard input."""
        self.log = log
        """Whose log it is, where it holds no frames: ``zeek``, ``eve``, …"""
        self.sha256: str | None = None
        """Of a log that was read, where hashing was asked for."""
        self._source: FileSource | None = None
        self._hash_file = hash_file
        self._refusal = problem
        self._reading: Reading | None = None
        self._known: traffic.Capture | None = None

    @property
    def problem(self) -> str | None:
        """One line: why the file was not read, or not to its end."""
        return self._reading.problem if self._reading else self._refusal

    @property
    def size(self) -> int | None:
        """Bytes as it lies on disk; ``None`` for standard input."""
        return self._size() if self.path is not None else None

    @property
    def position(self) -> int:
        """Bytes read so far."""
        file = self._source or (self._reading.file if self._reading else None)
        return file.consumed if file else 0

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """Open a log and yield its bytes, unpacked; what cannot be opened holds none, and says why in ``problem``."""
        digest = Digest() if self._hash_file and self.path is not None else None
        try:
            with open_source(self.path, digest) as file:
                self._source = file
                yield unpacked(file)
                self.sha256 = digest.finish() if digest and not file.unread else None
        except Refusal as refusal:
            nothing = Source()
            nothing.problem = str(refusal)
            yield nothing
        finally:
            if digest is not None:
                digest.close()

    def batches(self) -> Iterator[Batch]:
        """Yield the frames from the first to the last that is sound; then see ``problem``."""
        if self._refusal is not None:
            return
        self._reading, self._known = Reading(self.path, hash_file=self._hash_file), None
        yield from self._reading.batches()
        self._known = self.describe()
        self._reading.index = None  # its tables are large, and there may be thousands of files

    def describe(self) -> traffic.Capture:
        """Return what is known of the file so far: all of it once its batches have been read."""
        if self._known is not None:
            return self._known
        done = self._reading or Reading(self.path)
        index = done.index
        first, last = index.times if index else (None, None)
        return traffic.Capture(
            name=self.name,
            format=done.format,
            bytes=done.bytes or self._size(),
            sha256=done.sha256,
            packets=index.packets if index else 0,
            first=first,
            last=last,
            links=index.packets_by_link() if index else (),
            dropped=index.dropped if index else None,
            problem=self.problem,
            unread_bytes=done.unread,
            names=index.resolved.names if index else (),
            names_left_out=index.resolved.left_out if index else 0,
            passed_over=index.passed_over if index else (),
        )

    def _size(self) -> int:
        try:
            return os.stat(self.path).st_size if self.path is not None else 0
        except (OSError, ValueError):
            return 0


def notes_of(captures: Iterable[traffic.Capture]) -> dict[str, int]:
    """Count what the capture files hold beside packets and kwel does not read."""
    notes = {"file-names-not-kept": sum(one.names_left_out for one in captures)}
    for one in captures:
        for sort, count in one.passed_over:
            notes[f"blocks-{sort}"] = notes.get(f"blocks-{sort}", 0) + count
    return notes
