"""Flows become talks of single assets."""

from __future__ import annotations

import numpy as np

from kwel.assets.talks import MOST, look_closer
from kwel.model.claims import Where
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction
from kwel.model.talks import Closeup
from tests.assets.plant import CAPTURE, SECOND, START, Plant


def closeups(plant: Plant) -> tuple[dict[str, Closeup], list[str]]:
    """Return every asset from near, by its first address, and the addresses in order."""
    found = plant.inventory()
    sides = found.asset_of_initiator, found.asset_of_responder
    names = [asset.addresses[0] for asset in found.assets]
    near = look_closer(plant.traffic(), sides, range(len(names)))
    return {name: near[index] for index, name in enumerate(names)}, names


def test_flows_of_one_pair_and_protocol_are_one_talk_seen_from_both_sides() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.3", Application.MODBUS, bytes_out=10, bytes_in=200, responder_port=502)
    plant.flow("10.0.0.2", "10.0.0.3", Application.MODBUS, bytes_out=5, bytes_in=50, responder_port=503)
    plant.flow("10.0.0.2", "10.0.0.3", responder_port=80, bytes_out=1)

    near, names = closeups(plant)
    modbus, web = near["10.0.0.2"].talks
    assert (names[modbus.peer], modbus.application, modbus.asks) == ("10.0.0.3", "modbus", True)
    assert (modbus.flows, modbus.bytes_out, modbus.bytes_in) == (2, 15, 250)
    assert (modbus.first, modbus.last) == (START + SECOND, START + 2 * SECOND + 1)
    assert modbus.where == Where(CAPTURE, 1)
    assert (web.application, web.transport, web.port) == (None, "TCP", 80)
    answers = near["10.0.0.3"].talks[0]
    assert (answers.asks, answers.bytes_out, answers.bytes_in) == (False, 250, 15)


def test_the_outside_and_itself_are_no_peers() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "8.8.8.8")
    plant.flow("10.0.0.2", "10.0.0.2")

    assert closeups(plant)[0]["10.0.0.2"].talks == ()


def test_who_began_is_not_told_where_nothing_shows_it() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.3", direction=Direction.UNKNOWN)

    assert closeups(plant)[0]["10.0.0.2"].talks[0].asks is None


def test_the_largest_talks_are_listed_and_the_others_counted() -> None:
    plant = Plant()
    for last in range(3, 3 + MOST + 4):
        plant.flow("10.0.0.2", f"10.0.0.{last}", bytes_out=last)

    near = closeups(plant)[0]["10.0.0.2"]
    assert [talk.bytes_out for talk in near.talks] == list(range(MOST + 6, 6, -1))
    assert near.more == 4


def test_an_address_was_there_from_its_first_flow_to_its_last() -> None:
    plant = Plant()
    plant.claim("10.0.0.2", "00:1b:1b:00:00:01")
    plant.flow("10.0.0.2", "10.0.0.9")
    plant.flow("10.0.0.9", "10.0.0.2")
    plant.claim("10.0.0.4", "00:1b:1b:00:00:01")
    plant.flow("10.0.0.4", "8.8.8.8")

    stays = closeups(plant)[0]["10.0.0.2"].stays
    assert [(stay.address, stay.first - START, stay.last - START) for stay in stays] == [
        ("10.0.0.2", 2 * SECOND, 3 * SECOND + 1),
        ("10.0.0.4", 5 * SECOND, 5 * SECOND + 1),
    ]


def test_only_what_is_wanted_is_looked_at() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.3")
    found = plant.inventory()
    sides = found.asset_of_initiator, found.asset_of_responder

    assert set(look_closer(plant.traffic(), sides, [1])) == {1}
    assert look_closer(plant.traffic(), sides, []) == {}
    empty = np.zeros(0, np.int32)
    assert look_closer(Plant().traffic(), (empty, empty), [0]) == {0: Closeup()}


def test_where_nobody_is_of_the_plant_nobody_is_seen_from_near() -> None:
    nobody = np.full(1, -2, np.int32)
    plant = Plant()
    plant.flow("8.8.8.8", "224.0.0.1")

    assert look_closer(plant.traffic(), (nobody, nobody), []) == {}
