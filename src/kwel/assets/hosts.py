"""Flows in, the plant's distinct addresses out: numbered, and each flow's two sides pointing to them.

Vectorised: nothing here loops over flows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.assets.scopes import Scope
from kwel.model.records.columns import is_ipv4

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from kwel.assets.proofs import Host
    from kwel.assets.scopes import OnSegment, Scopes
    from kwel.model.records.columns import Rows

EXTERNAL: Final = -1
"""A side of a flow that lies outside."""
NOBODY: Final = -2
"""A side that is no device: multicast, broadcast, or an internal address from which nothing was ever heard."""
MOST_HOSTS: Final = 50_000
"""Addresses that become assets. Beyond, a capture shows a scan or a flood; they are counted."""
BLOCK: Final = 1 << 16
"""Flows that are looked at together: what is computed on the way stays small."""
TCP: Final = 6
SIDES: Final = ("initiator", "responder")


@dataclass(frozen=True, slots=True)
class Hosts:
    """The plant's addresses that were heard of, each once a VLAN."""

    keys: list[Host]
    of_initiator: NDArray[np.int32]
    """Per flow: index into ``keys``, EXTERNAL or NOBODY."""
    of_responder: NDArray[np.int32]
    left_out: int
    """Addresses beyond ``MOST_HOSTS``."""


def find_hosts(flows: Rows, scopes: Scopes, on_segment: OnSegment, proven: Collection[Host]) -> Hosts:
    """Number the internal addresses of all flows. Those in *proven* count without having sent anything."""
    sides = [_Side.read(flows, side, scopes, on_segment) for side in SIDES]
    hi, lo = (
        np.concatenate([flows[f"{name}_{half}"][side.inside] for name, side in zip(SIDES, sides, strict=True)])
        for half in ("hi", "lo")
    )
    vlan = np.concatenate([flows["vlan"][side.inside] for side in sides])
    number, first_row = number_distinct(hi, lo, vlan)
    was_heard = np.concatenate([side.heard[side.inside] for side in sides])
    heard = np.zeros(len(first_row), np.bool_)
    heard[number[was_heard]] = True
    keys = list(zip(hi[first_row].tolist(), lo[first_row].tolist(), vlan[first_row].tolist(), strict=True))
    for index in np.flatnonzero(~heard).tolist():
        heard[index] = keys[index] in proven
    kept = np.flatnonzero(heard)
    left_out = max(0, len(kept) - MOST_HOSTS)
    kept = kept[:MOST_HOSTS]
    renumbered = np.full(len(first_row), NOBODY, np.int32)
    renumbered[kept] = np.arange(len(kept), dtype=np.int32)
    halves = np.split(renumbered[number], [len(sides[0].inside)])
    for side, half in zip(sides, halves, strict=True):
        side.host[side.inside] = half
    return Hosts([keys[i] for i in kept.tolist()], sides[0].host, sides[1].host, left_out)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of all flows."""

    inside: NDArray[np.int64]
    """Rows with an internal address."""
    heard: NDArray[np.bool_]
    """Whether the flow proves that this side exists: it sent, or the other side's TCP answered it."""
    host: NDArray[np.int32]

    @classmethod
    def read(cls, flows: Rows, side: str, scopes: Scopes, on_segment: OnSegment) -> _Side:
        hi, lo = (flows[f"{side}_{half}"] for half in ("hi", "lo"))
        blocks = [slice(start, start + BLOCK) for start in range(0, len(flows), BLOCK)]
        scope = np.concatenate(
            [np.zeros(0, np.uint8), *(scopes.find(hi[block], lo[block], on_segment) for block in blocks)]
        )
        host = np.where(scope == Scope.EXTERNAL, EXTERNAL, NOBODY).astype(np.int32)
        own, other = ("packets_out", "packets_in") if side == "initiator" else ("packets_in", "payload_out")
        heard = (flows[own] > 0) | ((flows["transport"] == TCP) & (flows[other] > 0))
        return cls(np.flatnonzero(scope == Scope.INTERNAL), heard, host)


def number_distinct(
    hi: NDArray[np.uint64], lo: NDArray[np.uint64], vlan: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (number of each row, first row of each number) over rows equal in all three columns.

    An IPv4 address and its VLAN make one 64-bit word, which sorts fast; the rest is sorted by three columns.
    """
    is_v4 = (hi == 0) & ((lo >> np.uint64(32)) == np.uint64(0xFFFF))
    rows4, rows6 = np.flatnonzero(is_v4), np.flatnonzero(~is_v4)
    number = np.empty(len(hi), np.int64)
    first4, number[rows4] = _number_words(
        (vlan[rows4].astype(np.uint64) << np.uint64(32)) | (lo[rows4] & np.uint64(0xFFFF_FFFF))
    )
    first6, number[rows6] = _number_rows(vlan[rows6], lo[rows6], hi[rows6])
    number[rows6] += len(first4)
    first = np.concatenate([rows4[first4], rows6[first6]])
    order = np.argsort(first, kind="stable")  # in order of appearance
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[number], first[order]


def _number_words(word: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    in_order = np.sort(word)
    is_new = np.ones(len(in_order), np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=is_new[1:])
    distinct = in_order[is_new]
    del in_order, is_new
    number = np.searchsorted(distinct, word)  # faster than sorting indices
    return _first_rows(number, len(distinct)), number


def _number_rows(*columns: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number rows; the last column is the most significant, as in ``numpy.lexsort``."""
    order = np.lexsort(columns)
    starts = np.zeros(len(order), np.bool_)
    starts[:1] = True
    for column in columns:
        in_order = column[order]
        starts[1:] |= in_order[1:] != in_order[:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(starts) - 1
    return _first_rows(number, int(starts.sum())), number


def _first_rows(number: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    first = np.empty(count, np.int64)
    first[number[::-1]] = np.arange(len(number) - 1, -1, -1)  # of equal numbers, the last written stays
    return first


def sort_key(host: Host) -> tuple[int, int, int, int]:
    """Return what puts hosts in a reader's order: IPv4 first, then IPv6, link-local last."""
    hi, lo, vlan = host
    rank = 0 if is_ipv4(hi, lo) else 2 if hi >> 54 == 0xFE80 >> 6 else 1
    return rank, hi, lo, vlan
