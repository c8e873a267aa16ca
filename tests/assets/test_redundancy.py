"""Routers that share an address: who they are, and when another took over."""

from __future__ import annotations

from dataclasses import replace

from kwel.model.claims import Grade
from tests.assets.plant import SECOND, START, Plant

ONE, TWO, SHARED = "00:09:0f:aa:00:02", "00:09:0f:aa:00:03", "00:00:5e:00:01:07"
MASTER = "VRRP 7 master 10.20.0.1"


def pair() -> Plant:
    plant = Plant()
    plant.claim("10.20.0.2", ONE)
    plant.claim("10.20.0.3", TWO)
    plant.claim("10.20.0.1", SHARED)
    return plant


def test_the_shared_address_names_its_routers_and_they_are_routers() -> None:
    plant = pair()
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.2")
    plant.say("redundancy", "VRRP 7 resigned 10.20.0.1", "vrrp", "10.20.0.3")
    assets = plant.assets()

    (step,) = [step for step in assets[SHARED].evidence if step.kind == "shared-by"]
    values = dict(step.values)
    assert (values["protocol"], values["group"]) == ("VRRP", "7")
    assert values["routers"] == "10.20.0.2 (master), 10.20.0.3 (resigned)"
    roles = [assets[owner].role for owner in (ONE, TWO)]
    assert [(role.value, role.grade) for role in roles if role] == [("router", Grade.C)] * 2


def test_another_master_is_a_change_with_both_frames() -> None:
    plant = pair()
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.2")
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.3")

    (change,) = plant.inventory().changes
    assert (change.what, change.subject) == ("redundancy", "VRRP 7 10.20.0.1")
    assert (change.before, change.after) == ("10.20.0.2", "10.20.0.3")
    assert (change.asset, change.others, change.when) == (TWO, (ONE,), START + 5 * SECOND)
    assert [step.where.frame for step in change.evidence if step.where] == [4, 5]


def test_a_master_that_comes_back_is_another_change() -> None:
    plant = pair()
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.2")
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.3")
    plant.observed[0] = replace(plant.observed[0], last=START + 60 * SECOND)

    assert [(of.before, of.after) for of in plant.inventory().changes] == [
        ("10.20.0.2", "10.20.0.3"), ("10.20.0.3", "10.20.0.2")
    ]  # fmt: skip


def test_a_standby_takes_nothing_over() -> None:
    plant = pair()
    plant.say("redundancy", "HSRP 7 active 10.20.0.1", "hsrp", "10.20.0.2")
    plant.say("redundancy", "HSRP 7 standby 10.20.0.1", "hsrp", "10.20.0.3")

    assert plant.inventory().changes == ()


def test_groups_of_two_segments_are_two() -> None:
    plant = pair()
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.2", vlan=20)
    plant.say("redundancy", MASTER, "vrrp", "10.20.0.3", vlan=30)

    assert plant.inventory().changes == ()
