"""A window ends when its time is up by a clock that nobody can set, or when somebody sets the other one."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from kwel.sensor.spans import SECOND, Clock, Span

MINUTES_5 = 300 * SECOND


class Clocks(Clock):
    """Two clocks that a test sets."""

    def __init__(self, wall: int, steady: int = 17 * SECOND) -> None:
        self.now = [wall, steady]

    def wall(self) -> int:
        return self.now[0]

    def steady(self) -> int:
        return self.now[1]

    def pass_by(self, time: int) -> None:
        self.now = [self.now[0] + time, self.now[1] + time]


def test_it_ends_on_the_minute() -> None:
    clock = Clocks(1_700_000_100 * SECOND)  # 22:15:00
    clock.pass_by(42 * SECOND)
    span = Span.begin(clock, MINUTES_5)

    clock.pass_by(MINUTES_5 - 43 * SECOND)
    assert not span.is_over()
    clock.pass_by(SECOND)
    assert span.is_over()
    assert clock.wall() % MINUTES_5 == 0
    assert span.lasted() == MINUTES_5 - 42 * SECOND


def test_a_sliver_is_no_window() -> None:
    clock = Clocks(1_700_000_100 * SECOND - SECOND)
    span = Span.begin(clock, MINUTES_5)

    clock.pass_by(2 * SECOND)
    assert not span.is_over()


@given(st.integers(-(10**9), 10**9), st.integers(0, 299))
def test_setting_the_clock_ends_it_once(by: int, after: int) -> None:
    clock = Clocks(1_700_000_100 * SECOND)
    span = Span.begin(clock, MINUTES_5)
    clock.pass_by(after * SECOND)
    opened = span.opened
    clock.now[0] += by * SECOND

    assert span.is_over() == (by != 0)
    assert span.is_over() == (by != 0)
    assert [step.by for step in span.steps] == ([by * SECOND] if by else [])
    assert span.opened == opened
    assert span.lasted() == after * SECOND, "as nobody had set anything"
    following = Span.begin(clock, MINUTES_5)
    assert not following.is_over()


@given(st.integers(-400, 400))
def test_a_clock_that_is_slewed_ends_nothing(parts_per_million: int) -> None:
    clock = Clocks(1_700_000_100 * SECOND)
    span = Span.begin(clock, MINUTES_5)
    clock.now = [clock.now[0] + 200 * SECOND + 200_000 * parts_per_million, clock.now[1] + 200 * SECOND]

    assert not span.is_over()


def test_the_clocks_of_this_machine() -> None:
    assert abs(Clock().wall() - time.time_ns()) < 10 * SECOND
    before = Clock().steady()
    assert Clock().steady() >= before
