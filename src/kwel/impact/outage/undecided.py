"""What falls for certain in, the assets of which nobody can say out: unknown is never shown as unaffected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kwel.impact.outage.chains import chain_of
from kwel.impact.outage.spread import spread
from kwel.model.outage import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.impact.outage.spread import Fallen, Web
    from kwel.model.graph import Graph
    from kwel.model.outage import UndecidedReason

Column = Any


def undecided_of(
    graph: Graph,
    web: Web,
    certain: Fallen,
    stops: tuple[Column, Column],
    perhaps: Mapping[int, UndecidedReason],
) -> tuple[Undecided, ...]:
    """Return the assets that may lose something more, with the need that leaves it open; one a reason.

    Args:
        graph: all needs.
        web: those in use.
        certain: what falls for certain.
        stops: what stops for certain, of services outside and of assets.
        perhaps: services outside that may stop, and why that is not known.
    """
    externals, assets = stops
    wide = externals.copy()
    wide[list(perhaps)] = True
    reasons: dict[int, UndecidedReason] = {}
    if externals.any() or perhaps:
        reasons = dict.fromkeys(_unseen(graph, web).tolist(), "upstream-unseen")
    fallen = spread(web, wide, assets, np.array(sorted(reasons), np.int64))
    for _ in range(len(graph.servers) + 1):
        more = [row for row in _shaken(graph, web, fallen).tolist() if row not in reasons]
        if not more:
            break
        reasons |= dict.fromkeys(more, "server-affected")
        fallen = spread(web, wide, assets, np.array(sorted(reasons), np.int64))
    return _told(graph, web, (certain, fallen), perhaps, {int(web.rows[row]): why for row, why in reasons.items()})


def _told(
    graph: Graph,
    web: Web,
    walks: tuple[Fallen, Fallen],
    perhaps: Mapping[int, UndecidedReason],
    reasons: Mapping[int, UndecidedReason],
) -> tuple[Undecided, ...]:
    certain, fallen = walks
    found: dict[tuple[int, UndecidedReason], int] = {}
    for loss in np.flatnonzero((fallen.lost > 0) & (certain.lost == 0)).tolist():
        row = chain_of(web, fallen, loss)[-1]
        target = int(graph.edges.target[row])
        outside = None if graph.edges.inside[row] else perhaps.get(target)
        why = reasons.get(row) or outside or "server-affected"
        found.setdefault((int(web.asset_of(loss)), why), row)
    return tuple(Undecided(asset, why, row) for (asset, why), row in sorted(found.items()))


def _unseen(graph: Graph, web: Web) -> Column:
    """Return the needs for a server that asks others in turn, where nobody saw whom."""
    found = [np.zeros(0, np.int64)]
    server = graph.edges.server[web.rows]
    every = graph.edges.source * web.width + graph.edges.function
    for index, kind in enumerate(graph.servers):
        rows = np.flatnonzero((server == index) & web.inside) if kind.unseen else found[0]
        carried = [graph.functions.index(one) for one in kind.carries if one in graph.functions]
        if not len(rows) or not carried:
            continue
        asks = np.isin(web.target[rows][:, None] * web.width + np.array(carried), every).any(axis=1)
        found.append(rows[~asks])
    return np.concatenate(found)


def _shaken(graph: Graph, web: Web, fallen: Fallen) -> Column:
    """Return the needs for a server of which it is not known whether it serves on without what it lost."""
    number = {function: index for index, function in enumerate(graph.functions)}
    grave = [number[function] for function in graph.may_stop_serving if function in number]
    if not grave:
        return np.zeros(0, np.int64)
    sure = np.array([*(kind.alone or bool(kind.carries) for kind in graph.servers), False])
    server = graph.edges.server[web.rows]
    rows = np.flatnonzero(web.inside & ~sure[server] & (fallen.broken == 0))
    lost = fallen.lost[web.loss_of(web.target[rows][:, None], np.array(grave))] > 0
    found: Column = rows[lost.any(axis=1)]
    return found
