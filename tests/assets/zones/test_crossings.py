"""What passes between zones: the whole is the sum of its parts, and nothing is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.assets.zones import crossings
from kwel.assets.zones.conduits import conduits_of
from kwel.assets.zones.crossings import Crossings, find_crossings, merge
from kwel.model.records.columns import FLOW, Direction, State

if TYPE_CHECKING:
    import pytest

    from kwel.model.zones import Conduit

Sides = tuple[np.ndarray, np.ndarray]
Made = tuple[np.ndarray, Sides, Sides, np.ndarray]
"""Flows, the zones and the assets of their sides, and their dependencies."""
ZONES, ASSETS, DEPENDENCIES = 4, 5, 3


@st.composite
def traffic(draw: st.DrawFn) -> Made:
    """Return flows with the zones and assets of their sides, and their dependencies."""
    count = draw(st.integers(0, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    flows = np.zeros(count, FLOW)
    for name, high in (
        ("first", 50), ("bytes_out", 2**40), ("bytes_in", 9), ("packets_out", 9), ("packets_in", 9), ("capture", 2),
        ("first_frame", 9), ("application", 3), ("initiator_lo", 3), ("responder_lo", 3),
    ):  # fmt: skip
        flows[name] = random.integers(0, high, count)
    flows["last"] = flows["first"] + random.integers(0, 9, count)
    flows["transport"] = random.choice([6, 17], count)
    flows["responder_port"] = random.choice([0, 502, 49_152, 60_000], count)
    flows["state"] = random.choice(list(State), count)
    flows["direction"] = random.choice(list(Direction), count)
    zones, assets = both(random, -1, ZONES, count), both(random, -2, ASSETS, count)
    return flows, zones, assets, both(random, -1, DEPENDENCIES, count)[0]


def both(random: np.random.Generator, low: int, high: int, count: int) -> Sides:
    """Return numbers for both sides of flows."""
    one, other = (random.integers(low, high, count).astype(np.int32) for _ in range(2))
    return one, other


def part(made: Made, rows: slice) -> Crossings:
    """Return what passes in some of the flows."""
    flows, zones, assets, dependency = made
    (source, target), (one, other) = zones, assets
    return find_crossings(flows[rows], (source[rows], target[rows]), (one[rows], other[rows]), dependency[rows])


def told(found: Crossings) -> tuple[Conduit, ...]:
    return conduits_of(found, ["a", "b"], [False] * (ZONES - 1) + [True], str, str)


@settings(max_examples=60, deadline=None)
@given(traffic(), st.integers(0, 60))
def test_two_halves_together_are_the_whole(made: Made, cut: int) -> None:
    whole = part(made, slice(None))
    first, second = part(made, slice(cut)), part(made, slice(cut, None))

    for together in (merge(first, second), merge(second, first)):
        assert together.services.tolist() == whole.services.tolist()
        assert together.ends.tolist() == whole.ends.tolist()
        assert told(together) == told(whole)


@settings(max_examples=30, deadline=None)
@given(traffic())
def test_everything_that_crosses_is_counted_once(made: Made) -> None:
    flows, (source, target), assets, dependency = made
    found = find_crossings(flows, (source, target), assets, dependency)
    crosses = (source != target) & (source >= 0) & (target >= 0)

    for name in ("bytes_out", "bytes_in", "packets_out"):
        assert found.services[name].sum() == flows[name][crosses].sum()
    assert sum(conduit.flows for conduit in told(found)) == crosses.sum()


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    flows = np.zeros(500, FLOW)
    flows["first"], flows["responder_port"] = random.integers(0, 9, 500), random.integers(1, 20, 500)
    flows["first_frame"] = np.arange(500)
    zones = both(random, 0, 3, 500)
    whole = find_crossings(flows, zones, zones, zones[0])
    monkeypatch.setattr(crossings, "BLOCK", 17)
    parts = find_crossings(flows, zones, zones, zones[0])

    assert parts.services.tolist() == whole.services.tolist()
    assert parts.ends.tolist() == whole.ends.tolist()
