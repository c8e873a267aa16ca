"""The chapter on law: access and interruption apart, each with a date; ceilings, never a rating; switches are named."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kwel import rulebook
from kwel.model.claims import Grade
from kwel.model.exposure import answers, reached
from kwel.model.law import Limit, Reach
from kwel.model.report import Report, sensitivity
from kwel.model.verdicts import Attribution, Control
from kwel.report import catalogue, render
from kwel.report.law import Chapter, chapter
from kwel.report.phrases import Phrases
from kwel.report.provenance import block, method
from kwel.rulebook.legal_reach import Held, facts_of, limit_of, reaching
from tests.report import fixtures

SAY = catalogue.load()
LAW = rulebook.load().law
EUSC = LAW.offerings["aws-european-sovereign-cloud"]


def under(attribution: Attribution, **links: str) -> Attribution:
    """Return an attribution with what the shipped rules say of somebody who is there."""
    held = {link: Held((country,), Grade.B) for link, country in links.items()}
    limits: list[Limit] = []
    for framework in LAW.frameworks:
        facts = facts_of(held, framework.members, frozenset())
        limits += [limit_of(framework, objective, facts) for objective in framework.objectives]
    return replace(attribution, laws=reaching(held, LAW.laws), limits=tuple(limits))


AZURE = under(fixtures.AZURE, parent="US", operator="US", location="NL")
ALIBABA = under(fixtures.CAMERA, parent="US", supplier="CN")
HETZNER = under(fixtures.HETZNER, parent="DE", operator="DE", location="DE", supplier="DE")
NOBODY = under(fixtures.UNKNOWN)


def report(*attributions: Attribution, **changes: object) -> Report:
    plant = fixtures.Plant(assets=list(fixtures.plant().assets))
    for number, attribution in enumerate(attributions):
        plant.add(number % len(plant.assets), attribution, 1_000, 1_000)
    return plant.report(law=LAW, **changes)


def shown(made: Report) -> Chapter:
    return chapter(made, Phrases(SAY, one_capture=True))


def test_access_and_interruption_are_two_columns_each_with_links_status_date_and_grade() -> None:
    (row,) = shown(report(AZURE)).rows

    access = [(str(item.name.en), str(item.small.en)) for item in row.access]
    assert access[0] == ("<bdi>US CLOUD Act</bdi>", "by parent, operator · in force on 21 Apr 2026 · grade B")
    stop = {str(item.name.en): str(item.small.en) for item in row.interruption}
    assert "not verified" in stop["<bdi>US Export Administration Regulations</bdi>"]
    assert not set(stop) & {name for name, _ in access}
    assert "lapsed, still in effect on 12 Jun 2026" in access[1][1]


def test_contacts_under_the_same_laws_are_one_row_and_the_unknown_come_last() -> None:
    again = replace(AZURE, name="other.azure-devices.example")
    rows = shown(report(NOBODY, HETZNER, AZURE, again)).rows

    assert [str(row.contacts.en) for row in rows] == ["2", "1", "1"]
    assert [row.control for row in rows] == [Control.NON_EUROPEAN, Control.EUROPEAN, Control.UNDECIDED]
    assert "no reassurance" in str(rows[-1].stated.en)


def test_a_row_says_which_levels_its_contacts_cannot_exceed() -> None:
    abroad = replace(under(fixtures.AZURE, parent="US", operator="US"), name="b.azure-devices.example")
    rows = shown(report(AZURE, abroad, HETZNER)).rows
    limits = [re.sub("<[^>]+>", "", str(row.limits.en)) for row in rows]

    assert "At most, by contact: SOV-1 SEAL-1, SOV-2 SEAL-1, SOV-3 SEAL-2, SOV-5 SEAL-2." in limits
    assert limits[-1] == ""


def test_the_union_can_stop_a_service_of_its_own_as_well_and_ask_for_data() -> None:
    (row,) = shown(report(HETZNER)).rows

    assert [str(item.name.en) for item in row.access] == ["<bdi>EU e-Evidence Regulation</bdi>"]
    assert [str(item.name.en) for item in row.interruption] == ["<bdi>EU restrictive measures</bdi>"]


def test_a_front_says_whose_it_is_and_that_the_origin_is_not_known() -> None:
    step = fixtures.inferred("front", "rules", operator="Cloudflare", what="Cloudflare")
    said = {"operator": "Cloudflare", "parent": "Cloudflare, Inc.", "jurisdiction": "US", "stated_in": "10-K, 2025"}
    parent = fixtures.inferred("parent", "rules", **said)
    front = replace(under(fixtures.PORTAL, parent="US"), evidence=(*fixtures.PORTAL.evidence, parent, step))

    (row,) = shown(report(front)).rows
    stated = re.sub("<[^>]+>", "", str(row.stated.en))
    assert "Front Cloudflare: under control of United States; the origin behind it is not known." in stated
    assert "Observed: address 203.0.113.45 in range 203.0.113.0/24, published by Cloudflare" in stated
    assert "ultimate parent Cloudflare, Inc., United States (10-K, 2025)." in stated


def test_the_weakest_link_decides_for_the_plant() -> None:
    found = {(one.framework.id, one.objective.id): one for one in answers(report(HETZNER, HETZNER, AZURE, NOBODY))}

    assert found["eu-csf", "SOV-2"].outcome == "SEAL-1"
    assert found["eu-csf", "SOV-2"].counts == {"SEAL-1": 1, "unknown": 1, "open": 2}
    assert found["eu-csf", "SOV-7"].outcome == "not-observable"
    assert found["nl-dictu", "juridisch-moeder"].outcome == "contradicted"
    assert found["eu-cada", "level-1-infrastructure"].outcome == "unknown"


def test_a_plant_of_which_nothing_is_known_is_not_said_to_be_free_of_limits() -> None:
    for made in (report(), report(NOBODY)):
        for one in answers(made):
            assert one.outcome in ("unknown", "not-observable", "open")
            assert one.outcome != "open" or one.objective.kind == "fact"


def test_a_framework_says_cannot_exceed_and_a_proposal_says_that_it_is_one() -> None:
    frames = {frame.anchor: frame for frame in shown(report(AZURE)).frames}
    questions = {str(q.id.en): q for q in frames["framework-eu-csf"].questions}

    assert str(questions["<bdi>SOV-2</bdi>"].outcome.en) == "cannot exceed <bdi>SEAL-1</bdi>"
    assert "ultimate parent" in str(questions["<bdi>SOV-2</bdi>"].because.en)
    assert str(questions["<bdi>SOV-8</bdi>"].outcome.en) == "not observable"
    assert "PROPOSAL on 3 Jun 2026" in str(frames["framework-eu-cada"].status.en)
    assert "VOORSTEL" in str(frames["framework-eu-cada"].status.nl)


def test_no_page_says_that_anything_complies() -> None:
    page = render(report(AZURE, ALIBABA, HETZNER, NOBODY), "en")

    assert not re.search(r"\b(compl(y|ies|iant)|voldoet|illegal|illegaal)\b", page)


def test_a_law_is_met_by_as_many_contacts_as_it_reaches() -> None:
    met = {law.id: count for law, count in reached(report(AZURE, ALIBABA, HETZNER)).items()}

    assert (met["us-cloud-act"], met["cn-nil"], met["us-eo-12333"]) == (2, 1, 0)


def test_a_switch_is_named_with_what_hangs_on_it() -> None:
    offered = replace(AZURE, offering=EUSC, elsewhere=((EUSC.id, Control.EUROPEAN),))
    made = report(offered, HETZNER)
    (item,) = shown(made).offerings

    assert sensitivity(made)[0][EUSC.id] == 1
    assert "Not accepted; choose otherwise with --accept-sovereign" in str(item.small.en)
    assert "With the switch the other way 1 of 2 relations change class." in str(item.small.en)
    assert any(
        "AWS European Sovereign Cloud</bdi> counted the other way 1 of 2" in s.en for s in method(made, SAY).sensitivity
    )
    assert not [line for line in block(made, SAY) if line.head.en == "Switches set"]

    switched = report(offered, accepted=(EUSC.id,))
    (item,) = shown(switched).offerings
    assert "Switch set" in str(item.small.en)
    assert [str(line.body.en) for line in block(switched, SAY) if line.head.en == "Switches set"] == [
        "<bdi>AWS European Sovereign Cloud</bdi>"
    ]


def test_every_dependency_leads_to_the_laws_that_reach_it() -> None:
    page = render(report(AZURE), "en")

    assert '<a href="#law-0"><span lang="nl">toegang 3, staken 3</span>' in page
    assert '<tr id="law-0">' in page


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_row_of_a_user_cannot_bring_markup(language: str) -> None:
    law = replace(LAW.laws[0], title="<script>alert(1)</script>", reference="<b>", source="\u202e<i>")
    hostile = replace(AZURE, laws=(Reach(law, ("parent",), Grade.B),))
    page = render(report(hostile), language)  # type: ignore[arg-type]

    assert "<script>alert(1)" not in page
    assert "\u202e" not in page


def test_a_report_without_rules_on_law_still_is_a_page() -> None:
    assert '<h2 id="h9">' in render(fixtures.plant(), "en")
