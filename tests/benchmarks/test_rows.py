"""A row of the table says whether a target is met, by the medians of both ratios."""

from __future__ import annotations

import pytest
from benchmarks.measure import Cost
from benchmarks.peers import AtLeast, AtMost
from benchmarks.rows import Pair, figure, header, met, row, skipped, spread, verdict


def pair(cpu: float, wall: float) -> Pair:
    return Pair(Cost(cpu, wall, 100), Cost(1, 1, 50))


def test_a_peer_that_costs_enough_more_meets_its_target() -> None:
    assert met(AtLeast(5), [pair(4, 4), pair(5, 6), pair(9, 9)])


def test_both_processor_and_elapsed_time_have_to_meet_the_target() -> None:
    assert not met(AtLeast(5), [pair(9, 4)])
    assert not met(AtMost(1.5), [pair(1, 1.6)])


def test_a_command_that_costs_little_enough_more_meets_its_target() -> None:
    assert met(AtMost(1.5), [pair(1.5, 1.2)])


@pytest.mark.parametrize(("number", "text"), [(0.0421, "0.042"), (4.311, "4.31"), (41.32, "41.3"), (1631.2, "1,631")])
def test_a_figure_keeps_the_digits_that_matter(number: float, text: str) -> None:
    assert figure(number) == text


def test_a_spread_shows_the_median_and_the_range() -> None:
    assert spread([4.38, 4.4, 4.62]) == "4.40 [4.38-4.62]"


def test_every_row_has_the_columns_of_the_header() -> None:
    line = row("softflowd", "flows, IPFIX out", [pair(2, 2)], AtLeast(1))

    assert line.count("|") == header().splitlines()[0].count("|")
    assert "pass" in line


def test_a_skipped_peer_says_why() -> None:
    assert skipped("argus", "flows", "argus is not installed").endswith("skipped: argus is not installed")


def test_a_limit_that_is_passed_is_called_so() -> None:
    assert verdict("peak memory", 401, 400, "MB").endswith("FAIL")
