"""The verdict sentence, and what must be said with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.model.assets import AssetKind
from kwel.model.verdicts import Control, Verdict
from kwel.report import catalogue, headline
from kwel.report.view import build
from tests.report import fixtures
from tests.report.fixtures import AZURE, HETZNER, UNKNOWN, Plant

if TYPE_CHECKING:
    from kwel.model.report import Report

SAY = catalogue.load()


def of(foreign: int, quiet: int) -> Report:
    made = Plant()
    for index in range(foreign + quiet):
        made.assets.append(fixtures.asset(f"a{index}", f"10.0.0.{index}", AssetKind.OT))
        if index < foreign:
            made.add(index, AZURE, 1, 1)
    return made.report()


@pytest.mark.parametrize(
    ("foreign", "quiet", "nl", "en"),
    [
        (9, 7, "Negen van 16 assets wisselen gegevens uit", "Nine of 16 assets exchange data"),
        (1, 3, "Eén van vier assets wisselt gegevens uit", "One of four assets exchanges data"),
        (0, 5, "Geen van vijf assets had zichtbaar contact", "None of five assets had visible contact"),
        (3, 0, "Alle drie assets wisselen gegevens uit", "All three assets exchange data"),
        (13, 20, "13 van 33 assets", "13 of 33 assets"),
        (1, 0, "De enige asset in de opname wisselt", "The only asset in the capture exchanges"),
        (0, 1, "De enige asset in de opname had geen", "The only asset in the capture had no visible"),
        (0, 0, "In deze opname is geen enkele asset", "No asset of the plant"),
    ],
)
def test_the_verdict_counts_in_words_up_to_twelve(foreign: int, quiet: int, nl: str, en: str) -> None:
    report = of(foreign, quiet)

    sentence = build(report, SAY).headline.sentence
    assert sentence.nl.startswith(nl)
    assert sentence.en.startswith(en)
    assert headline(report, "en") == f"{sentence.en}."


def test_the_lead_says_what_is_undecided_and_that_it_judges_nothing() -> None:
    lead = " ".join(str(sentence.en) for sentence in build(fixtures.plant(), SAY).headline.lead)

    assert "Eight of them run or watch the plant" in lead
    assert "For one asset the destination cannot be decided." in lead
    assert lead.endswith("not whether it is allowed.")


def test_the_lead_says_who_tried_in_vain() -> None:
    assert "One of those tried in vain" in " ".join(str(s.en) for s in build(fixtures.plant(), SAY).headline.lead)


def test_the_lead_says_when_a_file_was_not_read() -> None:
    assert "One file was not read" in " ".join(str(s.en) for s in build(fixtures.nothing(), SAY).headline.lead)


def test_the_mark_is_that_of_the_worst_asset() -> None:
    made = Plant()
    made.assets = [fixtures.asset("a", "10.0.0.1", AssetKind.OT), fixtures.asset("b", "10.0.0.2", AssetKind.OT)]
    made.add(0, HETZNER, 1, 1)
    assert build(made.report(), SAY).headline.control is Control.EUROPEAN
    made.add(1, UNKNOWN, 1, 1)
    assert build(made.report(), SAY).headline.control is Control.UNDECIDED


@pytest.mark.parametrize("verdict", list(Verdict))
def test_unknown_is_never_european(verdict: Verdict) -> None:
    made = Plant()
    made.assets = [fixtures.asset("a", "10.0.0.1", AssetKind.OT)]
    made.add(0, replace(AZURE, verdict=verdict), 1, 1)

    view = build(made.report(), SAY)

    assert view.squares[0].control is verdict.control
    if verdict in {Verdict.UNKNOWN, Verdict.PLACE_UNPROVEN}:
        assert view.squares[0].control is Control.UNDECIDED


def test_the_key_counts_every_asset_once() -> None:
    view = build(fixtures.plant(), SAY)

    assert [int(str(count.en)) for _, count, _ in view.key] == [9, 1, 1, 4]


def test_what_is_left_out_is_told_with_the_command_that_gives_it() -> None:
    view = build(fixtures.large(assets=700, dependencies=1_000, hosts=50), SAY)

    assert view.rows_left_out
    assert view.rows_left_out.en.startswith("200 more assets")
    assert "kwel assets line1.pcapng" in view.whole["assets"].en
