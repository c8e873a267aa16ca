from __future__ import annotations

from kwel.assets.proofs import MOST_ADDRESSES, Proofs, read_proofs
from kwel.assets.scopes import Scopes
from kwel.columns import ClaimKind, address_halves
from tests.assets.plant import Plant, mac

PLC, HMI, ROUTER = "28:63:36:10:00:11", "00:1b:1b:10:00:21", "00:09:0f:aa:00:01"


def proofs_of(plant: Plant) -> Proofs:
    return read_proofs(plant.traffic().claims, Scopes())


def test_a_claim_proves_the_mac_of_an_address() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC, vlan=20)

    (host,) = proofs_of(plant).of_host
    assert host == (*address_halves("10.20.1.11"), 20)


def test_a_mac_that_claims_too_many_addresses_answers_for_others() -> None:
    plant = Plant()
    for n in range(MOST_ADDRESSES + 1):
        plant.claim(f"10.30.0.{n + 1}", ROUTER)
    plant.claim("10.30.0.1", PLC)

    found = proofs_of(plant)
    assert found.answers_for_others == {(mac(ROUTER), 0): MOST_ADDRESSES + 1}
    assert [proof.mac for proofs in found.of_host.values() for proof in proofs] == [mac(PLC)]
    assert len(found.for_others) == MOST_ADDRESSES + 1


def test_leases_over_the_months_do_not_make_a_client_a_proxy() -> None:
    plant = Plant()
    for n in range(3 * MOST_ADDRESSES):
        plant.claim(f"10.30.0.{n + 1}", PLC, ClaimKind.DHCP)

    assert not proofs_of(plant).answers_for_others


def test_a_router_that_answers_for_one_address_of_the_internet_does_not_make_it_the_plants() -> None:
    plant = Plant()
    plant.claim("10.20.0.1", ROUTER)
    plant.claim("10.20.1.11", PLC)
    plant.claim("8.8.8.8", ROUTER)

    assert not proofs_of(plant).on_segment.ipv4


def test_a_router_known_by_nothing_but_what_it_answers_for_does_not_either() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.claim("8.8.8.8", ROUTER)
    plant.claim("8.8.4.4", ROUTER)

    assert not proofs_of(plant).on_segment.ipv4


def test_two_routers_that_answer_for_the_same_address_do_not_either() -> None:
    plant = Plant()
    plant.claim("8.8.8.8", ROUTER)
    plant.claim("8.8.8.8", "00:09:0f:aa:00:02")

    assert not proofs_of(plant).on_segment.ipv4


def test_public_neighbours_on_a_segment_are_the_plants() -> None:
    plant = Plant()
    plant.claim("145.10.3.4", HMI)
    plant.claim("145.10.9.1", ROUTER)

    assert proofs_of(plant).on_segment.ipv4 == {address_halves(a)[1] for a in ("145.10.3.4", "145.10.9.1")}


def test_neighbours_in_another_vlan_are_no_neighbours() -> None:
    plant = Plant()
    plant.claim("145.10.3.4", HMI, vlan=20)
    plant.claim("145.10.9.1", ROUTER, vlan=30)

    assert not proofs_of(plant).on_segment.ipv4


def test_a_public_ipv6_address_on_the_link_proves_its_network() -> None:
    plant = Plant()
    plant.claim("2001:db8:20::10b", PLC, ClaimKind.ND)

    assert proofs_of(plant).on_segment.ipv6 == {address_halves("2001:db8:20::")[0]}


def test_an_address_at_two_macs_keeps_both_in_order_of_time() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.claim("10.20.1.11", HMI)

    ((first, second),) = proofs_of(plant).of_host.values()
    assert (first.mac, second.mac) == (mac(PLC), mac(HMI))


def test_no_host_claims_nothing() -> None:
    plant = Plant()
    plant.claim("224.0.0.1", PLC)
    plant.claim("::1", PLC, ClaimKind.ND)

    assert not proofs_of(plant).of_host
