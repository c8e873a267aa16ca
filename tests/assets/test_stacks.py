"""What the openings of connections tell: a weak hint of a system, and several machines where only several open so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.assets.stacks import clocks_of
from kwel.model.claims import Grade
from tests.assets.plant import SECOND, Plant

if TYPE_CHECKING:
    from kwel.model.assets import Asset

PC, FAR, SERVER = "10.20.1.11", "51.68.44.12", "10.20.1.80"
LINUX, WINDOWS = "mss,sack,stamp,nop,scale", "mss,nop,scale,nop,nop,sack"
TICKS = 1000


def asset(plant: Plant, address: str = PC) -> Asset:
    (found,) = [asset for asset in plant.inventory().assets if address in asset.addresses]
    return found


def systems(plant: Plant, address: str = PC) -> list[tuple[str, Grade]]:
    return [(fact.claim.value, fact.claim.grade) for fact in asset(plant, address).facts if fact.kind == "system"]


def begin(plant: Plant, options: str, **fields: Any) -> None:
    """Let the PC open a connection that carries something."""
    plant.flow(PC, FAR, hops=64)
    plant.open(PC, FAR, options, **fields)


def test_a_stack_hints_at_a_system_and_no_more() -> None:
    plant = Plant()
    begin(plant, WINDOWS, hops=127)

    assert systems(plant) == [("Windows", Grade.D)]
    (fact,) = [fact for fact in asset(plant).facts if fact.kind == "system"]
    assert [step.kind for step in fact.claim.evidence] == ["opens-so", "system-by-stack"]


def test_what_a_host_says_of_itself_outdoes_its_stack() -> None:
    plant = Plant()
    begin(plant, WINDOWS, hops=128)
    plant.say("system", "Windows 10.0 build 19045", "ntlm", PC)

    assert systems(plant) == [("Windows 10.0 build 19045", Grade.B)]


def test_a_hint_makes_no_role_and_no_kind() -> None:
    with_hint, without = Plant(), Plant()
    begin(with_hint, WINDOWS, hops=128)
    without.flow(PC, FAR, hops=64)

    assert (asset(with_hint).role, asset(with_hint).kind) == (asset(without).role, asset(without).kind)


@pytest.mark.parametrize("others", [[""], ["mss"], [LINUX]])
def test_a_host_of_which_not_all_connections_begin_alike_has_no_hint(others: list[str]) -> None:
    plant = Plant()
    for options in (WINDOWS, *others):
        begin(plant, options, hops=64 if options == LINUX else 128)

    assert systems(plant) == []


def behind(plant: Plant) -> tuple[str, Grade, str] | None:
    claim = asset(plant).behind
    return (claim.value, claim.grade, claim.evidence[0].kind) if claim else None


def test_two_stacks_by_turns_are_two_machines() -> None:
    plant = Plant()
    for _ in range(3):
        begin(plant, LINUX, hops=64)
        begin(plant, WINDOWS, hops=128)

    assert behind(plant) == ("6", Grade.C, "several-stacks")
    assert systems(plant) == []


def test_two_stacks_one_after_the_other_may_be_one_machine_in_turn() -> None:
    plant = Plant()
    for options, ttl in ((LINUX, 64), (WINDOWS, 128)):
        for _ in range(3):
            begin(plant, options, hops=ttl)

    assert behind(plant) is None


@pytest.mark.parametrize(("count", "is_answered"), [(2, True), (5, False)])
def test_few_connections_or_such_that_nobody_answers_prove_nothing(count: int, is_answered: bool) -> None:
    plant = Plant()
    for _ in range(count):
        begin(plant, LINUX, hops=64, is_answered=is_answered)
        begin(plant, WINDOWS, hops=128, is_answered=is_answered)

    assert behind(plant) is None


def test_two_clocks_towards_one_peer_are_two_machines() -> None:
    plant = Plant()
    for i in range(10):
        begin(plant, LINUX, stamp=(7_000_000, 900_000_000)[i % 2] + plant.now * TICKS)

    assert behind(plant) == ("10", Grade.B, "several-clocks")


def test_a_clock_for_each_peer_is_what_one_machine_may_have() -> None:
    plant = Plant()
    for i in range(10):
        plant.flow(PC, FAR, hops=64)
        plant.open(PC, (FAR, "51.68.44.13")[i % 2], LINUX, stamp=(7, 900_000_000)[i % 2] + plant.now * TICKS)

    assert behind(plant) is None


def test_servers_at_one_port_show_by_their_clocks_and_ttls() -> None:
    plant = Plant()
    for i in range(10):
        plant.flow(PC, SERVER, hops=64)
        far: dict[str, Any] = {
            "answer_stamp": (5_000_000, 900_000_000)[i % 2] + plant.now * TICKS,
            "answer_hops": (63, 127)[i % 2],
        }
        plant.open(PC, SERVER, LINUX, **far)

    found = asset(plant, SERVER)
    assert [step.kind for step in found.evidence if step.kind.startswith("servers")] == [
        "servers-by-ttl", "servers-by-clock",
    ]  # fmt: skip
    assert found.role
    assert (found.role.value, found.role.grade) == ("load-balancer", Grade.C)


def test_one_server_is_one() -> None:
    plant = Plant()
    for _ in range(10):
        plant.flow(PC, SERVER, hops=64)
        plant.open(PC, SERVER, LINUX, answer_stamp=5 + plant.now * TICKS)

    assert not [step for step in asset(plant, SERVER).evidence if step.kind.startswith("servers")]


def clocks(seconds: list[float], stamps: list[int]) -> list[list[int]]:
    times = (np.array(seconds) * SECOND).astype(np.int64)
    return clocks_of(times, np.array(stamps, np.uint64).astype(np.uint32))


@pytest.mark.parametrize("rate", [10, 100, 250, 1000])
def test_one_clock_is_none_of_several_at_any_rate(rate: int) -> None:
    seconds = [i * 0.7 for i in range(40)]
    assert clocks(seconds, [2**32 - 500 + int(at * rate) & 0xFFFFFFFF for at in seconds]) == []


@given(lots=st.lists(st.integers(1, 2**32 - 1), min_size=6, max_size=60))
def test_who_draws_lots_has_no_clocks(lots: list[int]) -> None:
    distinct = sorted({lot // 100_000_000 for lot in lots})  # far apart, as lots are
    stamps = [lot * 100_000_000 + i for i, lot in enumerate(distinct)]
    assert clocks([float(i) for i in range(len(stamps))], stamps) == [] if len(stamps) >= 6 else True


def test_a_machine_that_reboots_has_one_clock_at_a_time() -> None:
    seconds = [float(i) for i in range(20)]
    stamps = [(4_000_000 if i < 10 else 3_000) + i * TICKS for i in range(20)]
    assert clocks(seconds, stamps) == []
