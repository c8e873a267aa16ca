from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kwel.assets import identify
from kwel.model.assets import AssetKind
from kwel.model.kinds import Application
from kwel.model.records.columns import COMMAND, Direction, State
from tests.assets.plant import UDP, Plant

DELL, MOXA, AXIS = "d4:be:d9:10:00:24", "00:90:e8:10:00:32", "00:40:8c:10:00:31"
REFUSED: dict[str, Any] = {"state": State.REFUSED, "payload_out": 0, "payload_in": 0}


def role(plant: Plant, asset: str) -> str | None:
    found = plant.assets()[asset].role
    return found.value if found else None


def test_whoever_tries_many_ports_in_vain_is_a_scanner_and_its_kind_unknown() -> None:
    plant = Plant()
    for port in range(1, 61):
        plant.flow("10.0.0.9", f"10.0.0.{10 + port % 5}", responder_port=port, **REFUSED)
    plant.flow("10.0.0.9", "10.0.0.10", responder_port=443)
    asset = plant.assets()["10.0.0.9"]

    assert asset.role is not None
    assert (asset.role.value, asset.kind) == ("scanner", AssetKind.UNKNOWN)
    assert ("count", "60") in asset.role.evidence[1].values


def test_whoever_is_answered_or_tries_the_outside_is_no_scanner() -> None:
    plant = Plant()
    for port in range(1, 61):
        plant.flow("10.0.0.9", "10.0.0.10", responder_port=port)
        plant.flow("10.0.0.8", f"198.51.100.{port}", responder_port=443, **REFUSED)
        plant.flow("10.0.0.7", "10.0.0.10", responder_port=80, initiator_port=port, **REFUSED)

    assert [role(plant, f"10.0.0.{n}") for n in (7, 8, 9)] == [None, None, None]


def test_one_that_asks_many_controllers_is_no_panel_at_a_machine() -> None:
    plant = Plant()
    for n in range(10, 18):
        plant.flow("10.0.0.2", f"10.0.0.{n}", Application.S7COMM)
        plant.flow("10.0.0.3", "10.0.0.10", Application.S7COMM, initiator_port=n)

    assert (role(plant, "10.0.0.2"), role(plant, "10.0.0.3")) == ("scada-server", "hmi")


def test_a_port_that_answers_and_the_vendor_together_tell_more_than_either() -> None:
    plant = Plant()
    plant.claim("10.0.0.31", AXIS)
    plant.flow("10.0.0.2", "10.0.0.31", responder_port=554)
    asset = plant.assets()[AXIS]

    assert asset.role is not None
    assert (asset.role.value, asset.role.grade.name, asset.kind) == ("camera", "C", AssetKind.IIOT)


def test_a_gateway_makers_box_that_asks_controllers_and_reaches_a_cloud_is_iiot() -> None:
    plant = Plant()
    plant.claim("10.0.0.32", MOXA)
    plant.flow("10.0.0.32", "10.0.0.10", Application.MODBUS)
    inside = plant.assets()[MOXA]
    plant.flow("10.0.0.32", "198.51.100.7", Application.TLS)
    outside = plant.assets()[MOXA]

    assert (inside.kind, outside.kind) == (AssetKind.OT, AssetKind.IIOT)
    assert outside.role is not None
    assert (outside.role.value, outside.role.grade.name) == ("gateway", "C")


def test_a_computer_that_searches_for_devices_and_talks_to_them_is_an_engineering_station() -> None:
    plant = Plant()
    plant.claim("10.0.0.24", DELL)
    plant.flow("10.0.0.24", "10.0.0.10", Application.ENIP)
    before = role(plant, DELL)
    plant.attempt("10.0.0.24", "255.255.255.255", application=Application.ENIP, transport=UDP)

    assert (before, role(plant, DELL)) == ("hmi", "engineering-station")


def test_two_sides_that_nobody_saw_begin_count_one_grade_less() -> None:
    plant = Plant()
    plant.flow("10.0.0.2", "10.0.0.10", Application.S7COMM, direction=Direction.UNKNOWN)
    asset = plant.assets()["10.0.0.10"]

    assert asset.role is not None
    assert asset.role.grade.name == "C"


READ_VAR, DOWNLOAD = 0x04, 0x1B  # S7comm, as rules/devices/commands.toml has them
MIDWAY: dict[str, Any] = {"direction": Direction.UNKNOWN, "state": State.MIDSTREAM}


def test_where_nobody_saw_who_began_the_known_port_answers() -> None:
    plant = Plant()
    plant.flow("10.0.0.10", "10.0.0.2", Application.ENIP, initiator_port=44818, responder_port=1402, **MIDWAY)
    assets = plant.assets()
    server, client = assets["10.0.0.10"], assets["10.0.0.2"]

    assert client.role is not None
    assert server.role is not None
    assert (server.role.value, client.role.value, client.role.grade.name) == ("device", "hmi", "D")
    assert ("peer", "10.0.0.2") in server.role.evidence[0].values


def test_where_nobody_saw_who_began_whoever_gives_the_commands_asks() -> None:
    plant = Plant()
    flow = plant.flow("10.0.0.10", "10.0.0.2", Application.S7COMM, initiator_port=102, responder_port=4000, **MIDWAY)
    row = np.zeros(1, COMMAND)
    row["half"], row["code"], row["application"], row["frame"] = 2 * flow, READ_VAR, Application.S7COMM, 7
    row["from_initiator"] = 1
    by_port = role(plant, "10.0.0.10")
    told = replace(plant.traffic(), commands=row)
    asset = next(a for a in identify(told).assets if a.addresses == ("10.0.0.10",))

    assert by_port == "controller", "by the port alone"
    assert asset.role is not None
    assert asset.role.value == "hmi", "the commands say otherwise"


def test_whoever_loads_programs_is_an_engineering_station() -> None:
    plant = Plant()
    flow = plant.flow("10.0.0.2", "10.0.0.10", Application.S7COMM)
    row = np.zeros(1, COMMAND)
    row["half"], row["application"], row["from_initiator"], row["frame"] = 2 * flow, Application.S7COMM, 1, 7
    row["code"] = DOWNLOAD
    asset = next(a for a in identify(replace(plant.traffic(), commands=row)).assets if a.addresses == ("10.0.0.2",))

    assert asset.role is not None
    assert (asset.role.value, asset.role.grade.name) == ("engineering-station", "B")
    assert any(step.where and step.where.frame == 7 for step in asset.role.evidence)
