from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.assets import hosts
from kwel.assets.hosts import EXTERNAL, NOBODY, Hosts, find_hosts, number_distinct
from kwel.assets.scopes import OnSegment, Scopes
from kwel.model.records.columns import MAPPED, address_text
from tests.assets.plant import UDP, Plant


def found(plant: Plant) -> Hosts:
    return find_hosts(plant.traffic().flows, Scopes(), OnSegment(), {})


def addresses(plant: Plant) -> list[str]:
    return [address_text(hi, lo) for hi, lo, _ in found(plant).keys]


def test_each_side_of_a_flow_points_to_its_host_or_outside() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "8.8.8.8")
    plant.flow("10.0.0.2", "10.0.0.3")

    there = found(plant)
    assert addresses(plant) == ["10.0.0.2", "10.0.0.3"]
    assert there.of_initiator.tolist() == [0, 0]
    assert there.of_responder.tolist() == [EXTERNAL, 1]


@pytest.mark.parametrize("group", ["224.0.0.251", "255.255.255.255", "ff02::fb", "127.0.0.1"])
def test_a_group_is_neither_a_host_nor_outside(group: str) -> None:
    plant = Plant()
    plant.attempt("fe80::2" if ":" in group else "10.0.0.2", group, transport=UDP)

    assert found(plant).of_responder.tolist() == [NOBODY]


def test_an_address_that_never_answered_is_no_device() -> None:
    plant = Plant()
    plant.attempt("10.0.0.2", "10.0.0.99")
    plant.attempt("10.0.0.2", "10.0.255.255", transport=UDP, packets_out=9)

    assert addresses(plant) == ["10.0.0.2"]
    assert found(plant).of_responder.tolist() == [NOBODY, NOBODY]


def test_a_server_of_which_only_the_clients_half_was_captured_is_a_device() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.3", packets_in=0, payload_in=0)

    assert addresses(plant) == ["10.0.0.2", "10.0.0.3"]


def test_the_same_address_in_two_vlans_is_two_hosts() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "8.8.8.8", vlan=20)
    plant.flow("10.0.0.2", "8.8.8.8", vlan=30)
    plant.flow("10.0.0.2", "8.8.8.8", vlan=500 << 16 | 20)

    assert [vlan for _, _, vlan in found(plant).keys] == [20, 30, 500 << 16 | 20]


def test_a_flood_of_addresses_is_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "MOST_HOSTS", 10)
    plant = Plant()
    for n in range(25):
        plant.flow(f"10.0.0.{n + 1}", "8.8.8.8")

    there = found(plant)
    assert (len(there.keys), there.left_out) == (10, 15)
    assert there.of_initiator.tolist() == [*range(10), *[NOBODY] * 15]


def test_no_flows_are_no_hosts() -> None:
    assert addresses(Plant()) == []


addresses_and_vlans = st.tuples(
    st.sampled_from([0, 1, 0xFE80 << 48]),
    st.sampled_from([MAPPED | 0x0A000001, MAPPED | 0x0A000002, 1, 2]),
    st.sampled_from([0, 20, 500 << 16 | 20]),
)


@given(rows=st.lists(addresses_and_vlans, max_size=60))
def test_rows_have_one_number_exactly_if_they_are_equal(rows: list[tuple[int, int, int]]) -> None:
    hi, lo = (np.array([row[n] for row in rows], np.uint64) for n in (0, 1))
    vlan = np.array([row[2] for row in rows], np.uint32)

    number, first = number_distinct(hi, lo, vlan)
    assert [rows[first[n]] for n in number.tolist()] == rows
    assert len(first) == len(set(rows))
    assert first.tolist() == sorted(rows.index(row) for row in set(rows))
