"""What is not known, and what changed, become lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.model.assets import AssetKind
from kwel.model.claims import Where
from kwel.model.talks import Closeup, Talk
from kwel.report import catalogue, changed, unknown
from kwel.report.lists import Lists, lists
from kwel.report.phrases import Phrases
from tests.report import fixtures

if TYPE_CHECKING:
    from kwel.model.assets import Asset
    from kwel.model.report import Report

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=True)
TALK = Talk(0, True, "modbus", "TCP", 502, 1, 9, 9, fixtures.START, fixtures.START, Where("a", 1))


def lists_of(report: Report) -> Lists:
    strangers = unknown.find(report, range(len(report.assets)))
    near = dict.fromkeys(strangers, Closeup((TALK,)))
    return lists(report, strangers, near, {of.id: f"a-{n}" for n, of in enumerate(report.assets)}, PHRASES)


def test_only_what_has_nothing_at_all_is_unknown() -> None:
    shown = lists_of(fixtures.plant())

    assert [str(of.label.en.striptags()) for of in shown.unknown] == ["10.20.1.14"]
    assert shown.unknown[0].link == "a-14"
    assert shown.unknown[0].peers.en.striptags() == "gw-line1 (Modbus/TCP)"
    assert shown.known.en.startswith("2 of 15")


def test_there_is_a_way_to_each_list_in_which_there_is_something() -> None:
    assert [anchor for anchor, _ in lists_of(fixtures.plant()).ways] == [
        "l-unknown",
        "l-changed",
        "l-strangers",
        "l-missing",
        "l-contradictions",
    ]
    assert lists_of(fixtures.nothing()).ways == []


def stranger(**changes: object) -> Asset:
    return replace(fixtures.asset("10.0.0.9", "10.0.0.9", AssetKind.UNKNOWN), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asset", "talk", "words"),
    [
        (stranger(macs=(), vlans=(30,)), TALK, "switch of VLAN 30"),
        (stranger(macs=(), vlans=(0,)), TALK, "behind a router"),
        (stranger(macs=(fixtures.claim("02:00:00:00:00:01"),)), TALK, "self-chosen"),
        (stranger(), TALK, "in no register"),
        (stranger(macs=()), replace(TALK, bytes_out=0), "sent nothing itself"),
    ],
)
def test_what_is_missing_says_what_may_tell(asset: Asset, talk: Talk, words: str) -> None:
    report = replace(fixtures.plant(), assets=(asset,))

    line = unknown.unknown(report, 0, Closeup((talk,)), {}, PHRASES)

    assert words in str(line.lacks.en)


def test_a_change_says_what_was_and_what_is_and_where() -> None:
    firmware, moved = lists_of(fixtures.plant()).changed

    assert (firmware.what.en, firmware.before.en, firmware.after.en) == (
        "Firmware",
        "<bdi>V17.0.0</bdi>",
        "<bdi>V17.0.7</bdi>",
    )
    assert (firmware.frames.en, firmware.when.en, firmware.link) == ("#80 #87", "9 Nov 2026 01:00:00", "a-1")
    assert moved.what.nl == "MAC-adres"


def test_long_lists_are_counted() -> None:
    plant = fixtures.plant()
    report = replace(
        plant, changes=plant.changes * 60, assets=tuple(stranger(id=f"x{n}") for n in range(unknown.LISTED + 1))
    )

    shown = lists_of(report)

    assert (len(shown.unknown), len(shown.changed)) == (unknown.LISTED, changed.LISTED)
    assert shown.unknown_more.en.startswith("1 more such asset")
    assert shown.changed_more.en.startswith("20 more changes")
