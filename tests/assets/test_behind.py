"""Behind whose address others stand, and up to how many."""

from __future__ import annotations

import pytest

from kwel.model.claims import Grade
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from tests.assets.plant import Plant

NAT, ROUTER = "28:63:36:10:00:11", "00:09:0f:aa:00:01"


def flows(plant: Plant, address: str, *hops: int) -> None:
    for ttl in hops:
        plant.flow(address, "51.68.44.12", hops=ttl)


def behind(plant: Plant, address: str = "10.20.1.11") -> tuple[str, Grade, list[str]] | None:
    (asset,) = [asset for asset in plant.inventory().assets if address in asset.addresses]
    claim = asset.behind
    return (claim.value, claim.grade, [step.kind for step in claim.evidence]) if claim else None


def test_an_address_that_bears_what_a_router_passed_on_translates() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", NAT)
    flows(plant, "10.20.1.11", 63, 63, 64, 63)
    plant.send(NAT, "10.20.1.11", 63)

    assert behind(plant) == ("3", Grade.B, ["passes-on-as-its-own", "one-a-conversation"])


def test_without_a_claim_a_packet_of_its_own_shows_that_the_mac_is_its_own() -> None:
    plant = Plant()
    flows(plant, "10.20.1.11", 63, 64)
    plant.send(NAT, "10.20.1.11", 63, 64)

    assert behind(plant) == ("1", Grade.B, ["passes-on-as-its-own", "one-a-conversation"])


@pytest.mark.parametrize("ttls", [(64,), (128, 64), (50,), (1,), (30,), (254,)])
def test_a_host_that_sends_of_its_own_hides_nobody(ttls: tuple[int, ...]) -> None:
    plant = Plant()
    plant.claim("10.20.1.11", NAT)
    flows(plant, "10.20.1.11", *ttls)
    plant.send(NAT, "10.20.1.11", *ttls)

    assert behind(plant) is None


def test_a_host_behind_a_router_hides_nobody() -> None:
    plant = Plant()
    flows(plant, "10.20.1.11", 63, 63, 63)
    plant.send(ROUTER, "10.20.1.11", 63)
    plant.send(ROUTER, "10.20.1.12", 63)

    assert behind(plant) is None


def test_ttls_of_several_systems_let_each_conversation_be_anothers() -> None:
    plant = Plant()
    flows(plant, "10.20.1.11", 64, 128, 64, 128, 64, 128)

    assert behind(plant) == ("6", Grade.B, ["several-systems", "one-a-conversation"])


def test_an_address_that_access_providers_hand_out_is_a_weak_sign() -> None:
    plant = Plant()
    flows(plant, "100.64.0.1", 64, 64)

    assert behind(plant, "100.64.0.1") == ("2", Grade.D, ["internal-prefix", "one-a-conversation"])


def test_a_proxy_has_behind_it_whoever_asked_it() -> None:
    plant = Plant()
    for client in ("10.20.1.11", "10.20.1.12", "10.20.1.11"):
        plant.ask(plant.flow(client, "10.20.1.99", Application.HTTP), "a.example", NameSource.HTTP_CONNECT)

    assert behind(plant, "10.20.1.99") == ("2", Grade.B, ["clients-of-proxy"])


BROWSERS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Mozilla/5.0 (X11; Linux x86_64)")


@pytest.mark.parametrize(
    ("until", "expected"), [(20, ("1", Grade.D, ["several-agents", "one-a-conversation"])), (0, None)]
)
def test_browsers_of_two_systems_by_turns_are_a_weak_sign(until: int, expected: object) -> None:
    plant = Plant()
    flows(plant, "10.20.1.11", 64)
    for browser in BROWSERS:
        plant.say("software", browser, "http", "10.20.1.11")
    plant.observed[0] = plant.observed[0].as_far_as(plant.observed[0].time + until * 1_000_000_000)

    assert behind(plant) == expected
