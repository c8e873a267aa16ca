"""Assets that show the same certificate or SSH key are told so, and stay apart; several servers at one address, too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kwel.assets import identify
from kwel.model.records.columns import SHOWN
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


KEY, OTHER = "ssh-ed25519 SHA256:AAAA", "ssh-ed25519 SHA256:BBBB"


def steps(plant: Plant, address: str, kind: str) -> list[dict[str, str]]:
    (asset,) = [asset for asset in plant.inventory().assets if address in asset.addresses]
    return [dict(step.values) for step in asset.evidence if step.kind == kind]


def test_servers_with_the_same_host_key_are_told_and_not_merged() -> None:
    plant = Plant()
    for address in ("10.20.1.11", "10.20.1.12"):
        plant.flow("10.20.1.5", address)
        plant.say("host-key", KEY, "ssh", address)
    plant.flow("10.20.1.5", "10.20.1.13")
    plant.say("host-key", OTHER, "ssh", "10.20.1.13")

    assert steps(plant, "10.20.1.11", "same-host-key") == [{"fingerprint": KEY, "others": "10.20.1.12"}]
    assert steps(plant, "10.20.1.13", "same-host-key") == []


def test_keys_of_one_sort_by_turns_are_of_several_servers() -> None:
    plant = Plant()
    plant.flow("10.20.1.5", "10.20.1.11")
    plant.say("host-key", KEY, "ssh", "10.20.1.11")
    plant.say("host-key", OTHER, "ssh", "10.20.1.11")
    plant.observed[0] = plant.observed[0].as_far_as(plant.observed[1].time + 1)

    (told,) = steps(plant, "10.20.1.11", "several-host-keys")
    assert (told["address"], told["count"]) == ("10.20.1.11", "2")


def test_a_key_of_each_sort_is_one_server_and_a_new_key_is_a_change() -> None:
    plant = Plant()
    plant.flow("10.20.1.5", "10.20.1.11")
    for key in (KEY, "ssh-rsa SHA256:CCCC", KEY, OTHER):
        plant.say("host-key", key, "ssh", "10.20.1.11")
    plant.observed[0] = plant.observed[0].as_far_as(plant.observed[2].time)
    del plant.observed[2]

    assert steps(plant, "10.20.1.11", "several-host-keys") == []
    assert [(of.what, of.before, of.after) for of in plant.inventory().changes] == [("host-key", KEY, OTHER)]


def test_servers_that_cookies_name_stand_behind_a_load_balancer() -> None:
    plant = Plant()
    plant.flow("10.20.1.5", "10.20.1.80")
    for member in ("10.1.1.100:8080", "10.1.1.101:8080"):
        plant.say("cookie", f"BIGipServerpool_web {member}", "http", "10.20.1.80")
    plant.say("cookie", "JSESSIONID", "http", "10.20.1.80")

    (told,) = steps(plant, "10.20.1.80", "pool-members")
    assert told == {"count": "2", "members": "10.1.1.100:8080, 10.1.1.101:8080"}
    (asset,) = [asset for asset in plant.inventory().assets if "10.20.1.80" in asset.addresses]
    assert asset.role
    assert (asset.role.value, asset.role.grade.name) == ("load-balancer", "B")
