"""The chapter "What stops when …": what the page says of each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.report import catalogue, outages, render
from kwel.report.phrases import Phrases
from tests.impact.outage import plant400
from tests.impact.outage.plant400 import TRUTH

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.report.outages import Chapter, Line


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return analyse(str(plant400.make(tmp_path_factory.mktemp("plant") / "plant400.pcap"))).report


@pytest.fixture(scope="module")
def chapter(report: Report) -> Chapter:
    found = outages.chapter(report, {}, Phrases(catalogue.load(), one_capture=True))
    assert found is not None
    return found


def line(chapter: Chapter, title: str) -> Line:
    return next(of for of in chapter.lines if of.title.en == title)


def test_a_scenario_says_how_many_have_lost_something_by_when(chapter: Chapter) -> None:
    internet = line(chapter, "The way out is cut")

    assert internet.affected.en == str(len(TRUTH["internet"]))
    assert [str(count.en) for count, _ in internet.times] == ["\N{EN DASH}", "130", "242", "343", "343"]
    assert [tenth for _, tenth in internet.times] == [0, 4, 7, 9, 9]


def test_ways_are_those_of_most_assets_with_the_chain(chapter: Chapter) -> None:
    way = line(chapter, "Microsoft Azure stops").ways[0]

    assert way.chain.en.striptags() == "10.50.7.10 and 79 more → 10.50.4.10 → 10.50.4.11 → 10.50.4.12 → Azure IoT Hub"
    assert way.when.nl == "na uren"
    assert way.frame.en.startswith("#")


def test_a_name_that_is_not_found_is_told_with_who_resolves_it(chapter: Chapter) -> None:
    chains = [way.chain.en.striptags() for way in line(chapter, "Name resolution outside stops").ways]

    assert any("Azure IoT Hub; its name by 10.50.1.10 → 10.50.1.11" in chain for chain in chains)


def test_scenarios_that_stop_nothing_are_named_together(chapter: Chapter) -> None:
    assert "Oracle Cloud stops" in chapter.quiet.en
    assert "Oracle Cloud valt uit" in chapter.quiet.nl


def test_page_one_says_what_the_gravest_outage_of_one_operator_does(chapter: Chapter, report: Report) -> None:
    assert chapter.lead is not None
    assert "Google stops" in chapter.lead.en
    assert f"{len(TRUTH['google'])} of 401 assets lose a function" in chapter.lead.en
    assert str(chapter.lead.en) in render(report, "en")


def test_concentration_and_single_points_are_listed(chapter: Chapter) -> None:
    assert [axis.en for axis, *_ in chapter.concentration][:3] == ["operator", "region", "parent"]
    assert chapter.points[0][0].en.striptags() == "Google Public DNS"


def test_a_report_without_needs_has_no_such_chapter() -> None:
    from tests.export.plant import make_report

    assert outages.chapter(make_report(), {}, Phrases(catalogue.load(), one_capture=True)) is None
