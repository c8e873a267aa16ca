"""Dependencies become relations, and relations become the state of an asset."""

from __future__ import annotations

from dataclasses import replace

from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.dependencies import DependencyState
from kwel.model.verdicts import Control, Verdict
from kwel.report.relations import destination_of, operational, relate, total
from tests.report import fixtures
from tests.report.fixtures import AZURE, CAMERA, EEA, HETZNER, NAMELESS, PORTAL, TALK2M, UNKNOWN, Plant

BLOC = frozenset(EEA)


def plant() -> Plant:
    made = Plant()
    made.assets = [
        fixtures.asset("hmi-1", "10.0.0.1", AssetKind.OT),
        fixtures.asset("pc-2", "10.0.0.2", AssetKind.IT),
        fixtures.asset("plc-3", "10.0.0.3", AssetKind.OT),
    ]
    return made


def test_hosts_of_one_service_are_one_relation() -> None:
    made = plant()
    made.add(0, AZURE, 10, 1)
    made.add(0, replace(AZURE, name="other.azure-devices.example", address="192.0.2.99"), 30, 2)

    relations = relate(made.report())

    assert len(relations) == 1
    assert relations.bytes_out.tolist() == [40]
    assert relations.hosts.tolist() == [2]
    assert relations.row.tolist() == [1], "the largest stands for the others"
    assert relations.of_row.tolist() == [0, 0]


def test_every_byte_is_in_one_relation() -> None:
    report = fixtures.plant()
    relations = relate(report)

    used = report.dependencies.state == 0
    assert relations.bytes_out.sum() == report.dependencies.bytes_out[used].sum()
    assert relations.flows.sum() == report.dependencies.flows[used].sum()


def test_the_state_of_an_asset_is_the_worst_of_what_it_used() -> None:
    made = plant()
    made.add(0, HETZNER, 1, 1)
    made.add(0, UNKNOWN, 1, 1)
    made.add(1, HETZNER, 1, 1)
    made.add(1, AZURE, 1, 1)
    report = made.report()

    totals = total(report, relate(report))

    assert [totals.control(asset) for asset in range(3)] == [
        Control.UNDECIDED,
        Control.NON_EUROPEAN,
        Control.NONE,
    ]


def test_attempts_and_look_ups_are_no_contact() -> None:
    made = plant()
    made.add(0, AZURE, 5, 0, state=DependencyState.ATTEMPTED)
    made.add(0, CAMERA, 0, 0, state=DependencyState.RESOLVED_ONLY)
    report = made.report()

    relations = relate(report)
    totals = total(report, relations)

    assert len(relations) == 0
    assert totals.control(0) is Control.NONE
    assert (totals.attempts[0], totals.lookups[0]) == (1, 1)


def test_the_law_is_the_suppliers_before_the_operators_and_each_once() -> None:
    assert destination_of(CAMERA, BLOC).laws == ("CN", "US")
    assert destination_of(AZURE, BLOC).laws == ("US",)


def test_a_supplier_inside_the_bloc_does_not_hide_its_host() -> None:
    assert destination_of(TALK2M, BLOC).laws == ("US",)


def test_a_european_destination_has_no_foreign_law() -> None:
    assert destination_of(HETZNER, BLOC).laws == ()


def test_where_control_is_european_the_place_outside_names_the_law() -> None:
    elsewhere = replace(
        HETZNER, verdict=Verdict.EU_PROVIDER_FOREIGN_LOCATION, location=fixtures.claim("DE/SG"), place="DE/SG"
    )

    assert destination_of(elsewhere, BLOC).laws == ("SG",)


def test_a_supplier_whose_name_is_the_operators_is_not_named_twice() -> None:
    assert destination_of(AZURE, BLOC).supplier is None
    assert destination_of(CAMERA, BLOC).supplier == "Hikvision"


def test_a_place_by_geolocation_is_called_a_guess() -> None:
    assert destination_of(UNKNOWN, BLOC).place_guessed
    assert not destination_of(AZURE, BLOC).place_guessed
    weak = replace(AZURE, location=fixtures.claim("NL", grade=Grade.D))
    assert destination_of(weak, BLOC).place == "NL"


def test_an_address_without_a_name_has_no_service() -> None:
    assert destination_of(NAMELESS, BLOC).service is None
    assert destination_of(PORTAL, BLOC).place == "anycast"


def test_what_runs_the_plant_is_ot_and_iiot() -> None:
    assert operational(plant().report()).tolist() == [True, False, True]


def test_a_report_without_dependencies_has_no_relations() -> None:
    report = fixtures.nothing()

    assert len(relate(report)) == 0
    assert len(total(report, relate(report)).rank) == 0
