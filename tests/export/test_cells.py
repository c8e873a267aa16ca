from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kwel.export.cells import csv_cell, harmless, visible, vlan_text
from kwel.model.transports import transport_text


@given(st.text())
def test_visible_text_is_printable_and_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text).isprintable()
    if text.isprintable():
        assert visible(text) == text


@given(st.text())
def test_a_cell_never_begins_a_formula_and_never_breaks_a_line(text: str) -> None:
    assert not harmless(text).startswith(("=", "+", "-", "@"))
    assert "\n" not in csv_cell(text)


def test_numbers_without_a_name_are_shown_as_numbers() -> None:
    assert transport_text(200) == "ip-200"
    assert vlan_text(4094) == "4094"
