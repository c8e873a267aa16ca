"""The fuzzer itself: it can find something, it keeps what it found, and it outlives what kills its worker."""

from __future__ import annotations

import os
import signal
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SAMPLES
from tests.fuzz import targets
from tests.fuzz.__main__ import watch
from tests.fuzz.mutate import Frame, damaged, file_of, scene
from tests.fuzz.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = sorted(SAMPLES.glob("*.pcap*"))


@pytest.mark.slow
def test_some_executions_on_the_samples_find_nothing(tmp_path: Path) -> None:
    worker = Worker(SEEDS, tmp_path, Random(7))
    while worker.executions < 400:
        worker.step()

    assert worker.findings == {}
    assert len(worker.features) > 20
    assert list(tmp_path.iterdir()) == []


def test_what_is_raised_is_kept_once_for_each_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(path: Path) -> targets.Features:
        if b"\xff" in path.read_bytes():
            raise IndexError("access out of bounds")
        return frozenset()

    monkeypatch.setitem(targets.FILES, "payload", breaks)
    monkeypatch.setitem(targets.FILES, "pipeline", lambda _: frozenset())
    monkeypatch.setitem(targets.FILES, "everything", lambda _: frozenset())
    worker = Worker(SEEDS, tmp_path, Random(1))
    while worker.executions < 300:
        worker.step()

    [(place, path)] = worker.findings.items()
    assert place.startswith("IndexError at test_fuzz.py:")
    assert b"\xff" in path.read_bytes()
    assert "access out of bounds" in path.with_suffix(".payload.txt").read_text()


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})", f"with status {-signal.SIGSEGV}"),
        ("import time; time.sleep(60)", "did not end"),
    ],
)
def test_a_worker_that_dies_or_never_ends_leaves_its_input(tmp_path: Path, ending: str, words: str) -> None:
    (tmp_path / "current.pipeline").write_bytes(b"the input")

    _, found = watch([sys.executable, "-c", ending], tmp_path, 1, silence=2)

    [line] = found
    assert words in line
    [kept] = tmp_path.iterdir()
    assert kept.read_bytes() == b"the input"
    assert kept.name in line
    assert str(os.getpid()) in kept.name


def test_a_seed_decides_everything() -> None:
    frames = [Frame(1, n * 1000, bytes(range(80 + n))) for n in range(20)]

    def made(seed: int) -> bytes:
        random = Random(seed)
        return file_of(scene(frames, frames[::-1], random), random)

    assert [made(n) for n in range(50)] == [made(n) for n in range(50)]
    assert len({made(n) for n in range(50)}) > 45


def test_damage_changes_most_of_what_it_touches_and_never_raises() -> None:
    random = Random(3)
    data = bytes.fromhex("00400040") + bytes(range(60))

    assert sum(damaged(data, random) != data for _ in range(1000)) > 900
    assert all(isinstance(damaged(b"", random), bytes) for _ in range(10))
