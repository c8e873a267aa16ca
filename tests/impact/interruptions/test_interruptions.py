"""Outages that captures hold, against stories of which the test knows what happened when."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.model.interruptions import Fate, Interruption, Sign
from tests.impact.interruptions.making import ANSWER, CLOUD, GATEWAY, NAME, SECOND, START, Connection, Story
from tests.streams.making import hello, udp

if TYPE_CHECKING:
    from pathlib import Path

HMI, PLC, SERVER = "10.20.1.6", "10.20.1.9", "10.20.1.20"
OTHER_CLOUD = "3.120.10.20"
HOUR = 3600


def modbus(number: int) -> tuple[bytes, bytes]:
    number &= 0xFFFF
    return struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 0, 1), struct.pack(">HHHBBBH", number, 0, 5, 1, 3, 2, 7)


def plant() -> Story:
    story = Story()
    for address in (GATEWAY, HMI, PLC, SERVER):
        story.here(0, address)
    return story


def poll(story: Story, client: str, until: int, every: int = 2) -> None:
    """A client reads a register of the controller, over one connection."""
    connection = Connection(story, client, PLC, 502)
    connection.open(0.5)
    for at in range(1, until, every):
        connection.exchange(at + 0.1, *modbus(at))


def beat(story: Story, times: range, down: range = range(0), *, client: str = GATEWAY, how: str = "unanswered") -> None:
    """Greet the cloud at *times*, in vain where they fall into *down*."""
    for at in times:
        if at not in range(down.start, down.stop):
            story.connection(at, client, CLOUD, 8883, hello(NAME), ANSWER)
        elif how != "silent":
            story.attempt(at, client, CLOUD, 8883, refused=how == "refused")


def found(story: Story, folder: Path) -> list[Interruption]:
    return list(analyse(str(story.write(folder / "story.pcap"))).report.interruptions.found)


def only(story: Story, folder: Path) -> Interruption:
    everything = found(story, folder)
    assert len(everything) == 1, [(one.host, one.sign) for one in everything]
    return everything[0]


def seconds(time: int) -> float:
    return (time - START) / SECOND


@pytest.mark.parametrize(
    ("how", "sign"), [("unanswered", Sign.UNANSWERED), ("refused", Sign.REFUSED), ("silent", Sign.SILENT)]
)
def test_two_hours_without_a_cloud_are_found_within_one_heartbeat(tmp_path: Path, how: str, sign: Sign) -> None:
    story = plant()
    poll(story, GATEWAY, 4 * HOUR, every=10)
    beat(story, range(30, 4 * HOUR, 60), range(HOUR, 3 * HOUR), how=how)
    one = only(story, tmp_path)

    assert (one.host, one.port, one.sign) == (NAME, 8883, sign)
    assert seconds(one.begin.after) <= HOUR <= seconds(one.begin.before)
    assert one.begin.before - one.begin.after <= 60 * SECOND
    assert one.end
    assert seconds(one.end.after) <= 3 * HOUR <= seconds(one.end.before)
    assert sign == Sign.SILENT or one.end.before - one.end.after <= 60 * SECOND
    assert one.rhythm
    assert one.rhythm.period == pytest.approx(60)
    assert one.aftermath.fate == Fate.KEPT_RUNNING
    assert one.aftermath.protocols == ("modbus",)
    assert [step.kind for step in one.evidence][:2] == ["answered-last", f"not-answered-{sign}"]
    assert all(step.where for step in one.evidence)


def test_an_outage_that_outlasts_the_capture_has_no_end(tmp_path: Path) -> None:
    story = plant()
    poll(story, GATEWAY, HOUR)
    beat(story, range(30, HOUR, 30), range(HOUR // 2, HOUR))

    assert only(story, tmp_path).end is None


def test_a_gateway_that_stops_its_polling_is_told_from_one_that_goes_on(tmp_path: Path) -> None:
    story = plant()
    poll(story, GATEWAY, 1200)
    poll(story, HMI, HOUR)
    for client in (GATEWAY, HMI):
        beat(story, range(30, HOUR, 30), range(900, 2700), client=client)
    by_address = {one.asset: one for one in found(story, tmp_path)}
    fates = sorted((one.aftermath.fate, one.aftermath.stopped_after) for one in by_address.values())

    assert [fate for fate, _ in fates] == [Fate.KEPT_RUNNING, Fate.STOPPED]
    assert fates[1][1] == pytest.approx(1200 - 900, abs=30)
    assert {one.common for one in by_address.values()} == {2}


def test_waits_that_grow_are_told(tmp_path: Path) -> None:
    story = plant()
    beat(story, range(30, 900, 30))
    for at in (930, 940, 960, 1000, 1080, 1240, 1560):
        story.attempt(at, GATEWAY, CLOUD, 8883, again=0)
    retries = only(story, tmp_path).retries

    assert (retries.count, retries.grows) == (7, True)
    assert retries.interval == pytest.approx(60)


def test_who_turns_to_another_cloud_is_told(tmp_path: Path) -> None:
    story = plant()
    beat(story, range(30, HOUR, 30), range(900, 2700))
    for at in range(1000, 2700, 30):
        story.connection(at, GATEWAY, OTHER_CLOUD, 8883, hello("backup.iot.example"), ANSWER)

    lost = next(one for one in found(story, tmp_path) if one.host == NAME)

    assert lost.aftermath.fell_back == "backup.iot.example"


def test_a_name_that_is_no_longer_found_is_an_outage(tmp_path: Path) -> None:
    story = plant()
    for at in range(30, HOUR, 60):
        down = 900 <= at < 2700
        story.ask(at, GATEWAY, NAME, None if down else CLOUD)
        if not down:
            story.connection(at + 1, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)
    by_host = {one.host: one for one in found(story, tmp_path)}

    assert by_host[NAME].sign == Sign.NO_NAME
    assert seconds(by_host[NAME].begin.after) <= 900 <= seconds(by_host[NAME].begin.before) <= 960


def test_silence_within_a_connection_counts_where_the_asset_sends_again(tmp_path: Path) -> None:
    story = plant()
    connection = Connection(story, GATEWAY, CLOUD, 8883)
    connection.open(1)
    connection.exchange(2, hello(NAME), ANSWER)
    for at in range(30, 900, 30):
        connection.exchange(at, b"\x17\x03\x03\x00\x02ab", b"\x17\x03\x03\x00\x02cd")
    connection.in_vain(900, b"\x17\x03\x03\x00\x02ab")
    one = only(story, tmp_path)

    assert (one.sign, one.end) == (Sign.STOPPED, None)
    assert seconds(one.begin.after) == pytest.approx(870, abs=1)
    assert seconds(one.begin.before) == pytest.approx(900, abs=2)
    assert [seconds(int(dict(step.values)["time"])) for step in one.evidence] == pytest.approx([870, 916.2], abs=0.1)
    assert one.retries.count >= 4


def test_a_time_server_on_one_pair_of_ports_stops_and_comes_back(tmp_path: Path) -> None:
    story = plant()
    for at in range(10, HOUR, 64):
        story.packet(at, GATEWAY, SERVER, udp(b"\x23" + bytes(47), 123, 123), 17)
        if not 900 <= at < 1800:
            story.packet(at + 0.01, SERVER, GATEWAY, udp(b"\x24" + bytes(47), 123, 123), 17)
    one = only(story, tmp_path)

    assert (one.peer is not None, one.sign) == (True, Sign.STOPPED)
    assert seconds(one.begin.after) <= 900 <= seconds(one.begin.before) <= 964
    assert one.end
    assert seconds(one.end.after) <= 1800 <= seconds(one.end.before) <= 1864


def test_a_pause_of_the_capture_within_a_long_outage_hides_nothing(tmp_path: Path) -> None:
    story = plant()
    for at in (*range(30, 900, 30), *range(2700, 3600, 30)):
        story.connection(at, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)
    for at in (*range(930, 1700, 30), *range(2000, 2700, 30)):
        story.attempt(at, GATEWAY, CLOUD, 8883, again=0)

    assert only(story, tmp_path).sign == Sign.UNANSWERED


def nothing_ever_answered(story: Story) -> None:
    for at in range(30, HOUR, 30):
        story.attempt(at, GATEWAY, CLOUD, 8883)


def one_lost_packet(story: Story) -> None:
    beat(story, range(30, 900, 30))
    story.attempt(905, GATEWAY, CLOUD, 8883, again=0)
    beat(story, range(910, 1800, 30))


def two_connections_of_which_one_lives(story: Story) -> None:
    connection = Connection(story, GATEWAY, CLOUD, 8883)
    connection.open(1)
    connection.exchange(2, hello(NAME), ANSWER)
    for at in range(5, HOUR, 3):
        connection.exchange(at, b"\x17\x03\x03\x00\x02ab", b"\x17\x03\x03\x00\x02cd")
    for at in range(900, 1500, 40):
        story.attempt(at, GATEWAY, CLOUD, 8883, again=1)


def switched_off(story: Story) -> None:
    beat(story, range(30, 900, 30))
    beat(story, range(1800, 2700, 30))
    poll(story, HMI, 2700)


def irregular(story: Story) -> None:
    for at in (30, 45, 200, 210, 600, 610, 640, 900, 2000, 2010):
        story.connection(at, GATEWAY, CLOUD, 8883, hello(NAME), ANSWER)
    poll(story, GATEWAY, 2010)


def a_night_without_a_capture(story: Story) -> None:
    for begin in (0, 4 * HOUR):
        beat(story, range(begin + 30, begin + 900, 30))
        for at in range(begin + 1, begin + 900, 2):
            story.connection(at + 0.3, HMI, PLC, 502, *modbus(at))


@pytest.mark.parametrize(
    "tell",
    [
        nothing_ever_answered, one_lost_packet, two_connections_of_which_one_lives, switched_off, irregular,
        a_night_without_a_capture,
    ],
)  # fmt: skip
def test_what_is_no_outage(tmp_path: Path, tell: object) -> None:
    story = plant()
    tell(story)  # type: ignore[operator]

    assert [(one.host, one.sign, one.begin) for one in found(story, tmp_path)] == []


def test_the_report_lists_it_in_both_languages(tmp_path: Path) -> None:
    from kwel.report import render

    story = plant()
    poll(story, GATEWAY, 1200)
    beat(story, range(30, HOUR, 30), range(900, 2700))
    page = render(analyse(str(story.write(tmp_path / "story.pcap"))).report, "nl")

    assert "Wat in deze opnamen al uitviel" in page
    assert "stopte na 4 minuten" in page
    assert "stopped after 4 minutes" in page
