"""Zones and conduits become a map, a list and two tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kwel.assets.zones.draw import SILENT
from kwel.assets.zones.propose import REST
from kwel.model.verdicts import Control
from kwel.model.zones import Origin
from kwel.report import catalogue
from kwel.report.conduits import CONDUITS, register
from kwel.report.phrases import Phrases
from kwel.report.places import zone_name, zone_of
from kwel.report.zonemap import ALL, EACH, ZoneMap, draw, line_width
from tests.report import fixtures

if TYPE_CHECKING:
    from kwel.model.report import Report

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=True)
LINKS = {asset.id: f"a-{index}" for index, asset in enumerate(fixtures.plant().assets)}


def drawn(report: Report) -> ZoneMap:
    found = draw(report, SAY)
    assert found
    return found


def test_levels_lie_from_the_outside_down_to_the_process() -> None:
    layers = drawn(fixtures.plant()).layers

    names = [f"{layer.name.en} {layer.about.en}" for layer in layers]
    assert names == ["Outside the plant", "Level 2 supervision", "Level not known; OT", "Level 1 control"]
    assert [layer.y for layer in layers] == sorted(layer.y for layer in layers)


def test_colour_is_for_what_leaves_the_plant_and_unknown_is_not_european() -> None:
    shown = drawn(fixtures.plant())
    by_end = {str(line.target.label.below.en): line.control for line in shown.lines}

    assert by_end["non-European control"] is Control.NON_EUROPEAN
    assert by_end["control undecided"] is Control.UNDECIDED
    assert by_end["European control"] is Control.EUROPEAN
    assert by_end["networks of others"] is Control.UNDECIDED
    inside = [line for line in shown.lines if line.target.control is None]
    assert {line.control for line in inside} == {None}


def test_a_proposal_is_drawn_as_one_and_called_one() -> None:
    report = fixtures.plant()
    boxes = {str(box.label.title.en): box for box in drawn(report).boxes}

    assert boxes["10.20.1.0/24"].dotted
    assert not boxes["Boiler house"].dotted
    assert zone_of("proposed: VLAN 30 / Cell 1", SAY).nl == "voorstel: <bdi>VLAN 30</bdi> / <bdi>Cell 1</bdi>"
    assert zone_name(report.zones[4], SAY).nl == "Clouds, niet-Europese zeggenschap"


def test_names_of_proposals_that_are_words_are_said_in_both_languages() -> None:
    for name, words in (
        (REST, "voorstel: overige segmenten"),
        (SILENT, "voorstel: Adressen zonder antwoord"),
        ("proposed: no IP address (OT)", "voorstel: geen IP-adres (OT)"),
    ):
        assert zone_of(name, SAY).nl.striptags() == words


def test_lines_say_what_passes_and_are_faint_where_nothing_came_of_it() -> None:
    lines = drawn(fixtures.plant()).lines

    assert {line.text for line in lines} >= {"S7comm, Modbus/TCP +1", "TLS", "TCP 502"}
    assert [line.faint for line in lines].count(True) == 1


def test_lines_become_thicker_by_a_step_for_each_tenfold() -> None:
    widths = [line_width(10**n) for n in range(14)]

    assert widths == sorted(widths)
    assert (widths[0], widths[3], widths[-1]) == (1.2, 1.2, 8.0)


def test_many_zones_and_conduits_are_summed_up() -> None:
    plant = fixtures.plant()
    zones = [fixtures.zone(n, f"Cell {n}", "1", n % 15) for n in range(30)]
    zones += [fixtures.zone(n, f"Office {n}", "4", n % 15) for n in range(30, 60)]
    outside = fixtures.zone(60, "x", None, origin=Origin.OUTSIDE, key="cloud-non-european")
    conduits = [fixtures.conduit(n, n % 60, (n * 7 + 1) % 60, "modbus") for n in range(300)]
    conduits.append(fixtures.conduit(301, 29, 60, "tls"))
    report = replace(plant, zones=(*zones, outside), conduits=tuple(conduits))

    shown = drawn(report)

    assert len(shown.boxes) == 2 * (EACH + 1) + 1
    assert len(shown.lines) <= ALL
    titles = [str(box.label.title.en.striptags()) for box in shown.boxes]
    assert titles.count("and 25 more zones") == 2
    assert "Cell 29" in titles, "what leaves Europe is not summed up"
    tables = register(report, {}, PHRASES)
    assert (len(tables.conduits), tables.conduits_left_out) == (CONDUITS, 301 - CONDUITS)
    assert tables.conduits[0].id.en == "C-301"


def test_zones_that_something_passes_are_drawn_before_those_that_nothing_does() -> None:
    zones = tuple(fixtures.zone(n, f"Cell {n}", "1", *range(12 - n)) for n in range(12))
    report = replace(fixtures.plant(), zones=zones, conduits=(fixtures.conduit(1, 10, 11, "modbus"),))

    shown = drawn(report)

    assert [line.text for line in shown.lines] == ["Modbus/TCP"]
    assert shown.left_out == 0
    hidden = replace(report, conduits=tuple(fixtures.conduit(n, n, (n + 1) % 12, "modbus") for n in range(12)))
    assert drawn(hidden).left_out == 6, "between the zones that one box stands for"


def test_without_conduits_there_is_no_map() -> None:
    assert draw(fixtures.nothing(), SAY) is None


def test_a_conduit_says_what_the_standard_asks_for() -> None:
    rows = {str(row.id.en): row for row in register(fixtures.plant(), LINKS, PHRASES).conduits}
    first, tried = rows["C-01"], rows["C-07"]

    assert (first.source.en, first.target.en) == ("<bdi>Supervision</bdi>", "<bdi>Boiler house</bdi>")
    assert [(str(name.en), str(remark.en)) for name, remark in first.services][1] == ("Modbus/TCP", "TCP 503, #201")
    assert (first.out.en, first.into.en, first.frame.en) == (
        "1.0\N{NO-BREAK SPACE}GB",
        "500\N{NO-BREAK SPACE}MB",
        "#201",
    )
    assert first.commands.en == "write 12"
    assert first.source_ends.en == "<bdi>hmi-03</bdi>"
    assert tried.flows.en == "7, 7 unanswered"
    assert tried.services[0][1].en == "port only, only tried, #200"


def test_a_zone_says_its_level_its_target_and_why() -> None:
    zone = register(fixtures.plant(), LINKS, PHRASES).zones[0]

    assert (zone.level.en, zone.target.en, zone.kinds.en) == ("<bdi>1</bdi>", "SL-T 2", "3 OT")
    assert [(str(label.en.striptags()), link) for label, link in zone.members] == [
        ("plc-07", "a-7"),
        ("plc-9", "a-12"),
        ("plc-10", "a-13"),
    ]
    assert zone.extent.en == "VLAN 20; <code><bdi>10.20.0.0/16</bdi></code>"
    assert zone.why.en == "high (A); Belongs to zone <bdi>Boiler house</bdi> (<bdi>VLAN 20</bdi>)"


def test_the_list_for_narrow_pages_has_every_zone_with_what_it_begins() -> None:
    groups = drawn(fixtures.plant()).groups

    listed = {str(zone.name.en.striptags()): zone for _, zones in groups for zone in zones}
    assert [str(line.to.en.striptags()) for line in listed["Supervision"].leaving] == [
        "Clouds, non-European control",
        "Boiler house",
    ]
    assert "Clouds, European control" not in listed, "it begins nothing"
