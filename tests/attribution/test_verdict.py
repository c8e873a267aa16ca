"""The worst axis decides, and unknown is never inside."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel import rulebook
from kwel.attribution.verdict import Axes, judge
from kwel.model.claims import Grade
from kwel.model.verdicts import Control, Verdict

BOOK = rulebook.load()
INSIDE = frozenset(BOOK.blocs["EEA"].members)
EUROPEAN = Axes(parent="FR", operator="FR", host_grade=Grade.A, places=("NL",), place_grade=Grade.A)


def verdict(**changes: object) -> tuple[str, str, str]:
    found = judge(dataclasses.replace(EUROPEAN, **changes), INSIDE, BOOK.vocabulary)  # type: ignore[arg-type]
    return found.verdict.value, found.grade.name, found.reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("eu-controlled", "A", "all-in-bloc")),
        ({"host_grade": Grade.B}, ("eu-controlled", "B", "all-in-bloc")),
        ({"host_grade": Grade.C}, ("eu-indicated", "C", "all-in-bloc-indicated")),
        ({"place_grade": Grade.C}, ("eu-indicated", "C", "all-in-bloc-indicated")),
        ({"operator_unverified": True}, ("eu-indicated", "C", "owner-unverified")),
        ({"supplier_unverified": True}, ("eu-indicated", "C", "owner-unverified")),
        ({"operator_unverified": True, "places": ("US",)}, ("eu-provider-foreign-location", "A", "location-foreign")),
        (
            {"operator_unverified": True, "supplier": ("US",), "supplier_grade": Grade.C},
            ("eu-located-only", "C", "supplier-foreign"),
        ),
        ({"host_grade": Grade.D}, ("unknown", "D", "below-threshold")),
        ({"places": ("DE", "FI")}, ("eu-controlled", "A", "all-in-bloc")),
        ({"places": ("DE", "US")}, ("place-unproven", "D", "place-geolocation-only")),
        ({"place_grade": Grade.D}, ("place-unproven", "D", "place-geolocation-only")),
        ({"places": (), "place_grade": Grade.U}, ("place-unproven", "U", "place-unknown")),
        ({"places": (), "anycast": True}, ("place-unproven", "D", "place-anycast")),
        ({"places": ("US",)}, ("eu-provider-foreign-location", "A", "location-foreign")),
        ({"places": ("US",), "place_grade": Grade.D}, ("place-unproven", "D", "place-geolocation-only")),
        ({"parent": "US"}, ("eu-operated-foreign-parent", "A", "parent-foreign")),
        ({"parent": "US", "place_grade": Grade.C}, ("eu-operated-foreign-parent", "C", "parent-foreign")),
        ({"operator": "US"}, ("eu-located-only", "A", "operator-foreign")),
        ({"parent": "US", "operator": "US"}, ("eu-located-only", "A", "parent-and-operator-foreign")),
        ({"parent": "US", "places": ("US",)}, ("foreign", "A", "all-foreign")),
        ({"parent": "US", "place_grade": Grade.D}, ("foreign", "A", "location-unproven")),
        ({"parent": "US", "places": (), "anycast": True}, ("foreign", "A", "location-anycast")),
        ({"parent": "US", "front": True}, ("front-hides-origin", "A", "front-foreign")),
        ({"front": True}, ("unknown", "U", "front-european")),
        ({"contradicted": True}, ("unknown", "U", "contradiction")),
        ({"contradicted": True, "parent": "US"}, ("eu-operated-foreign-parent", "A", "parent-foreign")),
        ({"supplier": ("CN",), "supplier_grade": Grade.C}, ("eu-located-only", "C", "supplier-foreign")),
        ({"supplier": ("CN",), "supplier_grade": Grade.D}, ("eu-controlled", "A", "all-in-bloc")),
        ({"supplier": ("FR", "GB"), "supplier_grade": Grade.C}, ("eu-located-only", "C", "supplier-foreign")),
        ({"parent": None, "operator": None}, ("unknown", "U", "nobody-known")),
        ({"parent": None, "network_named": True}, ("unknown", "U", "operator-without-rule")),
    ],
    ids=str,
)
def test_the_verdict_and_its_reason(changes: dict[str, object], expected: tuple[str, str, str]) -> None:
    assert verdict(**changes) == expected
    assert expected[2] in BOOK.vocabulary.reasons


def test_a_foreign_supplier_is_enough_where_nothing_is_known_of_the_host() -> None:
    known = {"supplier": ("CN",), "supplier_grade": Grade.C}

    assert verdict(parent=None, operator=None, **known) == ("foreign", "C", "supplier-foreign")
    assert verdict(front=True, **known) == ("foreign", "C", "supplier-foreign")


GRADES = st.sampled_from(Grade)
STATES = st.sampled_from(["FR", "NL", "US", "CN", "CH", "GB"])
AXES = st.builds(
    Axes,
    parent=st.none() | STATES,
    operator=st.none() | STATES,
    host_grade=GRADES,
    network_named=st.booleans(),
    places=st.lists(STATES, max_size=2, unique=True).map(tuple),
    place_grade=GRADES,
    anycast=st.booleans(),
    supplier=st.lists(STATES, max_size=2).map(tuple),
    supplier_grade=GRADES,
    front=st.booleans(),
    contradicted=st.booleans(),
)


@given(AXES)
def test_european_is_said_only_where_every_axis_is_proven_inside(axes: Axes) -> None:
    found = judge(axes, INSIDE, BOOK.vocabulary)

    if found.verdict.control is Control.EUROPEAN:
        assert {axes.parent, axes.operator, *axes.places} <= INSIDE
        assert axes.places
        assert min(axes.host_grade, axes.place_grade) >= Grade.C
        assert found.grade >= Grade.C
        assert not axes.front
        assert not axes.contradicted
    if found.verdict is Verdict.EU_CONTROLLED:
        assert found.grade >= Grade.B


@given(AXES)
def test_a_wider_bloc_never_makes_anything_foreign(axes: Axes) -> None:
    order = [Control.NON_EUROPEAN, Control.UNDECIDED, Control.EUROPEAN]
    ranks = [
        order.index(judge(axes, frozenset(BOOK.blocs[name].members), BOOK.vocabulary).verdict.control)
        for name in ("EU27", "EEA", "EEA+CH", "EEA+CH+GB")
    ]

    assert all(narrow <= wide for narrow, wide in itertools.pairwise(ranks))
