"""Assets become squares, marks and rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.assets import AssetKind
from kwel.model.claims import Where
from kwel.model.gaps import BlindSpot, System
from kwel.model.verdicts import Control
from kwel.report import catalogue
from kwel.report.inventory import (
    MOST_SERVICES,
    NAMED_SQUARES,
    ROWS,
    SERVICES,
    SHEETS,
    Row,
    closeups,
    marks,
    ordered,
    rows,
    squares,
)
from kwel.report.phrases import Phrases
from kwel.report.relations import relate, total
from tests.report import fixtures

if TYPE_CHECKING:
    from kwel.model.report import Report

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=True)


def rows_of(report: Report) -> list[Row]:
    relations = relate(report)
    totals = total(report, relations)
    order = ordered(report, totals)
    return rows(report, relations, totals, order, PHRASES, closeups(report, order))


def test_the_worst_comes_first_then_what_runs_the_plant_then_by_name_as_people_count() -> None:
    report = fixtures.plant()
    order = ordered(report, total(report, relate(report)))

    labels = [report.assets[index].label for index in order]
    assert labels[0] == "cam-gate1"
    assert labels.index("office-11") == 8, "the last of the worst, for it is IT"
    assert labels.index("plc-9") < labels.index("plc-10")


def test_every_asset_has_a_square() -> None:
    report = fixtures.plant()
    totals = total(report, relate(report))

    shown = squares(report, totals, ordered(report, totals))

    assert len(shown) == len(report.assets)
    assert [square.control for square in shown].count(Control.NON_EUROPEAN) == 9


def test_too_many_assets_are_marks_and_no_state_vanishes() -> None:
    report = fixtures.large(assets=5_000, dependencies=500, hosts=50)
    totals = total(report, relate(report))
    order = ordered(report, totals)

    groups, each = marks(report, totals, order, SAY)

    assert squares(report, totals, order) == []
    assert each > 1
    drawn = {control for group in groups for control, _ in group.paths}
    assert drawn == {totals.control(index) for index in range(5_000)}


def test_few_assets_need_no_marks() -> None:
    report = fixtures.plant()
    totals = total(report, relate(report))

    assert len(report.assets) <= NAMED_SQUARES
    assert marks(report, totals, ordered(report, totals), SAY) == ([], 1)


def test_a_row_says_what_is_tried_and_only_looked_up() -> None:
    row = next(row for row in rows_of(fixtures.plant()) if "plc-07" in row.label.en)

    assert row.tried.en == "1 attempt in vain"
    assert [service.frame.en for service in row.services] == ["#48219"]


def test_a_row_says_what_of_the_asset_nobody_can_see() -> None:
    report = fixtures.plant()
    gateway = report.assets[3]
    report.dependencies.hiding = np.where(report.dependencies.asset == 3, 2, 0)
    spot = BlindSpot(gateway.id, "wireguard", 1, "203.0.113.7", Where("a.pcap", 3))
    where = spot.where
    systems = tuple(System(gateway.id, "10.20.3.33", ttl, ttl, ttl, 9, 1, where) for ttl in (64, 128))
    coverage = replace(report.coverage, blind_spots=(spot,), systems=systems)
    report = replace(report, coverage=coverage)

    unseen = {str(row.label.en): str(row.unseen.en) for row in rows_of(report)}
    told = unseen.pop("<bdi>ewon-01</bdi>")
    assert "looked up in secret in 2 conversations" in told
    assert "1 encrypted tunnel (WireGuard)" in told
    assert told.count("Several systems are behind <code><bdi>10.20.3.33</bdi></code>") == 1
    assert set(unseen.values()) == {""}


def test_an_asset_with_many_services_shows_a_few_and_counts_the_rest() -> None:
    made = fixtures.Plant()
    made.assets = [fixtures.asset("busy", "10.0.0.1", AssetKind.OT)]
    for index in range(20):
        made.add(0, replace(fixtures.PORTAL, name=f"h{index}.example"), index, index)

    row = rows_of(made.report())[0]

    assert len(row.services) == SERVICES
    assert row.more.en == "and 16 more"
    assert len(row.services) + len(row.rest) == MOST_SERVICES, "some stand on its sheet"


def test_a_row_says_the_zone_that_the_site_drew_and_no_proposal() -> None:
    report = fixtures.plant()
    first = replace(report.assets[0], zone="proposed: 10.20.3.0/24 (OT)")
    zones = [str(row.zone.en) for row in rows_of(replace(report, assets=(first, *report.assets[1:])))]

    assert "<bdi>Cell 1</bdi>, VLAN 20" in zones
    assert set(zones) == {"<bdi>Cell 1</bdi>, VLAN 20", "VLAN 20"}


def test_no_more_rows_than_a_page_can_hold() -> None:
    made = rows_of(fixtures.large(assets=800, dependencies=2_000, hosts=100))

    assert len(made) == ROWS
    assert all(row.sheet for row in made[:SHEETS])
    assert not any(row.sheet for row in made[SHEETS:])
