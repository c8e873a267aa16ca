"""Flows and the assets on their sides in, what single assets did inside the plant out.

A report shows some hundreds of assets of maybe fifty thousand: only their flows are looked at, and objects are made of
what is shown alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kwel.model.claims import Where
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, address_text
from kwel.model.talks import Closeup, Stay, Talk
from kwel.model.transports import transport_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

Column = NDArray[Any]

MOST = 10
"""Talks of one asset that are listed."""
STAYS = 16
_LABELS = {int(application): application.label for application in Application if application}


def look_closer(traffic: Traffic, sides: tuple[Column, Column], wanted: Sequence[int]) -> dict[int, Closeup]:
    """Return what each wanted asset did inside the plant.

    Args:
        traffic: what was on the wire.
        sides: per flow the asset that began and the one that answered; negative is none of the plant's.
        wanted: indices of assets.
    """
    count = max((int(side.max()) + 1 for side in sides if len(side)), default=0)
    count = max(count, 0)  # where nobody is of the plant, the sides are below -1
    is_wanted = np.zeros(count + 1, bool)  # the last entry is where -1 looks
    is_wanted[[asset for asset in wanted if asset < count]] = True
    stays = _stays(traffic.flows, sides, is_wanted)
    shown, more = _talks(traffic, sides, is_wanted)
    return {
        asset: Closeup(tuple(shown.get(asset, ())), more.get(asset, 0), tuple(stays.get(asset, ()))) for asset in wanted
    }


def _seen_by(flows: Rows, sides: tuple[Column, Column], is_wanted: Column) -> tuple[Column, Column, Column]:
    """Return rows, assets and whether the asset began, once for each wanted asset on a flow."""
    rows = [np.flatnonzero((side >= 0) & is_wanted[np.maximum(side, -1)]) for side in sides]
    assets = np.concatenate([side[own] for side, own in zip(sides, rows, strict=True)]).astype(np.int64)
    begins = np.repeat([True, False], [len(own) for own in rows])
    return np.concatenate(rows), assets, begins


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows in groups: in order, and where each group begins."""

    order: Column
    start: Column

    def sums(self, values: Column) -> list[int]:
        summed: list[int] = np.add.reduceat(values[self.order].astype(np.int64), self.start).tolist()
        return summed

    def least(self, values: Column) -> list[int]:
        lowest: list[int] = np.minimum.reduceat(values[self.order], self.start).tolist()
        return lowest

    def most(self, values: Column) -> list[int]:
        highest: list[int] = np.maximum.reduceat(values[self.order], self.start).tolist()
        return highest


def _grouped(*keys: Column) -> _Groups:
    """Group what has all keys alike; within a group rows keep their order."""
    order = np.lexsort(keys[::-1])
    differs = np.zeros(len(order), bool)
    differs[:1] = True
    for key in keys:
        differs[1:] |= key[order][1:] != key[order][:-1]
    return _Groups(order, np.flatnonzero(differs))


def _talks(
    traffic: Traffic, sides: tuple[Column, Column], is_wanted: Column
) -> tuple[dict[int, list[Talk]], dict[int, int]]:
    """Return the largest talks of each wanted asset, and how many more it had."""
    flows = traffic.flows
    rows, asset, begins = _seen_by(flows, sides, is_wanted)
    peer = np.where(begins, sides[1][rows], sides[0][rows]).astype(np.int64)
    inside = (peer >= 0) & (peer != asset)
    rows, asset, begins, peer = rows[inside], asset[inside], begins[inside], peer[inside]
    if not len(rows):
        return {}, {}
    application, transport = flows["application"][rows], flows["transport"][rows]
    port = np.where(application > 0, 0, flows["responder_port"][rows])  # who speaks a protocol says so on any port
    groups = _grouped(asset, peer, begins, application, transport, port)
    lead = rows[groups.order[groups.start]]
    size = (flows["bytes_out"][rows] + flows["bytes_in"][rows]).astype(np.int64)
    total = np.add.reduceat(size[groups.order], groups.start)
    of = asset[groups.order[groups.start]]
    best = np.lexsort((np.arange(len(of)), -total, of))
    edges = np.searchsorted(of[best], np.arange(len(is_wanted)))
    place = np.arange(len(best)) - edges[of[best]]
    kept = best[place < MOST]
    columns = _columns(traffic, rows, groups, begins)
    shown: dict[int, list[Talk]] = {}
    for group in kept.tolist():
        first = int(groups.order[groups.start[group]])
        talk = _talk(traffic, int(lead[group]), int(peer[first]), bool(begins[first]), [of[group] for of in columns])
        shown.setdefault(int(of[group]), []).append(talk)
    counts = np.bincount(of, minlength=len(is_wanted))
    return shown, {asset: count - MOST for asset in shown if (count := int(counts[asset])) > MOST}


def _columns(traffic: Traffic, rows: Column, groups: _Groups, begins: Column) -> list[list[int]]:
    """Return the sums of each group: flows, bytes sent, bytes received, first, last, whether it is known who began."""
    flows = traffic.flows
    out, into = flows["bytes_out"][rows], flows["bytes_in"][rows]
    return [
        groups.sums(traffic.weights[rows]),
        groups.sums(np.where(begins, out, into)),
        groups.sums(np.where(begins, into, out)),
        groups.least(flows["first"][rows]),
        groups.most(flows["last"][rows]),
        groups.most((flows["direction"][rows] != Direction.UNKNOWN).astype(np.int64)),
    ]


def _talk(traffic: Traffic, row: int, peer: int, begins: bool, sums: list[int]) -> Talk:
    flow = traffic.flows[row]
    transport = int(flow["transport"])
    flows, out, into, first, last, certain = sums
    return Talk(
        peer=peer,
        asks=begins if certain else None,
        application=_LABELS.get(int(flow["application"])),
        transport=transport_label(transport),
        port=int(flow["responder_port"]),
        flows=flows,
        bytes_out=out,
        bytes_in=into,
        first=first,
        last=last,
        where=Where(traffic.captures[int(flow["capture"])].name, int(flow["first_frame"])),
    )


def _stays(flows: Rows, sides: tuple[Column, Column], is_wanted: Column) -> dict[int, list[Stay]]:
    """Return the addresses of each wanted asset in the order in which they were first seen in traffic."""
    rows, asset, begins = _seen_by(flows, sides, is_wanted)
    if not len(rows):
        return {}
    hi, lo = (
        np.where(begins, flows[f"initiator_{half}"][rows], flows[f"responder_{half}"][rows]) for half in ("hi", "lo")
    )
    groups = _grouped(asset, hi, lo)
    lead = groups.order[groups.start]
    found = zip(
        asset[lead].tolist(),
        groups.least(flows["first"][rows]),
        groups.most(flows["last"][rows]),
        hi[lead].tolist(),
        lo[lead].tolist(),
        strict=True,
    )
    stays: dict[int, list[Stay]] = {}
    for owner, first, last, high, low in sorted(found):
        if len(mine := stays.setdefault(owner, [])) < STAYS:
            mine.append(Stay(address_text(high, low), first, last))
    return stays
