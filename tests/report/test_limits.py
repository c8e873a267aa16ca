"""What the report cannot say is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kwel.capture.formats import PASSED_OVER
from kwel.kernel.rows import Stop
from kwel.model.coverage import Coverage
from kwel.report import catalogue
from kwel.report.limits import Limits, limits, reason_name
from kwel.report.relations import relate
from tests.report import fixtures

SAY = catalogue.load()


def said(**changes: object) -> Limits:
    report = replace(fixtures.plant(), **changes)  # type: ignore[arg-type]
    return limits(report, relate(report), SAY)


def lines(**changes: object) -> list[str]:
    return [str(entry.sentence.en) for part in said(**changes).ledger.parts for entry in part.entries]


@pytest.mark.parametrize("stop", [stop for stop in Stop if stop not in {Stop.USED, Stop.DISCOVERY, Stop.LAN}])
def test_every_reason_for_setting_a_packet_aside_has_its_sentence(stop: Stop) -> None:
    assert f"set-aside.{stop.label}" in SAY
    assert f"aside.{stop.label}" in SAY


def test_a_reason_that_nobody_wrote_a_sentence_for_is_printed() -> None:
    assert "<b>7</b> packets: <bdi>brand new</bdi>" in lines(coverage=Coverage(9, 2, {"brand-new": 7}, {}))
    assert reason_name("brand-new", SAY).en == "<bdi>brand new</bdi>"


@pytest.mark.parametrize("sort", [*PASSED_OVER, "names"])
def test_every_sort_of_block_that_is_passed_over_has_its_sentence(sort: str) -> None:
    assert f"note.blocks-{sort}" in SAY


def test_a_dissectors_count_names_its_protocol() -> None:
    shown = lines(coverage=Coverage(0, 0, {}, {"s7comm-malformed": 3, "nonesuch-cut": 2}))

    assert "<b>3</b> S7comm messages are invalid." in shown
    assert "<b>2</b> <bdi>nonesuch</bdi> messages are cut short." in shown


def test_totals_are_what_the_others_are_a_part_of() -> None:
    shown = lines(coverage=Coverage(0, 0, {}, {"flows": 40, "midstream": 3}))

    assert any("<b>3</b> of 40 conversations" in line for line in shown)
    assert not any("<b>40</b>" in line for line in shown)


def test_a_file_that_was_not_read_is_named_with_its_reason() -> None:
    nothing = fixtures.nothing()
    shown = lines(captures=nothing.captures, coverage=nothing.coverage)

    assert "<bdi>notes.txt</bdi>: <bdi>not a capture file</bdi>" in shown
    assert any("12\xa0B" in line for line in shown)


def test_packets_lost_by_the_capturing_machine_are_counted() -> None:
    capture = fixtures.plant().captures[0]._replace(dropped=1)

    assert any("lost 1 packet" in line for line in lines(captures=(capture,)))


def test_undecided_unnamed_attempted_and_looked_up_are_counted() -> None:
    shown = " ".join(str(line.en) for line in said().unclear)

    assert "For <b>1</b> relation the control cannot be decided" in shown
    assert "<b>2</b> destinations gave no answer" in shown
    assert "<b>2</b> names were only looked up" in shown


def test_what_no_capture_can_tell_is_always_said() -> None:
    assert len(said().unseen) == 5
