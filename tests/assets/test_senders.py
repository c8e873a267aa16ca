"""Who sends for others is a router; who sends to all on its link holds its address."""

from __future__ import annotations

from kwel.model.claims import Grade
from tests.assets.plant import Plant

HOST, ROUTER, VRRP = "28:63:36:10:00:11", "00:09:0f:aa:00:01", "00:00:5e:00:01:07"


def test_a_mac_that_passes_packets_on_is_a_router_with_its_vendor() -> None:
    plant = Plant()
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.send(ROUTER, "10.30.1.11", 63)
    plant.send(ROUTER, "10.30.1.12", 127)

    router = plant.assets()[ROUTER]
    assert router.role
    assert (router.role.value, router.role.grade, router.addresses) == ("router", Grade.B, ())
    assert dict(router.role.evidence[0].values) == {"count": "2", "address": "10.30.1.11", "ttl": "63"}
    assert router.vendor
    assert router.macs[0].evidence


def test_a_mac_that_sends_for_networks_far_apart_is_a_router_whatever_the_ttl() -> None:
    plant = Plant()
    for address in ("9.9.9.9", "13.69.64.110", "51.68.44.12"):
        plant.send(ROUTER, address, 64)

    assert ROUTER in plant.assets()


def test_a_host_with_addresses_of_its_own_is_no_router() -> None:
    plant = Plant()
    for address in ("10.20.1.11", "10.20.1.12", "10.20.1.13"):
        plant.claim(address, HOST)
        plant.send(HOST, address, 64)
    plant.send(HOST, "fe80::1", 255)

    assert plant.assets()[HOST].role is None


def test_a_mac_that_sends_for_one_address_proves_nothing() -> None:
    plant = Plant()
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.send(HOST, "10.20.1.11", 64)

    (asset,) = plant.inventory().assets
    assert (asset.id, asset.macs) == ("10.20.1.11", ())


def test_what_goes_to_all_on_the_link_proves_the_mac() -> None:
    plant = Plant()
    plant.flow("10.20.1.11", "8.8.8.8")
    plant.send(HOST, "10.20.1.11", 64, to_link=True)

    (asset,) = plant.inventory().assets
    assert (asset.id, asset.macs[0].grade) == (HOST, Grade.B)
    assert [step.kind for step in asset.macs[0].evidence] == ["link-claim"]


def test_a_claim_goes_before_what_goes_to_all_on_the_link() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", HOST)
    plant.send(ROUTER, "10.20.1.11", to_link=True)

    assert set(plant.assets()) == {HOST}


def test_the_mac_that_routers_share_holds_no_address_of_its_own() -> None:
    plant = Plant()
    plant.flow("10.20.1.2", "10.20.1.11")
    plant.send(VRRP, "10.20.1.2", to_link=True)

    assert set(plant.assets()) == {"10.20.1.2", "10.20.1.11"}


def test_who_repeats_what_others_send_to_all_holds_none_of_it() -> None:
    plant = Plant()
    for n in range(20):
        plant.flow(f"10.20.1.{n}", "10.20.9.9")
        plant.send(ROUTER, f"10.20.1.{n}", to_link=True)
    plant.flow("10.20.2.2", "10.20.9.9")
    for owner in (HOST, ROUTER):
        plant.send(owner, "10.20.2.2", to_link=True)

    assert all(asset.macs == () for asset in plant.inventory().assets)
