"""On how few a plant rests: concentration and single points of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.impact.outage import outlook
from tests.impact.outage.plants import DEVICE, RESOLVER, graph_of, need, service

if TYPE_CHECKING:
    from kwel.model.graph import Graph, Need

DNS = "name-resolution"


def operators(needs: list[Need], *names: str) -> float:
    graph = graph_of([service(name) for name in names], needs)
    return outlook(graph, ()).concentration[0].hhi


def test_all_on_one_operator_is_one_and_two_alike_are_a_half() -> None:
    assert operators([need(0, 0), need(1, 0)], "a") == 1
    assert operators([need(0, 0), need(1, 1)], "a", "b") == pytest.approx(0.5)


def test_a_second_way_of_the_same_function_lowers_it_and_the_same_host_again_does_not() -> None:
    alone = operators([need(0, 0), need(1, 0)], "a", "b")

    assert operators([need(0, 0), need(0, 1), need(1, 0)], "a", "b") < alone
    assert operators([need(0, 0), need(0, 0), need(1, 0)], "a", "b") == alone


def test_bytes_and_flows_count_for_nothing() -> None:
    assert operators([need(0, 0), need(1, 1)], "a", "b") == operators([need(0, 0), need(1, 1)] * 9, "a", "b")


def test_what_is_not_known_is_counted_apart_and_raises_nothing() -> None:
    graph = graph_of([service("a"), service(None)], [need(0, 0), need(1, 1)])

    operator = outlook(graph, ()).concentration[0]

    assert (operator.units, operator.known, operator.hhi) == (2, 1, 1)


def test_resolvers_of_the_plant_count_for_whom_they_ask() -> None:
    inside = [need(source, 2, DNS, inside=True, server=RESOLVER) for source in (0, 1)]
    graph = graph_of([service("a", DNS)], [*inside, need(2, 0, DNS)])

    resolver = outlook(graph, ()).concentration[-1]

    assert (resolver.axis, resolver.shares) == ("resolver", (("a", 1.0),))


def test_what_alone_stops_several_assets_is_a_single_point() -> None:
    inside = [need(source, 2, DNS, inside=True, server=RESOLVER) for source in (0, 1)]
    graph: Graph = graph_of([service("a", DNS)], [*inside, need(2, 0, DNS), need(3, 4, inside=True, server=DEVICE)])

    points = outlook(graph, ()).points

    assert [(of.inside, of.target, of.assets, of.functions) for of in points] == [
        (False, 0, 3, ((DNS, 3),)),
        (True, 2, 2, ((DNS, 2),)),
    ]


def test_two_that_stand_in_for_one_another_are_no_single_point() -> None:
    both = [need(source, target, DNS, group="dns") for source in (0, 1) for target in (0, 1)]

    assert outlook(graph_of([service("a", DNS), service("b", DNS)], both), ()).points == ()
