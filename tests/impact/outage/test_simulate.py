"""What stops when something stops, on graphs that fit in a head."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.impact.outage import simulate
from kwel.model.dependencies import DependencyState
from kwel.model.graph import Rhythm
from kwel.model.law import Words
from kwel.model.outage import Scenario, Takes
from kwel.model.verdicts import Verdict
from tests.impact.outage.plants import BROKER, DATABASE, DEVICE, EVERYTHING, RESOLVER, graph_of, need, service, without

if TYPE_CHECKING:
    from kwel.model.graph import Graph, Need

DNS = "name-resolution"


def losses(graph: Graph, scenario: Scenario) -> list[tuple[int, str | None, int]]:
    """Return (asset, function, length of the chain) of everything that stops."""
    return [(one.asset, one.function, len(one.chain)) for one in simulate(graph, scenario).impacts]


def test_who_talks_to_what_stops_is_affected_directly() -> None:
    graph = graph_of([service("a"), service("b")], [need(0, 0), need(1, 1)], 3)

    outcome = simulate(graph, without("a"))

    assert outcome.affected == (0,)
    assert outcome.impacts[0].direct
    assert outcome.impacts[0].chain == (0,)
    assert outcome.unaffected == 2


def test_a_provider_that_nobody_uses_affects_nothing() -> None:
    graph = graph_of([service("a"), service("b")], [need(0, 0)], 2)

    outcome = simulate(graph, without("b"))

    assert (outcome.affected, outcome.undecided, len(outcome.impacts), outcome.unaffected) == ((), (), 0, 2)


def test_a_forwarder_carries_the_loss_on_up_to_five_servers_away() -> None:
    chain = [need(place, place + 1, DNS, inside=True, server=RESOLVER) for place in range(5)]
    graph = graph_of([service("a", DNS)], [*chain, need(5, 0, DNS)])

    assert losses(graph, without("a")) == [(place, DNS, 6 - place) for place in range(6)]


def test_the_shortest_chain_is_told() -> None:
    ways = [need(0, 1, DNS, inside=True, server=RESOLVER), need(1, 2, DNS, inside=True, server=RESOLVER)]
    graph = graph_of([service("a", DNS)], [*ways, need(2, 0, DNS), need(1, 0, DNS)])

    assert simulate(graph, without("a")).impacts[0].chain == (0, 3)


def test_one_of_two_resolvers_is_enough_and_both_are_not() -> None:
    both = [need(0, 0, DNS, group="dns"), need(0, 1, DNS, group="dns")]
    graph = graph_of([service("a", DNS), service("b", DNS)], both)

    assert losses(graph, without("a")) == []
    assert losses(graph, without("a", "b")) == [(0, DNS, 1)]


def test_what_is_found_by_name_stops_with_the_names() -> None:
    needs = [need(0, 0, DNS), need(0, 1, named=True), need(1, 1, named=True), need(0, 2, "time")]
    graph = graph_of([service("dns", DNS), service("cloud"), service("clock", "time")], needs)

    outcome = simulate(graph, without("dns"))

    assert [(one.asset, one.function, one.by_name) for one in outcome.impacts] == [
        (0, "monitoring", True),
        (0, DNS, False),
    ]
    assert outcome.impacts[0].chain == (1, 0)
    assert not outcome.impacts[0].direct


def test_what_a_proxy_carries_stops_with_the_proxy_and_with_the_names_that_the_proxy_resolves() -> None:
    needs = [need(0, 0, through=1, named=True), need(1, 1, DNS)]
    graph = graph_of([service("cloud"), service("dns", DNS)], needs)

    assert losses(graph, without("dns"))[0] == (0, "monitoring", 2)
    assert not simulate(graph, without("cloud")).impacts[0].direct
    assert losses(graph, Scenario("p", Words("x", "x"), "asset", (), 0, "t", "2026-11-25", assets=(1,))) == [
        (0, "monitoring", 1)
    ]


def test_a_broker_hands_on_what_it_lost_and_nothing_else() -> None:
    graph = graph_of(
        [service("a", "storage")], [need(0, 1, "messaging", inside=True, server=BROKER), need(1, 0, "storage")]
    )

    assert losses(graph, without("a")) == [(0, "storage", 2), (1, "storage", 1)]


def test_a_poller_loses_its_devices_and_a_device_nothing_of_its_poller() -> None:
    graph = graph_of([service("a", "computing")], [need(0, 1, inside=True, server=DEVICE), need(0, 0, "computing")])
    poller = Scenario("p", Words("x", "x"), "asset", (), 0, "t", "2026-11-25", assets=(0,))
    device = Scenario("d", Words("x", "x"), "asset", (), 0, "t", "2026-11-25", assets=(1,))

    assert losses(graph, poller) == []
    assert losses(graph, device) == [(0, "monitoring", 1)]
    assert simulate(graph, without("a")).affected == (0,)


def test_what_was_only_tried_is_told_apart() -> None:
    graph = graph_of([service("a")], [need(0, 0, state=DependencyState.RESOLVED_ONLY), need(1, 0)])

    outcome = simulate(graph, without("a"))

    assert (outcome.affected, outcome.tried) == ((1,), (0,))
    assert [one.state.value for one in outcome.impacts] == ["resolved-only", "used"]


@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        (service("front", front="cdn"), "front-hides-origin"),
        (service(None), "operator-unknown"),
    ],
)
def test_what_cannot_be_known_is_undecided_and_never_unaffected(hidden: object, reason: str) -> None:
    graph = graph_of([service("a"), hidden], [need(0, 0), need(1, 1)], 3)  # type: ignore[list-item]

    outcome = simulate(graph, without("a"))

    assert outcome.affected == (0,)
    assert [(one.asset, one.reason) for one in outcome.undecided] == [(1, reason)]
    assert outcome.unaffected == 1


def test_a_resolver_that_nobody_saw_asking_leaves_its_users_undecided() -> None:
    graph = graph_of([service("a"), service("b")], [need(0, 1, DNS, inside=True, server=RESOLVER), need(0, 0)])

    assert [one.reason for one in simulate(graph, without("a")).undecided] == ["upstream-unseen"]


def test_users_of_a_server_that_may_stop_are_undecided() -> None:
    needs = [need(0, 1, "database", inside=True, server=DATABASE), need(1, 0, "computing")]
    graph = graph_of([service("a", "computing")], needs)

    outcome = simulate(graph, without("a"))

    assert outcome.affected == (1,)
    assert [(one.asset, one.reason) for one in outcome.undecided] == [(0, "server-affected")]


def test_a_european_way_that_goes_on_is_named_before_any_other() -> None:
    european = service("eu", verdict=Verdict.EU_CONTROLLED)
    graph = graph_of([service("a"), service("b"), european], [need(0, 0), need(0, 1), need(0, 2)])

    assert simulate(graph, without("a")).impacts[0].alternative == 2
    assert simulate(graph, EVERYTHING).impacts[0].alternative is None


def test_when_is_told_by_the_service_the_rhythm_and_the_site() -> None:
    quick = Rhythm(5.0, 1.0, 20)
    needs = [
        need(0, 0, impact="minutes"),
        need(1, 0, impact="minutes", rhythm=quick),
        need(2, 0, impact="minutes", rhythm=quick, hours=72),
        need(3, 0, None, impact="hours"),
    ]
    graph = graph_of([service("a")], needs)

    outcome = simulate(graph, without("a"))

    assert [one.impact for one in outcome.impacts] == ["minutes", "minute-0", "days", "hours"]
    by = [dict(one.why.evidence[-1].values)["by"] for one in outcome.impacts]
    assert by == ["usual", "rhythm", "site", "unknown"]


def test_what_a_server_loses_late_its_users_lose_no_sooner() -> None:
    needs = [need(0, 1, DNS, inside=True, server=RESOLVER, impact="minutes"), need(1, 0, DNS, hours=30.0)]
    graph = graph_of([service("a", DNS)], needs)

    assert [one.impact for one in simulate(graph, without("a")).impacts] == ["days", "days"]


def test_an_outage_of_eight_days_ends_before_weeks_are_felt() -> None:
    graph = graph_of([service("a")], [need(0, 0, impact="weeks"), need(1, 0, impact="days")])
    scenario = Scenario("x", Words("x", "x"), "operator", (Takes(operators=("a",)),), 0, "t", "2026-11-25", duration=8)

    outcome = simulate(graph, scenario)

    assert [outcome.within(one) for one in outcome.impacts] == [False, True]


FUNCTIONS = (DNS, "monitoring", "storage", "identity", None)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Return any small graph."""
    services = [service(f"op{index}", draw(st.sampled_from(FUNCTIONS))) for index in range(4)]
    needs: list[Need] = []
    for _ in range(draw(st.integers(0, 14))):
        source, target, inside = draw(st.integers(0, 5)), draw(st.integers(0, 3)), draw(st.booleans())
        if inside and source == target:
            continue
        function = draw(st.sampled_from(FUNCTIONS)) if inside else services[target].function
        more = {"server": draw(st.sampled_from((RESOLVER, BROKER, DEVICE, DATABASE)))} if inside else {}
        group = "g" if function == DNS and draw(st.booleans()) else ""
        impact = draw(st.sampled_from(("minutes", "days")))
        state = draw(st.sampled_from(list(DependencyState)))
        named = draw(st.booleans()) and not inside
        needs.append(
            need(source, target, function, inside=inside, group=group, impact=impact, state=state, named=named, **more)
        )
    return graph_of(services, needs, 6)


@settings(max_examples=150, deadline=None)
@given(graphs(), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3)))
def test_a_larger_scenario_never_affects_less(graph: Graph, some: set[int], more: set[int]) -> None:
    small = simulate(graph, without(*(f"op{index}" for index in some), "nobody"))
    large = simulate(graph, without(*(f"op{index}" for index in some | more), "nobody"))

    assert set(small.affected) <= set(large.affected)
    lost = {(one.asset, one.function) for one in large.impacts}
    assert {(one.asset, one.function) for one in small.impacts} <= lost
    assert set(small.open) <= {*large.open, *large.affected}
    assert set(large.affected) <= set(simulate(graph, EVERYTHING).affected)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.sets(st.integers(0, 3)))
def test_every_chain_leads_from_the_asset_to_what_stops(graph: Graph, some: set[int]) -> None:
    outcome = simulate(graph, without(*(f"op{index}" for index in some), "nobody"))

    for impact in outcome.impacts:
        needs = [graph.needs[row] for row in impact.chain]
        assert needs[0].source == impact.asset
        assert not needs[-1].inside
        assert needs[-1].target in outcome.stopped
        for one, other in itertools.pairwise(needs):
            assert other.source == (one.target if one.inside else one.source)
