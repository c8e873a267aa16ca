"""What must neither be told as an outage nor hide one: scans, dead second addresses, contact that is rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.impact.interruptions.aftermath import _active, _longest_pause
from kwel.model.interruptions import Fate
from tests.impact.interruptions.making import ANSWER, CLOUD, GATEWAY, NAME, SECOND, SYN
from tests.impact.interruptions.test_interruptions import PLC, SERVER, beat, found, modbus, only, plant
from tests.streams.making import hello, tcp

if TYPE_CHECKING:
    from pathlib import Path

SCANNER, DEAD = "10.20.1.2", "13.69.64.111"


def test_a_scan_hides_no_outage(tmp_path: Path) -> None:
    story = plant()
    story.frames.clear()
    for address in (SCANNER, SERVER):
        story.here(0, address)
    for port in range(1, 20_100):
        story.packet(1 + port / 1000, SCANNER, SERVER, tcp(b"", 1, SYN, 40000, port))
    beat(story, range(30, 900, 30), range(400, 700))

    assert only(story, tmp_path).host == NAME


def test_a_second_address_that_is_always_dead_is_no_outage(tmp_path: Path) -> None:
    story = plant()
    for at in range(30, 900, 60):
        for late in (0, 0.2):
            mine = story.new_port()
            story.packet(at + late, GATEWAY, DEAD, tcp(hello(NAME), 1000, SYN, mine, 8883))
        story.connection(at + 0.5, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)

    assert found(story, tmp_path) == []


def test_a_name_that_one_of_two_questions_does_not_find_is_no_outage(tmp_path: Path) -> None:
    story = plant()
    for at in range(30, 900, 60):
        for late in (0, 0.2):
            story.ask(at + late, GATEWAY, NAME, None)
        story.ask(at + 0.4, GATEWAY, NAME, CLOUD)
        story.connection(at + 0.5, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)

    assert found(story, tmp_path) == []


def test_who_seldom_speaks_inside_is_not_said_to_have_stopped(tmp_path: Path) -> None:
    story = plant()
    for at in range(100, 3600, 600):
        story.connection(at, GATEWAY, PLC, 502, *modbus(at))
    beat(story, range(10, 3600, 20), range(1320, 1860))

    assert only(story, tmp_path).aftermath.fate == Fate.UNSURE


def test_spells_that_overlap_count_once() -> None:
    spells = np.array([[0, 4], [2, 9], [20, 20], [21, 30]]) * SECOND

    assert _active(spells, 0, 100 * SECOND) == 10 * SECOND + 11 * SECOND
    assert _active(spells, 3 * SECOND, 25 * SECOND) == 7 * SECOND + 5 * SECOND
    assert _longest_pause(spells, 0, 25 * SECOND) == 11 * SECOND
    assert _longest_pause(spells[:0], 0, 25 * SECOND) == 25 * SECOND
