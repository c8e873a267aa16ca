from __future__ import annotations

import time
from dataclasses import replace

from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.dependencies import DependencyState
from kwel.model.verdicts import Control
from kwel.suppliers import group
from tests.report import fixtures
from tests.report.fixtures import claim
from tests.suppliers.making import CROSSWALK, plant


def test_one_supplier_has_one_spelling() -> None:
    report = plant(vendors=("SIEMENS AG", "Siemens AG, Automations & Drives", "Siemens Energy AG"))
    found = group(report, CROSSWALK)

    siemens = found.find("Siemens")
    assert siemens is not None
    assert siemens.devices == (0, 1)
    assert siemens.spellings == ("SIEMENS AG", "Siemens AG, Automations & Drives")
    assert [one.id for one in found.all] == ["siemens", "siemens-energy"]


def test_a_maker_and_who_answers_for_a_service_are_one() -> None:
    found = group(
        plant((0, "eu.hik-connect.com"), vendors=("Hangzhou Hikvision Digital Technology Co.,Ltd.",)), CROSSWALK
    )

    (one,) = (supplier for supplier in found.all if supplier.devices)
    assert (one.name, one.known, one.jurisdiction) == ("Hikvision", ("device", "service"), "CN")
    (use,) = one.uses
    assert (use.assets, use.function, use.state) == ((0,), "video", DependencyState.USED)
    assert one.elsewhere == ()


def test_what_the_devices_of_a_maker_use_of_others_is_told() -> None:
    found = group(plant((0, "plantgw-prod.azure-devices.net")), CROSSWALK)
    siemens, microsoft = found.find("siemens"), found.find("microsoft")

    assert siemens
    assert microsoft
    assert siemens.uses == ()
    assert siemens.elsewhere == microsoft.uses
    assert microsoft.uses[0].control is Control.NON_EUROPEAN


def test_without_a_rule_the_domain_is_the_supplier_and_its_law_is_not_known() -> None:
    found = group(
        plant((0, "a.vendor-portal.example"), (0, "b.vendor-portal.example"), (0, "c.other.example")), CROSSWALK
    )
    one, other = found.find("vendor-portal.example"), found.find("other.example")

    assert one
    assert other
    assert (one.known, one.jurisdiction, one.by_rule, one.grade) == (("domain",), None, False, Grade.C)
    assert sum(use.host_count for use in one.uses) == 2
    assert {use.control for use in one.uses} == {Control.UNDECIDED}


def test_a_name_that_a_cloud_hands_out_is_the_clouds_not_a_supplier() -> None:
    found = group(plant((0, "acmeplant7.azurewebsites.net")), CROSSWALK)

    assert {one.id for one in found.all} == {"siemens", "microsoft"}


def test_an_address_without_a_name_is_whose_hosts_it_is() -> None:
    made = fixtures.Plant()
    made.assets.append(fixtures.asset("hmi", "10.0.0.7", AssetKind.OT))
    made.add(0, fixtures.NAMELESS, 10, 20)
    made.add(0, replace(fixtures.NAMELESS, operator=None, parent=None, address="203.0.113.9"), 10, 20)
    found = group(made.report(), CROSSWALK)

    aws = found.find("amazon-web-services")
    assert aws
    assert (aws.known, aws.jurisdiction) == (("hosting",), "US")
    assert found.nobody == 1
    assert found.makers_unknown == 1


def test_what_a_device_says_of_its_maker_is_no_rule() -> None:
    report = plant(vendors=("Nobody Knows Ltd",))
    told = replace(report.assets[0], vendor=claim("Nobody Knows Ltd", grade=Grade.C))
    found = group(replace(report, assets=(told,)), CROSSWALK)

    assert [(one.name, one.by_rule, one.grade) for one in found.all] == [("Nobody Knows Ltd", False, Grade.C)]


def test_products_are_those_that_call_themselves_the_same() -> None:
    report = plant(vendors=("Siemens AG",) * 3)
    named = [replace(one, product=claim("CPU 1511"), firmware=claim("V2.8")) for one in report.assets[:2]]
    found = group(replace(report, assets=(*named, report.assets[2])), CROSSWALK)

    assert [(one.name and one.name.value, one.firmware, one.assets) for one in found.all[0].products] == [
        (None, None, (2,)),
        ("CPU 1511", "V2.8", (0, 1)),
    ]


def test_every_statement_carries_its_evidence_and_the_order_is_always_the_same() -> None:
    report = plant((0, "eu.hik-connect.com"), (0, "plantgw-prod.azure-devices.net"), (0, "a.vendor-portal.example"))
    first, second = group(report, CROSSWALK), group(report, CROSSWALK)

    assert all(use.why.evidence for one in first.all for use in one.uses)
    assert all(one.why for one in first.all)
    assert [one.id for one in first.all] == [one.id for one in second.all]


def test_nothing_gives_nothing() -> None:
    found = group(fixtures.nothing(), CROSSWALK)

    assert (found.all, found.nobody, found.own, found.makers_unknown) == ((), 0, 0, 0)


def test_a_large_plant_is_grouped_in_time() -> None:
    report = fixtures.large()
    start = time.perf_counter()
    found = group(report, CROSSWALK)

    assert found.all
    assert time.perf_counter() - start < 5
