"""Commands and the zones of who sends and who obeys in, conduits with their commands by class out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.assets.zones.sides import EXTERNAL
from kwel.model.commands import CommandClass
from kwel.model.records.columns import address_halves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kwel.model.commands import Command, Party
    from kwel.model.records.columns import Rows
    from kwel.model.zones import Conduit

    Pair = tuple[NDArray[np.int32], NDArray[np.int32]]


def with_commands(
    conduits: Sequence[Conduit], commands: Sequence[Command], zone_of: Callable[[Party], int | None]
) -> tuple[Conduit, ...]:
    """Return the conduits with how many commands of each class passed them, the gravest class first.

    A command goes the way it is given: against the direction of the conversation where a server gives it.
    """
    counts: dict[tuple[int, int], Counter[CommandClass]] = {}
    for command in commands:
        source, target = zone_of(command.source), zone_of(command.target)
        if source is not None and target is not None and source != target:
            counts.setdefault((source, target), Counter())[command.kind] += command.count
    told = {
        pair: tuple((kind.value, found[kind]) for kind in CommandClass if found[kind]) for pair, found in counts.items()
    }
    return tuple(replace(of, commands=told.get((of.source, of.target), ())) for of in conduits)


def outside_zones_of(flows: Rows, sides: Pair, zones: Pair, commands: Sequence[Command]) -> dict[str, int]:
    """Return the zones of addresses outside that give or obey commands."""
    addresses = {party.address for of in commands for party in (of.source, of.target) if party.is_outside}
    wanted = {address_halves(address): address for address in addresses}
    found: dict[str, int] = {}
    if not wanted:
        return found
    low = np.array(sorted({lo for _, lo in wanted}), np.uint64)
    for name, side, zone in zip(("initiator", "responder"), sides, zones, strict=True):
        rows = np.flatnonzero((side == EXTERNAL) & (zone >= 0) & np.isin(flows[f"{name}_lo"], low))[::-1]
        keys = flows[[f"{name}_hi", f"{name}_lo"]][rows].tolist()
        found |= {wanted[key]: number for key, number in zip(keys, zone[rows].tolist(), strict=True) if key in wanted}
    return found
