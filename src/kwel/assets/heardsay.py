"""Assets and changes in, the same out with what rests on logs of other probes alone graded no higher than C.

A log is the word of another program (ADR 21): whoever doubts it cannot open a frame. What frames show as well, stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kwel.model.claims import TOLD, Grade, as_told, is_told
from kwel.model.fast_dataclass import changed

if TYPE_CHECKING:
    from kwel.assets.identify import Inventory
    from kwel.model.assets import Asset, Fact
    from kwel.model.changes import Change
    from kwel.model.traffic import Traffic

SINGLE: Final = (
    "kind_why", "role", "vendor", "product", "firmware", "level", "zone_why", "behind", "role_or",
)  # fmt: skip
SEVERAL: Final = ("macs", "names", "protocols")


def graded(traffic: Traffic, inventory: Inventory) -> Inventory:
    """Return the inventory, with what rests on logs alone graded as hearsay."""
    logs = frozenset(capture.name for capture in traffic.captures if capture.is_log)
    if not logs:
        return inventory
    assets = tuple(_graded(asset, logs) for asset in inventory.assets)
    return replace(inventory, assets=assets, changes=tuple(_changed(of, logs) for of in inventory.changes))


def _changed(change: Change, logs: frozenset[str]) -> Change:
    if not is_told(change.evidence, logs):
        return change
    return replace(change, grade=min(change.grade, Grade.C), evidence=(*change.evidence, TOLD))


def _graded(asset: Asset, logs: frozenset[str]) -> Asset:
    values: dict[str, object] = {}
    for key in SINGLE:
        claim = getattr(asset, key)
        if claim is not None and (told := as_told(claim, logs)) is not claim:
            values[key] = told
    for key in SEVERAL:
        values[key] = tuple(as_told(claim, logs) for claim in getattr(asset, key))
    values["facts"] = tuple(_fact(fact, logs) for fact in asset.facts)
    return changed(asset, **values)


def _fact(fact: Fact, logs: frozenset[str]) -> Fact:
    return changed(fact, claim=as_told(fact.claim, logs))
