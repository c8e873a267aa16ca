"""A file is the old one or the new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kwel.sensor.files import clear_abandoned, read_number, replace_file

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


def test_no_name_beside_it_can_be_foreseen_and_no_link_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    (tmp_path / f".n.{os.getpid()}").symlink_to("secret")
    (tmp_path / ".n.kwel-0011223344556677").symlink_to("secret")
    names = list[str]()
    replace = os.replace

    def seen(beside: Path, path: Path) -> None:
        names.append(beside.name)
        replace(beside, path)

    monkeypatch.setattr(os, "replace", seen)
    for _ in range(2):
        replace_file(tmp_path / "n", b"22")
    assert len(set(names)) == 2

    monkeypatch.setattr("secrets.token_hex", lambda _: "0011223344556677")
    with pytest.raises(FileExistsError):
        replace_file(tmp_path / "n", b"333")
    assert (read_number(tmp_path / "secret"), read_number(tmp_path / "n")) == (1, 22)
    assert (tmp_path / ".n.kwel-0011223344556677").is_symlink(), "it is another's"


def test_what_was_never_finished_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    others = ["n", ".n.1234", ".n.kwel-1", "kwel-0011223344556677", ".new.kwel-0011223344556677"]
    for name in (*others, ".n.kwel-0011223344556677"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, None if "new" in name else (1, 1))
    clear_abandoned(tmp_path)
    clear_abandoned(tmp_path / "nowhere")

    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_number_that_is_none_counts_as_nought(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b"\0" * 4096)

    assert read_number(tmp_path / "n") == read_number(tmp_path / "absent") == 0
