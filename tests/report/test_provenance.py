"""The report says what it was made from, and how to make it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kwel.model.coverage import Coverage
from kwel.model.dependencies import STATES, Dependencies, DependencyState
from kwel.model.verdicts import Control
from kwel.report import catalogue
from kwel.report.provenance import block, identity, method, title, whole
from kwel.report.text import DASH
from tests.report import fixtures

SAY = catalogue.load()
PLANT = fixtures.plant()


def lines(**changes: object) -> dict[str, tuple[str, str]]:
    report = replace(PLANT, **changes)  # type: ignore[arg-type]
    return {str(line.head.en): (str(line.body.en), str(line.small.en)) for line in block(report, SAY)}


def test_packets_in_are_those_used_and_those_set_aside_by_reason() -> None:
    body, small = lines(coverage=Coverage(100, 90, {"not-ip": 7, "fragment": 3}, {}))["Packets"]

    assert body == "100"
    assert small == "= 90 used + 10 set aside: 7 not IP, 3 stray fragments"


def test_many_reasons_are_summed_up() -> None:
    _, small = lines(coverage=Coverage(21, 0, {f"r{n}": n for n in range(1, 7)}, {}))["Packets"]

    assert small.endswith("3 for other reasons")


def test_the_block_names_capture_period_bloc_data_and_digest() -> None:
    shown = lines()

    assert shown["Capture"] == ("<bdi>line1.pcapng</bdi>", "<bdi>pcapng</bdi>")
    assert shown["Period"] == (f"9 Nov 2026 00:00 {DASH} 16 Nov 2026 00:00\xa0UTC", "7 days")
    assert shown["European means"][0] == "EEA"
    assert shown["Data of"][0] == f"2 Nov 2026 {DASH} 5 Nov 2026"
    assert "9f2c 41ab 77e0 … 03d6" in shown["SHA-256"][0]


def test_what_the_capture_does_not_say_is_not_made_up() -> None:
    shown = lines(captures=(PLANT.captures[0]._replace(dropped=None, sha256=None, first=None, last=None),), tables=())

    assert shown["Lost"][0] == "the capture does not say"
    assert shown["Period"][0] == "not known"
    assert "SHA-256" not in shown


def test_several_captures_are_counted_and_unread_ones_told() -> None:
    captures = tuple(PLANT.captures[0]._replace(name=f"c{n}", problem="cut" if n else None) for n in range(3))

    assert lines(captures=captures)["Captures"] == (
        "3 files",
        "<bdi>c0</bdi> … <bdi>c2</bdi>, 2 not read (to their end)",
    )


def test_the_same_input_has_the_same_name_and_another_has_another() -> None:
    assert identity(PLANT) == identity(fixtures.plant())
    assert identity(replace(PLANT, rulebook="0")) != identity(PLANT)
    assert identity(replace(PLANT, internal=("198.51.100.0/24",))) != identity(PLANT)


def test_the_title_is_the_given_one_else_the_captures() -> None:
    assert title(PLANT).nl.startswith("<bdi>Voorbeeldfabriek")
    assert title(replace(PLANT, title="")).nl == "<bdi>line1.pcapng</bdi>"


def test_the_method_has_digests_in_full_licences_and_all_verdicts() -> None:
    made = method(PLANT, SAY)

    assert made.captures[0].digest.en.replace(" ", "").count("9f2c41ab77e0c1d25a90be3344f1720c") == 1
    assert made.tables[1].digest.en == "<bdi>CC BY 4.0: IP Geolocation by DB-IP</bdi>"
    assert len(made.verdicts) == 9
    assert [grade for grade, _ in made.grades] == ["A", "B", "C", "D", "U"]
    assert "Netherlands" in made.members.en


def test_verdicts_are_counted_over_what_was_used() -> None:
    counts = {str(v.name.en): str(v.count.en) for v in method(PLANT, SAY).verdicts}

    assert counts["European control"] == "1"
    assert sum(map(int, counts.values())) == 12


def test_the_command_for_the_whole_quotes_what_a_shell_would_split() -> None:
    odd = replace(PLANT, captures=(PLANT.captures[0]._replace(name="line 3;x.pcap"),))

    assert "kwel assets &#39;line 3;x.pcap&#39;" in whole("assets", odd).en


def test_it_says_how_many_contacts_hang_on_what_counts_as_inside() -> None:
    dependencies = PLANT.dependencies
    first = replace(dependencies.attributions[0], elsewhere=(("EEA+CH+GB", Control.EUROPEAN),))
    used = dependencies.state == STATES.index(DependencyState.USED)
    changed = int((used & (dependencies.attribution == 0)).sum())
    assert changed
    columns = {
        key: getattr(dependencies, key)
        for key in ("asset", "attribution", "state", "first", "last", "flows", "bytes_out", "bytes_in")
    }
    again = Dependencies(columns, [first, *dependencies.attributions[1:]], dependencies._build)

    told = [str(sentence.en) for sentence in method(replace(PLANT, dependencies=again), SAY).sensitivity]

    assert told == [
        f"Under EEA and Switzerland 0 of {used.sum()} relations change class.",
        f"Under EEA, Switzerland and UK {changed} of {used.sum()} relations change class.",
    ]


@pytest.mark.parametrize(
    ("date", "told"),
    [("2026-11-02", "older than the capture"), ("2027-11-02", "newer than the capture"), ("undated", None)],
)
def test_a_table_says_how_far_it_lies_from_the_captures(date: str, told: str | None) -> None:
    table = replace(PLANT.tables[0], date=date)
    about = method(replace(PLANT, tables=(table,)), SAY).tables[0].about.en

    assert (told in about) if told else ("than the capture" not in about)
