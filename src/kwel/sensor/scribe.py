"""A window that is over in, a window in the spool out: written by a process of its own, which dies with its memory.

The watcher forks: the child holds the tables as they stood, draws them up and writes them, while the parent hears on.
Nothing of the window stays in the parent, whose memory is the same after a year as after an hour.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kwel.capture.frames import FRAME_COSTS, within, write_frames
from kwel.evidence.renumber import renumber
from kwel.model.traffic import Capture
from kwel.sensor.rights import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kwel.analysis.analyser import Analyser
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic
    from kwel.model.window import Window
    from kwel.store import Lost
    from kwel.streams.cited import Cited

PATIENCE = 600.0
"""Seconds for which a window waits for room on the disk."""
MOST_TOLD = 10_000
"""Lost windows that are told one by one: more than a month of them."""
BETWEEN = 5.0
"""Seconds between two tries."""
AT_MOST = 900
"""Seconds in which a window is written, or is lost: who waits for room has enough of them, and who hangs ends."""
SMALLEST = 0x1_0000
"""Bytes of evidence below which a window on a full disk does without any."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


@dataclass(slots=True)
class Draft:
    """A window that is over, not drawn up yet."""

    window: Callable[[Traffic], Window]
    """Makes the window of its traffic."""
    hearing: Analyser
    cited: Cited
    capture: str
    """Name of the file of evidence frames."""
    first: int | None
    """When the first frame was captured, and the last; nanoseconds since the epoch."""
    last: int | None
    dropped: int | None
    lost: Lost
    """What is known of it if it cannot be written."""
    told: tuple[Lost, ...] = ()
    """Windows before it that it tells of: if it is lost too, the next one must."""
    is_repeatable: bool = False
    """Its frames can be read again: it is not written once its watcher is gone, which then reads them again."""


@runtime_checkable
class Held(Protocol):
    """A source that holds a packet socket."""

    def fileno(self) -> int:
        """Return its descriptor."""

    def close(self) -> None:
        """Let go of it, and of the ring."""


class Scribes:
    """The processes that write windows: at most two at a time."""

    MOST = 2

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._at_work: dict[int, tuple[Lost, tuple[Lost, ...]]] = {}
        self.lost: list[Lost] = []
        """Windows that could not be written and that no window has told of yet."""

    def are_busy(self) -> bool:
        """Return whether another window must wait."""
        self.reap()
        return len(self._at_work) >= self.MOST

    def write(self, draft: Draft, source: Held | None = None) -> None:
        """Have a window written; the caller lets go of what it is made of. *source*: what only the caller goes on with.

        Its copy lets go of it: a packet socket takes its share of the frames of a fanout for as long as anybody holds
        it, whoever has ended.
        """
        watcher = os.getpid()
        try:
            child = os.fork()
        except OSError as error:  # no memory, no processes left
            self._note_loss(draft.lost, draft.told, f"cannot start a process: {error.strerror}")
            return
        if child == 0:
            os._exit(_write_in_child(draft, self._spool, source, watcher))
        self._at_work[child] = draft.lost, draft.told

    def reap(self, *, wait: bool = False) -> None:
        """Take note of those that are done; with *wait*, of all."""
        for child, (lost, told) in list(self._at_work.items()):
            done, status = os.waitpid(child, 0 if wait else os.WNOHANG)
            if not done:
                continue
            del self._at_work[child]
            if status:
                self._note_loss(lost, told, _reason(status))

    def _note_loss(self, lost: Lost, told: tuple[Lost, ...], reason: str) -> None:
        self.lost = [*told, *self.lost, lost._replace(reason=reason)][-MOST_TOLD:]


def _reason(status: int) -> str:
    """Return what became of a scribe that did not write its window."""
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) == signal.SIGALRM:
            return f"was not written within {AT_MOST} seconds"
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return os.strerror(code).lower() if code in NO_ROOM else "could not be drawn up"


def _write_in_child(draft: Draft, spool: Path, source: Held | None, watcher: int) -> int:
    """Write a window of a watcher, a process; return an exit status: 0, an errno of a full disk, or 1."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who ends the watcher wants the window written
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(AT_MOST)  # by the system: a sealed parent can signal nobody, and what hangs looks at no clock
    if source:
        _let_go(source)
    if draft.is_repeatable:
        end_with_parent(signal.SIGKILL, watcher)
    try:
        _write(draft, spool)
    except OSError as error:
        print(f"<3>kwel: window {draft.lost.sequence} is lost: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return error.errno if error.errno in NO_ROOM else 1
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent must learn that the window is lost
        print(f"<3>kwel: window {draft.lost.sequence} is lost: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


def _let_go(source: Held) -> None:
    """Let go of a source. The number of its descriptor stays taken: a seal lets nothing be written to that number."""
    number, nothing = source.fileno(), os.open(os.devnull, os.O_RDONLY)
    source.close()
    if number >= 0:
        os.dup2(nothing, number)


def _write(draft: Draft, spool: Path) -> None:
    """Write a window; wait for room where there is none, and do with fewer frames of evidence.

    Raises:
        OSError: it cannot be written.
    """
    records, numbers, data = draft.cited.frames()
    traffic = draft.hearing.finish((_capture(draft),))
    budget = int(records["captured"].sum()) + FRAME_COSTS * len(records)
    until = time.monotonic() + PATIENCE
    while True:
        kept = within(records, (), budget)
        window = draft.window(
            _noted(renumber(traffic, numbers[kept - 1]), len(records) - len(kept) + draft.cited.crowded_out)
        )
        error = _try(spool, window, records[kept - 1], data, draft.told)
        if error is None:
            return
        if error.errno not in NO_ROOM or time.monotonic() > until:
            raise error
        budget = budget // 2 if budget > SMALLEST else 0
        time.sleep(BETWEEN)


def _try(spool: Path, window: Window, rows: Rows, data: NDArray[np.uint8], told: tuple[Lost, ...]) -> OSError | None:
    """Write a window once; return why it could not be, and leave nothing behind then."""
    from kwel.store.spool import write_window

    frames = spool / f".{window.traffic.captures[0].name}"
    try:
        frames.unlink(missing_ok=True)
        if len(rows):
            write_frames(frames, rows, data, window.source, f"Frames that kwel cites: {window.sensor}, {window.source}")
        write_window(spool, window, frames if len(rows) else None, lost=told)
    except OSError as error:
        return error
    finally:
        with suppress(OSError):
            frames.unlink(missing_ok=True)
    return None


def _capture(draft: Draft) -> Capture:
    """Return what is known of the frames of a window."""
    return Capture(
        name=draft.capture, format="pcapng", bytes=0, sha256=None, packets=draft.lost.packets, first=draft.first,
        last=draft.last, links=(), dropped=draft.dropped, problem=None,
    )  # fmt: skip


def _noted(traffic: Traffic, left_out: int) -> Traffic:
    """Return the traffic with how many frames that it cites there was no room for."""
    if not left_out:
        return traffic
    notes = {**traffic.coverage.notes, "evidence-not-kept": left_out}
    return replace(traffic, coverage=replace(traffic.coverage, notes=notes))
