"""A source is heard in windows: each frame in one of them, each window with a number, none lost in silence."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kwel.capture.live import open_live
from kwel.sensor import lockdown, scribe
from kwel.sensor import watcher as watching
from kwel.sensor.spans import SECOND, Clock
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import spool as spooled
from tests.sensor.lockdown.wires import SENSOR
from tests.sensor.sources import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kwel.capture import Batch
    from kwel.model.window import Losses, Window
    from tests.sensor.lockdown.wires import Wire


class Hurried(Clock):
    """A clock on which ten seconds pass between two looks."""

    def __init__(self) -> None:
        self._looks = 1_700_000_000 * SECOND

    def steady(self) -> int:
        self._looks += 10 * SECOND
        return self._looks

    def wall(self) -> int:
        return self._looks


class Slow(Hurried):
    """A clock on which little time passes between two looks."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def steady(self) -> int:
        self._looks += self._step
        return self._looks


def windows_in(spool: Path) -> list[Window]:
    return [spooled.read_window(path) for path in spooled.waiting(spool)]


@pytest.fixture
def mixed(samples: Path) -> Path:
    return samples / "mixed_plant.pcapng"


def test_every_frame_is_in_one_window(mixed: Path, tmp_path: Path) -> None:
    watcher = Watcher(Watching("s", "span0", tmp_path, clock=Hurried()))
    watcher.watch(FileSource(mixed), lambda: False)
    windows = windows_in(tmp_path)

    assert watcher.packets == sum(window.traffic.coverage.packets for window in windows) == 565
    assert watcher.windows == len(windows) >= 2
    assert [window.sequence for window in windows] == list(range(1, len(windows) + 1))
    assert sum(loss.frames for window in windows for loss in window.losses) == 565
    assert all(window.lasted > 0 and window.closed > window.opened for window in windows)


def test_windows_of_files_are_told_apart_by_their_frames(mixed: Path, tmp_path: Path) -> None:
    watcher = Watcher(Watching("s", "folder", tmp_path, length=10 * SECOND, by_frames=True))
    watcher.watch(FileSource(mixed, 1000), lambda: False)
    windows = windows_in(tmp_path)

    assert len(windows) > 2
    assert sum(window.traffic.coverage.packets for window in windows) == 565
    for window in windows:
        assert window.opened // (10 * SECOND) == window.closed // (10 * SECOND)


@pytest.mark.parametrize("by_frames", [False, True])
def test_a_window_ends_early_when_there_is_soon_no_room_for_flows(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_frames: bool
) -> None:
    """Of a flood of new conversations none is set aside: there are more windows, not less in them."""
    monkeypatch.setattr(scribe.Scribes, "MOST", 1000)
    how = Watching("s", "span0", tmp_path, length=60 * SECOND, max_flows=20, by_frames=by_frames, clock=Slow(SECOND))
    Watcher(how).watch(FileSource(mixed, 2), lambda: False)
    windows = windows_in(tmp_path)

    assert sum(window.traffic.coverage.packets for window in windows) == 565
    assert not any("table-full" in window.traffic.coverage.set_aside for window in windows)


def test_no_flood_makes_slivers_of_windows(mixed: Path, tmp_path: Path) -> None:
    how = Watching("s", "span0", tmp_path, length=36_000 * SECOND, max_flows=20, clock=Slow(SECOND))
    Watcher(how).watch(FileSource(mixed, 2), lambda: False)
    (window,) = windows_in(tmp_path)

    assert window.traffic.coverage.set_aside["table-full"] > 0, "what there was no room for is told"


def test_it_ends_when_told_and_nothing_is_lost(mixed: Path, tmp_path: Path) -> None:
    watcher = Watcher(Watching("s", "span0", tmp_path))
    asked = iter([False, False, True])
    watcher.watch(FileSource(mixed), lambda: next(asked))
    (window,) = windows_in(tmp_path)

    assert window.traffic.coverage.packets == watcher.packets == 565, "all of it was captured before"


def test_one_window_is_enough_where_asked(mixed: Path, tmp_path: Path) -> None:
    watcher = Watcher(Watching("s", "span0", tmp_path, clock=Hurried()))
    watcher.watch(FileSource(mixed, 1), lambda: False, once=True)

    assert len(windows_in(tmp_path)) == 1


def test_a_window_that_came_to_nothing_leaves_a_gap_in_the_numbers(mixed: Path, tmp_path: Path) -> None:
    Watcher(Watching("s", "span0", tmp_path))  # killed before its first window was over
    watcher = Watcher(Watching("s", "span0", tmp_path))
    watcher.watch(FileSource(mixed), lambda: False)

    assert [window.sequence for window in windows_in(tmp_path)] == [2]


def failing(*errors: OSError | None) -> Callable[..., OSError | None]:
    """Return a writer that fails so; ``None`` is no failure."""
    left = list(errors)

    def write(folder: Path, window: Window, frames: Path | None, **how: Any) -> None:
        error = left.pop(0) if left else None
        if error:
            raise error
        WRITE(folder, window, frames, **how)

    return write


WRITE = spooled.write_window
FULL = OSError(28, "No space left on device")


def test_a_full_disk_is_waited_for_and_evidence_gives_way_first(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled, "write_window", failing(FULL, FULL))
    monkeypatch.setattr(scribe, "BETWEEN", 0.01)
    Watcher(Watching("s", "span0", tmp_path)).watch(FileSource(mixed), lambda: False)
    (window,) = windows_in(tmp_path)

    assert window.traffic.coverage.packets == 565
    assert window.traffic.coverage.notes["evidence-not-kept"] > 0
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".pcapng")]


class Two:
    """A source that gives a capture twice, and in between lets the scribes end."""

    def __init__(self, path: Path, between: Callable[[], None]) -> None:
        self._sources = FileSource(path), FileSource(path)
        self._between = between

    def batches(self) -> Iterator[Batch | None]:
        yield from self._sources[0].batches()
        self._between()
        yield from self._sources[1].batches()

    def losses(self) -> Losses:
        return self._sources[0].losses()


def test_a_window_that_is_lost_is_told_by_the_next_one(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled, "write_window", failing(FULL))
    monkeypatch.setattr(scribe, "PATIENCE", 0.0)
    monkeypatch.setattr(scribe, "BETWEEN", 0.0)
    first = Watcher(Watching("s", "span0", tmp_path))
    first.watch(FileSource(mixed), lambda: False)
    assert not windows_in(tmp_path)
    assert [lost.packets for lost in first._scribes.lost] == [565]
    assert "space" in first._scribes.lost[0].reason

    monkeypatch.setattr(spooled, "write_window", WRITE)
    first._begin()
    first.watch(FileSource(mixed), lambda: False)
    (told,) = [spooled.read_lost(path) for path in spooled.waiting(tmp_path)]
    assert [(lost.sequence, lost.packets) for lost in told] == [(1, 565)]
    assert first._scribes.lost == []


def test_a_scribe_that_is_killed_loses_its_window_only(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled, "write_window", lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    watcher = Watcher(Watching("s", "span0", tmp_path))
    watcher.watch(FileSource(mixed), lambda: False)

    assert [lost.reason for lost in watcher._scribes.lost] == ["ended by SIGKILL"]


def test_while_scribes_are_busy_the_window_goes_on(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe.Scribes, "are_busy", lambda _: True)
    watcher = Watcher(Watching("s", "span0", tmp_path, clock=Hurried()))
    watcher.watch(FileSource(mixed), lambda: False)

    assert [window.traffic.coverage.packets for window in windows_in(tmp_path)] == [565]


def test_hearing_is_let_go_of_with_its_window(mixed: Path, tmp_path: Path) -> None:
    watcher = Watcher(Watching("s", "span0", tmp_path, clock=Hurried()))
    watcher.watch(FileSource(mixed, 1), lambda: False)

    assert not hasattr(watcher, "_hearing")


class Ring:
    """A source that goes on for ever, whose frames were captured a second apart."""

    def __init__(self, path: Path, asked: int) -> None:
        self._socket = os.open(os.devnull, os.O_RDONLY)
        self._path, self.given, self.asked, self.closed_by = path, 0, asked, path.parent / "closed"

    def batches(self) -> Iterator[Batch | None]:
        for batch in FileSource(self._path, 1).batches():
            if batch is not None:
                batch.records["time"] = self.asked + (self.given - 4) * SECOND
                self.given += 1
            yield batch

    def losses(self) -> Losses:
        return FileSource(self._path).losses()

    def fileno(self) -> int:
        return self._socket

    def close(self) -> None:
        os.close(self._socket)
        self.closed_by.write_text(str(os.getpid()))


class Standing(Clock):
    """A clock that stands still."""

    def steady(self) -> int:
        return 0

    def wall(self) -> int:
        return 1_700_000_000 * SECOND


def test_what_was_in_the_ring_at_the_end_is_heard(mixed: Path, tmp_path: Path) -> None:
    """Asked to end after the second frame, it hears the fifth, which came before that, and the one that tells so."""
    shutil.copy(mixed, tmp_path / "mixed.pcapng")
    (tmp_path / "spool").mkdir()
    ring = Ring(tmp_path / "mixed.pcapng", Standing().wall())
    asked = iter([False, True])
    Watcher(Watching("s", "span0", tmp_path / "spool", state=tmp_path, clock=Standing())).watch(
        ring, lambda: next(asked)
    )
    (window,) = windows_in(tmp_path / "spool")

    assert window.traffic.coverage.packets == 6


def test_the_end_comes_also_where_frames_never_cease(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "DRAINED", 0.0)
    watcher = Watcher(Watching("s", "span0", tmp_path))
    asked = iter([False, True])
    watcher.watch(FileSource(mixed, 1), lambda: next(asked))

    assert watcher.packets == 3


def test_the_one_that_writes_lets_go_of_the_source_first(mixed: Path, tmp_path: Path) -> None:
    """Else a packet socket whose watcher has ended would take its share of a fanout for as long as writing takes."""
    shutil.copy(mixed, tmp_path / "mixed.pcapng")
    (tmp_path / "spool").mkdir()
    ring = Ring(tmp_path / "mixed.pcapng", Standing().wall())
    Watcher(Watching("s", "span0", tmp_path / "spool", state=tmp_path)).watch(ring, lambda: False)

    assert int(ring.closed_by.read_text()) != os.getpid()
    assert len(windows_in(tmp_path / "spool")) == 1


def test_a_packet_socket_is_gone_with_its_watcher_while_a_scribe_still_writes(wire: Wire) -> None:
    wire.link("up")
    reading, writing = os.pipe()
    with lockdown.inside(wire.sensor):
        ring = open_live(SENSOR)
        ring.start()
        child = os.fork()
        if child == 0:
            scribe._let_go(ring)
            os.write(writing, b"x")
            threading.Event().wait()
        os.read(reading, 1)
        ring.close()
        with open("/proc/thread-self/net/packet") as sockets:
            left = sockets.read().splitlines()[1:]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert left == []


def test_a_scribe_that_hangs_is_ended_and_its_window_told_as_lost(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "alarm", lambda _: signal.setitimer(signal.ITIMER_REAL, 0.05))
    monkeypatch.setattr(spooled, "write_window", lambda *_, **__: threading.Event().wait())
    watcher = Watcher(Watching("s", "span0", tmp_path))
    watcher.watch(FileSource(mixed), lambda: False)

    assert [(lost.packets, lost.reason) for lost in watcher._scribes.lost] == [
        (565, "was not written within 900 seconds")
    ]
    assert not watcher._scribes.are_busy()
