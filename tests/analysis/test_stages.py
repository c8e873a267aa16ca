"""The story as a library: captures in, one analysis out, the same each time."""

from __future__ import annotations

import gc
import os
import shutil
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING

import pytest

import kwel
from kwel.analysis.stages import Options, analyse, explain, read_traffic
from kwel.model.report import Report
from kwel.model.traffic import Traffic
from tests.capture.making import block, interface, packet, section, write
from tests.conftest import SAMPLES
from tests.streams.making import ethernet, ipv4, udp, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

MIXED = str(SAMPLES / "mixed_plant.pcapng")


def test_the_library_gives_data_frames() -> None:
    analysis = kwel.analyse([MIXED])

    assert len(analysis.flows) == len(analysis.traffic.flows)
    assert "plantgw-prod.azure-devices.net" in set(analysis.names["name"])
    assert {"ot", "it", "iiot"} <= set(analysis.asset_table["kind"])
    assert set(analysis.dependency_table["state"]) == {"used", "resolved-only"}


def test_an_analysis_that_nobody_holds_gives_its_memory_back_at_once() -> None:
    def alive() -> list[object]:
        return [one for one in gc.get_objects() if type(one) in (Report, Traffic)]

    before = alive()  # those that other tests hold, or left in cycles
    gc.disable()
    try:
        kwel.analyse([MIXED])
        left = len(alive()) - len(before)
    finally:
        gc.enable()

    assert left <= 0


def test_several_files_are_one_analysis_and_each_counts_once(tmp_path: Path) -> None:
    for name in ("azure_iot.pcap", "aws_iot.pcap"):
        shutil.copy(SAMPLES / name, tmp_path)
    shutil.copy(SAMPLES / "aws_iot.pcap", tmp_path / "again.pcap")
    whole = read_traffic([str(tmp_path), str(tmp_path / "aws_iot.pcap")])
    parts = [read_traffic(str(SAMPLES / name)) for name in ("azure_iot.pcap", "aws_iot.pcap")]

    assert whole.coverage.packets == sum(part.coverage.packets for part in parts)
    assert len(whole.flows) == sum(len(part.flows) for part in parts)


def test_one_bad_file_among_good_ones_is_listed_and_the_others_are_read(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "azure_iot.pcap", tmp_path)
    (tmp_path / "bad.pcap").write_bytes(b"not a capture at all, really not")
    captures = {c.name: c for c in read_traffic(str(tmp_path)).captures}

    assert captures["azure_iot.pcap"].problem is None
    assert captures["bad.pcap"].problem
    assert captures["azure_iot.pcap"].packets > 0


def test_the_same_capture_gives_the_same_conclusions() -> None:
    first, second = analyse(MIXED), analyse(MIXED)

    assert first.report.assets == second.report.assets
    assert list(first.dependencies) == list(second.dependencies)
    assert first.findings == second.findings
    assert asdict(first.traffic.coverage) == asdict(second.traffic.coverage)


def crowd() -> list[bytes]:
    """Return 400 datagrams whose second fragments come behind all first ones, and 900 packets, then their copies."""
    whole = [ipv4(udp(bytes(24), 1000 + i, 502), 17, ident=i + 1) for i in range(400)]
    first = [ethernet(with_fragment(datagram[:36], 0x2000)) for datagram in whole]
    second = [ethernet(with_fragment(datagram[:20] + datagram[36:], 2)) for datagram in whole]
    plain = [ipv4(udp(bytes(8), 1000 + i, 502), 17, ident=1000 + i) for i in range(900)]
    routed = [datagram[:8] + bytes([datagram[8] - 1]) + datagram[9:] for datagram in plain]
    return [*first, *second, *map(ethernet, plain), *map(ethernet, routed)]


def with_fragment(datagram: bytes, field: int) -> bytes:
    """Return an IPv4 datagram with another length and flags and fragment offset."""
    return datagram[:2] + len(datagram).to_bytes(2, "big") + datagram[4:6] + field.to_bytes(2, "big") + datagram[8:]


@pytest.mark.parametrize("crowded", [False, True])
def test_no_seed_decides_what_is_found(crowded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeds of hashes are secret and new in each run: none of them may show in a conclusion."""
    capture = SAMPLES / "dup_span.pcap"
    if crowded:
        capture = write_pcap(tmp_path / "crowded.pcap", crowd(), step=100)
    found = []
    for seed in range(8):
        monkeypatch.setattr(os, "urandom", Random(seed).randbytes)
        traffic = read_traffic(str(capture))
        found.append((asdict(traffic.coverage), traffic.flows.tolist(), traffic.named.tolist()))

    assert found == [found[0]] * len(found)
    if crowded:
        coverage = found[0][0]
        assert coverage["set_aside"] == {"duplicate": 900}
        assert coverage["used"] == 2 * 400 + 900
        assert not coverage["notes"].get("fragments-crowded-out")


def test_an_own_prefix_makes_public_addresses_the_plants_own() -> None:
    hosts = {d.host for d in analyse(MIXED, Options(internal=("3.88.101.0/24",))).dependencies}
    assert "3.88.101.55" not in hosts


def test_a_wrong_prefix_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/40"):
        analyse(MIXED, Options(internal=("10.0.0.0/40",)))


def test_progress_ends_at_the_whole() -> None:
    told: list[tuple[int, int | None]] = []
    read_traffic(MIXED, None, lambda done, total: told.append((done, total)))
    assert told[-1] == ((SAMPLES / "mixed_plant.pcapng").stat().st_size,) * 2


def test_an_explanation_without_a_capture_rests_on_rules_and_tables() -> None:
    told = explain("13.69.64.110")
    assert (told["operator"], told["parent_jurisdiction"], told["region"]) == ("Microsoft Azure", "US", "westeurope")


def test_an_explanation_with_a_capture_names_the_frames() -> None:
    told = explain("plantgw-prod.azure-devices.net.", analyse(MIXED))
    assert told["state"] == "used"
    assert any(step["where"] == "mixed_plant.pcapng#236" for step in told["evidence"])


def test_packets_of_unread_link_types_are_told_by_link_type_and_blocks_by_sort(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        section()
        + block(0x77, b"abcd") * 3
        + interface(link=189)
        + interface(link=1)
        + interface(link=4711)
        + packet(on=0) * 5
        + packet(on=1) * 2
        + packet(on=2)
        + packet(on=0),
    )

    coverage = read_traffic(str(file)).coverage

    assert coverage.unread_links == (("189 (Linux USB)", 6), ("4711 (not in the registry)", 1))
    assert coverage.set_aside["link-type"] == 7
    assert coverage.notes["blocks-unknown"] == 3
