"""The diagram shows what matters most and sums up the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kwel.model.assets import AssetKind
from kwel.model.verdicts import Control
from kwel.report import catalogue
from kwel.report.relations import destination_of, relate
from kwel.report.sankey import ASSET, LAW, MOST_BANDS, OPERATOR, SERVICE, SHOWN, Drawing, draw, law_names, place_of
from tests.report import fixtures

if TYPE_CHECKING:
    from kwel.report.layout import Box

SAY = catalogue.load()
BLOC = frozenset(fixtures.EEA)


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    report = fixtures.plant()
    made = draw(report, relate(report), SAY)
    assert made
    return made


@pytest.fixture(scope="module")
def crowded() -> Drawing:
    report = fixtures.large(assets=300, dependencies=6_000, hosts=900)
    made = draw(report, relate(report), SAY)
    assert made
    return made


def titles(drawing: Drawing, column: int) -> list[str]:
    return [str(box.label.title.en) for box in drawing.boxes if box.column == column]


def test_every_asset_with_contact_has_a_box(drawing: Drawing) -> None:
    assert len(titles(drawing, ASSET)) == 11
    assert "hist-01" in titles(drawing, ASSET)
    assert "hmi-01" not in titles(drawing, ASSET), "it only tried"


def test_a_supplier_on_somebody_elses_cloud_has_a_box_of_its_own(drawing: Drawing) -> None:
    assert {"Amazon Web Services", "HMS Networks", "Hikvision"} <= set(titles(drawing, OPERATOR))


def test_two_laws_that_reach_one_service_stand_in_one_box(drawing: Drawing) -> None:
    box = next(box for box in drawing.boxes if box.column == LAW and box.label.title.en == "China")

    assert box.label.below.en == "and United States"


def test_an_address_without_a_name_is_shown_as_its_address(drawing: Drawing) -> None:
    assert "198.51.100.55" in titles(drawing, SERVICE)


def test_boxes_of_one_column_do_not_overlap(drawing: Drawing, crowded: Drawing) -> None:
    for made in (drawing, crowded):
        for column in range(4):
            boxes = sorted((box for box in made.boxes if box.column == column), key=lambda box: box.y)
            for above, below in pairwise(boxes):
                assert above.y + above.height < below.y
            assert boxes[-1].y + boxes[-1].height <= made.height


def test_bands_begin_and_end_within_their_boxes(drawing: Drawing, crowded: Drawing) -> None:
    def holds(box: Box, at: float, width: float) -> bool:
        return box.y <= at - width / 2 + 1e-6 and at + width / 2 <= box.y + box.height + 1e-6

    for made in (drawing, crowded):
        for band in made.bands:
            assert holds(band.source, band.start, band.width)
            assert holds(band.target, band.end, band.width)


def test_bands_carry_all_bytes_through_every_column(drawing: Drawing) -> None:
    sums = Counter[int]()
    for band in drawing.bands:
        sums[band.source.column] += band.bytes

    assert len(set(sums.values())) == 1


def test_a_column_shows_so_many_boxes_and_sums_up_the_rest(crowded: Drawing) -> None:
    for column in range(4):
        boxes = [box for box in crowded.boxes if box.column == column]
        assert len(boxes) <= max(limits[column] for limits in SHOWN) + 1
    assert any(title.startswith("and ") and title.endswith(" more assets") for title in titles(crowded, ASSET))


def test_the_bands_never_become_a_tangle(crowded: Drawing) -> None:
    counts = Counter(band.source.column for band in crowded.bands)

    assert max(counts.values()) <= MOST_BANDS
    assert crowded.height < 1_000


def test_no_state_disappears_in_the_sum(crowded: Drawing) -> None:
    assert {band.control for band in crowded.bands} == {Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN}


def test_europe_and_undecided_are_never_summed_up() -> None:
    made = fixtures.Plant()
    made.assets = [fixtures.asset("pc", "10.0.0.1", AssetKind.IT)]
    for law in ("US", "CN", "GB", "CA", "IN", "JP", "KR", "BR", "AU", "CH"):
        made.add(0, replace(fixtures.NAMELESS, parent_jurisdiction=law, operator_jurisdiction=law), 9, 9)
    made.add(0, fixtures.UNKNOWN, 1, 1)
    made.add(0, fixtures.HETZNER, 1, 1)
    report = made.report()
    drawing = draw(report, relate(report), SAY)

    assert drawing
    assert {"Undecided", "Europe"} <= set(titles(drawing, LAW))
    assert any(title.startswith("and ") for title in titles(drawing, LAW))


def test_nothing_used_is_no_diagram() -> None:
    report = fixtures.nothing()

    assert draw(report, relate(report), SAY) is None


def test_places_are_named_and_guesses_called_so() -> None:
    def place(of: object) -> str:
        return str(place_of(destination_of(of, BLOC), SAY).en)  # type: ignore[arg-type]

    assert place(fixtures.UNKNOWN) == "France, by geolocation only"
    assert place(fixtures.PORTAL) == "anycast: in many places at once"
    assert place(fixtures.TEAMVIEWER) == "Germany"


def test_the_law_of_an_undecided_destination_is_not_named() -> None:
    assert [str(name.en) for name in law_names(destination_of(fixtures.UNKNOWN, BLOC), SAY)] == ["Undecided"]
