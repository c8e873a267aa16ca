"""Who is where decides which law reaches and what limits; what is not known decides nothing."""

from __future__ import annotations

import itertools

import pytest

from kwel import rulebook
from kwel.model.claims import Grade
from kwel.model.law import LawKind
from kwel.rulebook.legal_reach import FACTS, LINKS, Held, facts_of, limit_of, reaching

LAW = rulebook.load().law
UNION = next(framework.members for framework in LAW.frameworks if framework.id == "eu-csf")


def laws(**links: tuple[str, ...]) -> list[str]:
    return [str(one) for one in reaching({link: Held(of, Grade.B) for link, of in links.items()}, LAW.laws)]


def test_nothing_known_is_reached_by_nothing() -> None:
    assert laws() == []


def test_access_and_interruption_are_never_one_row() -> None:
    kinds = {law.id: law.kind for law in LAW.laws}

    assert {kinds[one.partition(":")[0]] for one in laws(parent=("US",))} == set(LawKind)
    assert kinds["us-cloud-act"] is LawKind.ACCESS
    assert kinds["us-ieepa"] is LawKind.INTERRUPTION


def test_a_law_names_every_link_by_which_it_reaches() -> None:
    assert "us-cloud-act:parent+supplier" in laws(parent=("US",), operator=("DE",), supplier=("US", "DE"))


def test_one_of_two_places_is_not_proven_and_two_within_a_union_are() -> None:
    assert laws(location=("CN", "DE")) == []
    assert laws(location=("DE", "FI")) == ["eu-restrictive-measures:location"]


def test_what_was_not_looked_up_counts_one_grade_lower() -> None:
    grades = {one.law.id: one.grade for one in reaching({"parent": Held(("US",), Grade.A)}, LAW.laws)}

    assert (grades["us-cloud-act"], grades["us-ear"]) == (Grade.A, Grade.B)
    assert {law.id for law in LAW.laws if law.checked == "unverified"} >= {"us-ear", "il-communications"}


def test_an_order_that_binds_no_provider_reaches_none() -> None:
    assert not any(one.startswith("us-eo-12333") for one in laws(**dict.fromkeys(LINKS, ("US",))))


@pytest.mark.parametrize("where", list(itertools.product(("inside", "outside", "unknown"), repeat=4)))
def test_a_fact_that_gets_worse_never_lifts_a_ceiling(where: tuple[str, ...]) -> None:
    """Weakest link: with any one link moved outside, no outcome is better than before."""
    of = {"inside": Held(("NL",), Grade.B), "outside": Held(("US",), Grade.B)}
    names = ("parent", "operator", "supplier", "location")
    links = {link: of[state] for link, state in zip(names, where, strict=True) if state in of}
    for framework in LAW.frameworks:
        for objective in framework.objectives:
            before = framework.rank(limit_of(framework, objective, facts_of(links, UNION, frozenset())).outcome)
            for link in names:
                worse = facts_of({**links, link: of["outside"]}, UNION, frozenset())
                assert framework.rank(limit_of(framework, objective, worse).outcome) <= before


def test_unknown_is_never_said_to_be_open() -> None:
    for framework in LAW.frameworks:
        for objective in framework.objectives:
            if objective.kind in ("ceiling", "prerequisite"):
                limit = limit_of(framework, objective, facts_of({}, UNION, frozenset()))
                assert limit.outcome == "unknown", str(limit)


def test_behind_a_front_nothing_is_inside() -> None:
    home = {link: Held(("NL",), Grade.A) for link in ("parent", "operator", "location")}
    facts = facts_of(home, UNION, frozenset({"front"}))

    assert not {"parent-inside", "operator-inside", "location-inside"} & facts


def test_facts_are_all_of_the_closed_list() -> None:
    for of in ("NL", "US"):
        links = {link: Held((of,), Grade.A) for link in LINKS}
        assert facts_of(links, UNION, frozenset()) - {"licensor-inside", "licensor-unknown"} <= FACTS
