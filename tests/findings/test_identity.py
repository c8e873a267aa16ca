"""Ids of findings depend on what they are about, and not on their rank."""

from __future__ import annotations

from dataclasses import replace

from kwel.findings import find
from kwel.findings.identity import DIGITS, full_id, shortened
from kwel.model.assets import AssetKind
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.verdicts import Verdict
from tests.findings.test_contacts import COVERAGE, asset, attribution, dependencies, findings

USED = STATES.index(DependencyState.USED)
PLC = asset("plc", AssetKind.OT)
ONE, TWO = attribution("a.example", operator="A"), attribution("b.example", operator="B")


def test_an_id_is_a_hash_of_kind_asset_and_service() -> None:
    (found,) = findings([PLC], (0, ONE, USED))

    assert found.id == f"F-{full_id('ot-asset-uses-foreign-cloud', 'plc', 'operator A')[:DIGITS]}"


def test_an_id_stays_the_same_when_other_findings_come_first() -> None:
    (alone,) = findings([PLC], (0, ONE, USED))
    both = findings([PLC], (0, TWO, USED), (0, ONE, USED), bytes_out=[9, 1])

    assert both[1].id == alone.id != both[0].id


def test_the_id_of_a_finding_per_asset_does_not_depend_on_its_hosts() -> None:
    unknown = [attribution(f"{name}.example", Verdict.UNKNOWN, operator=name) for name in "xy"]
    (one,) = findings([PLC], (0, unknown[0], USED))
    (other,) = findings([PLC], (0, unknown[1], USED))

    assert one.id == other.id


def test_ids_that_would_be_the_same_show_more_digits_in_whatever_order() -> None:
    (finding,) = find([PLC], dependencies([PLC], [(0, ONE, USED)]), COVERAGE)[0]
    wholes = ["abcdef00" + "0" * 56, "abcdef01" + "0" * 56, "123456" + "0" * 58]
    drafts = [replace(finding, id=whole) for whole in wholes]

    assert [one.id for one in shortened(drafts)] == ["F-abcdef00", "F-abcdef01", "F-123456"]
    assert [one.id for one in shortened(drafts[::-1])] == ["F-123456", "F-abcdef01", "F-abcdef00"]


def test_findings_about_the_very_same_are_told_apart_by_rank() -> None:
    (finding,) = find([PLC], dependencies([PLC], [(0, ONE, USED)]), COVERAGE)[0]
    whole = "1" * 64

    assert [one.id for one in shortened([replace(finding, id=whole)] * 2)] == ["F-111111", "F-111111-2"]
