"""Paths that cannot be read, must not be read, or change while they are read."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from kwel.capture import sources
from kwel.capture.file import CaptureFile, Reading
from kwel.capture.sources import Digest, Refusal, open_source
from kwel.capture.variants import PEEK
from tests.capture.making import frames, pcap, record, write

MANY = pcap(*[record()] * 40_000)


class Closed:
    """Stands for a program whose standard input is what the test says."""

    def __init__(self, buffer: object) -> None:
        self.buffer = buffer


def problem_of(path: Path) -> str:
    reading = Reading(path)
    assert frames(reading) == []
    assert reading.problem is not None
    assert "\n" not in reading.problem
    return reading.problem


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "no\nsuch.pcap").startswith("no such file: ")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert problem_of(tmp_path).startswith("is a folder, not a file; give a capture file")


def test_a_device_never_ends_and_is_refused() -> None:
    assert problem_of(Path("/dev/zero")).startswith("is a device, not a file")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert problem_of(Path("s")).startswith("is a socket, not a file")


def test_a_loop_of_links_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert problem_of(tmp_path / "loop").startswith("cannot be opened: too many levels of symbolic links")


def test_a_name_that_no_file_can_have_is_one_line() -> None:
    assert problem_of(Path("a\0b")).startswith("cannot be opened: embedded null byte")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, MANY)
    path.chmod(0)

    assert problem_of(path).startswith("may not be read: permission denied")


def test_a_refused_permission_says_so_whoever_runs_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sources, "open", refuse, raising=False)

    assert problem_of(write(tmp_path, MANY)).startswith("may not be read: permission denied; change")


def test_a_file_that_vanished_after_it_was_listed_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, MANY)
    capture = CaptureFile("x", path)
    path.unlink()

    assert frames(capture) == []
    assert str(capture.problem).startswith("no such file")
    assert capture.describe().packets == 0


def test_a_growing_file_is_read_as_far_as_it_reached_when_it_was_opened(tmp_path: Path) -> None:
    path = write(tmp_path, MANY)
    count = 0
    reading = Reading(path)
    for batch in reading.batches():
        count += len(batch.records)
        with path.open("ab") as file:
            file.write(record() * 40_000)

    assert count == 40_000
    assert reading.problem is None


def test_a_shrinking_file_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, MANY)
    reading = Reading(path)
    for _ in reading.batches():
        os.truncate(path, 1_000_000)

    assert str(reading.problem).startswith("became shorter while it was read")


def test_an_error_of_the_disk_keeps_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def readinto(self, buffer: object) -> int:
            if self.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer[:100_000])  # type: ignore[index]

    monkeypatch.setattr(sys, "stdin", Closed(Broken(MANY)))
    reading = Reading(None)

    assert len(frames(reading)) > 1000
    assert str(reading.problem).startswith(f"cannot be read beyond byte {100_000 + PEEK}: input/output error")


def test_a_sparse_file_of_ten_gigabytes_ends_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(record()))
    os.truncate(path, 10_000_000_000)
    capture = CaptureFile("x", path, hash_file=True)

    assert len(frames(capture)) == 1
    assert "a hole in the file" in str(capture.problem)
    about = capture.describe()
    assert about.bytes == 10_000_000_000
    assert about.unread_bytes == 10_000_000_000 - 100
    assert about.sha256 is None


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(MANY,))
    writer.start()

    assert len(frames(Reading(tmp_path / "pipe"))) == 40_000
    writer.join()


def test_standard_input_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Closed(io.BytesIO(MANY)))
    capture = CaptureFile("-", None, hash_file=True)

    assert len(frames(capture)) == 40_000
    assert capture.describe().sha256 is None
    assert capture.describe().bytes == len(MANY)


def test_a_file_as_standard_input_is_read_from_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with write(tmp_path, b"12345" + MANY).open("rb") as file:
        file.seek(5)
        monkeypatch.setattr(sys, "stdin", Closed(file))
        reading = Reading(None)

        assert len(frames(reading)) == 40_000
        assert reading.problem is None
        assert not file.closed


def test_standard_input_that_is_closed_or_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(Refusal, match="standard input is closed; pipe a capture"):
        open_source(None)
    monkeypatch.setattr(sys, "stdin", Closed(Terminal()))
    with pytest.raises(Refusal, match="standard input is a terminal; pipe a capture"):
        open_source(None)


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    for data in (MANY, MANY[:-1], MANY[:1_000_000] + b"\xff" * 1_000_000, pcap()):
        capture = CaptureFile("x", write(tmp_path, data), hash_file=True)
        frames(capture)

        assert capture.describe().sha256 == hashlib.sha256(data).hexdigest()


def test_a_digest_can_be_closed_twice() -> None:
    digest = Digest()
    digest.update(memoryview(b"abc"))
    digest.close()

    assert digest.finish() == hashlib.sha256(b"abc").hexdigest()
