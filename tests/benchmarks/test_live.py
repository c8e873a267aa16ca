"""The measurement of live capture: every frame that is sent is received, or counted as lost, whoever listens."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from benchmarks.sender import Frames, send
from benchmarks.wire import FAR, Wire
from tests.conftest import ROOT

from benchmarks import live
from kwel.sensor.lockdown import inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def cable(wire: Wire) -> Wire:
    """Return a cable to a deaf host."""
    wire.deafen()
    return wire


@pytest.mark.slow
@pytest.mark.parametrize("way", ["flows", "tcpdump"])
def test_what_is_sent_adds_up(
    cable: Wire, way: str, samples: Path, monkeypatch: pytest.MonkeyPatch, require_tool: Callable[[str], str]
) -> None:
    if way not in live.PYTHON:
        require_tool(way)
    monkeypatch.setattr(live, "WARM", 200)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'src'}")
    outcome = live.burst(cable, way, samples / "vlan_trunk.pcap", 2000, 20_000.0)
    assert outcome.sent == 2000
    assert outcome.adds_up
    assert outcome.received == 2200
    assert 0 < outcome.each < 100


def test_the_sender_sends_a_capture_over_and_over_at_its_rate(cable: Wire, samples: Path) -> None:
    frames = Frames(samples / "vlan_trunk.pcap", 100)
    assert len(frames) == 100
    with inside(cable.far):
        went, seconds = send(FAR, frames, 250, 2500.0)
    assert went == 250
    assert 0.09 < seconds < 2


def test_the_programs_of_others_are_understood() -> None:
    told = "tcpdump: listening\n12 packets captured\n15 packets received by filter\n3 packets dropped by kernel\n"
    found = live.TCPDUMP.search(told)
    assert found is not None
    assert found.groups() == ("12", "3")
    told = "Packets received/dropped on interface 'span0': 7/2 (pcap:0/dumpcap:0/flushed:2/ps_ifdrop:0) (77.8%)"
    found = live.DUMPCAP.search(told)
    assert found is not None
    assert found.groups() == ("7", "2")


def test_a_frame_that_is_neither_here_nor_lost_is_astray() -> None:
    outcome = live.Outcome(100, 2.0, 10, 100, 4, 1, 0.0009)
    assert outcome.astray == 5
    assert not outcome.adds_up
    assert outcome.rate == 50
    assert outcome.each == pytest.approx(10)


def test_a_line_has_the_middle_of_what_was_measured() -> None:
    outcomes = [live.Outcome(100, 1.0, 0, 99, lost, 0, cpu) for lost, cpu in ((1, 0.0001), (0, 0.0003), (1, 0.0002))]
    line = live.row("recv", outcomes, "", 1.0)
    assert "| 297 | 2 (+1 astray) | 2.020 (1.010-3.030) | 2.0 |" in line


def test_help_says_what_is_measured() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.live", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "kwel's ring beside its peers" in " ".join(told.stdout.split())
