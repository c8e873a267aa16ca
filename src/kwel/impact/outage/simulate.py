"""The graph of needs and a scenario in, what stops out: which assets, which functions, by which way, and when."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.impact.outage.chains import Impacts
from kwel.impact.outage.fits import stopped_by
from kwel.impact.outage.spread import Web, spread
from kwel.impact.outage.undecided import undecided_of
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.outage import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.impact.outage.spread import Fallen
    from kwel.model.graph import Graph
    from kwel.model.outage import Scenario

Column = Any
USED: Final = STATES.index(DependencyState.USED)


def simulate(graph: Graph, scenario: Scenario) -> Outcome:
    """Return what a scenario does: it looks at the graph alone, and changes nothing."""
    stop, perhaps = stopped_by(graph.externals, scenario)
    externals, assets = mask(len(graph.externals), stop), mask(graph.assets, scenario.assets)
    used, every = webs(graph)
    fallen = spread(used, externals, assets)
    tried = spread(every, externals, assets)
    impacts = Impacts(graph, ((used, fallen), (every, tried)))
    open_ = undecided_of(graph, used, fallen, (externals, assets), perhaps)
    affected = _assets_of(used, fallen)
    others = np.setdiff1d(_assets_of(every, tried), affected)
    touched = {*affected.tolist(), *others.tolist(), *(one.asset for one in open_), *scenario.assets}
    return Outcome(
        scenario=scenario,
        graph=graph,
        stopped=tuple(stop),
        impacts=impacts,
        losses=impacts.losses,
        affected=tuple(affected.tolist()),
        tried=tuple(others.tolist()),
        zones=_zones(graph, affected.tolist()),
        broken=tuple(used.rows[fallen.broken > 0].tolist()),
        unaffected=graph.assets - len(touched),
        undecided=open_,
    )


def mask(count: int, places: Iterable[int]) -> Column:
    """Return which of so many places are among those."""
    found = np.zeros(count, bool)
    found[list(places)] = True
    return found


@lru_cache(maxsize=2)
def webs(graph: Graph) -> tuple[Web, Web]:
    """Return the needs in use, and all of them, laid out for walking."""
    return Web(graph, np.flatnonzero(graph.edges.state == USED)), Web(graph, np.arange(len(graph.edges.state)))


def _assets_of(web: Web, fallen: Fallen) -> Column:
    return np.unique(web.asset_of(np.flatnonzero(fallen.lost)))


def _zones(graph: Graph, assets: list[int]) -> tuple[str, ...]:
    return tuple(sorted({zone for asset in assets for zone in graph.zones_of(asset)}))
