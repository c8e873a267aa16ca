"""Findings can be read, each with what it rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kwel.findings import registry
from kwel.model.findings import Severity
from kwel.model.verdicts import Control
from kwel.report import catalogue
from kwel.report.cases import STEPS, Case, cases
from kwel.report.phrases import Phrases
from tests.report import fixtures

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=True)

EXTRA = (("claimed", "Example"), ("trip", "1"), ("place", "Dublin"))
"""Values that only some kinds fill in."""


def only(**changes: object) -> Case:
    report = fixtures.plant()
    finding = replace(report.findings[2], **changes)  # type: ignore[arg-type]
    return cases(replace(report, findings=(finding,)), {finding.asset: "a-4"}, PHRASES)[0]


@pytest.mark.parametrize("kind", [kind.id for kind in registry.CONTACTS])
def test_every_kind_has_a_title_and_a_question_in_both_languages(kind: str) -> None:
    report = fixtures.plant()
    case = only(kind=kind, values=(*report.findings[2].values, *EXTRA))

    for language in ("nl", "en"):
        assert SAY("word.unknown")[language] not in case.title[language]
        assert case.question[language].endswith("?")
    assert case.title.nl != case.title.en


def test_a_finding_that_nobody_wrote_a_sentence_for_can_be_read() -> None:
    case = only(kind="brand-new")

    assert "brand-new" in case.title.en
    assert case.question.en == "Is this intended?"


def test_the_asset_is_a_link_to_its_row() -> None:
    assert '<a href="#a-4"><bdi>hist-01</bdi></a>' in only().title.en


def test_an_asset_that_is_not_listed_is_no_link() -> None:
    report = fixtures.plant()

    assert "<a " not in cases(report, {}, PHRASES)[0].title.en


def test_the_chain_holds_frames_look_ups_and_inferences_and_what_did_not_count() -> None:
    kinds = [step.kind for step in only().steps]

    assert kinds == ["observed", "observed", "looked-up", "inferred", "rejected"]


def test_volumes_and_jurisdictions_are_written_out() -> None:
    case = only()

    assert case.sent.nl == "2,1\xa0GB"
    assert "Verenigde Staten" in case.title.nl
    assert case.severity.en == "high"
    assert case.certainty.en == "high (A)"


def test_several_hosts_are_counted() -> None:
    finding = fixtures.plant().findings[2]

    assert "and 4 more hosts" in only(values=(*finding.values, ("hosts", "5"))).title.en


def test_a_finding_without_dependencies_and_values_still_stands() -> None:
    case = only(dependencies=(), values=(), evidence=(fixtures.seen(9),), severity=Severity.INFO)

    assert case.control is Control.UNDECIDED
    assert case.operator.en == "not known"
    assert len(case.steps) == 1


def test_a_chain_has_an_end() -> None:
    case = only(evidence=tuple(fixtures.seen(frame) for frame in range(100)))

    assert len(case.steps) == STEPS + 1, "and what did not count"
    assert case.left_out.en.startswith("and ")


def test_what_did_not_count_is_shown_for_every_contact_that_is_written_out() -> None:
    chief = fixtures.plant().findings[2].dependencies[0]
    against = fixtures.looked_up("geolocation", "country 2026-11-05", country="TR")
    other = replace(chief, attribution=replace(chief.attribution, rejected=(against,)))
    rejected = [step for step in only(dependencies=(chief, other)).steps if step.kind == "rejected"]

    assert [PHRASES.step(against, rejected=True)] == rejected[1:]
