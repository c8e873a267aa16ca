"""The diagram's twins say the same in rows."""

from __future__ import annotations

from kwel.report import catalogue
from kwel.report.listing import GROUP, LINKS, listing
from kwel.report.phrases import Phrases
from kwel.report.relations import relate
from tests.report import fixtures

PHRASES = Phrases(catalogue.load(), one_capture=True)


def test_the_table_has_every_relation() -> None:
    report = fixtures.plant()
    made = listing(report, relate(report), PHRASES)

    assert len(made.links) == 12
    assert made.left_out == 0


def test_a_row_names_the_frame_the_protocol_and_the_law() -> None:
    report = fixtures.plant()
    camera = next(link for link in listing(report, relate(report), PHRASES).links if "cam-gate1" in link.asset.en)

    assert camera.law.en == "China, United States"
    assert "hosted at" in camera.operator.en
    assert camera.protocol.en == "<bdi>TLS</bdi> 443"
    assert camera.frame.en == "#48213"


def test_the_list_is_grouped_by_law_the_worst_first() -> None:
    report = fixtures.plant()
    groups = listing(report, relate(report), PHRASES).groups

    assert [str(group.name.en) for group in groups] == ["United States", "China, United States", "Undecided", "Europe"]
    assert sum(len(group.links) for group in groups) == 12


def test_what_is_left_out_is_counted() -> None:
    report = fixtures.large(assets=200, dependencies=3_000, hosts=400)
    relations = relate(report)
    made = listing(report, relations, PHRASES)

    assert len(made.links) == LINKS
    assert made.left_out == len(relations) - LINKS
    for group in made.groups:
        assert len(group.links) <= GROUP


def test_a_frame_names_its_file_where_there_are_several() -> None:
    report = fixtures.plant()
    made = listing(report, relate(report), Phrases(catalogue.load(), one_capture=False))

    assert made.links[0].frame.en.startswith("<bdi>line1.pcapng #")
