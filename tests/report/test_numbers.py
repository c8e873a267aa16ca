"""Numbers, sizes and times as Dutch and English write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.report import numbers
from kwel.report.numbers import DAY, HOUR, MINUTE, NANO
from kwel.report.text import DASH

NOON = 1_794_225_600 * NANO  # 9 November 2026, 12:00 UTC


def test_thousands_are_set_apart_as_each_language_does() -> None:
    assert numbers.number(1_234_567).nl == "1.234.567"
    assert numbers.number(1_234_567).en == "1,234,567"


@pytest.mark.parametrize(
    ("value", "nl", "en"),
    [
        (0, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1_000, "1,0 kB", "1.0 kB"),
        (99_949, "99,9 kB", "99.9 kB"),
        (99_950, "100 kB", "100 kB"),
        (2_100_000_000, "2,1 GB", "2.1 GB"),
        (10**16, "10.000 TB", "10,000 TB"),
    ],
)
def test_sizes_have_the_digits_that_matter(value: int, nl: str, en: str) -> None:
    assert numbers.size(value).nl.replace("\xa0", " ") == nl
    assert numbers.size(value).en.replace("\xa0", " ") == en


@given(st.integers(-(2**63), 2**64))
def test_no_time_stamp_breaks_a_date(nanoseconds: int) -> None:
    assert numbers.time(nanoseconds).nl
    assert numbers.day(nanoseconds).en
    assert numbers.clock(nanoseconds, 5 * NANO).en
    assert numbers.period(nanoseconds, nanoseconds + 1).nl


def test_a_time_stamp_beyond_the_calendar_is_called_so() -> None:
    assert numbers.time(2**68).en == "time out of range"


def test_a_moment_is_written_with_the_month_in_words() -> None:
    assert numbers.time(NOON).nl == "9 nov 2026 12:00"
    assert numbers.time(NOON, seconds=True).en == "9 Nov 2026 12:00:00"


def test_a_period_within_a_day_names_the_day_once() -> None:
    assert numbers.period(NOON, NOON + HOUR * NANO).en == f"9 Nov 2026 12:00 {DASH} 13:00\xa0UTC"


def test_a_short_period_has_seconds() -> None:
    assert numbers.period(NOON, NOON + 31 * NANO).nl == f"9 nov 2026 12:00:00 {DASH} 12:00:31\xa0UTC"


def test_a_period_over_days_names_both() -> None:
    assert numbers.period(NOON, NOON + 2 * DAY * NANO).nl == f"9 nov 2026 12:00 {DASH} 11 nov 2026 12:00\xa0UTC"


@pytest.mark.parametrize(
    ("seconds", "nl", "en"),
    [
        (0.25, "250 ms", "250 ms"),
        (1, "1 seconde", "1 second"),
        (90, "1 minuut 30 seconden", "1 minute 30 seconds"),
        (HOUR, "1 uur", "1 hour"),
        (2 * DAY + 3 * HOUR + 4, "2 dagen 3 uur", "2 days 3 hours"),
        (DAY + 5 * MINUTE, "1 dag", "1 day"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float, nl: str, en: str) -> None:
    assert numbers.duration(int(seconds * NANO)).nl == nl
    assert numbers.duration(int(seconds * NANO)).en == en


def test_a_scale_shows_what_its_step_needs() -> None:
    assert numbers.clock(NOON, NANO).en == "12:00:00"
    assert numbers.clock(NOON, HOUR * NANO).en == "12:00"
    assert numbers.clock(NOON, DAY * NANO).nl == "9 nov"
    assert numbers.clock(NOON + 12 * HOUR * NANO, HOUR * NANO).nl == "10 nov"


def test_an_iso_date_is_written_out_and_anything_else_is_left() -> None:
    assert numbers.date("2026-03-02").nl == "2 mrt 2026"
    assert numbers.date("last week").nl == "last week"
