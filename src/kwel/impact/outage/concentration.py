"""The graph of needs in, on how few it rests out: over functions of assets, never over bytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.dependencies import STATES, DependencyState
from kwel.model.outage import Concentration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kwel.model.graph import External, Graph
    from kwel.model.outage import Axis

USED: Final = STATES.index(DependencyState.USED)
OWN: Final = "of the plant"
"""Under which a resolver of the plant that asks nobody outside counts."""

_AXES: Final[dict[Axis, Callable[[External], str | None]]] = {
    "operator": lambda of: of.operator,
    "region": lambda of: f"{of.operator} {of.region}" if of.region else None,
    "parent": lambda of: of.parent,
}


def concentrations(graph: Graph) -> tuple[Concentration, ...]:
    """Return how concentrated needs in use are: by operator, region, parent, certificate authority and resolver."""
    edges = graph.edges
    rows = np.flatnonzero((edges.state == USED) & ~edges.inside.astype(bool))
    units = (edges.source[rows] * (len(graph.functions) + 1) + edges.function[rows] + 1).tolist()
    targets = edges.target[rows].tolist()
    found = []
    for axis, of in _AXES.items():
        names = [of(external) for external in graph.externals]
        found.append(_concentration(axis, ((unit, names[one]) for unit, one in zip(units, targets, strict=True))))
    by_row = dict(zip(rows.tolist(), units, strict=True))
    shown = ((by_row[row], issuer) for row, issuer in graph.authorities if row in by_row)
    return (*found, _concentration("authority", shown), _concentration("resolver", _resolvers(graph)))


def _resolvers(graph: Graph) -> Iterable[tuple[int, str | None]]:
    """Return by asset whose resolvers it uses: those outside that a resolver of the plant asks count for its users."""
    if graph.names not in graph.functions:
        return []
    edges, code = graph.edges, graph.functions.index(graph.names)
    rows = np.flatnonzero((edges.state == USED) & (edges.function == code))
    asks: dict[int, list[int]] = {}
    for row in rows.tolist():
        asks.setdefault(int(edges.source[row]), []).append(row)
    return [(asset, name) for asset in asks for name in _asked(graph, asks, asset)]


def _asked(graph: Graph, asks: dict[int, list[int]], asset: int) -> list[str | None]:
    """Return whom an asset's questions end up with, each once."""
    seen, open_, found = {asset}, [asset], []
    while open_:
        for row in asks.get(open_.pop(), ()):
            target = int(graph.edges.target[row])
            if not graph.edges.inside[row]:
                external = graph.externals[target]
                found.append(external.supplier or external.operator)
            elif target not in asks:
                found.append(OWN)
            elif target not in seen:
                seen.add(target)
                open_.append(target)
    return list(dict.fromkeys(found))


def _concentration(axis: Axis, pairs: Iterable[tuple[int, str | None]]) -> Concentration:
    """Return the shares; what one function rests on several shares it among them."""
    rests: dict[int, dict[str, None]] = {}
    for unit, name in pairs:
        of = rests.setdefault(unit, {})
        if name:
            of[name] = None
    weights: Counter[str] = Counter()
    known = 0
    for of in rests.values():
        known += bool(of)
        for name in of:
            weights[name] += 1 / len(of)  # type: ignore[assignment]
    total = sum(weights.values())
    shares = sorted(((name, weight / total) for name, weight in weights.items()), key=lambda one: (-one[1], one[0]))
    return Concentration(axis, len(rests), known, tuple(shares))
