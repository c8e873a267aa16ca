"""What came to nothing has its own place."""

from __future__ import annotations

from dataclasses import replace

from kwel.model.assets import AssetKind
from kwel.model.dependencies import DependencyState
from kwel.report import catalogue
from kwel.report.phrases import Phrases
from kwel.report.tried import ATTEMPTS, LOOKUPS, NAMES, tried
from tests.report import fixtures

PHRASES = Phrases(catalogue.load(), one_capture=True)


def test_attempts_say_how_often_and_what_came_of_it() -> None:
    made = tried(fixtures.plant(), PHRASES)

    assert [str(attempt.times.en) for attempt in made.attempts] == ["1,204", "37"]
    assert made.attempts[0].how.en == "no answer"
    assert made.attempts[0].port.en == "port 443"
    assert made.attempts[0].frame.en == "#48223"


def test_look_ups_are_gathered_by_asset() -> None:
    made = tried(fixtures.plant(), PHRASES)

    assert [str(lookup.asset.en) for lookup in made.lookups] == ["<bdi>plc-9</bdi>", "<bdi>office-11</bdi>"]


def test_what_is_left_out_is_counted() -> None:
    made = fixtures.Plant()
    for index in range(60):
        made.assets.append(fixtures.asset(f"h{index}", f"10.0.0.{index}", AssetKind.IT))
        made.add(index, fixtures.AZURE, 0, 0, state=DependencyState.ATTEMPTED)
        for other in range(NAMES + 2):
            made.add(
                index,
                replace(fixtures.AZURE, name=f"n{other}.example"),
                0,
                0,
                state=DependencyState.RESOLVED_ONLY,
            )
    shown = tried(made.report(), PHRASES)

    assert (len(shown.attempts), shown.attempts_left_out) == (ATTEMPTS, 60 - ATTEMPTS)
    assert (len(shown.lookups), shown.lookups_left_out) == (LOOKUPS, 60 - LOOKUPS)
    assert shown.lookups[0].more.en == "and 2 more names"


def test_a_report_without_them_has_empty_lists() -> None:
    made = tried(fixtures.nothing(), PHRASES)

    assert made.attempts == []
    assert made.lookups == []
