"""What waits in the spool comes into the store once, with its conclusions and exactly the frames that they cite."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Options, conclude, read_traffic
from kwel.capture.frames import read_frames
from kwel.model.report import Report
from kwel.model.window import Check, Proof, Window
from kwel.sensor import proofs
from kwel.sensor.digest import TABLES, Digesting, digest_all
from kwel.sensor.spans import SECOND
from kwel.sensor.watcher import Watcher, Watching
from kwel.store import Store, spool
from tests.sensor.sources import FileSource

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def spooled(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a spool with the windows of a plant, ten seconds each."""
    folder = tmp_path_factory.mktemp("spool")
    watcher = Watcher(Watching("s", "span0", folder, length=10 * SECOND, by_frames=True, state=folder.parent))
    watcher.watch(FileSource(samples / "mixed_plant.pcapng"), lambda: False)
    return folder


@pytest.fixture
def waiting(spooled: Path, tmp_path: Path) -> Path:
    shutil.copytree(spooled, tmp_path / "spool")
    return tmp_path / "spool"


def test_all_that_waits_is_stored_and_waits_no_longer(waiting: Path, tmp_path: Path) -> None:
    count, seen = len(list(waiting.iterdir())), list[tuple[Window, Report | None]]()
    how = Digesting(waiting, tmp_path / "proofs", Options(), see=lambda window, report: seen.append((window, report)))
    with Store(tmp_path / "store", write=True) as store:
        done = digest_all(how, store)
        parts = store.windows()

        assert done.stored == len(parts) == len(seen) == count > 2
        assert not list(waiting.iterdir())
        assert sum(window.traffic.coverage.packets for window, _ in seen) == 565
        assert digest_all(how, store).stored == 0


def test_frames_that_are_cited_are_kept_and_can_be_opened(waiting: Path, tmp_path: Path) -> None:
    seen = list[tuple[Window, Report | None]]()
    how = Digesting(
        waiting, tmp_path / "proofs", Options(), evidence=6000, see=lambda window, report: seen.append((window, report))
    )
    with Store(tmp_path / "store", write=True) as store:
        digest_all(how, store)
        for part, (window, report) in zip(store.windows(), seen, strict=True):
            assert report
            files = list(store.place(part).rglob("*.pcapng"))
            frames = len(read_frames(files[0])[0]) if files else 0
            evidence = [one.where for of in report.dependencies for one in of.evidence if one.where]
            assert all(where.frame <= frames for where in evidence)
            assert report.captures[0].name == window.traffic.captures[0].name
            if evidence:
                assert any(where.frame > 0 for where in evidence)
            assert not files or files[0].stat().st_size < 6000 + 1000


def test_conclusions_of_the_windows_are_those_of_the_whole(waiting: Path, tmp_path: Path, samples: Path) -> None:
    hosts = set[tuple[str, str | None]]()

    def see(_: Window, report: Report | None) -> None:
        assert report
        hosts.update((of.asset_label, of.host) for of in report.dependencies)

    with Store(tmp_path / "store", write=True) as store:
        digest_all(Digesting(waiting, tmp_path / "proofs", Options(), see=see), store)
    whole = conclude(read_traffic([str(samples / "mixed_plant.pcapng")]), Options())

    named = {(of.asset_label, of.host) for of in whole.dependencies if of.host}
    assert {host for _, host in named} <= {host for _, host in hosts}


def test_a_window_bears_the_proof_of_its_time(waiting: Path, tmp_path: Path) -> None:
    windows = [spool.read_window(path) for path in spool.waiting(waiting)]
    for window in windows:
        lasted = Proof("span0", window.opened, window.closed, 0, 3, (Check("no-address", True),))
        proofs.append(tmp_path / "proofs", lasted)
    seen = list[Window]()
    how = Digesting(waiting, tmp_path / "proofs", Options(), see=lambda window, _: seen.append(window))
    with Store(tmp_path / "store", write=True) as store:
        digest_all(how, store)

    assert seen
    assert all(window.proofs[0].stopped == 3 for window in seen)


def test_a_damaged_window_is_set_aside_and_told(waiting: Path, tmp_path: Path) -> None:
    first, *rest = sorted(path for path in waiting.iterdir() if not path.name.startswith("."))
    table = next(first.rglob("*.parquet"))
    table.write_bytes(table.read_bytes()[:-7])
    told, there = list[str](), list[bool]()
    how = Digesting(
        waiting, tmp_path / "proofs", Options(), complain=told.append, lost=lambda _: there.append(first.exists())
    )
    with Store(tmp_path / "store", write=True) as store:
        done = digest_all(how, store)

        assert done.stored == len(rest) == len(store.windows())
    assert len(told) == len(done.lost) == 1
    assert there == [True], "whoever dies of it finds it again"
    assert done.lost[0].source == "span0"
    assert re.search(re.escape(first.name), told[0])


def test_one_that_was_stored_before_a_crash_is_not_stored_twice(waiting: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(waiting, again)
    seen = list[Window]()
    with Store(tmp_path / "store", write=True) as store:
        digest_all(Digesting(waiting, tmp_path / "proofs", Options()), store)
        count = len(store.windows())
        digest_all(Digesting(again, tmp_path / "proofs", Options(), see=lambda window, _: seen.append(window)), store)

        assert len(store.windows()) == count
    assert not seen
    assert not list(again.iterdir())


def test_the_tables_of_a_window_are_there_to_be_asked(waiting: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "store", write=True) as store:
        digest_all(Digesting(waiting, tmp_path / "proofs", Options()), store)
        names = {path.stem for part in store.windows() for path in store.place(part).rglob("*.parquet")}

    assert set(TABLES) <= names


def test_a_window_that_nothing_can_be_concluded_from_is_stored_as_it_was_heard_and_shown(
    waiting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    count, told = len(list(waiting.iterdir())), list[str]()
    seen = list[tuple[Window, Report | None]]()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw it")

    monkeypatch.setattr("kwel.analysis.stages.conclude", fail)
    with Store(tmp_path / "store", write=True) as store:
        how = Digesting(
            waiting, tmp_path / "proofs", Options(), see=lambda *window: seen.append(window), complain=told.append
        )
        done = digest_all(how, store)

        assert done.stored == count == len(store.windows()) == len(told) == len(seen)
        assert not any(report for _, report in seen)
        assert sum(store.read_part(part).coverage.packets for part in store.windows()) == 565
    assert not list(waiting.iterdir())
    assert "nobody foresaw it" in told[0]
    lines = capfd.readouterr().err.splitlines()
    assert "<7>kwel: Traceback (most recent call last):" in lines, "for whoever reports it"
    assert all(line.startswith("<7>kwel: ") for line in lines)


def test_on_a_full_disk_a_window_does_without_frames(
    waiting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kwel.sensor.digest.write_frames", fail)
    with Store(tmp_path / "store", write=True) as store:
        done = digest_all(Digesting(waiting, tmp_path / "proofs", Options(), evidence=500), store)

        assert done.stored == len(store.windows()) > 2
        assert not done.lost


def test_what_waits_goes_on_waiting_where_there_is_no_room(
    waiting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(list(waiting.iterdir()))
    monkeypatch.setattr("kwel.sensor.digest.SPARE", 1 << 62)
    how = Digesting(waiting, tmp_path / "proofs", Options(), complain=lambda _: None)
    with Store(tmp_path / "store", write=True) as store:
        assert digest_all(how, store).waits
        assert (len(store.windows()), len(list(waiting.iterdir()))) == (0, count)

        monkeypatch.undo()
        assert not digest_all(how, store).waits
        assert (len(store.windows()), store.account().lost) == (count, 0)
