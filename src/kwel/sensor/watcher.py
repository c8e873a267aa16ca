"""Batches of frames in, windows handed to scribes out: hears one source for as long as it runs, and never waits.

A window ends when its time is up; if the scribes still write the ones before, it goes on until one of them is done.
Its number is taken when it begins, so that one that came to nothing is missed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kwel.analysis.analyser import Analyser
from kwel.capture import Batch
from kwel.model.window import Window
from kwel.sensor.files import read_number, replace_file
from kwel.sensor.scribe import Draft, Held, Scribes
from kwel.sensor.spans import Clock, Span
from kwel.store import Lost
from kwel.streams.cited import Cited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kwel.model.records.columns import Rows
    from kwel.model.window import Losses


FAR = 2**63 - 1
DRAINED = 5.0
"""Seconds in which what came before the end was asked for has been heard."""


class Source(Protocol):
    """Where frames come from: a ring, a folder."""

    def batches(self) -> Iterator[Batch | None]:
        """Yield batches; ``None`` where for a moment there is none. Ends when there will never be another."""

    def losses(self) -> Losses:
        """Return what became of the frames since this was asked last."""


@dataclass(frozen=True, slots=True)
class Watching:
    """How a source is watched."""

    sensor: str
    source: str
    spool: Path
    length: int = 300_000_000_000
    """Of a window, nanoseconds."""
    evidence: int = 32 << 20
    """Bytes of frames that a window keeps to choose its evidence from."""
    max_flows: int = 1_000_000
    by_frames: bool = False
    """Windows are told apart by the times of frames, not by the clock: of files, which may be old."""
    state: Path | None = None
    """Where the number of the window under way is kept; by default in the spool, hidden."""
    mark: Callable[[int, int], None] | None = None
    """Called before a window is written, with its number and how many frames that the source gave are not in it: where
    reading goes on once the window is there."""
    tell: Callable[..., None] | None = None
    """Called with the watcher after each batch, and with ``ended=True`` when a window ends."""
    clock: Clock = field(default_factory=Clock)


class Watcher:
    """One source under watch."""

    def __init__(self, watching: Watching, sequence: int | None = None, at_least: int = 0) -> None:
        """*sequence*: number of the last window; by default the one that the last process of this source left.

        *at_least*: of the newest window that is there: no number is given twice, whatever became of that word.
        """
        self._how = watching
        self._scribes = Scribes(watching.spool)
        self._counter = (watching.state or watching.spool) / f".{self.file_name}.next"
        self.sequence = max(read_number(self._counter), at_least) if sequence is None else sequence
        self.packets = self.windows = 0
        """Heard, and ended, since it began."""
        self.heard: int | None = None
        """When the last frame was captured, nanoseconds since the epoch."""
        self.losses: Losses | None = None
        """Of the window that ended last."""
        self._begin()

    @property
    def lost(self) -> int:
        """Return how many windows could not be written and are not told of yet."""
        return len(self._scribes.lost)

    @property
    def file_name(self) -> str:
        """Return the source's name as part of a file's name."""
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in self._how.source)

    def _begin(self) -> None:
        self.sequence += 1
        with suppress(OSError):  # a full disk: the number is known as long as this process lives
            replace_file(self._counter, str(self.sequence).encode())
        self._span = Span.begin(self._how.clock, self._how.length)
        self._analyser, self._cited = Analyser(self._how.max_flows), Cited(self._how.evidence)
        self._capture = f"{self.file_name}-{self.sequence:08d}.pcapng"
        self._analyser.begin(self._capture)
        self._frames = 0
        self._times: tuple[int | None, int | None] = (None, None)
        """Of the first and the last frame."""

    def watch(self, source: Source, is_to_end: Callable[[], bool], *, once: bool = False) -> None:
        """Hear *source* until it ends, or *is_to_end* says so; with *once*, for one window."""
        batches = source.batches()
        for batch in batches:
            if batch is not None:
                self._hear(batch, source)
            if self._how.tell:
                self._how.tell(self)
            if self._is_over() and not self._scribes.are_busy():
                self._end(source)
                if once:
                    break
                self._begin()
            elif is_to_end():
                if not self._how.by_frames:  # files wait
                    self._drain(batches, source)
                break
        self.finish(source)

    def _drain(self, batches: Iterator[Batch | None], source: Source) -> None:
        """Hear what was in the ring when the end was asked for; what comes later belongs to nobody."""
        asked, until = self._how.clock.wall(), time.monotonic() + DRAINED
        for batch in batches:
            if batch is None:
                return
            self._hear(batch, source)
            if int(batch.records["time"][-1]) > asked or time.monotonic() > until:
                return

    def _is_over(self) -> bool:
        """Return whether the window is to end: its time is up, or there is soon no room for what is new."""
        if self._how.by_frames:
            return False
        return self._span.is_over() or (self._analyser.listener.is_filling() and self._span.is_no_sliver())

    def _hear(self, batch: Batch, source: Source) -> None:
        """Hear a batch; where windows are told apart by the times of frames, its parts, each in its window."""
        if not self._how.by_frames:
            self._hear_part(batch, batch.records)
            return
        rest = batch.records
        while len(rest):
            now = rest["time"] // self._how.length
            is_beyond = now != (int(now[0]) if self._times[0] is None else self._times[0] // self._how.length)
            count = int(np.argmax(is_beyond)) if is_beyond.any() else len(rest)
            self._hear_part(batch, rest[:count])
            rest = rest[count:]
            if len(rest) or self._analyser.listener.is_filling():
                self._scribes.reap(wait=True)  # a folder can wait
                self._end(source, len(rest))
                self._begin()

    def _hear_part(self, batch: Batch, records: Rows) -> None:
        if len(records) == 0:
            return
        part = Batch(batch.buffer, records, self._frames + 1, batch.spare)
        told = self._analyser.process(part)
        self._cited.keep(self._analyser.listener, part.buffer, records, part.first_frame, told)
        self._frames += len(records)
        self.packets += len(records)
        first, last = self._times
        times = records["time"]
        self._times = min(int(times[0]), first or FAR), max(int(times[-1]), last or 0)
        self.heard = int(times[-1])

    def _end(self, source: Source, back: int = 0) -> None:
        """Hand the window to a scribe. *back*: frames that the source gave and that are of the next window."""
        if self._how.mark:
            self._how.mark(self.sequence, back)
        how, span, self.losses = self._how, self._span, source.losses()
        opened, closed, lasted = span.opened, how.clock.wall(), span.lasted()
        if how.by_frames and self._times[0] is not None and self._times[1] is not None:
            opened, closed = self._times[0], self._times[1]
            lasted = closed - opened
            self.losses = self.losses._replace(frames=self._frames)  # the source may have read on
        lost_before, self._scribes.lost = tuple(self._scribes.lost), []
        window = partial(
            Window, how.sensor, how.source, self.sequence, opened, closed, lasted,
            losses=(self.losses,), clock_steps=tuple(span.steps),
        )  # fmt: skip
        lost = Lost(how.sensor, how.source, self.sequence, opened, closed, self._frames, "")
        dropped = self.losses.dropped + (self.losses.missed or 0)
        heard = self._analyser, self._cited, self._capture, *self._times
        draft = Draft(window, *heard, dropped, lost, lost_before, how.mark is not None)
        self._scribes.write(draft, source if isinstance(source, Held) else None)
        self.windows += 1
        del self._analyser, self._cited
        if how.tell:
            how.tell(self, ended=True)

    def finish(self, source: Source) -> None:
        """End the window under way and wait until all are written."""
        if hasattr(self, "_analyser") and (self._frames or not self._how.by_frames):
            self._end(source)
        self._scribes.reap(wait=True)
