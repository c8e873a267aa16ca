"""A whole sensor on a wire of its own: what is sent to it is in its store, and nothing ever comes from it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import Options, conclude, read_traffic
from kwel.capture.frames import read_frames
from kwel.sensor import lockdown
from kwel.store import Store
from tests.conftest import ROOT
from tests.sensor.lockdown.wires import SENSOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kwel.model.report import Report
    from tests.sensor.lockdown.wires import Wire


class Running:
    """A sensor that runs on the sensor's side of a wire."""

    def __init__(self, wire: Wire, store: Path, *options: str) -> None:
        self._wire, self._told = wire, store / "sensor" / "state" / f"{SENSOR}.json"
        command = [sys.executable, "-m", "kwel", "sensor", "run", SENSOR, "--store", str(store), "--name", "test"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        with lockdown.inside(wire.sensor):
            self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env=environment)
        self.wait_until(self._told.exists)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not holds():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until, "it took too long"
            time.sleep(0.05)

    @property
    def state(self) -> dict[str, Any]:
        """What the watcher says of itself."""
        said: dict[str, Any] = json.loads(self._told.read_text())
        return said

    def send(self, frames: Sequence[bytes]) -> None:
        for number, frame in enumerate(frames):
            self._wire.far.send(frame)
            if number % 100 == 0:
                time.sleep(0.002)

    def end(self, number: int = signal.SIGTERM) -> str:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=120)
        return said


def frames_of(path: Path) -> list[bytes]:
    records, data, _ = read_frames(path)
    return [bytes(data[row["start"] : row["start"] + row["captured"]]) for row in records]


def named(report: Report) -> set[tuple[str, str | None, str]]:
    return {(of.asset_label, of.host, of.state.value) for of in report.dependencies}


def test_live_is_replay(wire: Wire, tmp_path: Path, samples: Path) -> None:
    frames = frames_of(samples / "mixed_plant.pcapng")
    sensor = Running(wire, tmp_path / "store", "--window", "2")
    for part in range(0, len(frames), 150):
        time.sleep(1 if part else 0)
        sensor.send(frames[part : part + 150])
    said = sensor.end()  # at once: what is in the ring is heard to the last frame
    with Store(tmp_path / "store") as store:
        parts, traffic, account = store.windows(), store.read(), store.account()

    assert sensor.process.returncode == 0, said
    assert len(parts) >= 2
    assert sum(part.packets for part in parts) == len(frames), said
    assert (account.missing, account.lost, account.dropped) == (0, 0, 0)
    replay = conclude(read_traffic([str(samples / "mixed_plant.pcapng")]), Options()).report
    assert named(conclude(traffic, Options()).report) == named(replay)
    assert wire.heard(0.3) == []


def test_nothing_is_sent_and_the_store_holds_the_proof(wire: Wire, tmp_path: Path) -> None:
    sensor = Running(wire, tmp_path / "store", "--window", "60")
    wire.stimulate()
    assert wire.heard(2) == []
    said = sensor.end()
    with Store(tmp_path / "store") as store:
        (source,) = store.account().sources

    assert sensor.process.returncode == 0, said
    assert source.packets > 0
    (proof,) = source.proofs
    assert proof.sent == 0
    assert not lockdown.disprove(proof.checks)
    assert {"sealed", "egress-drop", "self-test-refused"} <= {check.key for check in proof.checks if check.holds}


def test_what_dies_is_started_again_and_one_window_is_lost(wire: Wire, tmp_path: Path, samples: Path) -> None:
    frames = frames_of(samples / "mixed_plant.pcapng")
    sensor = Running(wire, tmp_path / "store", "--window", "600")
    watcher = sensor.state["process"]
    sensor.send(frames[:100])
    os.kill(watcher, signal.SIGKILL)
    sensor.wait_until(lambda: sensor.state["process"] != watcher)
    sensor.send(frames)
    time.sleep(1)
    said = sensor.end()
    with Store(tmp_path / "store") as store:
        account = store.account()

    assert account.packets == len(frames), said
    assert account.missing + account.lost <= 1


def test_an_interface_that_could_answer_is_refused(wire: Wire, tmp_path: Path) -> None:
    wire.address("10.77.0.9/24")
    command = [sys.executable, "-m", "kwel", "sensor", "run", SENSOR, "--store", str(tmp_path / "store")]
    with lockdown.inside(wire.sensor):
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "10.77.0.9" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_any_polite_signal_ends_it_with_its_window_written(number: int, wire: Wire, tmp_path: Path) -> None:
    sensor = Running(wire, tmp_path / "store", "--window", "600")
    wire.stimulate()
    time.sleep(0.5)
    said = sensor.end(number)
    with Store(tmp_path / "store") as store:
        assert store.account().packets > 0, said
