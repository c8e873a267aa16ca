"""There is a whole report or none."""

from __future__ import annotations

import os
import resource
import signal
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from kwel.report import ReportError, headline, render, write
from tests.report import fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 20 kB, as on a disk that fills up."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_the_file_holds_what_was_rendered(tmp_path: Path) -> None:
    said = write(fixtures.plant(), tmp_path / "plant.html", "nl")

    assert said == headline(fixtures.plant(), "nl")
    assert (tmp_path / "plant.html").read_text("utf-8") == render(fixtures.plant(), "nl")
    assert [file.name for file in tmp_path.iterdir()] == ["plant.html"]
    assert stat.S_IMODE((tmp_path / "plant.html").stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_leaves_the_old_report_and_no_half_one(tmp_path: Path) -> None:
    target = tmp_path / "plant.html"
    target.write_text("the old one")

    with pytest.raises(ReportError, match=r"cannot write the report to .*plant\.html: file too large"):
        write(fixtures.plant(), target, "nl")

    assert target.read_text() == "the old one"
    assert [file.name for file in tmp_path.iterdir()] == ["plant.html"]


def test_a_folder_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no such file or directory; choose another place with -o$"):
        write(fixtures.plant(), tmp_path / "nowhere" / "plant.html", "nl")


def test_a_folder_in_the_place_of_the_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is a directory"):
        write(fixtures.plant(), tmp_path, "nl")

    assert list(tmp_path.iterdir()) == []


def test_a_link_keeps_leading_to_the_report(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    (tmp_path / "real.html").write_text("old")

    write(fixtures.plant(), tmp_path / "link.html", "nl")

    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()

    write(fixtures.nothing(), pipe, "en")
    reader.join(10)

    assert got[0].startswith(b"<!doctype html>")
    assert pipe.is_fifo()


def test_a_device_without_room_is_one_line() -> None:
    with pytest.raises(ReportError, match="no space left on device"):
        write(fixtures.nothing(), "/dev/full", "en")
