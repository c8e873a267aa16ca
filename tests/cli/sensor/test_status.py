"""``kwel sensor status`` shows how a sensor fares, in red what needs a person, and says so in its exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.cli.app import run
from kwel.cli.sensor.panel import size, span
from kwel.sensor import health
from kwel.sensor.health import Health, SourceHealth

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000


def well() -> Health:
    now = time.time_ns()
    one = SourceHealth("span0", "span0", link=True, packets=1_234_567, bytes=10**9, missed=0, sent=0, stopped=0,
                       proved=True, heard=now)  # fmt: skip
    return Health("substation-7", "1.0", now, now - 3 * 86_400 * SECOND, 300 * SECOND, (one,), kept=864, newest=now,
                  oldest=now - 3 * 86_400 * SECOND, store_bytes=10**9, free_bytes=10**11, dns=True, one_way=0.02,
                  report=now - 7200 * SECOND, report_name="2026-11-25")  # fmt: skip


def written(store: Path, made: Health) -> Path:
    file = health.place(store)
    file.parent.mkdir(parents=True, exist_ok=True)
    health.write(made, file)
    return file


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    status = run(["sensor", "status", *map(str, words)])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_sensor_that_is_well_is_shown_and_ends_with_0(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    written(tmp_path, well())
    status, out, err = said(capsys, "--store", tmp_path)

    assert (status, err) == (0, "")
    assert "substation-7  kwel 1.0, running for 3 d" in out
    assert "healthy: nothing needs a person" in out
    assert re.search(r"span0 +1,234,567 +1 GB +0 +0 +0 +0 +proved +up", out)
    assert "864 kept, 0 waiting, 0 lost" in out
    assert "2026-11-25, 2 h ago" in out


def test_what_needs_a_person_is_told_and_ends_with_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = well()
    written(
        tmp_path, replace(made, sources=(replace(made.sources[0], sent=3, proved=False, unproved=("no-address",)),))
    )
    status, out, _ = said(capsys, "--store", tmp_path, "--once")
    assert status == 1
    assert "! span0: sent 3 frames: it should send none" in out
    assert "! span0: not proved silent: no-address" in out

    status, out, _ = said(capsys, "--store", tmp_path, "--json")
    told = json.loads(out)
    assert status == 1
    assert told["healthy"] is False
    assert [one["key"] for one in told["amiss"]] == ["sent", "unproved"]


def test_a_configuration_leads_to_the_store(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "sensor.toml"
    config.write_text('[[interfaces]]\nname = "span0"\n[store]\nfolder = "here"\n')
    written(tmp_path / "here", well())

    assert said(capsys, "--config", config)[0] == 0
    assert said(capsys, "--config", config, "--store", tmp_path)[0] == 2


def test_without_a_sensor_it_ends_with_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = said(capsys, "--store", tmp_path)
    assert (status, out) == (3, "")
    assert "there is no sensor here" in err

    status, _, err = said(capsys, "--config", tmp_path / "none.toml")
    assert status == 3
    assert "or say with --store DIR" in err


def test_hostile_words_do_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = well()
    evil = "\x1b[2J[bold]\u202eevil"
    written(tmp_path, replace(made, sensor=evil, error=evil, error_at=made.at, report_name=evil,
                              sources=(replace(made.sources[0], source=evil),)))  # fmt: skip
    _, out, _ = said(capsys, "--store", tmp_path)

    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]" in out


def test_on_a_terminal_it_is_shown_anew_until_it_is_interrupted(tmp_path: Path) -> None:
    """As over ssh: a terminal of 100 columns, Ctrl-C, and the status of the last moment."""
    written(tmp_path, well())
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    command = [sys.executable, "-m", "kwel", "sensor", "status", "--store", str(tmp_path)]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment,
                          preexec_fn=heeds_interrupts) as process:  # fmt: skip
        os.close(follower)
        assert "nothing needs a person" in shown_until(leader, "nothing needs a person")
        made = well()
        written(tmp_path, replace(made, sources=(replace(made.sources[0], packets=2_000_000, link=False),)))
        seen = shown_until(leader, "its link is down")
        process.send_signal(signal.SIGTERM)  # a test in the background is deaf to SIGINT
        shown_until(leader, "\x1b[?1049l")
        status = process.wait(20)
    os.close(leader)

    assert "\x1b[1;31m! span0: its link is down" in seen, "in red"
    assert status == 1


def heeds_interrupts() -> None:
    """Have a process heed Ctrl-C even where the tests were started in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def shown_until(terminal: int, words: str) -> str:
    """Return what a terminal shows until some words, for 20 s at most."""
    seen, until = b"", time.monotonic() + 20
    while words.encode() not in seen and time.monotonic() < until:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "?"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_999, "1 MB"),
        (123_456, "123 kB"),
        (10**20, "100000 PB"),
    ],
)
def test_sizes_are_in_units_of_a_thousand(count: int | None, text: str) -> None:
    assert size(count) == text


def test_spans_of_time_are_short() -> None:
    assert [span(n * SECOND) for n in (-5, 0, 119, 120, 7200, 172_800)] == [
        "0 s",
        "0 s",
        "119 s",
        "2 min",
        "2 h",
        "2 d",
    ]
