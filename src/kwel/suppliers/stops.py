"""A supplier in, what stops without it out: of what it was seen to be used for, as far as rules tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.dependencies import DependencyState
from kwel.model.suppliers import Stop

if TYPE_CHECKING:
    from kwel.model.graph import Graph
    from kwel.model.outage import Outcome
    from kwel.model.suppliers import Supplier


def direct(supplier: Supplier) -> tuple[Stop, ...]:
    """Return what the assets lose that were seen to use its services themselves."""
    found: dict[tuple[int, str | None], Stop] = {}
    for use in supplier.uses:
        if use.state is DependencyState.USED:
            for asset in use.assets:
                stop = Stop(asset, use.function, use.path, use.impact, direct=True, why=use.why)
                found.setdefault((asset, use.function), stop)
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0], key[1] or "")))


def simulated(outcome: Outcome) -> tuple[Stop, ...]:
    """Return what stops in a simulated outage of everything that it answers for, behind servers of the plant too."""
    return tuple(
        Stop(one.asset, one.function, one.path, one.impact, direct=one.direct, why=one.why)
        for one in outcome.impacts
        if one.state is DependencyState.USED
    )


def keys_of(supplier: Supplier, graph: Graph) -> tuple[str, ...]:
    """Return the services of a graph that are the supplier's: those that share a dependency with one of its uses."""
    rows = {row for use in supplier.uses for row in use.rows.tolist()}
    return tuple(one.key for one in graph.externals if not rows.isdisjoint(one.dependencies))
