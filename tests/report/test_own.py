"""The site's own inventory and the captures, against each other."""

from __future__ import annotations

from dataclasses import replace

from kwel.model.inventory import LineState
from kwel.report import catalogue
from kwel.report.own import LISTED, Own, own
from kwel.report.phrases import Phrases
from tests.report import fixtures

PHRASES = Phrases(catalogue.load(), one_capture=True)


def shown() -> Own:
    report = fixtures.plant()
    found = own(report, {of.id: f"a-{n}" for n, of in enumerate(report.assets)}, PHRASES)
    assert found
    return found


def test_without_an_inventory_there_is_no_list() -> None:
    assert own(fixtures.nothing(), {}, PHRASES) is None


def test_what_the_inventory_does_not_know_is_listed() -> None:
    (stranger,) = shown().strangers

    assert (stranger.label.en, stranger.link) == ("<bdi>office-11</bdi>", "a-8")
    assert stranger.about.en == "Client, <bdi>HP</bdi>"


def test_what_was_not_seen_says_whether_it_could_have_been() -> None:
    near, far = shown().missing

    assert (near.label.en, near.where.en) == ("<bdi>plc-99</bdi>", "<bdi>assets.csv:5</bdi>")
    assert near.sight.en == "yes, neighbours seen"
    assert near.about.en == "<bdi>Utilities</bdi>"
    assert (far.label.en, far.keys.en) == ("<bdi>10.99.0.1</bdi>", "")
    assert far.sight.en == "no, no neighbours seen"


def test_contradictions_tell_both_sides_with_the_frame() -> None:
    differs, ambiguous = shown().contradictions

    text, basis = differs.lines[0]
    assert text.en.striptags() == "Serial number: inventory V-H5A99999, seen V-H5A12345"
    assert basis.en == "good (B); #78"
    assert differs.link == "a-1"
    assert ambiguous.lines[0][0].en.striptags() == "Fits more than one: plc-10"


def test_long_lists_are_counted() -> None:
    plant = fixtures.plant()
    assert plant.inventory
    lines = tuple(line for line in plant.inventory.lines if line.state is LineState.UNSEEN) * LISTED
    report = replace(plant, inventory=replace(plant.inventory, lines=lines))

    found = own(report, {}, PHRASES)

    assert found
    assert (len(found.missing), found.counts["missing"]) == (LISTED, 2 * LISTED)
    assert found.more["missing"].en == "100 more lines are not listed here:"
    assert found.count.en.striptags() == "assets.csv names 200 devices; seen: 0."
