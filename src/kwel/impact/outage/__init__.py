"""The graph of needs in, what stops when something stops out, and on how few the plant rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.impact.outage.concentration import concentrations
from kwel.impact.outage.points import single_points
from kwel.impact.outage.simulate import simulate
from kwel.model.outage import Outlook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.graph import Graph
    from kwel.model.outage import Scenario

__all__ = ["outlook", "simulate"]


def outlook(graph: Graph, scenarios: Sequence[Scenario]) -> Outlook:
    """Return what each scenario does, how concentrated dependence is, and what alone stops several assets."""
    points, left_out = single_points(graph)
    return Outlook(tuple(simulate(graph, one) for one in scenarios), concentrations(graph), points, left_out)
