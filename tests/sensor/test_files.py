"""A file is the old one or the new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kwel.sensor.files import read_number, replace_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced(tmp_path: Path) -> None:
    for content in (b"1", b"22"):
        replace_file(tmp_path / "n", content)
        assert read_number(tmp_path / "n") == int(content)

    assert os.listdir(tmp_path) == ["n"]


def test_a_file_that_cannot_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "n", b"1")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "n", b"2")

    assert read_number(tmp_path / "n") == 1
    assert os.listdir(tmp_path) == ["n"]


def test_a_number_that_is_none_counts_as_nought(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b"\0" * 4096)

    assert read_number(tmp_path / "n") == read_number(tmp_path / "absent") == 0
