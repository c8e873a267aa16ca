"""A capture that stood still is told from a plant that kept silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.capture.pauses import Pauses
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = 1_000_000_000


def pauses(*files: Sequence[float], at_once: int = 7) -> list[tuple[float, float]]:
    found = Pauses()
    for seconds in files:
        found.begin()
        records = np.zeros(len(seconds), RECORD)
        records["time"] = [int(second * SECOND) for second in seconds]
        for start in range(0, len(records), at_once):
            found.see(records[start : start + at_once])
    return [(start / SECOND, end / SECOND) for start, end in found.find()]


BUSY = [second / 10 for second in range(600)]


def test_a_spell_without_frames_in_a_busy_capture_is_a_pause() -> None:
    assert pauses([*BUSY, *(200 + second for second in BUSY)]) == [(59.9, 200.0)]


def test_a_pause_on_the_edge_of_a_batch_is_seen() -> None:
    assert pauses([*BUSY, *(200 + second for second in BUSY)], at_once=600) == [(59.9, 200.0)]


def test_a_quiet_network_is_no_pause() -> None:
    assert pauses([minute * 60.0 for minute in range(60)]) == []


def test_between_files_of_which_one_ends_before_the_other_begins_is_a_pause() -> None:
    assert pauses([300 + second for second in BUSY], BUSY) == [(59.9, 300.0)]


def test_files_of_the_same_time_fill_each_others_pauses() -> None:
    assert pauses([*BUSY, *(200 + second for second in BUSY)], [50.0 + second * 2 for second in range(80)]) == []


def test_a_clock_that_is_set_back_makes_no_pause() -> None:
    assert pauses([*(500 + second for second in BUSY), *(480 + second for second in BUSY)]) == []


def test_frames_a_year_apart_each_are_no_endless_work() -> None:
    found = Pauses()
    records = np.zeros(50_000, RECORD)
    records["time"] = np.arange(50_000) * 31 * SECOND
    found.see(records)
    assert found.find() == ()


def test_nothing_has_no_pause() -> None:
    assert pauses([], []) == []
