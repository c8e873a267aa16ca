"""Conversations without IP in, who shares a network segment by them and what passes between zones by them out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.zones.crossings import ETHERNET, LAN_CODES, SERVICE, crossings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.assets.zones.crossings import Crossings
    from kwel.model.assets import Asset
    from kwel.model.records.columns import Rows

GROUP: Final = 40
"""Bit of a MAC address that tells a group from a station (IEEE 802)."""


def mac_number(text: str) -> int:
    """Return a MAC as the tables hold it.

    >>> hex(mac_number("00:1b:1b:10:00:21"))
    '0x1b1b100021'
    """
    return int(text.replace(":", ""), 16)


def station_of(assets: Sequence[Asset]) -> dict[int, int]:
    """Return, by MAC, the index of its asset."""
    return {mac_number(claim.value): number for number, asset in enumerate(assets) for claim in asset.macs}


def lan_crossings(lan: Rows, assets: Sequence[Asset], stands: Sequence[Sequence[int]]) -> Crossings:
    """Return what single stations sent one another between zones; *stands* says in which zones assets stand.

    Whoever sends counts as the side that begins: frames without IP do not tell.
    """
    index = station_of(assets)
    rows = lan[(lan["destination"] >> np.uint64(GROUP) & np.uint64(1)) == 0]
    ends = [[index.get(mac, -1) for mac in rows[name].tolist()] for name in ("source", "destination")]
    zones = [[stands[at][0] if at >= 0 else -1 for at in side] for side in ends]
    shared = [one == other or bool({*stands[a]} & {*stands[b]}) if min(a, b) >= 0 else True
              for a, b, one, other in zip(*ends, *zones, strict=True)]  # fmt: skip
    keep = np.flatnonzero(~np.array(shared, np.bool_))
    rows, (one, other) = rows[keep], (np.array(side, np.int32)[keep] for side in ends)
    source, target = (np.array(side, np.int32)[keep] for side in zones)
    table = np.zeros(len(rows), SERVICE)
    table["source"], table["target"], table["transport"] = source, target, ETHERNET
    table["application"] = rows["protocol"].astype(np.int64) + LAN_CODES
    table["flows"], table["unsure"], table["frame"] = 1, 1, rows["first_frame"]
    table["packets_out"], table["bytes_out"], table["began"] = rows["frames"], rows["bytes"], rows["first"]
    for name in ("first", "last", "capture"):
        table[name] = rows[name]
    table["initiator_lo"], table["responder_lo"] = rows["source"], rows["destination"]
    return crossings_of(table, (one, other), np.full(len(rows), -1, np.int32))


def neighbours_of(lan: Rows, assets: Sequence[Asset]) -> dict[int, Counter[int]]:
    """Return, by asset without an address, the assets that it exchanged frames with, and how many."""
    if not len(lan) or all(asset.addresses for asset in assets):
        return {}
    index = station_of(assets)
    silent = [mac for mac, number in index.items() if not assets[number].addresses]
    if not silent:
        return {}
    macs = np.array(silent, np.uint64)
    rows = lan[np.isin(lan["source"], macs) | np.isin(lan["destination"], macs)]
    found: dict[int, Counter[int]] = {}
    columns = (rows[name].tolist() for name in ("source", "destination", "frames"))
    for source, destination, frames in zip(*columns, strict=True):
        one, other = index.get(source), index.get(destination)
        if one is None or other is None or one == other or destination >> GROUP & 1:
            continue
        for own, peer in ((one, other), (other, one)):
            if not assets[own].addresses:
                found.setdefault(own, Counter())[peer] += frames
    return found
