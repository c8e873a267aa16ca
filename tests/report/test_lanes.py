"""When relations were in use, as marks on a common scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kwel.model.report import Timeline
from kwel.report import catalogue
from kwel.report.lanes import LEFT, RIGHT, SHOWN, Chart, chart
from kwel.report.relations import relate
from tests.report import fixtures

SAY = catalogue.load()


@pytest.fixture(scope="module")
def drawn() -> Chart:
    report = fixtures.plant()
    made = chart(report, relate(report), SAY)
    assert made
    return made


def patterns(made: Chart) -> dict[tuple[str, str], str]:
    return {(str(lane.asset.en), str(lane.service.en)): str(lane.pattern.en) for lane in made.lanes}


def test_use_is_put_in_words(drawn: Chart) -> None:
    said = patterns(drawn)

    assert said["gw-line1", "Azure IoT Hub"] == "all the time"
    assert said["hmi-03", "198.51.100.55"] == "7 times"
    assert said["hist-01", "Azure Blob Storage"] == "once, 15 Nov 2026 02:00"


def test_the_worst_comes_first(drawn: Chart) -> None:
    assert [lane.control.value for lane in drawn.lanes] == ["non"] * 9 + ["unk"] + ["eu"] * 2


def test_days_are_the_scale_of_a_week(drawn: Chart) -> None:
    assert [str(tick.label.nl) for tick in drawn.ticks][:2] == ["9 nov", "10 nov"]


def test_marks_stay_on_the_scale(drawn: Chart) -> None:
    for lane in drawn.lanes:
        for mark in lane.path.split("z")[:-1]:
            left = float(mark.split()[0].removeprefix("M"))
            assert LEFT <= left < RIGHT


def test_no_more_lanes_than_a_reader_can_take_in() -> None:
    report = fixtures.large(assets=100, dependencies=2_000, hosts=300)
    made = chart(report, relate(report), SAY)

    assert made
    assert len(made.lanes) == SHOWN
    assert made.left_out > 0


def test_a_report_without_contact_has_no_chart() -> None:
    report = fixtures.nothing()

    assert chart(report, relate(report), SAY) is None


@pytest.mark.parametrize("start", [0, -(2**62), 2**62])
def test_absurd_times_still_make_a_chart(start: int) -> None:
    report = fixtures.plant()
    rows = np.array([0, 0]), np.array([0, 5]), np.array([10, 10])
    odd = replace(report, timeline=Timeline(start, 10**18, *rows))

    made = chart(odd, relate(odd), SAY)

    assert made
    assert len(made.ticks) < 40


def test_a_timeline_of_slices_without_length_is_no_chart() -> None:
    report = fixtures.plant()
    none = Timeline(0, 0, np.array([0]), np.array([0]), np.array([1]))

    assert chart(replace(report, timeline=none), relate(report), SAY) is None
