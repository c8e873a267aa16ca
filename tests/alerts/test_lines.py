"""A file of JSON lines: whole lines, on disk, and turned over before it grows too large."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kwel.alerts.lines import append
from kwel.alerts.settings import Lines
from kwel.model.findings import Severity

if TYPE_CHECKING:
    from pathlib import Path


def output(path: Path, largest: int = 100, keep: int = 2) -> Lines:
    return Lines("file 1", Severity.INFO, str(path), largest, keep)


def test_lines_follow_one_another(tmp_path: Path) -> None:
    append(output(tmp_path / "a"), [b"1\n", b"2\n"])
    append(output(tmp_path / "a"), [b"3\n"])

    assert (tmp_path / "a").read_bytes() == b"1\n2\n3\n"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_who_moves_it_away_need_tell_nobody(tmp_path: Path) -> None:
    append(output(tmp_path / "a"), [b"1\n"])
    os.rename(tmp_path / "a", tmp_path / "a-2026-11-26")
    append(output(tmp_path / "a"), [b"2\n"])

    assert (tmp_path / "a").read_bytes() == b"2\n"


def test_a_large_one_is_set_aside_and_only_so_many_are_kept(tmp_path: Path) -> None:
    for number in range(10):
        append(output(tmp_path / "a"), [b"%d" % number * 59 + b"\n"])

    assert sorted(of.name for of in tmp_path.iterdir()) == ["a", "a.1", "a.2"]
    assert [(tmp_path / name).read_bytes()[:1] for name in ("a", "a.1", "a.2")] == [b"9", b"8", b"7"]


def test_none_are_kept_where_none_are_wanted(tmp_path: Path) -> None:
    for _ in range(3):
        append(output(tmp_path / "a", keep=0), [b"x" * 59 + b"\n"])

    assert [of.name for of in tmp_path.iterdir()] == ["a"]


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(output(tmp_path / "a"), [b"1\n"])
    write = os.write

    def full(fd: int, data: bytes) -> int:
        write(fd, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        append(output(tmp_path / "a"), [b"22\n"])
    assert (tmp_path / "a").read_bytes() == b"1\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match=r"symbolic"):
        append(output(tmp_path / "a"), [b"1\n"])
