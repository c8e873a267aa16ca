"""Flows and the assets that began them in, addresses behind which several systems show out: by TTLs that no one sends.

A system gives all its TCP connections the same TTL to begin with, or hop limit, and each router on the way takes one
off (RFC 791 section 3.2, RFC 8200 section 3). Where connections of one address began with several, there are several
systems behind it: address translation (NAT), or an address that changed hands. Systems that begin alike stay unseen.

The first packet of a connection tells, as in p0f. It counts only on a connection that carried data and was answered:
traceroute, scanners and forged addresses set TTLs of their own. So do programs that guard a session by it (RFC 5082),
but with one peer; a few connections are no system. Datagrams tell nothing: multicast DNS alone has a TTL of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Where
from kwel.model.gaps import System
from kwel.model.records.columns import State, address_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.model.assets import Asset
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

INITIAL: Final = np.array((32, 64, 128, 255))
"""What systems begin with: 64, 128 and 255 nearly all, 32 a few old ones (p0f 3, README, "ittl")."""
MOST_HOPS: Final = 30
"""A TTL further below all of them was set by a program: traceroute goes no further either."""
FEWEST: Final = 3
"""Connections that make a system."""
TCP: Final = 6


def find_systems(traffic: Traffic, assets: Sequence[Asset], of_initiator: NDArray[np.int32]) -> list[list[System]]:
    """Return, by address behind which several show, its systems; the address with most connections first."""
    flows = traffic.flows
    rows, kind = _beginnings(flows, of_initiator)
    cell = of_initiator[rows].astype(np.int64) * len(INITIAL) + kind
    is_system = (np.bincount(cell, traffic.weights[rows], len(assets) * len(INITIAL)) >= FEWEST).reshape(
        -1, len(INITIAL)
    )
    wanted = (is_system.sum(axis=1) > 1)[of_initiator[rows]]  # most assets are one system and need no closer look
    rows, kind = rows[wanted], kind[wanted]
    by_address: dict[tuple[int, int, int], list[int]] = {}
    keys = zip(
        of_initiator[rows].tolist(),
        *(flows[key][rows].tolist() for key in ("initiator_hi", "initiator_lo")),
        strict=True,
    )
    for place, key in enumerate(keys):
        by_address.setdefault(key, []).append(place)
    found = [
        systems
        for (asset, hi, lo), places in by_address.items()
        if len(systems := _systems(traffic, assets[asset].id, address_text(hi, lo), rows[places], kind[places])) > 1
    ]
    return sorted(found, key=lambda systems: -sum(system.flows for system in systems))


def _beginnings(flows: Rows, of_initiator: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the flows whose first TTL is that of a system of the plant, and which INITIAL each is nearest below."""
    is_answered = (flows["packets_in"] > 0) | (flows["state"] == State.ESTABLISHED)
    is_tcp = (flows["transport"] == TCP) & (flows["payload_out"] > 0)
    rows = np.flatnonzero((of_initiator >= 0) & (flows["hops"] > 0) & is_tcp & is_answered)
    hops = flows["hops"][rows]  # a column at a time: several at once would copy whole rows, of a flood 300 MB
    kind = np.searchsorted(INITIAL, hops)
    counts = INITIAL[kind] - hops <= MOST_HOPS
    return rows[counts], kind[counts]


def _systems(
    traffic: Traffic, asset: str, address: str, rows: NDArray[np.int64], kind: NDArray[np.int64]
) -> list[System]:
    """Return the systems that began the flows in *rows*."""
    in_order = np.argsort(traffic.flows["first"][rows], kind="stable")
    rows, kind = rows[in_order], kind[in_order]
    enough = np.isin(kind, np.flatnonzero(np.bincount(kind, traffic.weights[rows]) >= FEWEST))
    rows, kind = rows[enough], kind[enough]
    changes, systems = int((np.diff(kind) != 0).sum()), []
    for number in np.unique(kind).tolist():
        own = traffic.flows[["hops", "capture", "first_frame"]][rows[kind == number]]
        where = Where(traffic.captures[int(own["capture"][0])].name, int(own["first_frame"][0]))
        seen = int(own["hops"].min()), int(own["hops"].max())
        count = int(traffic.weights[rows[kind == number]].sum())
        systems.append(System(asset, address, int(INITIAL[number]), *seen, count, changes, where))
    return systems
