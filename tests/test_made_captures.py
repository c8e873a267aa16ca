"""Captures made byte by byte: kept as their generator makes them, and read as they were meant."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.records.columns import NameSource, address_text
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

MADE = SAMPLES / "made"
CAPTURES = sorted(MADE.glob("*.pcap"))


def read(name: str) -> Traffic:
    return read_traffic(str(MADE / f"{name}.pcap"))


def names(traffic: Traffic, source: NameSource) -> set[str]:
    return {traffic.names[int(row["name"])] for row in traffic.named if row["source"] == source}


def test_the_generator_makes_the_very_captures_that_are_kept(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make", MADE / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(tmp_path)

    assert CAPTURES
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in CAPTURES
    }


@pytest.mark.parametrize(
    ("capture", "source", "name"),
    [
        ("hello_records", NameSource.TLS_SNI, "records.plant.example"),
        ("hello_shuffled", NameSource.TLS_SNI, "shuffled.plant.example"),
        ("quic_third_initial", NameSource.QUIC_SNI, "third.plant.example"),
        ("dup_vlans", NameSource.TLS_SNI, "routed.plant.example"),
    ],
)
def test_the_name_is_found_once_however_it_is_cut(capture: str, source: NameSource, name: str) -> None:
    traffic = read(capture)

    assert [traffic.names[int(row["name"])] for row in traffic.named] == [name]
    assert names(traffic, source) == {name}


def test_fragments_count_in_any_order_and_are_not_trusted_where_they_contradict() -> None:
    traffic = read("fragment_overlap")
    answers = {traffic.names[int(row["question"])] for row in traffic.answers}

    assert answers == {"whole.plant.example"}
    assert traffic.coverage.set_aside["fragment-overlap"] > 0


def test_seven_tunnels_are_opened_and_ten_are_said_to_be_too_many() -> None:
    traffic = read("nested_tunnels")

    assert names(traffic, NameSource.TLS_SNI) == {"depth7.plant.example"}
    assert traffic.coverage.set_aside == {"too-deep": 1}


def test_a_conversation_mirrored_before_and_after_a_router_is_one_and_counts_once() -> None:
    traffic = read("dup_vlans")
    (flow,) = traffic.flows

    assert address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"])) == "10.20.3.32"
    assert (int(flow["packets_out"]), int(flow["packets_in"])) == (5, 2)
    assert traffic.coverage.set_aside == {"duplicate": 7}
