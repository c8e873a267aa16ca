"""A careless user and a dying machine: closed streams, full disks, signals, strange environments."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from kwel.kernel.build import cache, jit
from tests.hostile.making import assert_one_clear_line, flood, in_turn, kwel
from tests.streams.making import ethernet, ipv4, tcp

if TYPE_CHECKING:
    from pathlib import Path

PLANT = "mixed_plant.pcapng"
SHELL = f'exec "{sys.executable}" -m kwel "$@"'
IN_ANOTHER_CACHE = """
import os, sys
from kwel.kernel.build import cache, compiler, jit
code = cache.read(cache.depends())
os.environ["KWEL_CACHE_DIR"] = sys.argv[1]
jit.SECOND, jit.assembly_of, compiler.link = (), lambda symbols: "", lambda *all: code
from kwel.cli.app import run
sys.exit(run(sys.argv[2:]))
"""
"""A command whose compiler gives at once what it gave before: ``make test`` has just shown that it compiles."""


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile first, or a command would say on standard error that it does."""
    jit.load()


@pytest.fixture
def plant(samples: Path, tmp_path: Path) -> Path:
    """Return a sample in a folder of its own."""
    shutil.copy(samples / PLANT, tmp_path)
    return tmp_path / PLANT


def _in_shell(redirection: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"{SHELL} {redirection}", "sh", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _in_another_cache(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IN_ANOTHER_CACHE, str(folder), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("command", [("flows",), ("names", "--format", "csv"), ("report", "--json"), ("report", "-o-")])
def test_closed_standard_output_is_one_line(command: tuple[str, ...], plant: Path) -> None:
    done = _in_shell(">&-", *command, plant)

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)


def test_a_report_stands_though_its_headline_cannot_be_printed(plant: Path) -> None:
    for redirection in (">&-", ">/dev/full"):
        plant.with_suffix(".html").unlink(missing_ok=True)
        done = _in_shell(redirection, "report", plant)

        assert done.returncode == 3
        assert_one_clear_line(done.stderr)
        assert "plant.html" not in done.stderr
        assert plant.with_suffix(".html").read_text().rstrip().endswith("</html>")


def test_with_every_stream_closed_the_status_still_tells(plant: Path) -> None:
    assert _in_shell(">&- 2>&- <&-", "report", "absent.pcap").returncode == 3
    assert _in_shell("2>&- <&-", "report", plant).returncode == 0


def test_no_capture_is_taken_for_a_closed_standard_stream(plant: Path) -> None:
    before = plant.read_bytes()
    _in_shell("2>&- >&-", "flows", plant, "absent.pcap", "-o", plant.with_suffix(".csv"))

    assert plant.read_bytes() == before
    assert plant.with_suffix(".csv").read_text().startswith("capture,")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a capture that takes a while."""
    frame = ethernet(ipv4(tcp(b"", 1, 2), 6))
    return flood(tmp_path_factory.mktemp("long") / "long.pcap", frame, 2_000_000, [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("wait", [0.6, 1.5])
def test_a_signal_leaves_no_half_written_report(
    number: signal.Signals, wait: float, long: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kwel", "report", str(long), str(long), "-o", str(tmp_path / "out.html")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(wait)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    left = {file.name for file in tmp_path.iterdir()}

    if process.returncode == 0:  # it was faster
        assert left == {"out.html"}
    elif number == signal.SIGKILL:
        assert "out.html" not in left
    else:
        assert left == set()
        if "Traceback" not in err or "<frozen" not in err:  # or Python itself had not begun
            assert (process.returncode, err) == (130, "kwel: interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "utf-16"},
        {"COLUMNS": "20"},
        {"COLUMNS": "0"},
        {"COLUMNS": "many"},
        {"TERM": "dumb"},
        {"TZ": "nowhere/at/all"},
    ],
    ids=str,
)
def test_a_strange_environment_changes_nothing_that_matters(
    change: dict[str, str], plant: Path, tmp_path: Path
) -> None:
    commands = [
        [*words, str(plant)] for words in (("report", "--lang", "nl"), ("flows",), ("assets",), ("dependencies",))
    ]
    for words, (status, _, err) in zip(
        commands, in_turn(commands, tmp_path / "said", env={**os.environ, **change}), strict=True
    ):
        assert (status, err) == (0, b""), words


def test_without_a_home_nothing_is_left_in_the_working_folder(plant: Path, tmp_path: Path) -> None:
    bare = {key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_CACHE_HOME")}
    (tmp_path / "here").mkdir()
    done = kwel("names", plant, env=bare, cwd=tmp_path / "here")

    assert done.returncode == 0
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.slow
def test_a_cache_folder_that_cannot_be_written_costs_a_line_and_nothing_else(plant: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = _in_another_cache(tmp_path / "file" / "x", "names", plant, "--format", "csv")

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 10
    assert all(line.startswith("kwel: ") for line in done.stderr.splitlines())
    assert 1 <= len(done.stderr.splitlines()) <= 2


@pytest.mark.slow
def test_damaged_compiled_code_is_compiled_again(plant: Path, tmp_path: Path) -> None:
    good = cache.path_for(cache.depends())
    kept = tmp_path / "cache" / good.name
    kept.parent.mkdir()
    kept.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    done = _in_another_cache(kept.parent, "names", plant)

    assert done.returncode == 0, done.stderr
    assert "compiling" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept.read_bytes() == good.read_bytes()
    again = kwel("names", plant, env={**os.environ, "KWEL_CACHE_DIR": str(kept.parent)})
    assert (again.returncode, "compiling" in again.stderr) == (0, False)


@pytest.mark.parametrize("target", ["folder", "absent/out.html", "/dev/full", "file/out.html"])
@pytest.mark.parametrize("command", ["report", "flows"])
def test_what_cannot_be_written_is_named_in_one_line(command: str, target: str, plant: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    done = kwel(command, plant, "-o", tmp_path / target)

    assert done.returncode == 3
    assert_one_clear_line(done.stderr)
    assert os.path.basename(target) in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
