"""The graph of needs in, its single points of failure out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.outage.simulate import mask, webs
from kwel.impact.outage.spread import spread
from kwel.model.outage import SinglePoint

if TYPE_CHECKING:
    from kwel.impact.outage.spread import Web
    from kwel.model.graph import Graph

TRIED: Final = 100
"""Assets and services that are tried, those with most users first."""
LEAST: Final = 2
"""Assets that lose something: less is no single point, but a need."""


def single_points(graph: Graph) -> tuple[tuple[SinglePoint, ...], int]:
    """Return what stops functions of several assets when it alone stops, and how many were not tried.

    Whoever has one user alone is tried too where that user serves others.
    """
    web, _ = webs(graph)
    inside = web.inside.astype(np.int64)
    ends, count = np.unique(inside << 40 | web.target, return_counts=True)
    proxies, more = np.unique(web.through[web.through >= 0], return_counts=True)
    users = dict(zip(ends.tolist(), count.tolist(), strict=True))
    for proxy, size in zip((proxies | 1 << 40).tolist(), more.tolist(), strict=True):
        users[proxy] = users.get(proxy, 0) + size
    serving = {int(target) for target in web.target[web.inside]} | set(proxies.tolist())
    asked = [end for end, size in users.items() if size >= LEAST or _leads_on(web, end, serving)]
    ordered = sorted(asked, key=lambda end: (-users[end], end))
    found = [_tried(graph, web, bool(end >> 40), end & (1 << 40) - 1) for end in ordered[:TRIED]]
    points = sorted((of for of in found if of.assets >= LEAST), key=lambda of: (-of.assets, not of.inside, of.target))
    return tuple(points), max(0, len(ordered) - TRIED)


def _leads_on(web: Web, end: int, serving: set[int]) -> bool:
    rows = np.flatnonzero((web.target == end & (1 << 40) - 1) & (web.inside == bool(end >> 40)))
    return any(source in serving for source in web.source[rows].tolist())


def _tried(graph: Graph, web: Web, inside: bool, target: int) -> SinglePoint:
    externals = mask(len(graph.externals), () if inside else (target,))
    fallen = spread(web, externals, mask(graph.assets, (target,) if inside else ()))
    losses = np.flatnonzero(fallen.lost)
    codes, counts = np.unique(losses % web.width, return_counts=True)
    names = [*graph.functions, ""]
    functions = sorted(
        zip((names[code] for code in codes), counts.tolist(), strict=True), key=lambda of: (-of[1], of[0])
    )
    return SinglePoint(inside, target, len(np.unique(losses // web.width)), tuple(functions))
