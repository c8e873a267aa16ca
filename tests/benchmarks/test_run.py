"""The command prints a table even where nothing can be measured, and says what it left out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks import captures, run

if TYPE_CHECKING:
    from pathlib import Path

HEADER = bytes.fromhex("d4c3b2a1020004000000000000000000000004000100000 0".replace(" ", ""))
RECORD = bytes(8) + (60).to_bytes(4, "little") * 2 + bytes(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "big.pcap").write_bytes(HEADER + 3 * RECORD)
    return tmp_path


def test_a_capture_without_a_truth_is_counted(folder: Path) -> None:
    subject = captures.prepare(folder, "big", 1)

    assert (subject.packets, subject.truth) == (3, None)


def test_the_first_packets_are_cut_out(folder: Path) -> None:
    part = captures.cut(folder / "big.pcap", 2, folder / "part.pcap")

    assert part.read_bytes() == HEADER + 2 * RECORD


def test_a_kwel_that_does_not_run_is_a_line_of_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    false = shutil.which("false") or "false"
    run.main(["--captures", str(folder), "--only", "big", "--peers", "cat", "--kwel", false])
    printed = capsys.readouterr().out

    assert "skipped: kwel flows: exit status 1" in printed
    assert "| kwel --help" in printed


@pytest.mark.skipif(shutil.which("cc") is None, reason="cc is not installed")
def test_the_limits_compile_and_count_packets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    true = shutil.which("true") or "true"
    limits = ["C walk", "C flow table"]
    run.main(
        ["--captures", str(folder), "--only", "big", "--peers", *limits, "--kwel", true, "--no-start", "--pairs", "1"]
    )
    printed = capsys.readouterr().out

    assert "skipped" not in printed.split("## Commands")[0]
