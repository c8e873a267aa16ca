"""When each direction of a flow was heard last, and where it fell silent: against times that the test chose."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.analysis.stages import Options, read_traffic
from kwel.model.records.activity import SILENCES, TICK
from tests.streams.making import CLIENT, SERVER, ethernet, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
Sent = tuple[float, bool]
"""Seconds since the start, and whether the client sent it."""


def hear(folder: Path, sent: list[Sent], client_port: int = 40000) -> Traffic:
    file = folder / "made.pcap"
    with file.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for at, is_up in sent:
            up, down = udp(b"beat", client_port, 5000), udp(b"beat", 5000, client_port)
            frame = ethernet(ipv4(up, 17) if is_up else ipv4(down, 17, SERVER, CLIENT))
            whole, rest = divmod(START + round(at * SECOND), SECOND)
            out.write(struct.pack("<IIII", whole, rest, len(frame), len(frame)) + frame)
    return read_traffic([str(file)], Options(max_flows=1 << 10))


def last(traffic: Traffic, half: int) -> float | None:
    """Return when a direction was heard last, seconds since the start."""
    beat = traffic.beats[half]
    if not beat["last"]:
        return None
    return (int(traffic.flows["first"][half // 2]) + (int(beat["last"]) - 1) * TICK - START) / SECOND


def silences(traffic: Traffic, half: int) -> list[tuple[float, float]]:
    """Return the silences of a direction that are kept, seconds since the start."""
    found = [
        ((int(since) - START) / SECOND, (int(until) - START) / SECOND)
        for row in traffic.rhythms[traffic.rhythms["half"] == half]
        for since, until in zip(row["since"], row["until"], strict=True)
        if until
    ]
    return sorted(found)


def test_each_direction_has_its_own_end(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [(0, True), (0.5, False), (0.9, True), (1.2, False), (7, True), (9, True)])

    assert last(traffic, 0) == 9
    assert last(traffic, 1) == pytest.approx(1.2, abs=0.01)
    assert silences(traffic, 0) == [(pytest.approx(0.9), 7), (7, 9)]
    assert silences(traffic, 1) == []
    assert traffic.beats["frame"].tolist() == [6, 4]


@pytest.mark.parametrize("port", [40000, 4000])
def test_beats_turn_round_with_their_flow(tmp_path: Path, port: int) -> None:
    traffic = hear(tmp_path, [(0, True), (5, True), (6, True)], port)
    half = 0 if traffic.flows["initiator_port"][0] == port else 1

    assert last(traffic, half) == 6
    assert last(traffic, 1 - half) is None
    assert silences(traffic, half) == [(0, 5), (5, 6)]
    assert traffic.rhythms["half"].tolist() == [half]


def test_frames_on_both_sides_of_a_silence_are_told(tmp_path: Path) -> None:
    row = hear(tmp_path, [(0, True), (0.1, False), (60, True), (60.1, False)]).rhythms[1]

    assert int(row["half"]) == 1
    assert [int(frame) for frame in row["before"] if frame] == [2]
    assert [int(frame) for frame in row["after"] if frame] == [4]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60))
def test_any_order_of_sending_gives_the_silences_that_a_list_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]]
) -> None:
    at, sent = 0.0, [(0.0, True)]
    for tenths, is_up in steps:
        at += tenths / 10
        sent.append((at, is_up))
    traffic = hear(tmp_path_factory.mktemp("beats"), sent)

    for half, is_up in enumerate((True, False)):
        times = [time for time, who in sent if who == is_up]
        gaps = [(a, b) for a, b in itertools.pairwise(times) if b - a >= 1]
        lengths = sorted((b - a for a, b in gaps), reverse=True)
        row: Any = traffic.rhythms[traffic.rhythms["half"] == half]
        assert last(traffic, half) == (pytest.approx(times[-1], abs=0.011) if times else None)
        assert (int(row["count"][0]) if len(row) else 0) == pytest.approx(
            len(gaps), abs=sum(b - a < 1.02 for a, b in gaps)
        )
        kept = sorted((b - a for a, b in silences(traffic, half)), reverse=True)
        for one, other in zip(kept, lengths[:SILENCES], strict=False):
            assert one == pytest.approx(other, abs=0.021)
        if len(row):
            assert int(row["total"][0]) == pytest.approx(1000 * sum(lengths), abs=1100)


def test_only_flows_keep_no_beats(tmp_path: Path) -> None:
    hear(tmp_path, [(0, True), (5, True)])
    traffic = read_traffic([str(tmp_path / "made.pcap")], Options(), discovery=False)

    assert len(traffic.beats) == len(traffic.rhythms) == 0
