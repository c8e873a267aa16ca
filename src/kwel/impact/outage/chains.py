"""What falls in, impacts out: each with the shortest chain, made when somebody wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from kwel.model.claims import Claim, Evidence
from kwel.model.dependencies import STATES, DependencyState
from kwel.model.graph import TIMES
from kwel.model.outage import Impact, Losses
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from kwel.impact.outage.spread import Fallen, Web
    from kwel.model.graph import Graph, Need
    from kwel.model.outage import Time

    Walked = tuple[Web, Fallen]

MOST_STEPS: Final = 12
"""Steps of evidence that an impact carries."""
USED: Final = STATES.index(DependencyState.USED)


class Impacts(Sequence[Impact]):
    """The losses of a walk over what is used, and then of one over all needs, in order of asset and function."""

    def __init__(self, graph: Graph, walks: tuple[Walked, Walked]) -> None:
        self._graph, self._walks = graph, walks
        (used, fallen), (_, tried) = walks
        losses = np.flatnonzero((fallen.lost > 0) | (tried.lost > 0))
        self._losses = losses.tolist()
        in_use = fallen.lost[losses] > 0
        every, tried = walks[1]
        felt = np.where(in_use, fallen.felt[losses], tried.felt[losses])
        rows = [np.append(web.rows, -1) for web in (used, every)]  # the last is where -1 looks
        need = np.where(in_use, rows[0][fallen.by[losses]], rows[1][tried.by[losses]])
        self.losses = Losses(used.asset_of(losses), losses % used.width, felt, in_use, need)

    def __len__(self) -> int:
        return len(self._losses)

    @overload
    def __getitem__(self, index: int) -> Impact: ...
    @overload
    def __getitem__(self, index: slice) -> list[Impact]: ...
    def __getitem__(self, index: int | slice) -> Impact | list[Impact]:
        """Return one, or some."""
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        loss = self._losses[index]
        web, fallen = self._walks[0] if self._walks[0][1].lost[loss] else self._walks[1]
        return impact_of(self._graph, web, fallen, loss)


def chain_of(web: Web, fallen: Fallen, loss: int) -> tuple[int, ...]:
    """Return the needs from an asset to what stops, by their indices in the graph."""
    chain: list[int] = []
    while loss >= 0:
        chain.append(int(web.rows[fallen.by[loss]]))
        loss = int(fallen.after[loss])
    return tuple(chain)


def impact_of(graph: Graph, web: Web, fallen: Fallen, loss: int) -> Impact:
    """Return one loss as an object."""
    asset, code = int(web.asset_of(loss)), loss % web.width
    function = graph.functions[code] if code < len(graph.functions) else None
    chain = chain_of(web, fallen, loss)
    needs = [graph.needs[row] for row in chain]
    own, time = needs[0], TIMES[int(fallen.felt[loss])]
    state = max((need.state for need in needs), key=STATES.index)
    follows = int(fallen.after[loss])
    by_name = follows >= 0 and not own.inside and own.function != graph.names
    path = (
        own.path if own.function == function else next((need.path for need in needs if need.function == function), None)
    )
    return Impact(
        asset=asset,
        function=function,
        path=path,
        direct=len(chain) == 1 and own.through is None and not own.inside,
        chain=chain,
        impact=time,  # type: ignore[arg-type]
        why=_why(graph, needs, function, time),  # type: ignore[arg-type]
        alternative=_alternative(graph, web, fallen, asset, code),
        state=state,
        hours=own.hours,
        by_name=by_name,
    )


def _why(graph: Graph, needs: list[Need], function: str | None, time: Time) -> Claim:
    """Return why then: what was seen on the way, and what says how soon."""
    own = needs[0]
    by = "site" if own.hours is not None else "rhythm" if time == "minute-0" else "usual" if function else "unknown"
    values = (
        ("function", function or ""),
        ("time", time),
        ("by", by),
        ("hours", f"{own.hours:g}" if own.hours is not None else ""),
        ("period", f"{own.rhythm.period:g}" if own.rhythm else ""),
    )
    steps = tuple(step for need in needs for step in need.why.evidence)[:MOST_STEPS]
    return Claim(time, min(need.why.grade for need in needs), (*steps, Evidence("inferred", "outage-felt", values)))


def _alternative(graph: Graph, web: Web, fallen: Fallen, asset: int, code: int) -> int | None:
    """Return a need of the asset for the same function that goes on: a European one, else any."""
    wanted = code if code < len(graph.functions) else -1
    if wanted < 0:
        return None
    going = [
        row
        for row in graph.rows_of(asset)
        if graph.edges.function[row] == wanted and graph.edges.state[row] == USED and not fallen.broken[web.place[row]]
    ]
    return min(going, key=lambda row: (not _is_european(graph, row), row), default=None)


def _is_european(graph: Graph, row: int) -> bool:
    need = graph.needs[row]
    return not need.inside and graph.externals[need.target].verdict.control is Control.EUROPEAN
