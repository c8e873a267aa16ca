from __future__ import annotations

import pytest

from kwel.assets.devices import host_of, is_link_local, mac_within
from kwel.model.records.columns import ClaimKind, address_halves
from tests.assets.plant import SECOND, START, Plant, mac

PLC, HMI, ROUTER = "28:63:36:10:00:11", "00:1b:1b:10:00:21", "00:09:0f:aa:00:01"


def test_ipv4_ipv6_and_link_local_of_one_mac_are_one_asset() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.claim("2001:db8:20::10b", PLC, ClaimKind.ND)
    plant.claim("fe80::2a63:36ff:fe10:11", PLC, ClaimKind.ND)

    (asset,) = plant.inventory().assets
    assert asset.id == PLC
    assert asset.addresses == ("10.20.1.11", "2001:db8:20::10b", "fe80::2a63:36ff:fe10:11")


def test_two_leases_of_one_client_are_one_asset() -> None:
    plant = Plant()
    plant.claim("10.20.9.130", PLC, ClaimKind.DHCP)
    plant.flow("10.20.9.130", "8.8.8.8")
    plant.claim("10.20.9.140", PLC, ClaimKind.DHCP)
    plant.flow("10.20.9.140", "8.8.8.8")

    inventory = plant.inventory()
    assert [asset.addresses for asset in inventory.assets] == [("10.20.9.130", "10.20.9.140")]
    assert inventory.asset_of_initiator.tolist() == [0, 0]


def test_an_address_without_a_proof_is_an_asset_once_a_vlan() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "8.8.8.8", vlan=20)
    plant.flow("10.0.0.2", "8.8.8.8", vlan=500 << 16 | 30)
    plant.flow("10.0.0.2", "8.8.8.8")

    assert set(plant.assets()) == {"10.0.0.2", "10.0.0.2@20", "10.0.0.2@500.30"}


def test_a_host_seen_through_the_router_in_another_vlan_is_the_same_asset() -> None:
    plant = Plant()
    plant.claim("10.30.0.11", HMI, vlan=30)
    plant.flow("10.30.0.11", "10.20.1.11", vlan=30)
    plant.flow("10.30.0.11", "10.20.1.11", vlan=20)

    inventory = plant.inventory()
    asset = inventory.assets[inventory.asset_of_initiator[0]]
    assert inventory.asset_of_initiator[0] == inventory.asset_of_initiator[1]
    assert (asset.id, asset.vlans) == (HMI, (30,))


def test_the_same_address_proven_at_two_macs_in_two_vlans_is_two_machines() -> None:
    plant = Plant()
    plant.claim("192.168.0.1", PLC, vlan=20)
    plant.claim("192.168.0.1", HMI, vlan=30)
    plant.flow("192.168.0.1", "8.8.8.8", vlan=20)
    plant.flow("192.168.0.1", "8.8.8.8", vlan=30)
    plant.flow("192.168.0.1", "8.8.8.8", vlan=40)

    inventory = plant.inventory()
    assert [inventory.assets[n].id for n in inventory.asset_of_initiator.tolist()] == [PLC, HMI, "192.168.0.1@40"]


def test_a_link_local_address_is_of_one_link_only() -> None:
    plant = Plant()
    plant.claim("fe80::1", ROUTER, ClaimKind.ND, vlan=20)
    plant.flow("fe80::1", "fe80::2", vlan=30)

    assert "fe80::1@30" in plant.assets()


def test_an_address_that_moved_to_another_mac_belongs_to_each_in_its_time() -> None:
    plant = Plant()
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.claim("10.20.1.11", PLC)
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.claim("10.20.1.11", HMI)
    plant.flow("10.20.1.11", "8.8.8.8")

    inventory = plant.inventory()
    assert [inventory.assets[n].id for n in inventory.asset_of_initiator.tolist()] == [PLC, PLC, HMI]
    for asset in inventory.assets:
        (moved,) = [e for e in asset.evidence if e.kind == "address-moved"]
        assert dict(moved.values)["macs"] == f"{PLC}, {HMI}"
    at = address_halves("10.20.1.11")
    assert inventory.assets[inventory.index_of(*at, 0)].id == HMI
    assert inventory.assets[inventory.index_of(*at, 0, START + 2 * SECOND)].id == PLC
    assert inventory.index_of(*address_halves("10.9.9.9"), 0) == -1


def test_an_address_made_from_a_proven_mac_is_its_owners() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.flow("fe80::2a63:36ff:fe10:11", "fe80::1")

    assert plant.assets()[PLC].addresses == ("10.20.1.11", "fe80::2a63:36ff:fe10:11")


def test_an_address_made_from_a_mac_alone_proves_no_mac() -> None:
    plant = Plant()
    plant.flow("fd00::2a63:36ff:fe10:11", "8.8.8.8")

    (asset,) = plant.inventory().assets
    assert (asset.macs, asset.vendor) == ((), None)


def test_a_mac_that_answers_for_others_gives_nobody_its_vendor() -> None:
    plant = Plant()
    for n in range(30):
        plant.claim(f"10.30.0.{n + 1}", ROUTER)
        plant.flow(f"10.30.0.{n + 1}", "8.8.8.8")

    assets = plant.inventory().assets
    assert len(assets) == 30
    assert all(asset.vendor is None and asset.macs == () for asset in assets)
    assert any(step.kind == "answers-for-others" for step in assets[0].evidence)


def test_a_sayings_mac_wins_over_its_address() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.claim("10.20.2.21", HMI)
    plant.say("hostname", "plc7", "lldp", "10.20.2.21", PLC)

    assert plant.assets()[PLC].label == "plc7"


def test_a_saying_about_an_address_reaches_its_asset_in_another_vlan() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC, vlan=20)
    plant.say("hostname", "plc7", "nbns", "10.20.1.11", vlan=30)

    assert plant.assets()[PLC].label == "plc7"


def test_a_device_known_by_lldp_alone_is_an_asset() -> None:
    plant = Plant()
    plant.say("hostname", "sw-hall2", "lldp", None, ROUTER)

    (asset,) = plant.inventory().assets
    assert (asset.id, asset.label, asset.addresses) == (ROUTER, "sw-hall2", ())
    assert asset.macs[0].evidence


def test_a_saying_about_nobody_known_is_left_out() -> None:
    plant = Plant()
    plant.say("hostname", "ghost", "mdns", "10.9.9.9")
    plant.say("hostname", "ghost", "mdns", "no address")

    assert not plant.inventory().assets


@pytest.mark.parametrize(
    ("address", "local"), [("fe80::1", True), ("169.254.1.1", True), ("10.0.0.1", False), ("fd00::1", False)]
)
def test_link_local_addresses_are_known(address: str, local: bool) -> None:
    assert is_link_local(*address_halves(address)) == local


def test_the_mac_within_an_address_is_found() -> None:
    assert mac_within(address_halves("fe80::2a63:36ff:fe10:11")[1]) == mac(PLC)
    assert mac_within(address_halves("fe80::1")[1]) is None
    assert host_of("nonsense", 0) is None
