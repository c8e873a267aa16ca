"""An asset becomes a sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from kwel.model.assets import AssetKind
from kwel.model.kinds import FactKind
from kwel.model.talks import Closeup
from kwel.report import catalogue
from kwel.report.phrases import Phrases
from kwel.report.sheets import VALUES, Sheet, Sheets, display_filter
from tests.report import fixtures

if TYPE_CHECKING:
    from kwel.model.report import Report

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=True)


def sheet_of(label: str, report: Report | None = None) -> Sheet:
    report = report or fixtures.plant()
    index = next(index for index, asset in enumerate(report.assets) if asset.label == label)
    near = fixtures.look_closer([index])[index] if report.look_closer else Closeup()
    return Sheets(report, range(len(report.assets)), PHRASES).sheet(report.assets[index], near)


def told(sheet: Sheet) -> dict[str, list[tuple[str, str]]]:
    return {
        str(known.head.en): [
            (str(of.text.en.striptags()), str(of.basis.en.striptags().replace("\xa0", " "))) for of in known.values
        ]
        for known in sheet.known
    }


def test_a_sheet_has_what_stands_on_the_box_and_where_it_is_plugged_in() -> None:
    known = told(sheet_of("hmi-03"))

    assert known["Name"] == [("hmi-03", "LLDP #70; DHCP #71")], "one name, whoever says it"
    assert known["Product"] == [("SIMATIC TP1500", "PROFINET IO #77")]
    assert known["Order number"] == [("6AV2 124-0QC02-0AX1", "PROFINET IO #77")]
    assert known["Serial number"] == [("V-H5A12345", "S7comm #78")]
    assert known["Plugged into"] == [("sw-3 port 14", "LLDP #91")]
    assert known["Location"] == [("Ketelhuis, paneel 4", "LLDP #90")]
    assert known["MAC address"] == [("00:1b:1b:10:00:1b", "ARP #3")]


def test_a_sheet_says_since_when_an_address_was_there_and_who_proved_it() -> None:
    assert told(sheet_of("hmi-03"))["Address"] == [("10.20.2.27", "9 Nov 2026 00:00 \N{EN DASH} 01:00 UTC; ARP #3")]


def test_a_conclusion_says_how_sure_it_is() -> None:
    known = told(sheet_of("hmi-03"))

    assert known["Role"] == [("Operator panel (HMI)", "high (A); Modbus/TCP #12")]
    assert known["May also be"] == [("Historian", "moderate (C); OPC UA #99")]
    assert known["Zone"] == [("Cell 1", "high (A); looked up: site.toml")]
    assert known["Purdue level"] == [("2", "weak (D)")]
    assert known["Owner"] == [("Utilities", "")]
    assert known["Speaks"] == [("S7comm: asks", "#98")]


def test_what_is_not_known_has_no_line() -> None:
    assert set(told(sheet_of("10.20.1.14"))) == {"Address", "MAC address", "VLAN", "Kind", "Seen"}


def test_many_values_are_counted_and_not_all_listed() -> None:
    known = next(known for known in sheet_of("hmi-03").known if known.head.en == "Firmware")

    assert len(known.values) == VALUES
    assert known.more.en == "and 2 more"


def test_peers_have_a_link_a_protocol_and_a_side() -> None:
    asks, by_port = sheet_of("hmi-03").peers

    assert (asks.link, asks.protocol.en, asks.way.en, asks.frame.en) == ("a-13", "S7comm", "begins itself", "#98")
    assert by_port.protocol.en == "TCP 4000, only the port is known"
    assert by_port.way.en == "who begins cannot be seen"
    assert sheet_of("hmi-03").peers_more.en.startswith("2 more conversations")
    assert sheet_of("plc-10").peers[0].way.en == "is addressed"


def test_commands_are_told_the_gravest_first_and_on_both_sides() -> None:
    plc, hmi = sheet_of("plc-10"), sheet_of("hmi-03")

    assert [str(order.kind.en) for order in plc.orders] == ["stop or start", "write", "read"]
    assert [str(order.way.en) for order in plc.orders] == ["from"] * 3
    assert plc.orders[1].other.en == "<bdi>203.0.113.9</bdi> (outside the plant)"
    assert plc.orders[0].link == "a-1"
    assert [str(order.way.en) for order in hmi.orders] == ["to"] * 2


def test_a_sheet_says_what_changed() -> None:
    assert [str(of.what.en) for of in sheet_of("hmi-03").changed] == ["Firmware"]


def test_a_sheet_says_in_sentences_why() -> None:
    why = sheet_of("plc-07").why

    assert "Modbus/TCP" in why[0].sentence.en
    assert why[0].source.en == "<bdi>line1.pcapng #12</bdi>"


def test_the_filter_names_addresses_and_macs() -> None:
    asset = replace(fixtures.asset("x", "10.0.0.1", AssetKind.OT), addresses=("10.0.0.1", "fd00::1"))

    assert display_filter(asset) == "ip.addr == 10.0.0.1 || ipv6.addr == fd00::1 || eth.addr == 00:1b:1b:10:00:01"


@pytest.mark.parametrize("kind", get_args(FactKind))
def test_every_kind_of_fact_has_a_heading_and_reaches_the_sheet(kind: FactKind) -> None:
    assert f"fact.{kind}" in SAY
    report = fixtures.plant()
    asset = replace(report.assets[14], facts=(fixtures.fact(kind, "something odd", 7, "snmp"),))
    report = replace(report, assets=(*report.assets[:14], asset))

    assert "something odd" in str(told(sheet_of("10.20.1.14", report)))
