from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kwel.model.claims import Grade
from kwel.model.records.columns import ClaimKind
from tests.assets.plant import SECOND, START, Plant

if TYPE_CHECKING:
    from kwel.model.changes import Change

PLC, SPARE, HMI = "28:63:36:10:00:11", "28:63:36:10:00:99", "00:1b:1b:10:00:21"


def changes(plant: Plant) -> list[tuple[str, str, str, str]]:
    return [(of.what, of.subject, of.before, of.after) for of in found(plant)]


def found(plant: Plant) -> tuple[Change, ...]:
    return plant.inventory().changes


def test_a_plant_in_which_nothing_changed_has_no_changes() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("firmware", "V4.5", "s7comm", "10.20.1.11")
    plant.say("serial", "S C-X4U421", "s7comm", "10.20.1.11")

    assert found(plant) == ()


def test_an_address_that_another_device_took_over_is_told_with_both_frames() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.claim("10.20.1.11", SPARE)

    (change,) = found(plant)
    assert (change.what, change.subject, change.before, change.after) == ("mac", "10.20.1.11", PLC, SPARE)
    assert (change.asset, change.others, change.grade) == (SPARE, (PLC,), Grade.A)
    assert change.when == START + 2 * SECOND
    assert [step.where.frame for step in change.evidence if step.where] == [1, 2]


def test_a_lease_handed_to_another_client_is_a_change_of_the_address_only() -> None:
    plant = Plant()
    plant.claim("10.20.9.130", PLC, ClaimKind.DHCP)
    plant.claim("10.20.9.140", PLC, ClaimKind.DHCP)
    plant.claim("10.20.9.130", HMI, ClaimKind.DHCP)

    assert changes(plant) == [("mac", "10.20.9.130", PLC, HMI)]


def test_a_new_firmware_is_a_change() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("firmware", "V4.4", "s7comm", "10.20.1.11")
    plant.say("firmware", "V4.5", "s7comm", "10.20.1.11")

    (change,) = found(plant)
    assert (change.asset, change.what, change.before, change.after) == (PLC, "firmware", "V4.4", "V4.5")
    assert change.when == START + 3 * SECOND


def test_what_two_protocols_say_is_no_change() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("product", "S7-1200", "s7comm", "10.20.1.11")
    plant.say("product", "Siemens, SIMATIC S7", "lldp", "10.20.1.11")

    assert found(plant) == ()


def test_what_is_said_by_turns_is_no_change() -> None:
    """Two modules in one rack answer for themselves, again and again."""
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("serial", "006C061A", "enip", "10.20.1.11")
    plant.say("serial", "0071FFB2", "enip", "10.20.1.11")
    plant.observed[0] = replace(plant.observed[0], last=START + 60 * SECOND)

    assert found(plant) == ()


def test_a_value_that_came_back_is_no_change_that_lasted() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("firmware", "V4.4", "s7comm", "10.20.1.11")
    plant.say("firmware", "V4.5", "s7comm", "10.20.1.11")
    plant.say("firmware", "V4.4", "s7comm", "10.20.1.11", vlan=20)

    assert found(plant) == ()


@pytest.mark.parametrize("kind", ["station", "hostname"])
def test_a_name_that_another_device_bears_afterwards_is_a_replaced_device(kind: str) -> None:
    plant = Plant()
    plant.say(kind, "plc-7", "dcp", None, PLC)  # type: ignore[arg-type]
    plant.say(kind, "plc-7", "dcp", None, SPARE)  # type: ignore[arg-type]

    (change,) = found(plant)
    assert (change.what, change.subject, change.before, change.after) == ("mac", "plc-7", PLC, SPARE)
    assert (change.asset, change.others) == (SPARE, (PLC,))


def test_a_name_that_two_devices_bear_at_once_is_no_change() -> None:
    plant = Plant()
    plant.say("hostname", "panel", "lldp", None, PLC)
    plant.say("hostname", "panel", "lldp", None, SPARE)
    plant.say("product", "X", "lldp", None, PLC)

    assert found(plant) == ()


def test_what_a_machine_says_while_it_starts_over_the_network_counts_less() -> None:
    plant = Plant()
    plant.say("product", "PXEClient:Arch:00000", "dhcp", None, PLC)
    plant.say("product", "MSFT 5.0", "dhcp", None, PLC)
    plant.observed[1] = replace(plant.observed[1], last=START + 60 * SECOND)

    assert [change.grade for change in found(plant)] == [Grade.C]


def test_what_a_device_may_call_itself_besides_is_no_change_if_said_once() -> None:
    plant = Plant()
    plant.say("product", "BMX P34 2020", "modbus", None, PLC)
    plant.say("product", "Modicon M340", "modbus", None, PLC)

    assert found(plant) == ()


def test_changes_stand_in_order_of_time() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("firmware", "V4.4", "s7comm", "10.20.1.11", PLC)
    plant.say("firmware", "V4.5", "s7comm", "10.20.1.11", PLC)
    plant.claim("10.20.1.11", SPARE)

    assert [of.what for of in found(plant)] == ["firmware", "mac"]
