"""Flows and where assets stand in, the zone of each flow's two sides out. Nothing here loops over flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.records.columns import MAPPED, address_text
from kwel.model.zones import OUTSIDE, outside_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from kwel.model.dependencies import Dependencies
    from kwel.model.records.columns import Rows

    At = Callable[[str], int | None]
    """Returns the zone of an address."""

EXTERNAL: Final = -1
NOWHERE: Final = -1
"""In place of a zone: multicast, broadcast, or an address that no host has."""
MOST_SILENT: Final = 20_000
"""Addresses without a device that are looked up one by one; those of a wider scan are in one zone."""
KEYS: Final = tuple(OUTSIDE)


def outside_zones(dependencies: Dependencies, carriers: Collection[str]) -> NDArray[np.int64]:
    """Return, by dependency, the place of its zone in ``OUTSIDE``."""
    attributions = dependencies.attributions
    alike = getattr(attributions, "alike", None)
    alike = np.arange(len(attributions)) if alike is None else alike
    _, first, of = np.unique(alike, return_index=True, return_inverse=True)
    samples = [KEYS.index(outside_key(attributions[index], carriers)) for index in first.tolist()]
    found: NDArray[np.int64] = np.array(samples, np.int64)[of][dependencies.attribution]
    return found


class Sides:
    """Says in which zone the sides of flows lie."""

    def __init__(self, flows: Rows, stands: Sequence[Sequence[int]], at: At, silent: int) -> None:
        """Keep what is known of assets.

        Args:
            flows: of ``columns.FLOW``.
            stands: by asset, the zones in which it stands, the first one first.
            at: returns the zone of an address; asked for assets that stand in several, and for silent addresses.
            silent: the zone of addresses of the plant at which nobody was heard and that no zone holds.
        """
        self._flows, self._at, self._silent = flows, at, silent
        self._first = np.array([zones[0] for zones in stands], np.int32)
        self._several = {index: zones for index, zones in enumerate(stands) if len(zones) > 1}

    def find(self, name: str, asset: NDArray[np.int32], outside: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the zones of one side.

        Args:
            name: of the side, ``initiator`` or ``responder``.
            asset: by flow, the index of the asset; EXTERNAL is outside, less is nobody.
            outside: by flow, the zone outside.
        """
        zone = np.where(asset == EXTERNAL, outside, np.int32(NOWHERE)).astype(np.int32)
        known = asset >= 0
        if known.any():
            zone[known] = self._first[asset[known]]
        hi, lo = (self._flows[f"{name}_{half}"] for half in ("hi", "lo"))
        if self._several:
            rows = np.flatnonzero(np.isin(asset, np.fromiter(self._several, np.int32)))
            self._by_address(zone, rows, asset, hi, lo)
        rows = np.flatnonzero(asset < EXTERNAL)
        rows = rows[is_host(hi[rows], lo[rows]) & ~is_broadcast(hi[rows], lo[rows])]
        self._by_address(zone, rows, None, hi, lo)
        return zone

    def _by_address(
        self,
        zone: NDArray[np.int32],
        rows: NDArray[np.int64],
        asset: NDArray[np.int32] | None,
        hi: NDArray[np.uint64],
        lo: NDArray[np.uint64],
    ) -> None:
        """Set the zone of *rows* by their addresses: of an asset one of its zones, else any or that of the silent."""
        owner = np.zeros(len(rows), np.int64) if asset is None else asset[rows].astype(np.int64)
        first, of = _distinct(owner, hi[rows], lo[rows])
        found = np.full(len(first), self._silent, np.int32)
        for number, row in enumerate(first[:MOST_SILENT].tolist()):
            by_address = self._at(address_text(int(hi[rows[row]]), int(lo[rows[row]])))
            if asset is not None:
                own = self._several[int(owner[row])]
                found[number] = by_address if by_address is not None and by_address in own else own[0]
            elif by_address is not None:
                found[number] = by_address
        keep = np.flatnonzero(of < MOST_SILENT) if asset is not None else slice(None)
        zone[rows[keep]] = found[of[keep]]


def _distinct(
    owner: NDArray[np.int64], hi: NDArray[np.uint64], lo: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first row of each number, number of each row) over rows that are equal in all three."""
    order = np.lexsort((lo, hi, owner))
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = False
    for column in (owner, hi, lo):
        in_order = column[order]
        is_new[1:] |= in_order[1:] != in_order[:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(is_new) - 1
    return order[is_new], number


def is_host(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which addresses a host may have: no multicast, broadcast, loopback or unspecified ones.

    RFC 1122 section 3.2.1.3, RFC 1112 section 4, RFC 4291 section 2.
    """
    is_v4 = (hi == 0) & ((lo >> np.uint64(32)) == np.uint64(MAPPED >> 32))
    octet = (lo >> np.uint64(24)) & np.uint64(0xFF)
    good4 = (octet > 0) & (octet < 224) & (octet != 127)
    good6 = ((hi >> np.uint64(56)) < np.uint64(0xFF)) & (hi > 0)
    found: NDArray[np.bool_] = np.where(is_v4, good4, good6)
    return found


def is_broadcast(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which addresses, if nobody has them, are likeliest the broadcast address of a subnet (RFC 919)."""
    found: NDArray[np.bool_] = (hi == 0) & ((lo & np.uint64(0xFF)) == np.uint64(0xFF))
    return found
