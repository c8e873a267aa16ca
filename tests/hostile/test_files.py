"""Paths that no analysis should trust: devices, links, strange names, bombs, many at once."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from kwel.cli.report import default_output
from kwel.kernel.build import jit
from tests.capture.making import pcap, record
from tests.hostile.making import assert_one_clear_line, in_turn, kwel, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLANT = "mixed_plant.pcapng"
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile first, or a command would say on standard error that it does."""
    jit.load()


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/proc/self/mem", "absent.pcap", "", "\n"])
def test_what_is_no_capture_is_one_line(path: str) -> None:
    done = kwel("flows", "--format", "csv", path)

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)


def test_links_that_go_round_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    done = kwel("flows", tmp_path / "round")

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)


def test_a_folder_that_links_to_itself_is_read_once(samples: Path, tmp_path: Path) -> None:
    shutil.copy(samples / "ech.pcap", tmp_path)
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "alias.pcap").symlink_to(tmp_path / "ech.pcap")
    done = kwel("report", tmp_path, "--json")

    assert done.returncode == 0
    assert len(json.loads(done.stdout)["captures"]) == 1


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_an_unreadable_capture_among_good_ones_is_named(samples: Path, tmp_path: Path) -> None:
    shutil.copy(samples / "ech.pcap", tmp_path / "good.pcap")
    shutil.copy(samples / "ech.pcap", tmp_path / "secret.pcap")
    (tmp_path / "secret.pcap").chmod(0)
    done = kwel("flows", tmp_path, "--format", "csv")

    assert done.returncode == 3
    assert len(done.stdout.splitlines()) > 1
    assert_one_clear_line(done.stderr)


STRANGE = {
    "line break": b"new\nline.pcap",
    "escape": b"red\x1b[31m.pcap",
    "bytes": b"caf\xe9\xff.pcap",
    "bidi": "gpj\u202epcap.pcap".encode(),
    "dash": b"-o.pcap",
    "spaces": b"  .pcap",
    "html": b"<img src=x onerror=alert(1)>.pcap",
    "formula": b"=cmd|' C calc'!A0.pcap",
    "long": b"x" * 240 + b".pcap",
    "braces": b"{{7*7}}[bold].pcap",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_a_strange_file_name_acts_nowhere(name: bytes, encoding: str, samples: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    shutil.copy(os.fsencode(samples / "ech.pcap"), os.path.join(folder, name))
    (tmp_path / "broken.pcap").write_bytes(b"no capture")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    commands = [[command, "--", os.fsdecode(name), "broken.pcap"] for command in ("flows", "dependencies", "report")]
    for status, out, err in in_turn(commands, tmp_path / "said", cwd=folder, env=environment):
        told = (out + err).decode()

        assert status == 3
        assert err.startswith(b"kwel: broken.pcap: ")
        assert all(c.isprintable() or c in "\n " for c in told)
    html = next(tmp_path.glob("*.html")).read_bytes()
    assert b"<img" not in html
    html.decode()


@pytest.mark.parametrize("place", [".", "..", "./", "a/.."])
def test_the_report_on_the_folder_one_stands_in_is_called_like_it(place: str) -> None:
    target = default_output(place)

    assert os.path.isabs(target)
    assert not os.path.basename(target).startswith(".")


BOMBS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}


@pytest.mark.parametrize("suffix", BOMBS)
def test_a_bomb_of_packed_zeros_costs_no_memory(suffix: str, tmp_path: Path) -> None:
    bomb = tmp_path / f"bomb.pcap.{suffix}"
    bomb.write_bytes(BOMBS[suffix](pcap(record()) + bytes(200_000_000)))
    done = run("flows", bomb)

    assert done.status == 3
    assert len(done.err) == 1
    assert done.megabytes < 200


def test_a_bomb_within_a_bomb_is_no_capture(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pcap.gz"
    bomb.write_bytes(gzip.compress(gzip.compress(pcap(record()))))
    done = kwel("flows", bomb)

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)


def test_a_thousand_files_and_the_same_one_twice_are_each_read_once(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"{number}.pcap").write_bytes(pcap(record(time=(number, 0))))
    done = run("report", tmp_path, tmp_path / "7.pcap", "--json")

    assert done.status == 3  # none of these frames is IP
    assert '"packets": 1000' in done.out
    assert done.megabytes < 250


def test_a_capture_that_vanishes_or_shrinks_is_said(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "pipe.pcap"
    os.mkfifo(path)
    data = (samples / PLANT).read_bytes()

    def half() -> None:
        path.write_bytes(data[: len(data) // 2])

    writer = threading.Thread(target=half)
    writer.start()
    done = kwel("names", path, "--format", "csv")
    writer.join()

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)
    assert len(done.stdout.splitlines()) > 1


@pytest.mark.slow
def test_a_sparse_file_of_ten_gigabytes_is_no_work(tmp_path: Path) -> None:
    path = tmp_path / "sparse.pcap"
    path.write_bytes(pcap(record()))
    os.truncate(path, 10_000_000_000)
    done = run("report", path)

    assert done.status == 3
    assert done.seconds < 10
    assert done.megabytes < 250
