from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kwel.model.assets import AssetKind
from kwel.model.dependencies import DependencyState
from kwel.report import catalogue, render, suppliers
from kwel.suppliers import group
from tests.report import fixtures
from tests.suppliers.making import CROSSWALK, plant

if TYPE_CHECKING:
    from kwel.model.report import Report

SAY = catalogue.load()


def asked(report: Report) -> Report:
    found = group(report, CROSSWALK)
    return replace(report, suppliers=lambda: found)


def test_where_nobody_asked_there_is_no_chapter() -> None:
    assert suppliers.chapter(fixtures.plant(), SAY) is None
    assert 'id="h12"' not in render(fixtures.plant(), "nl")


def test_suppliers_with_services_are_rows_and_makers_a_line() -> None:
    report = asked(plant((0, "eu.hik-connect.com"), (0, "a.portal.example"), vendors=("Siemens AG", "ABB", "ABB AB")))
    chapter = suppliers.chapter(report, SAY)

    assert chapter
    assert [str(row.name.en) for row in chapter.rows] == ["<bdi>Hikvision</bdi>", "<bdi>portal.example</bdi>"]
    assert "ABB</bdi> (2), <bdi>Siemens</bdi> (1)" in str(chapter.makers.en)
    assert "4 leveranciers" in str(chapter.headline.nl)


def test_what_was_only_looked_up_is_nobodys_service_in_use() -> None:
    made = fixtures.Plant()
    made.assets.append(fixtures.asset("hmi", "10.0.0.7", AssetKind.OT))
    for attribution, state in (
        (fixtures.AZURE, DependencyState.RESOLVED_ONLY),
        (fixtures.CAMERA, DependencyState.USED),
    ):
        made.add(0, attribution, 10, 20, state=state)

    assert suppliers.foreign(group(made.report(), CROSSWALK)) == 1


def test_names_from_the_wire_are_text() -> None:
    page = render(asked(fixtures.hostile()), "en")

    assert "<img src=x" not in page
    assert "{{ 7*7 }}" in page or "49" not in page


def test_an_empty_capture_says_so() -> None:
    chapter = suppliers.chapter(asked(fixtures.nothing()), SAY)

    assert chapter
    assert chapter.headline == SAY("suppliers.none")
    assert chapter.rows == []


def test_the_chapter_stays_small_in_a_large_plant() -> None:
    report = fixtures.large()
    more = len(render(asked(report), "en")) - len(render(report, "en"))

    assert more < 40_000
