"""The whole of it, in the order in which a sensor does it: lock, ring, seal, hear, write; and nothing is sent."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING

from kwel.kernel.build import jit
from kwel.sensor import lockdown
from kwel.store.spool import read_window, waiting
from tests.sensor.lockdown.wires import SENSOR, Wire

if TYPE_CHECKING:
    from pathlib import Path


def test_a_sealed_watcher_on_a_locked_interface_hears_and_writes_and_sends_nothing(wire: Wire, tmp_path: Path) -> None:
    jit.load()
    with lockdown.inside(wire.sensor):
        guard = lockdown.lock(SENSOR, namespace=wire.own)
    listener = wire.program(sys.executable, "-m", "tests.sensor.lockdown.listener", str(tmp_path), where=wire.own)
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.05):
            wire.stimulate()

    sending = threading.Thread(target=send)
    sending.start()
    out, _ = listener.communicate(timeout=120)
    over.set()
    sending.join()

    assert out.startswith("{"), out
    said = json.loads(out)
    assert [(key, holds) for key, holds, _ in said["checks"]] == [("sealed", True), ("seal-test-refused", True)]
    assert said["ended"] == 0
    assert said["frames"] == said["counted"] >= 90
    (path,) = waiting(tmp_path)
    traffic = read_window(path).traffic
    assert traffic.coverage.packets == said["frames"]
    assert traffic.flows["packets_out"].sum() > 0
    assert wire.heard(0.3) == []
    proof = guard.proof()
    assert (proof.sent, proof.stopped) == (0, 0)
    assert lockdown.prove(proof.checks)
