"""Text in a drawing is as long as its box allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kwel.report.fit import fit, width


@given(st.text(max_size=80), st.floats(20, 400), st.sampled_from([0.4, 1.0]))
def test_what_fits_is_no_wider_than_the_room(text: str, room: float, head: float) -> None:
    assert width(fit(text, 14, room, head), 14) <= room + 1e-6


def test_what_is_narrow_enough_is_left_alone() -> None:
    assert fit("hmi-03", 14, 100) == "hmi-03"


def test_a_host_name_keeps_its_end() -> None:
    assert fit("plantstore01.blob.core.windows.net", 14, 130).endswith("windows.net")


def test_prose_keeps_its_beginning() -> None:
    assert fit("hosted at Amazon Web Services", 14, 100, head=1.0).startswith("hosted at")


def test_invisible_characters_are_spelled_out_before_they_are_measured() -> None:
    assert "\u202e" not in fit("a\u202eb", 14, 400)
