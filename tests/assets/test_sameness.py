"""What makes several MACs or addresses one asset, and what must not."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kwel.assets.sameness import find_same
from kwel.model.claims import Observed, Where
from kwel.model.records.columns import ClaimKind, mac_text
from tests.assets.plant import SECOND, START, Plant

ONE, TWO, THREE = "28:63:36:10:00:11", "28:63:36:10:00:12", "00:1b:1b:10:00:21"
CARD_A, CARD_B, OF_COPY = "ff0000000100020000ab11aabb", "ff0000000200020000ab11aabb", "ff0000000100020000ab11aabb"


def two_cards() -> Plant:
    plant = Plant()
    plant.claim("10.20.1.11", ONE)
    plant.claim("10.30.1.11", TWO)
    return plant


def test_the_ports_of_one_chassis_are_one_asset_with_all_its_macs() -> None:
    plant = two_cards()
    plant.say("chassis", ONE, "lldp", None, TWO)

    (asset,) = plant.inventory().assets
    assert (asset.id, asset.addresses) == (ONE, ("10.20.1.11", "10.30.1.11"))
    assert [claim.value for claim in asset.macs] == [ONE, TWO]
    assert [step.where.frame for claim in asset.macs for step in claim.evidence if step.where] == [1, 2]
    (why,) = [step for step in asset.evidence if step.kind == "one-device"]
    assert dict(why.values) == {"what": "chassis", "value": ONE, "protocol": "lldp"}


def test_a_switch_known_by_its_ports_alone_is_one_asset() -> None:
    plant = Plant()
    for port in (ONE, TWO):
        plant.say("chassis", "28:63:36:10:00:10", "lldp", None, port)

    (asset,) = plant.inventory().assets
    assert [claim.value for claim in asset.macs] == ["28:63:36:10:00:10", ONE, TWO]


def test_a_chassis_that_is_no_mac_joins_nothing() -> None:
    plant = two_cards()
    for port in (ONE, TWO):
        plant.say("chassis", "switch-1", "lldp", None, port)

    assert len(plant.inventory().assets) == 2


def test_flows_of_both_cards_are_of_the_one_asset() -> None:
    plant = two_cards()
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.flow("10.30.1.11", "8.8.8.8")
    plant.say("serial", "S C-X4U421", "s7comm", "10.20.1.11")
    plant.say("serial", "S C-X4U421", "s7comm", "10.30.1.11")

    inventory = plant.inventory()
    assert inventory.asset_of_initiator.tolist() == [0, 0]
    assert inventory.changes == ()


def test_addresses_without_a_mac_are_one_by_their_serial_number() -> None:
    plant = Plant()
    for address in ("10.20.1.11", "10.30.1.11"):
        plant.flow(address, "8.8.8.8")
        plant.say("serial", "0071FFB2", "enip", address)

    (asset,) = plant.inventory().assets
    assert (asset.id, asset.addresses, asset.macs) == ("10.20.1.11", ("10.20.1.11", "10.30.1.11"), ())


@pytest.mark.parametrize("serial", ["0", "00000000", "0xFFFFFFFF", "12345678", "AB", "n/a"])
def test_a_serial_number_that_is_none_joins_nothing(serial: str) -> None:
    plant = two_cards()
    plant.say("serial", serial, "enip", "10.20.1.11")
    plant.say("serial", serial, "enip", "10.30.1.11")

    assert len(plant.inventory().assets) == 2


def test_serial_numbers_of_two_makers_or_protocols_are_two() -> None:
    plant = two_cards()
    for address, vendor in (("10.20.1.11", "Rockwell"), ("10.30.1.11", "Molex")):
        plant.say("vendor", vendor, "enip", address)
        plant.say("serial", "0071FFB2", "enip", address)
    plant.say("serial", "77001122", "enip", "10.20.1.11")
    plant.say("serial", "77001122", "bacnet", "10.30.1.11")

    assert len(plant.inventory().assets) == 2


def test_a_serial_number_that_many_say_is_a_default() -> None:
    plant = Plant()
    for n in range(5):
        plant.claim(f"10.20.1.{n}", f"28:63:36:10:00:{n:02x}")
        plant.say("serial", "006C061A", "enip", f"10.20.1.{n}")

    assert len(plant.inventory().assets) == 5


def client(plant: Plant, owner: str, identifier: str, name: str | None = None) -> None:
    plant.say("identity", identifier, "dhcp", None, owner)
    if name:
        plant.say("hostname", name, "dhcp", None, owner)


def test_two_cards_of_one_machine_are_one_by_its_duid_and_name() -> None:
    plant = two_cards()
    client(plant, ONE, CARD_A, "hist-1")
    client(plant, TWO, CARD_B, "HIST-1")

    assert len(plant.inventory().assets) == 1


def test_copies_of_one_disk_stay_two() -> None:
    """They run at once, under one identifier and two names, or none, or one."""
    for names in (("hist-1", "hist-2"), (None, None), ("hist-1", "hist-1")):
        plant = two_cards()
        client(plant, ONE, CARD_A, names[0])
        client(plant, TWO, OF_COPY, names[1])
        plant.observed = [replace(one, last=START + 60 * SECOND) for one in plant.observed]

        assert len(plant.inventory().assets) == 2, names


def test_a_client_with_a_new_card_is_the_same_client() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", ONE, ClaimKind.DHCP)
    client(plant, ONE, "00686973742d31", "hist-1")
    plant.claim("10.20.1.11", TWO, ClaimKind.DHCP)
    client(plant, TWO, "00686973742d31", "hist-1")

    inventory = plant.inventory()
    assert len(inventory.assets) == 1
    assert inventory.changes == ()


def test_clients_of_one_identifier_without_a_name_stay_apart_though_one_came_after_the_other() -> None:
    plant = two_cards()
    client(plant, ONE, "00686973742d31")
    client(plant, TWO, "00686973742d31")

    assert len(plant.inventory().assets) == 2


def test_a_name_alone_joins_nothing() -> None:
    plant = two_cards()
    for owner in (ONE, TWO):
        plant.say("hostname", "panel", "mdns", None, owner)

    assert len(plant.inventory().assets) == 2


def test_what_is_joined_twice_over_is_one() -> None:
    plant = two_cards()
    plant.claim("10.40.1.11", THREE)
    plant.say("chassis", ONE, "lldp", None, TWO)
    plant.say("serial", "0071FFB2", "enip", "10.30.1.11")
    plant.say("serial", "0071FFB2", "enip", "10.40.1.11")

    (asset,) = plant.inventory().assets
    assert [claim.value for claim in asset.macs] == [THREE, ONE, TWO]


def test_a_flood_of_ports_of_one_chassis_takes_a_moment() -> None:
    many = 30_000
    where, chassis = Where("a.pcap", 1), mac_text(many + 1)
    ports = [Observed("chassis", chassis, "lldp", where, 0, None, mac, 0) for mac in range(many, 0, -1)]

    began = time.process_time()
    same = find_same(ports, lambda one: one.mac)
    took = time.process_time() - began

    assert {same(mac) for mac in range(1, many + 2)} == {1}
    assert took < 3, "measured 0.1 s; it was 30 s where each way was walked to its end again"
