"""A plant of 400 assets that loses its clouds for two hours: who lost what, when, and what each did, as drawn."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.model.interruptions import Fate, Interruption, Sign
from tests.impact.interruptions.making import ANSWER, SECOND, START, Connection, Story
from tests.impact.interruptions.test_interruptions import modbus
from tests.streams.making import hello

if TYPE_CHECKING:
    from kwel.model.report import Report

HOUR = 3600
LINES, BEAT, POLL = 80, 600, 120
DOWN = range(3 * HOUR, 5 * HOUR)
STOPS_AFTER = 30 * 60
LENGTH = 7 * HOUR
GATEWAY, SERVER, CAMERA, PANEL, CONTROLLER = range(5)
CLOUDS = {
    GATEWAY: ("13.69.64.110", 8883, "plantgw.azure-devices.net"),
    SERVER: ("52.219.170.10", 443, "plant.s3.eu-central-1.amazonaws.com"),
    CAMERA: ("116.202.40.7", 443, "camera.hz-fsn1.example"),
}
SIGNS = {GATEWAY: Sign.UNANSWERED, SERVER: Sign.REFUSED, CAMERA: Sign.SILENT}
FATES = {GATEWAY: Fate.KEPT_RUNNING, SERVER: Fate.STOPPED, CAMERA: Fate.KEPT_RUNNING}
"""A gateway polls on; a server stops half an hour later; a camera is looked at by a panel, all the time."""


def address(line: int, what: int) -> str:
    return f"10.{20 + what}.{line // 200}.{line % 200 + 10}"


def tell(story: Story, line: int) -> None:
    """One production line: three that need a cloud, a panel and a controller that do not."""
    for what in range(5):
        story.here(line / 100, address(line, what))
    controller = address(line, CONTROLLER)
    for what, target in ((GATEWAY, controller), (SERVER, controller), (PANEL, address(line, CAMERA))):
        reading = Connection(story, address(line, what), target, 502)
        reading.open(2 + line / 100)
        quiet = range(DOWN.start + STOPS_AFTER, DOWN.stop + BEAT) if what == SERVER else range(0)
        for at in range(10 + 37 * line % POLL, LENGTH, POLL):
            if at not in quiet:
                reading.exchange(at, *modbus(at))
    for what, (host, port, name) in CLOUDS.items():
        for at in range(30 + line, LENGTH, BEAT):
            if at not in DOWN:
                story.connection(at, address(line, what), host, port, hello(name), ANSWER)
            elif SIGNS[what] != Sign.SILENT:
                story.attempt(at, address(line, what), host, port, refused=what == SERVER, again=1)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    story = Story()
    for line in range(LINES):
        tell(story, line)
    return analyse(str(story.write(tmp_path_factory.mktemp("plant") / "plant.pcap"))).report


@pytest.fixture(scope="module")
def by_kind(report: Report) -> dict[int, dict[int, Interruption]]:
    """Return the interruptions of contact with the outside, by what the asset is, and its line."""
    found: dict[int, dict[int, Interruption]] = {what: {} for what in range(5)}
    for one in report.interruptions.found:
        if one.peer is None:
            _, kind, block, place = map(int, report.assets[one.asset].addresses[0].split("."))
            found[kind - 20][200 * block + place - 10] = one
    return found


def test_everyone_who_lost_a_cloud_is_named_and_nobody_else(
    report: Report, by_kind: dict[int, dict[int, Interruption]]
) -> None:
    outside = [one for one in report.interruptions.found if one.peer is None]

    assert len(report.assets) >= 400
    assert report.interruptions.left_out == 0
    assert {what: len(lines) for what, lines in by_kind.items()} == {
        GATEWAY: LINES, SERVER: LINES, CAMERA: LINES, PANEL: 0, CONTROLLER: 0,
    }  # fmt: skip
    assert len(outside) == 3 * LINES


@pytest.mark.parametrize("what", [GATEWAY, SERVER, CAMERA])
def test_begin_and_end_are_known_to_one_heartbeat(what: int, by_kind: dict[int, dict[int, Interruption]]) -> None:
    for one in by_kind[what].values():
        assert (one.sign, one.host) == (SIGNS[what], CLOUDS[what][2])
        assert (one.begin.after - START) / SECOND <= DOWN.start <= (one.begin.before - START) / SECOND + 1
        assert one.begin.before - one.begin.after <= BEAT * SECOND
        assert one.end
        assert 0 <= (one.end.before - START) / SECOND - DOWN.stop <= BEAT
        assert one.rhythm
        assert one.rhythm.period == pytest.approx(BEAT)
        assert one.common == LINES


@pytest.mark.parametrize("what", [GATEWAY, SERVER, CAMERA])
def test_the_fate_of_each_is_right(what: int, by_kind: dict[int, dict[int, Interruption]]) -> None:
    found = list(by_kind[what].values())

    assert Counter(one.aftermath.fate for one in found) == {FATES[what]: LINES}
    if what == SERVER:
        for one in found:
            late = (one.begin.before - START) / SECOND - DOWN.start
            assert one.aftermath.stopped_after == pytest.approx(STOPS_AFTER - late, abs=POLL + 5)
