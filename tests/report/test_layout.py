"""Boxes and bands find their places."""

from __future__ import annotations

import pytest

from kwel.model.verdicts import Control
from kwel.report.layout import Band, Box, band_width, place


@pytest.mark.parametrize(
    ("count", "width"),
    [(0, 3), (10**7 - 1, 3), (10**7, 7), (10**8, 12), (10**9 - 1, 12), (10**9, 19), (10**15, 19)],
)
def test_a_band_has_one_of_four_widths(count: int, width: int) -> None:
    assert band_width(count) == width


def test_boxes_follow_the_order_of_where_they_lead() -> None:
    assets = [Box(0, Control.EUROPEAN, 1), Box(0, Control.NON_EUROPEAN, 1)]
    laws = [Box(1, Control.EUROPEAN, 1), Box(1, Control.NON_EUROPEAN, 1)]
    columns = [list(assets), list(laws)]

    place(columns, [Band(a, b, a.control) for a, b in zip(assets, laws, strict=True)])

    assert columns[1][0].control is Control.NON_EUROPEAN, "the worst is on top"
    assert columns[0][0].control is Control.NON_EUROPEAN
    assert columns[0][0].y < columns[0][1].y


def test_a_box_is_tall_enough_for_its_bands() -> None:
    left = [Box(0, Control.NON_EUROPEAN, 10**9) for _ in range(5)]
    right = Box(1, Control.NON_EUROPEAN, 10**9)

    place([left, [right]], [Band(box, right, box.control, 10**9) for box in left])

    assert right.height > 5 * 19


def test_many_wide_bands_become_thinner_alike() -> None:
    left = [Box(0, Control.NON_EUROPEAN, 10**9) for _ in range(8)]
    right = [Box(1, Control.NON_EUROPEAN, 10**9) for _ in range(10)]
    bands = [Band(a, b, a.control, 10**9) for a in left for b in right]

    _, height = place([left, right], bands)

    assert height < 900
    assert len({band.width for band in bands}) == 1
    assert bands[0].width < 19


def test_tags_name_the_assets_in_order() -> None:
    box = Box(0, Control.NONE, 0, assets={3, 1, 2})

    assert box.tags == "1 2 3"
