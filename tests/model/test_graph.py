"""The nouns of the graph of needs, and of what stops."""

from __future__ import annotations

from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.dependencies import DependencyState
from kwel.model.graph import Graph, Need

WHY = Claim("dns", Grade.C, (Evidence("inferred", "need"),))


def need(source: int, target: int, *, inside: bool = True, function: str | None = "time", group: str = "") -> Need:
    """Return a need of which nothing else matters."""
    state = DependencyState.USED
    name = f"N-{source}{target}"
    return Need(name, source, target, inside, function, None, state, WHY, group, None, 0, 0, 1, 0, 0, ())


def test_needs_are_found_from_both_ends() -> None:
    graph = Graph((), [need(0, 1), need(2, 1), need(0, 1, inside=False)])

    assert [one.id for one in graph.needs_of(0)] == ["N-01", "N-01"]
    assert [one.source for one in graph.needed_by(1)] == [0, 2]
    assert [one.source for one in graph.needed_by(1, inside=False)] == [0]
    assert graph.needs_of(7) == graph.needed_by(7) == ()


def test_columns_say_what_the_needs_say() -> None:
    graph = Graph((), [need(0, 1, group="a"), need(1, 2, group="a"), need(0, 3, group="a", function=None)])

    assert graph.functions == ("time",)
    assert graph.edges.function.tolist() == [0, 0, -1]
    assert graph.edges.group.tolist() == [0, 1, 0], "alternatives are those of one source"


def test_a_graph_without_needs_is_a_graph() -> None:
    graph = Graph((), [])

    assert graph.needs_of(0) == ()
    assert graph.zones_of(0) == ()
