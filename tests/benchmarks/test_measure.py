"""A command's cost is that of the whole of it, and one that fails is never taken for a fast one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from benchmarks.measure import Unmeasured, run

if TYPE_CHECKING:
    from pathlib import Path

BUSY = "sum(range(3_000_000))"


def test_the_work_of_children_counts(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{BUSY}'], check=True)"
    alone = run([sys.executable, "-c", "pass"], timeout=60, complaints=tmp_path / "complaints")
    parent = run([sys.executable, "-c", child], timeout=60, complaints=tmp_path / "complaints")

    assert parent.cpu > alone.cpu
    assert alone.peak > 1


def test_a_command_that_fails_is_not_measured_but_its_complaint_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unmeasured, match="exit status 1: out of paper"):
        run([sys.executable, "-c", "raise SystemExit('out of paper')"], timeout=60, complaints=tmp_path / "complaints")


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Unmeasured, match="not done after"):
        run([sys.executable, "-c", "input"], timeout=0.001, complaints=tmp_path / "complaints")
