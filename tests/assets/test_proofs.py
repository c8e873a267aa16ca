from __future__ import annotations

from kwel.assets.proofs import MOST_ADDRESSES, Proofs, read_proofs
from kwel.assets.scopes import Scopes
from kwel.model.records.columns import ClaimKind, address_halves, mac_text
from tests.assets.plant import SECOND, START, Plant, mac

A, ONE, TWO = "10.20.1.11", "28:63:36:10:00:11", "28:63:36:10:00:12"
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


def moves_of(plant: Plant, address: str) -> list[str]:
    proofs = proofs_of(plant)
    return [mac_text(proof.mac) for proof in proofs.of_host[*address_halves(address), 0]]


def test_an_address_that_came_back_moved_twice_each_at_its_time() -> None:
    plant = Plant()
    plant.claim(A, ONE)
    plant.flow(A, "8.8.8.8")
    plant.claim(A, TWO)
    plant.flow(A, "8.8.8.8")
    plant.claims[0] |= {"back": START + 5 * SECOND, "back_frame": 5, "returns": 1, "last": START + 5 * SECOND}
    plant.now = 5
    plant.flow(A, "8.8.8.8")

    inventory = plant.inventory()
    assert moves_of(plant, A) == [ONE, TWO, ONE]
    assert [inventory.assets[n].id for n in inventory.asset_of_initiator.tolist()] == [ONE, TWO, ONE]
    assert [(of.before, of.after, of.when) for of in inventory.changes] == [
        (ONE, TWO, START + 3 * SECOND), (TWO, ONE, START + 5 * SECOND)
    ]  # fmt: skip


def test_what_two_claim_by_turns_did_not_move_but_is_a_conflict() -> None:
    plant = Plant()
    plant.claim(A, ONE)
    plant.claim(A, TWO)
    for number, claim in enumerate(plant.claims):
        claim |= {"back": START + (8 + number) * SECOND, "returns": 1, "last": START + (8 + number) * SECOND}

    inventory = plant.inventory()
    assert moves_of(plant, A) == [ONE, TWO]
    assert [(of.what, of.before, of.after) for of in inventory.changes] == [("address-conflict", ONE, TWO)]
    for asset in inventory.assets:
        assert "address-conflict" in {step.kind for step in asset.evidence}


def test_a_lease_and_an_arp_of_the_same_move_count_once() -> None:
    plant = Plant()
    for kind in (ClaimKind.DHCP, ClaimKind.ARP):
        plant.claim(A, ONE, kind)
        plant.claim(A, TWO, kind)
    plant.claims.sort(key=lambda claim: claim["mac"])
    for number, claim in enumerate(plant.claims):
        claim["time"] = START + (1 + number) * SECOND
    for claim in plant.claims[:2]:
        claim |= {"back": START + 9 * SECOND, "returns": 1, "last": START + 9 * SECOND}

    assert moves_of(plant, A) == [ONE, TWO, ONE]


def test_captures_of_the_same_time_with_the_same_address_at_two_macs_are_two_networks() -> None:
    plant = Plant()
    plant.claim(A, ONE)
    plant.claim(A, TWO)
    plant.claims[0] |= {"last": START + 60 * SECOND}
    plant.claims[1] |= {"capture": 1, "last": START + 70 * SECOND}
    plant.flow(A, "8.8.8.8", capture=0)
    plant.flow(A, "8.8.4.4", capture=1)
    plant.flow(A, "9.9.9.9", capture=0)
    plant.captures = ("site-a.pcap", "site-b.pcap")

    inventory = plant.inventory()
    assert [inventory.assets[n].id for n in inventory.asset_of_initiator.tolist()] == [ONE, TWO, ONE]
    assert [of.what for of in inventory.changes] == ["address-conflict"]
    for asset in inventory.assets:
        assert "two-networks" in {step.kind for step in asset.evidence}


def test_captures_one_after_the_other_show_a_move() -> None:
    plant = Plant()
    plant.claim(A, ONE)
    plant.claim(A, TWO)
    plant.claims[1] |= {"capture": 1}
    plant.captures = ("monday.pcap", "tuesday.pcap")

    assert [of.what for of in plant.inventory().changes] == ["mac"]
