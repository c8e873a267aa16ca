"""Each whole day and week gets its report once, by the days of the place where the sensor stands."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

import pytest

from kwel.sensor.calendar import NANOSECONDS, Kind, due, ripe
from kwel.sensor.shelf import clear

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3600 * NANOSECONDS
MINUTE = 60 * NANOSECONDS
KEEP = 400


@pytest.fixture(autouse=True)
def amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp()) * NANOSECONDS


def test_yesterday_is_due_just_after_midnight_here() -> None:
    (one,) = due(["daily"], at("2026-11-26T00:00:30+01:00"), [at("2026-11-25T10:00:00+01:00")], (), KEEP)

    assert (one.name, one.kind) == ("2026-11-25", "daily")
    assert one.since == at("2026-11-25T00:00:00+01:00")
    assert one.until == at("2026-11-26T00:00:00+01:00")
    assert due(["daily"], at("2026-11-25T23:59:30+01:00"), [at("2026-11-25T10:00:00+01:00")], (), KEEP) == []


def test_what_is_there_is_not_made_again() -> None:
    assert (
        due(["daily"], at("2026-11-26T12:00:00+01:00"), [at("2026-11-25T10:00:00+01:00")], ["2026-11-25"], KEEP) == []
    )


def test_a_machine_that_was_off_catches_up() -> None:
    now, heard = at("2026-11-26T12:00:00+01:00"), at("2026-11-12T10:00:00+01:00")
    found = due(["daily", "weekly"], now, range(heard, now, HOUR), ["2026-11-22"], KEEP)

    assert [one.name for one in found if one.kind == "daily"] == [
        "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-23", "2026-11-24", "2026-11-25",
    ]  # fmt: skip
    assert [one.name for one in found if one.kind == "weekly"] == ["2026-W46", "2026-W47"]
    assert [one.until for one in found] == sorted(one.until for one in found)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_are_as_long_as_they_are(day: str, hours: int) -> None:
    after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    (one,) = due(["daily"], at(f"{after}T12:00:00+02:00"), [at(f"{day}T12:00:00+02:00")], (), KEEP)

    assert one.until - one.since == hours * HOUR


def test_weeks_are_those_of_iso_8601() -> None:
    found = due(["weekly"], at("2027-01-04T01:00:00+01:00"), [at("2026-12-29T00:00:00+01:00")], (), KEEP)

    assert [one.name for one in found] == ["2026-W53"]


def test_a_period_in_which_nothing_was_heard_is_not_due_until_something_of_it_comes() -> None:
    now, heard = at("2026-11-26T12:00:00+01:00"), [at("2026-11-23T10:00:00+01:00"), at("2026-11-25T00:00:00+01:00")]

    assert [one.name for one in due(["daily"], now, heard, (), KEEP)] == ["2026-11-23", "2026-11-25"]
    assert due(["daily"], now, (), (), KEEP) == []
    late = [heard[0], at("2026-11-24T23:59:59+01:00"), heard[1]]
    assert [one.name for one in due(["daily"], now, late, (), KEEP)] == ["2026-11-23", "2026-11-24", "2026-11-25"]


@pytest.mark.parametrize("keep", range(1, 14))
@pytest.mark.parametrize("kinds", [("daily",), ("weekly",), ("daily", "weekly")])
def test_where_few_are_kept_each_is_made_once(kinds: tuple[Kind, ...], keep: int, tmp_path: Path) -> None:
    now, made = at("2026-11-26T12:00:00+01:00"), list[str]()
    heard = range(at("2026-10-01T00:00:00+01:00"), now, HOUR)
    for _ in range(30):
        there = {path.stem for path in tmp_path.glob("*.html")}
        for one in due(kinds, now, heard, there, keep)[:1]:
            (tmp_path / f"{one.name}.html").touch()
            made.append(one.name)
        clear(tmp_path, keep)

    assert len(made) == len(set(made)) == len(list(tmp_path.glob("*.html")))
    assert len(made) == min(keep, 7 * ("daily" in kinds) + 4 * ("weekly" in kinds))
    assert {"2026-11-25", "2026-W47"} & set(made)


def test_a_report_waits_for_the_windows_of_its_period_but_not_for_ever() -> None:
    midnight = at("2026-11-26T00:00:00+01:00")
    wanted = due(["daily"], midnight + HOUR, [midnight - HOUR], (), KEEP)
    late = [midnight - 1]

    assert ripe(wanted, midnight + 7 * MINUTE, 5 * MINUTE, ()) == [], "the last one may still be written"
    assert ripe(wanted, midnight + 8 * MINUTE, 5 * MINUTE, [midnight]) == wanted, "this one is of the next day"
    assert ripe(wanted, midnight + 8 * MINUTE, 5 * MINUTE, late) == []
    assert ripe(wanted, midnight + 6 * HOUR - 1, 5 * MINUTE, late) == []
    assert ripe(wanted, midnight + 6 * HOUR, 5 * MINUTE, late) == wanted
    assert ripe(wanted, midnight + 6 * HOUR, 24 * HOUR, ()) == [], "half of the last one lies behind the day"
