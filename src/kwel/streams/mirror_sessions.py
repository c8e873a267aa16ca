"""Tunnels that carry Ethernet frames in, mirror sessions out: the others join networks, and their ends are hosts of it.

A mirror goes one way, from the device that copies to the collector, and carries both directions of what it copies. An
overlay between hypervisors (RFC 7348) has tunnels both ways, or, captured on one side, only one direction inside.
ERSPAN and TZSP are for mirroring alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.records.columns import Tunnel

if TYPE_CHECKING:
    from kwel.model.records.columns import Rows

MIRRORS_ONLY = (Tunnel.ERSPAN, Tunnel.TZSP)


def sessions(tunnels: Rows, flows: Rows) -> Rows:
    """Return those of *tunnels*, of ``columns.MIRROR``, that are mirror sessions; *flows* are all that was found."""
    inside = flows["tunnel"]
    are_both_ways = (flows["packets_out"] > 0) & (flows["packets_in"] > 0)
    ways = {_ends(row) for row in tunnels}
    kept = []
    for row in tunnels:
        source, collector, kind = _ends(row)
        if (collector, source, kind) in ways:
            continue
        within = inside == row["tunnel"]
        # Of frames that carry no IP, or copies of what was captured without the tunnel too, there is no flow.
        if kind in MIRRORS_ONLY or not within.any() or are_both_ways[within].any():
            kept.append(row)
    return np.array(kept, tunnels.dtype)


def _ends(row: Rows) -> tuple[tuple[int, int], tuple[int, int], int]:
    source = int(row["source_hi"]), int(row["source_lo"])
    return source, (int(row["collector_hi"]), int(row["collector_lo"])), int(row["tunnel"]) >> 24
