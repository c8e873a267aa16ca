"""Which captures a command line stands for."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

from kwel.capture import find_captures
from kwel.capture.find import unique_names
from tests.capture.making import frames, interface, packet, pcap, record, section, write
from tests.capture.test_sources import Closed


def at(second: int, size: int = 60) -> bytes:
    return pcap(record(bytes([second]) * size, time=(second, 0)))


def names(*paths: Path | str) -> list[str]:
    return [capture.name for capture in find_captures([str(path) for path in paths], hash_files=False)]


def test_captures_come_in_the_order_of_their_first_frames(tmp_path: Path) -> None:
    write(tmp_path, at(3), "a.pcap")
    write(tmp_path, gzip.compress(at(1)), "b.pcap.gz")
    write(tmp_path, section() + interface() + packet(units=2_000_000), "c.pcapng")
    write(tmp_path, pcap(), "d.pcap")

    assert names(tmp_path) == ["b.pcap.gz", "c.pcapng", "a.pcap", "d.pcap"]


def test_a_folder_is_searched_to_its_depth_and_what_is_no_capture_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path / "a" / "b", at(1), "trace.pcap0")
    write(tmp_path / "a", at(2), "without-suffix")
    write(tmp_path / "a", b"hello", "README.md")
    write(tmp_path / "a", b"", "empty.txt")

    assert names(tmp_path) == ["trace.pcap0", "without-suffix"]


@pytest.mark.parametrize("bad", ["bad.pcap", "bad.PCAPNG", "bad.cap12", "bad.pcap.gz"])
def test_a_bad_file_among_good_ones_is_listed(tmp_path: Path, bad: str) -> None:
    write(tmp_path, at(1), "good.pcap")
    write(tmp_path, b"hello", bad)
    write(tmp_path, at(2), "fine.pcap")

    captures = find_captures([str(tmp_path)], hash_files=True)

    assert [(capture.name, capture.problem is None) for capture in captures] == [
        ("good.pcap", True),
        ("fine.pcap", True),
        (bad, False),
    ]
    assert [len(frames(capture)) for capture in captures] == [1, 1, 0]
    assert captures[2].describe().problem == captures[2].problem


def test_a_file_given_by_name_is_listed_whatever_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, b"hello", "README.md")

    assert names(tmp_path, path) == ["README.md", tmp_path.name]
    assert names(path, tmp_path) == ["README.md"]


def test_a_folder_without_captures_says_so(tmp_path: Path) -> None:
    captures = find_captures([str(tmp_path)], hash_files=False)

    assert [(capture.name, capture.problem) for capture in captures] == [
        (tmp_path.name, "holds no capture; give a folder with pcap or pcapng files")
    ]


def test_a_missing_path_is_listed_with_what_to_do(tmp_path: Path) -> None:
    captures = find_captures([str(tmp_path / "gone.pcap"), "", "a\0b"], hash_files=False)

    assert [capture.problem is not None for capture in captures] == [True, True, True]
    assert captures[0].problem == f"no such file: {tmp_path}/gone.pcap; check the path"
    assert [frames(capture) for capture in captures] == [[], [], []]


def test_a_file_is_counted_once_however_often_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, at(1), "a.pcap")
    (tmp_path / "link.pcap").symlink_to(path)
    os.link(path, tmp_path / "hard.pcap")

    assert names("a.pcap", path, "./a.pcap", tmp_path, tmp_path) == ["a.pcap"]


def test_a_copy_is_counted_once_even_packed(tmp_path: Path) -> None:
    write(tmp_path, at(1), "a.pcap")
    write(tmp_path, at(1), "copy.pcap")
    write(tmp_path, gzip.compress(at(1)), "packed.pcap.gz")

    assert names(tmp_path) == ["a.pcap"]


def test_captures_that_only_begin_alike_are_two(tmp_path: Path) -> None:
    same = [record(time=(1, 0))] * 2000
    write(tmp_path, pcap(*same, record(b"a")), "a.pcap")
    write(tmp_path, pcap(*same, record(b"b")), "b.pcap")
    write(tmp_path, pcap(*same), "c.pcap")

    assert names(tmp_path) == ["a.pcap", "b.pcap", "c.pcap"]


def test_captures_without_frames_are_not_copies_of_one_another(tmp_path: Path) -> None:
    write(tmp_path, pcap(), "a.pcap")
    write(tmp_path, pcap(), "b.pcap")

    assert names(tmp_path) == ["a.pcap", "b.pcap"]


def test_standard_input_comes_last_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Closed(io.BytesIO(at(1))))
    path = write(tmp_path, at(5))

    captures = find_captures(["-", str(path), "-"], hash_files=False)

    assert [capture.name for capture in captures] == ["made.pcap", "-"]
    assert captures[1].path is None
    assert len(frames(captures[1])) == 1


def test_pipes_and_devices_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pcap")
    (tmp_path / "zero.pcap").symlink_to("/dev/zero")
    write(tmp_path, at(1), "a.pcap")

    assert names(tmp_path) == ["a.pcap"]


def test_a_device_given_by_name_is_refused_and_a_pipe_is_not_touched(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    pipe, device = find_captures([str(tmp_path / "pipe"), "/dev/zero"], hash_files=False)

    assert pipe.problem is None
    assert frames(device) == []
    assert str(device.problem).startswith("is a device")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "broken.pcap").symlink_to("nowhere")
    write(tmp_path, at(1), "a.pcap")

    assert names(tmp_path) == ["a.pcap", "broken.pcap"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(top: str, onerror: object) -> list[object]:
        onerror(PermissionError(13, "Permission denied", top + "/closed"))  # type: ignore[operator]
        return []

    monkeypatch.setattr(os, "walk", walk)
    (capture,) = find_captures([str(tmp_path)], hash_files=False)

    assert capture.name == "closed"
    assert capture.problem == "cannot be listed: Permission denied; check the folder's permissions"


def test_names_are_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    paths = [Path("/x/a/t.pcap"), Path("/y/a/t.pcap"), Path("t.pcap"), Path("/x/b/u.pcap"), None]

    assert unique_names(paths) == ["x/a/t.pcap", "y/a/t.pcap", "t.pcap", "u.pcap", "-"]
    assert unique_names([Path("-"), None]) == ["-", "- (2)"]
    assert unique_names([Path("a\n\udcff.pcap")]) == ["a\\n\\xff.pcap"]
