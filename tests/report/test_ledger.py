"""Every packet has its line, every count its share and its sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kwel.findings.coverage import RULES
from kwel.model.claims import Where
from kwel.model.coverage import Coverage, CoverageGrade
from kwel.model.gaps import BlindSpot, Mirror, Shortcoming, System
from kwel.report import catalogue
from kwel.report.ledger import MOST_LINES, TOTALS, Ledger, ledger, percent, reasons, summary
from kwel.streams import Listener
from tests.report import fixtures
from tests.report.fixtures import HOUR, START

SAY = catalogue.load()
WHERE = Where("plant.pcapng", 7)


def told(coverage: Coverage) -> Ledger:
    return ledger(replace(fixtures.plant(), coverage=coverage), SAY)


def part(coverage: Coverage, head: str) -> list[tuple[str, int, str]]:
    for found in told(coverage).parts:
        if found.head == SAY(f"ledger.{head}"):
            return [(str(entry.share.en), entry.width, str(entry.sentence.en)) for entry in found.entries]
    return []


def test_what_was_used_and_what_was_set_aside_add_up() -> None:
    entries = part(Coverage(1000, 750, {"not-ip": 200, "fragment": 50}, {}), "packets")

    assert [(share, width) for share, width, _ in entries] == [("75%", 750), ("20%", 200), ("5.0%", 50)]
    assert entries[0][2] == "<b>750</b> of 1,000 packets were used."


def test_each_link_type_that_was_not_read_has_its_line() -> None:
    links = (("4711 (not in the registry)", 10), ("189 (Linux USB)", 60))
    entries = part(Coverage(100, 30, {"link-type": 70}, {}, unread_links=links), "packets")

    assert [(share, sentence) for share, _, sentence in entries[1:]] == [
        (
            "60%",
            "<b>60</b> frames of link type <bdi>189 (Linux USB)</bdi> were not read: "
            "of what is in them nothing is known here.",
        ),
        (
            "10%",
            "<b>10</b> frames of link type <bdi>4711 (not in the registry)</bdi> were not read: "
            "of what is in them nothing is known here.",
        ),
    ]


def test_a_note_has_the_share_of_what_it_is_a_part_of() -> None:
    coverage = Coverage(9, 9, {}, {"flows": 40, "one-way": 10, "outside-flows": 8, "outside-unnamed": 4})

    assert part(coverage, "whole")[0][:2] == ("25%", 250)
    assert part(coverage, "names")[0][:2] == ("50%", 500)


def test_a_count_of_which_nobody_knows_the_whole_has_no_share() -> None:
    assert part(Coverage(9, 9, {}, {"claims-not-kept": 3}), "other")[0][:2] == ("\N{EN DASH}", 0)


def test_a_pause_says_when_and_how_long() -> None:
    pause = (START + HOUR, START + 3 * HOUR)
    ((share, _, sentence),) = part(Coverage(9, 9, {}, {"pauses": 1}, pauses=(pause,)), "whole")

    assert share == "1.2%"
    assert "not one packet for 2 h" in sentence


def test_a_mirror_session_names_both_ends_its_share_and_a_frame() -> None:
    mirror = Mirror("192.0.2.1", "192.0.2.2", "erspan", 90, WHERE)
    ((share, _, sentence),) = part(Coverage(100, 100, {}, {"mirror-sessions": 1}, mirrors=(mirror,)), "tunnels")

    assert share == "90%"
    for fact in ("<b>90</b>", "192.0.2.1", "192.0.2.2", "ERSPAN", "plant.pcapng#7"):
        assert fact in sentence


def test_a_blind_spot_names_the_asset_by_its_label() -> None:
    asset = fixtures.plant().assets[3]
    spot = BlindSpot(asset.id, "openvpn", 2, "203.0.113.7", WHERE)
    ((_, _, sentence),) = part(Coverage(9, 9, {}, {"flows": 4}, blind_spots=(spot,)), "tunnels")

    assert "<bdi>ewon-01</bdi>: <b>2</b> encrypted tunnels (OpenVPN)" in sentence


@pytest.mark.parametrize(("changes", "words"), [(1, "one after another"), (2, "by turns (2 changes)")])
def test_an_address_of_several_systems_is_told_with_what_each_began_with(changes: int, words: str) -> None:
    own = fixtures.plant().assets[3].id, "10.20.3.33"
    systems = (
        System(*own, 64, 63, 63, 5, changes, WHERE),
        System(*own, 128, 126, 127, 4, changes, Where("plant.pcapng", 9)),
    )
    coverage = Coverage(9, 9, {}, {"flows": 36, "shared-addresses": 1}, systems=systems)
    ((share, _, sentence),) = part(coverage, "whole")

    assert share == "25%"
    for fact in (
        "<bdi>ewon-01</bdi>: conversations from <code><bdi>10.20.3.33</bdi></code>", words,
        "<b>5</b> with TTL 63, near 64 (<bdi>plant.pcapng#7</bdi>)",
        "<b>4</b> with TTL 126-127, near 128 (<bdi>plant.pcapng#9</bdi>)",
    ):  # fmt: skip
        assert fact in sentence


def test_more_than_can_be_named_are_counted() -> None:
    spots = tuple(BlindSpot("10.20.3.33", "esp", 1, f"203.0.113.{i}", WHERE) for i in range(MOST_LINES + 3))

    assert part(Coverage(9, 9, {}, {"flows": 40}, blind_spots=spots), "tunnels")[-1][2] == "3 more, not named."


def test_every_count_of_the_listener_has_its_sentence() -> None:
    notes = Listener(10).finish().notes

    assert len(notes) > 9
    assert [key for key in notes if f"note.{key}" not in SAY and key not in TOTALS] == []


@pytest.mark.parametrize("grade", CoverageGrade)
def test_every_grade_has_its_words(grade: CoverageGrade) -> None:
    assert f"coverage.{grade.value}" in SAY
    assert f"coverage.short.{grade.value}" in SAY


@pytest.mark.parametrize("key", RULES)
def test_every_shortcoming_has_its_words(key: str) -> None:
    assert f"shortcoming.{key}" in SAY


def test_the_grade_comes_with_its_reasons() -> None:
    poor = Coverage(
        9, 9, {}, {}, grade=CoverageGrade.POOR,
        shortcomings=(Shortcoming("one-way", 0.52, True), Shortcoming("files-unread", 1.0, False)),
    )  # fmt: skip

    assert [str(reason.en) for reason in reasons(poor, SAY)] == [
        "conversations seen in one direction (52%)",
        "files that were not read, or not to their end",
    ]
    assert [str(text.en).split(",")[0] for text in summary(poor, SAY)] == [
        "poor",
        "conversations seen in one direction (52%)",
    ]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0001, "< 0.1%"), (0.004, "0.4%"), (0.25, "25%"), (0.9999, "99.9%"), (1.0, "100%"), (3.0, "100%")],
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, text: str) -> None:
    assert percent(share).en.unescape() == text
