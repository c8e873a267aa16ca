"""What would have to be otherwise: every change that is listed does change the class, and needs all of its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.attribution.verdict import Axes, judge
from kwel.attribution.whatif import INSIDE, OUTSIDE, changes
from kwel.model.claims import Grade
from kwel.model.verdicts import Control

WORDS = rulebook.load().vocabulary
MEMBERS = frozenset({"NL", "DE"})
AMERICAN = Axes("US", "US", Grade.B, places=("US",), place_grade=Grade.B)
DUTCH = Axes("NL", "NL", Grade.B, places=("NL",), place_grade=Grade.B)


def wanted(axes: Axes) -> list[list[str]]:
    return changes(axes, MEMBERS, WORDS)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (AMERICAN, [["parent-inside", "operator-inside", "place-inside"]]),
        (replace(AMERICAN, operator="NL", places=("NL",)), [["parent-inside"]]),
        (replace(DUTCH, places=("US",)), [["place-inside"]]),
        (replace(DUTCH, places=(), place_grade=Grade.U), [["place-inside"]]),
        (replace(DUTCH, supplier=("US",), supplier_grade=Grade.C), [["supplier-inside"]]),
        (replace(DUTCH, front=True), [["no-front"]]),
        (replace(DUTCH, contradicted=True), [["no-contradiction"]]),
        (Axes(), [["operator-identified-inside", "place-inside"]]),
        (DUTCH, [["parent-outside"], ["operator-outside"], ["place-outside"], ["supplier-outside"]]),
    ],
)
def test_the_smallest_changes_are_named(axes: Axes, expected: list[list[str]]) -> None:
    assert wanted(axes) == expected


COUNTRIES = st.sampled_from(["US", "NL", "DE", None])


@given(
    st.builds(
        Axes,
        parent=COUNTRIES,
        operator=COUNTRIES,
        host_grade=st.sampled_from(Grade),
        places=st.lists(st.sampled_from(["US", "NL"]), max_size=2, unique=True).map(tuple),
        place_grade=st.sampled_from(Grade),
        anycast=st.booleans(),
        supplier=st.lists(st.sampled_from(["US", "NL"]), max_size=1).map(tuple),
        supplier_grade=st.sampled_from(Grade),
        front=st.booleans(),
        contradicted=st.booleans(),
    )
)
def test_each_change_works_and_no_part_of_it_can_be_left_out(axes: Axes) -> None:
    members = MEMBERS | {"inside"}

    def is_european(changed: Axes) -> bool:
        return judge(changed, members, WORDS).verdict.control is Control.EUROPEAN

    moves = {**INSIDE, **OUTSIDE}
    for facts in wanted(axes):
        for left_out in (None, *facts):
            changed = axes
            for fact in facts:
                changed = changed if fact == left_out else moves[fact](changed)
            assert (is_european(changed) is not is_european(axes)) is (left_out is None), (facts, left_out)
