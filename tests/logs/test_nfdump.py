from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse, read_traffic
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.analysis.result import Analysis

    RequireTool = Callable[[str], str]


def nfcapd(capture: Path, folder: Path, require_tool: RequireTool) -> Path:
    """Return the file that nfpcapd makes of a capture."""
    folder.mkdir()
    plain = folder.parent / "plain.pcap"
    subprocess.run([require_tool("tshark"), "-r", capture, "-F", "pcap", "-w", plain], check=True, capture_output=True)
    command = [require_tool("nfpcapd"), "-r", str(plain), "-w", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return next(iter(folder.glob("nfcapd.*")))


def reached(made: Analysis) -> set[tuple[str | None, str]]:
    return {(of.attribution.address, of.state.value) for of in made.dependencies if of.attribution.address}


@pytest.mark.parametrize("name", ["mixed_plant.pcapng", "office_it.pcap", "blocked_attempts.pcap"])
def test_dependencies_are_among_those_of_the_packets(name: str, require_tool: RequireTool, tmp_path: Path) -> None:
    require_tool("nfdump")
    file = nfcapd(SAMPLES / name, tmp_path / "nf", require_tool)

    found, shown = analyse(str(file)), analyse(str(SAMPLES / name))

    assert reached(found) <= reached(shown)
    assert len(reached(found)) >= len(reached(shown)) // 2
    assert found.traffic.captures[0].kind == "nfdump"
    assert found.traffic.captures[0].problem is None
    assert int(found.traffic.flows["packets_out"].sum()) > 0


def test_a_packed_file_is_unpacked_for_nfdump(require_tool: RequireTool, tmp_path: Path) -> None:
    import gzip

    require_tool("nfdump")
    file = nfcapd(SAMPLES / "aws_iot.pcap", tmp_path / "nf", require_tool)
    packed = tmp_path / "nfcapd.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))

    assert len(read_traffic(str(packed)).flows) == len(read_traffic(str(file)).flows) > 0


def test_a_damaged_file_says_so(require_tool: RequireTool, tmp_path: Path) -> None:
    require_tool("nfdump")
    file = nfcapd(SAMPLES / "aws_iot.pcap", tmp_path / "nf", require_tool)
    file.write_bytes(file.read_bytes()[:300])

    (capture,) = read_traffic(str(file)).captures

    assert capture.problem is not None
    assert "nfdump stopped after record" in capture.problem


def test_without_the_program_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "nfcapd.202611260100"
    file.write_bytes(b"\x0c\xa5\x02\x00" + bytes(200))
    monkeypatch.setenv("PATH", str(tmp_path))

    (capture,) = read_traffic(str(file)).captures

    assert capture.problem == "nfdump is not installed: install the package nfdump, then run this again"
