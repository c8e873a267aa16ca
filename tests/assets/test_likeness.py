"""Assets that show the same certificate are told so, and stay apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kwel.assets import identify
from kwel.columns import SHOWN
from kwel.model.traffic import Certificate
from tests.assets.plant import Plant

CERTIFICATES = tuple(Certificate(name, (), "Test CA", f"{n:064x}") for n, name in enumerate(("plc.example", "b")))


def told(plant: Plant, *shown: tuple[int, int, bool]) -> dict[str, list[dict[str, str]]]:
    """Return, by asset, what is said of certificates; *shown*: flow, certificate, whether the client showed it."""
    rows = np.zeros(len(shown), SHOWN)
    for row, (flow, certificate, by_client) in zip(rows, shown, strict=True):
        row["flow"], row["certificate"], row["from_initiator"], row["frame"] = flow, certificate, by_client, 7
    assets = identify(replace(plant.traffic(), certificates=CERTIFICATES, shown=rows)).assets
    return {
        asset.id: [dict(step.values) for step in asset.evidence if step.kind == "same-certificate"] for asset in assets
    }


def test_servers_that_show_the_same_certificate_are_told_and_not_merged() -> None:
    plant = Plant()
    flows = [plant.flow("10.20.1.5", server) for server in ("10.20.1.11", "10.20.1.12", "10.20.1.13")]

    found = told(plant, (flows[0], 0, False), (flows[1], 0, False), (flows[2], 1, False))
    assert found["10.20.1.11"] == [{"name": "plc.example", "sha256": 16 * "0", "others": "10.20.1.12"}]
    assert found["10.20.1.12"][0]["others"] == "10.20.1.11"
    assert found["10.20.1.13"] == found["10.20.1.5"] == []


def test_a_server_that_shows_its_certificate_twice_shows_no_others() -> None:
    plant = Plant()
    flows = [plant.flow("10.20.1.5", "10.20.1.11") for _ in range(2)]

    assert told(plant, *((flow, 0, False) for flow in flows))["10.20.1.11"] == []


def test_clients_that_show_the_same_are_told() -> None:
    plant = Plant()
    flows = [plant.flow(client, "51.68.44.12") for client in ("10.20.1.11", "10.20.1.12")]

    assert told(plant, *((flow, 0, True) for flow in flows))["10.20.1.12"][0]["others"] == "10.20.1.11"
