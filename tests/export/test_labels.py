"""Who must walk to the box reads what people call it, and where it is plugged in."""

from __future__ import annotations

from dataclasses import replace

from kwel.export import concluded
from kwel.export.conclusions import dependencies_table
from kwel.model.assets import Fact
from kwel.model.claims import Claim, Evidence, Grade, Where
from tests.export.plant import make_report


def test_every_table_of_assets_says_what_people_call_them() -> None:
    report = make_report()
    gateway, other = report.assets

    assert concluded("assets", report)["label"].tolist() == [gateway.label, other.label]
    assert concluded("facts", report)["label"].tolist() == [gateway.label]
    assert dependencies_table(report)["asset_label"].tolist() == [gateway.label]


def test_a_command_says_who_gave_it_to_whom_by_name() -> None:
    report = make_report()

    told = concluded("commands", report)[["source_label", "target_label"]].values.tolist()
    assert told == [[of.source.label, of.target.label] for of in report.commands]
    assert told


def test_an_asset_says_what_it_is_plugged_into() -> None:
    report = make_report()
    seen = Evidence("observed", "says-of-itself", (), Where("a.pcap", 1))
    plugged = Fact("neighbour", Claim("port-014.switch-3", Grade.B, (seen,)))
    gateway = replace(report.assets[0], facts=(*report.assets[0].facts, plugged))

    table = concluded("assets", replace(report, assets=(gateway, *report.assets[1:])))
    assert table["neighbour"].tolist() == [["port-014.switch-3"], []]
