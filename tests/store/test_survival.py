"""Kills, power cuts and full disks: at most the open window is lost, nothing is there twice, and the rest adds up."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from kwel.store import Level, Store
from kwel.store.compaction import compact
from kwel.store.spool import read_window, tidy, waiting, write_window
from tests.conftest import REQUIRE_ALL, ROOT
from tests.store.disks import LosesPower
from tests.store.windows import PLANT, stacked, tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*words: str, seconds: int = 900) -> str:
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def killed(folder: Path, kills: int) -> str:
    return run(sys.executable, "-m", "tests.store.killing", str(folder), "--kills", str(kills), "--longest", "0.5")


def test_a_process_that_is_killed_loses_no_window(tmp_path: Path) -> None:
    assert "none lost" in killed(tmp_path, 4)


@pytest.mark.slow
def test_ten_kills_lose_no_window(tmp_path: Path) -> None:
    """Two hundred take minutes: ``python -m tests.store.killing FOLDER --kills 200``."""
    assert "10 kills" in killed(tmp_path, 10)


@pytest.fixture
def small_disk(require_tool: Callable[[str], str], tmp_path: Path) -> Callable[[int], str]:
    """Return what fills a disk of two megabytes, mounted where nobody else sees it."""
    unshare = [require_tool("unshare"), "-rm"]
    (tmp_path / "disk").mkdir()
    (tmp_path / "elsewhere").mkdir()
    mount = 'mount -t tmpfs -o size=2m none "$0"'
    tried = subprocess.run([*unshare, "sh", "-c", mount, str(tmp_path / "disk")], capture_output=True, check=False)
    if tried.returncode:
        reason = f"no disk can be mounted here: {tried.stderr.decode().strip()}"
        pytest.fail(reason) if REQUIRE_ALL else pytest.skip(reason)

    def fill(episodes: int) -> str:
        script = f'{mount} && exec "$1" -m tests.store.filling "$0" --elsewhere "$2" --episodes {episodes}'
        return run(*unshare, "sh", "-c", script, str(tmp_path / "disk"), sys.executable, str(tmp_path / "elsewhere"))

    return fill


def test_a_disk_that_fills_up_loses_no_count(small_disk: Callable[[int], str]) -> None:
    told = small_disk(3)

    assert "3 episodes, 12 windows" in told
    assert "not spooled" in told


@pytest.mark.slow
def test_many_full_disks_lose_no_count(small_disk: Callable[[int], str]) -> None:
    """Twenty: ``python -m tests.store.filling``."""
    assert "8 episodes, 32 windows" in small_disk(8)


@pytest.mark.parametrize("calls", [0, 4, 9, 14, 19, 24, 27, 28, 29, 30, 31, 32, 33, 1000])
def test_a_power_cut_while_a_window_is_spooled_leaves_it_whole_or_not_at_all(calls: int, tmp_path: Path) -> None:
    disk, written = LosesPower(calls), None
    with suppress(KeyboardInterrupt):
        written = write_window(tmp_path, tiny(1), None, disk=disk)
    disk.lose_power()

    tidy(tmp_path)
    whole = [read_window(path).sequence for path in waiting(tmp_path)]
    assert whole == [1] if written else whole in ([], [1])
    assert written or calls < 1000


@pytest.mark.parametrize("calls", [*range(0, 90, 9), 1000])
def test_a_power_cut_while_windows_are_stored_keeps_what_was_stored(calls: int, tmp_path: Path) -> None:
    store = Store(tmp_path, write=True)
    store.add(tiny(1), {}, PLANT)
    store.disk = store.manifest._disk = disk = LosesPower(calls)
    safe = 1
    with suppress(KeyboardInterrupt):
        for number in (2, 3):
            store.add(tiny(number), {}, PLANT)
            safe = number
    store.close()
    disk.lose_power()

    with Store(tmp_path, write=True) as again:
        kept = [part.sequences[0][0] for part in again.windows()]
        assert kept in ([*range(1, safe + 1)], [*range(1, safe + 2)])
        assert again.check() == []
        assert not again.add(tiny(4), {}, PLANT).already


@pytest.mark.parametrize("calls", [0, 5, 15, 25, 30, 35, 40, 50, 1000])
def test_a_power_cut_while_windows_are_compacted_keeps_each_once(
    calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kwel.merge.join", stacked, raising=False)
    monkeypatch.setattr("kwel.merge.condense", lambda traffic: traffic, raising=False)
    store = Store(tmp_path, write=True)
    for number in (1, 2, 20):
        store.add(tiny(number), {}, PLANT)
    store.disk = store.manifest._disk = disk = LosesPower(calls)
    with suppress(KeyboardInterrupt):
        compact(store, [Level.HOUR])
    store.close()
    disk.lose_power()

    with Store(tmp_path, write=True) as again:
        numbers = [n for part in again.windows() for first, last in part.sequences for n in range(first, last + 1)]
        assert sorted(numbers) == [1, 2, 20]
        assert again.check() == []
