"""``kwel sensor alerts``: a list, an explanation, an acknowledgement, a test."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING

import pytest

from kwel.alerts import Alerter, Settings, load
from tests.alerts.making import DAY, START, Contact, report, window
from tests.cli.conftest import cli
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

__all__ = ["cli"]
LISTENED = '[[interfaces]]\nname = "span0"\n'
HOSTILE = "x\x1b[2J\u202e.example"


@pytest.fixture
def state(tmp_path: Path) -> str:
    """Return the folder of a sensor that told of a new operator and of its disk."""
    alerter = Alerter(Settings(), tmp_path / "state", sensor="box", background=False)
    alerter.see(window(1, lasted=8 * DAY), report(Contact()))
    alerter.see(window(2), report(Contact(), Contact(operator=HOSTILE, host="login.microsoftonline.com", frame=41)))
    alerter.blind("disk-full", now=START + DAY, why="no room")
    alerter.close()
    return str(tmp_path / "state")


def test_list_and_acknowledge(cli: Cli, state: str) -> None:
    status, out, err = cli("sensor", "alerts", "list", "--state", state, "--json")
    first, second = (json.loads(line) for line in out.splitlines())

    assert (status, err) == (0, "")
    assert (first["kind"], second["kind"]) == ("new-operator", "disk-full")
    assert cli("sensor", "alerts", "ack", first["id"], "--by", "anna", "--state", state) == (0, "", "")
    _, left, _ = cli("sensor", "alerts", "list", "--state", state)
    assert "no room" in left
    assert first["id"] not in left
    _, everything, _ = cli("sensor", "alerts", "list", "--state", state, "--all")
    assert "acknowledged by anna" in everything
    assert "\x1b" not in everything
    assert "\u202e" not in everything


def test_explain_gives_frames_reasons_and_what_kwel_explain_says(cli: Cli, state: str) -> None:
    _, out, _ = cli("sensor", "alerts", "list", "--state", state, "--json")
    id = json.loads(out.splitlines()[0])["id"]

    status, out, err = cli("sensor", "alerts", "explain", id, "--state", state)

    assert (status, err) == (0, "")
    assert "span0.pcapng#41 in window 2 of span0" in out
    assert "looked-up published-range" in out
    _, alone, _ = cli("explain", "login.microsoftonline.com")
    assert out.endswith(alone)
    assert "\x1b" not in out


def test_an_alert_that_is_none(cli: Cli, state: str) -> None:
    for command in ("explain", "ack"):
        status, out, err = cli("sensor", "alerts", command, "A00", "--state", state)
        assert (status, out) == (1, "")
        assert "there is no alert A00" in err


def test_where_no_sensor_is(cli: Cli, tmp_path: Path) -> None:
    status, out, err = cli("sensor", "alerts", "list", "--state", str(tmp_path))

    assert (status, out) == (3, "")
    assert "no sensor keeps its alerts there" in err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_is_left_as_it_is_and_said_in_one_line(cli: Cli, state: str, tmp_path: Path) -> None:
    """A file that root made in its place would be closed to the sensor."""
    for path in (tmp_path / "state").iterdir():
        path.write_bytes(b"not a database" * 1000)
    before = sorted(path.name for path in (tmp_path / "state").iterdir())
    for command in (["list"], ["explain", "A00"], ["ack", "A00"]):
        status, out, err = cli("sensor", "alerts", *command, "--state", state)
        assert (status, out, err.count("\n")) == (3, "", 1)
        assert "is damaged; the sensor puts it aside" in err
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == before


def test_all_or_some_but_not_neither(cli: Cli, state: str) -> None:
    assert cli("sensor", "alerts", "ack", "--state", state)[0] == 2
    assert cli("sensor", "alerts", "ack", "--all", "A1", "--state", state)[0] == 2
    assert cli("sensor", "alerts", "ack", "--all", "--state", state)[0] == 0


def test_a_test_alert_arrives_or_says_why_not(cli: Cli, tmp_path: Path) -> None:
    config = tmp_path / "sensor.toml"
    config.write_text(
        f'name = "box"\n{LISTENED}[alerts]\nlanguage = "nl"\n[[alerts.file]]\npath = "{tmp_path}/a.jsonl"\n'
        f'[[alerts.file]]\npath = "{tmp_path}/none/a.jsonl"\n'
    )
    status, out, _ = cli("sensor", "alerts", "test", "--config", str(config))

    assert status == 3
    assert "file 1: taken\nfile 2: " in out
    assert "No such file" in out
    assert json.loads((tmp_path / "a.jsonl").read_text())["text"].startswith("Dit is een proef")


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (LISTENED, 1, "names no output"),
        (f"alerts = 3\n{LISTENED}", 3, "alerts"),
        (f"{LISTENED}[alerts]\nlern_days = 3", 3, "unknown key"),
        ("[alerts", 3, "not TOML"),
        (
            'interfaces = [{ name = "span0" }]\n[alerts]\ninterface = "span0"\n[[alerts.file]]\npath = "/x"',
            3,
            "listened",
        ),
    ],
)
def test_a_configuration_that_is_wrong(cli: Cli, tmp_path: Path, text: str, status: int, says: str) -> None:
    (tmp_path / "sensor.toml").write_text(text)

    done, out, err = cli("sensor", "alerts", "test", "--config", str(tmp_path / "sensor.toml"))

    assert (done, out) == (status, "")
    assert says in err


def test_another_process_may_send(cli: Cli, tmp_path: Path) -> None:
    """The sensor has no network where it listens: what waits is sent beside it."""
    config = tmp_path / "sensor.toml"
    config.write_text(
        f'[[interfaces]]\nname = "span0"\n[alerts]\napart = true\n[[alerts.file]]\npath = "{tmp_path}/a.jsonl"\n'
    )
    settings = load(tomllib.loads(config.read_text())["alerts"])
    alerter = Alerter(settings, tmp_path / "state", background=True)
    alerter.blind("disk-full", now=START, why="no room")
    alerter.deliver()

    assert not (tmp_path / "a.jsonl").exists()
    assert alerter.health().outputs[0].waiting == 1
    assert cli("sensor", "alerts", "send", "--once", "--config", str(config), "--state", str(tmp_path / "state")) == (
        0,
        "file 1: taken\n",
        "",
    )
    assert alerter.health().outputs[0].waiting == 0
    assert json.loads((tmp_path / "a.jsonl").read_text())["kind"] == "disk-full"
    alerter.close()


def test_it_sends_until_it_is_told_to_end(tmp_path: Path) -> None:
    config = tmp_path / "sensor.toml"
    config.write_text(
        f'[[interfaces]]\nname = "span0"\n[alerts]\napart = true\n[[alerts.file]]\npath = "{tmp_path}/a.jsonl"\n'
    )
    alerter = Alerter(load({"apart": True, "file": [{"path": f"{tmp_path}/a.jsonl"}]}), tmp_path / "state")
    alerter.blind("disk-full", now=START, why="no room")
    arguments = ["sensor", "alerts", "send", "--config", str(config), "--state", str(tmp_path / "state")]
    process = subprocess.Popen([sys.executable, "-m", "kwel", *arguments], cwd=ROOT)
    ends = time.monotonic() + 20
    while not (tmp_path / "a.jsonl").exists() and time.monotonic() < ends:
        time.sleep(0.05)
    process.terminate()

    assert process.wait(10) == 0
    assert (tmp_path / "a.jsonl").read_text().count("\n") == 1
    alerter.close()
