"""Condensed traffic leads to the same assets, dependencies and findings, with far fewer rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import read_traffic
from kwel.merge import condense, join
from tests.conftest import SAMPLES
from tests.merge.comparing import differences
from tests.merge.cutting import cut, frames_of, read
from tests.merge.test_join import CAPTURES

if TYPE_CHECKING:
    from pathlib import Path

EACH_CONNECTION = {"flows", "names", "interruptions"}
"""What is told of each connection by itself: that is what condensing gives up."""


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_the_conclusions_stay(path: Path) -> None:
    traffic = read_traffic([str(path)])
    small = condense(traffic)
    assert len(small.flows) <= len(traffic.flows)
    assert int(small.weights.sum()) == len(traffic.flows)
    assert differences(traffic, small).keys() <= EACH_CONNECTION


def test_it_condenses_what_is_condensed_no_further() -> None:
    once = condense(read_traffic([str(SAMPLES / "mixed_plant.pcapng")]))
    twice = condense(once)
    assert differences(once, twice).keys() <= EACH_CONNECTION
    assert len(twice.flows) == len(once.flows)


def test_condensed_windows_join(tmp_path: Path) -> None:
    frames = frames_of(SAMPLES / "office_it.pcap")
    parts = read(tmp_path, cut(frames, [300, 600]))
    second = 1_000_000_000
    joined = join([condense(part, margin=second) for part in parts])
    whole = join(parts)
    assert int(joined.weights.sum()) == len(whole.flows)
    assert differences(whole, joined).keys() <= EACH_CONNECTION


def test_a_row_with_a_frame_stands_for_those_without() -> None:
    traffic = read_traffic([str(SAMPLES / "office_it.pcap")])
    traffic.flows["first_frame"][: len(traffic.flows) // 2] = 0
    small = condense(traffic)
    several = small.weights > 1
    keys = ["initiator_lo", "responder_lo", "responder_port", "name", "state"]
    named = {name: index for index, name in enumerate(traffic.names[number] for number in range(len(traffic.names)))}
    for row in small.flows[several & (small.flows["first_frame"] == 0)]:
        same = np.ones(len(traffic.flows), np.bool_)
        for key in keys:
            value = named[small.names[int(row[key])]] if key == "name" else row[key]
            same &= traffic.flows[key] == value
        same &= (traffic.flows["rtt_us"] == row["rtt_us"]) | (row["rtt_us"] == 0)
        assert not (traffic.flows["first_frame"][same] > 0).all()
