"""Flows and the zones of their sides in, what passes between zones out: sums by service, and who is at the ends.

Two such tables of two parts of a capture, put together, are that of the whole: ``merge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.records.columns import Direction, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

SERVICE: Final = np.dtype(
    [
        ("source", np.int64), ("target", np.int64),  # zones
        ("application", np.int64), ("transport", np.int64), ("port", np.int64),
        ("flows", np.int64), ("attempts", np.int64), ("unsure", np.int64),
        ("packets_out", np.int64), ("packets_in", np.int64), ("bytes_out", np.int64), ("bytes_in", np.int64),
        ("first", np.int64), ("last", np.int64),
        # the flow that proves most, and where it begins
        ("state", np.int64), ("began", np.int64), ("capture", np.int64), ("frame", np.int64),
        ("initiator_hi", np.uint64), ("initiator_lo", np.uint64),
        ("responder_hi", np.uint64), ("responder_lo", np.uint64),
    ]
)  # fmt: skip
"""What one protocol on one port did between two zones."""
KEY: Final = ("source", "target", "application", "transport", "port")
SUMS: Final = ("flows", "attempts", "unsure", "packets_out", "packets_in", "bytes_out", "bytes_in")
PROOF: Final = ("state", "began", "capture", "frame")
"""The least of these, one after the other, proves most."""
ADDRESSES: Final = ("initiator_hi", "initiator_lo", "responder_hi", "responder_lo")
DYNAMIC: Final = 49152
"""RFC 6335 section 6: ports from here on are nobody's in particular."""
WIDTHS: Final = (1 << 14, 1 << 14, 1 << 8, 1 << 8, 1 << 16)
"""Room that the parts of a key have in 64 bits. A site file has at most 10,000 zones."""
TARGET_BITS: Final = 14
INDEX_BITS: Final = 32
BLOCK: Final = 1 << 16
"""Flows that are looked at together: what is computed on the way stays small."""
PROVES: Final = (State.ESTABLISHED, State.MIDSTREAM, State.REFUSED, State.UNANSWERED)
"""States of a conversation, the one that proves most first: the column ``state`` has its place here."""
ATTEMPTED: Final = 2
"""The first place of those that are no use, but attempts."""
_PLACES: Final = np.array([PROVES.index(State(state or State.UNANSWERED)) for state in range(len(State) + 1)])
ETHERNET: Final = 255
"""In place of an IP protocol number (IANA: reserved): frames without IP; addresses are MACs then."""
LAN_CODES: Final = 128
"""In front of ``kinds.Lan``, among the numbers of ``kinds.Application``."""


@dataclass(frozen=True, slots=True)
class Crossings:
    """What passes between zones, mergeable."""

    services: NDArray
    """Of ``SERVICE``, in order of their keys."""
    ends: NDArray
    """Who is at the ends of conduits, in order; ``pairs_of`` takes them apart."""


def find_crossings(
    flows: Rows,
    zones: tuple[NDArray, NDArray],
    assets: tuple[NDArray, NDArray],
    dependency: NDArray,
    weights: NDArray | None = None,
) -> Crossings:
    """Return what passes between zones.

    Args:
        flows: of ``columns.FLOW``.
        zones: of both sides of each flow; negative where there is none.
        assets: of both sides; negative where there is none.
        dependency: of each flow; negative where it belongs to none.
        weights: how many connections each flow stands for; without, one.
    """
    rows = np.flatnonzero((zones[0] != zones[1]) & (zones[0] >= 0) & (zones[1] >= 0))
    parts = [Crossings(np.zeros(0, SERVICE), np.zeros(0, np.int64))]
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        table = _services(flows, zones, block, weights)
        parts.append(crossings_of(table, (assets[0][block], assets[1][block]), dependency[block]))
        if sum(len(part.services) for part in parts[1:]) > len(parts[0].services) + BLOCK:
            parts = [merge(*parts)]  # not with each block: the more there is, the longer that takes
    return merge(*parts)


def crossings_of(table: NDArray, assets: tuple[NDArray, NDArray], dependency: NDArray) -> Crossings:
    """Return rows of ``SERVICE``, one a conversation, summed up; *assets* are those of both sides of each."""
    ends = [_ends(table, side, assets[side], dependency) for side in (0, 1)]
    return Crossings(_summed(table), np.concatenate(ends))


def merge(*parts: Crossings) -> Crossings:
    """Return what several tell together."""
    services = np.concatenate([part.services for part in parts])
    return Crossings(_summed(services), _distinct(np.concatenate([part.ends for part in parts])))


def _services(flows: Rows, zones: tuple[NDArray, NDArray], rows: NDArray, weights: NDArray | None) -> NDArray:
    """Return one row of ``SERVICE`` a flow."""
    table = np.zeros(len(rows), SERVICE)
    for name in (*ADDRESSES, *SUMS[3:], "first", "last", "capture", "transport", "application"):
        table[name] = flows[name][rows]
    table["state"] = _PLACES[flows["state"][rows]]
    answered = table["state"] < ATTEMPTED
    table["source"], table["target"], table["frame"] = zones[0][rows], zones[1][rows], flows["first_frame"][rows]
    table["began"] = table["first"]
    table["flows"] = weights[rows] if weights is not None else 1
    table["attempts"] = table["flows"] * ~answered
    table["unsure"] = table["flows"] * (flows["direction"][rows] == Direction.UNKNOWN)
    port = flows["responder_port"][rows]
    is_telling = (port < DYNAMIC) | (answered & (table["application"] == 0) & (table["unsure"] == 0))
    table["port"] = np.where(is_telling, port, 0)
    return table


def _ends(table: NDArray, side: int, asset: NDArray, dependency: NDArray) -> NDArray:
    """Return who is on one side, each once a conduit."""
    index = np.where(asset >= 0, asset, dependency).astype(np.int64)
    word = ((table["source"] << TARGET_BITS | table["target"]) << 1 | side) << INDEX_BITS | index
    return _distinct(word[index >= 0])


def _distinct(words: NDArray) -> NDArray:
    """Return each number once, in order: ``numpy.unique`` takes ten times as long."""
    in_order = np.sort(words)
    found: NDArray = in_order[np.diff(in_order, prepend=-1) != 0]
    return found


def pairs_of(ends: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the zone that begins, the other one, the side and the index of each end."""
    pair = ends >> INDEX_BITS
    both, of_target = pair >> 1, (1 << TARGET_BITS) - 1
    return both >> TARGET_BITS, both & of_target, pair & 1, ends & (1 << INDEX_BITS) - 1


def _summed(table: NDArray) -> NDArray:
    """Return one row a key: sums, the span of time, and the row that proves most."""
    word = np.zeros(len(table), np.int64)
    for name, width in zip(KEY, WIDTHS, strict=True):
        word = word * width + table[name]
    order = np.argsort(word, kind="stable")
    in_order = word[order]
    starts = np.flatnonzero(np.diff(in_order, prepend=-1) != 0)
    if len(starts) == len(table):
        found: NDArray = table[order]
        return found
    sums = {name: np.add.reduceat(table[name][order], starts) for name in SUMS}
    first = np.minimum.reduceat(table["first"][order], starts)
    last = np.maximum.reduceat(table["last"][order], starts)
    found = table[order[_best(table, order, starts)]]
    for name, column in {**sums, "first": first, "last": last}.items():
        found[name] = column
    return found


def _best(table: NDArray, order: NDArray, starts: NDArray) -> NDArray:
    """Return, by group, the place in *order* of the row that proves most."""
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    places = np.arange(len(order))
    for name in PROOF:
        column = table[name][order[places]]
        edges = np.flatnonzero(np.diff(group, prepend=-1) != 0)
        least = np.minimum.reduceat(column, edges)
        keep = column == least[group]
        places, group = places[keep], group[keep]
    return places[np.flatnonzero(np.diff(group, prepend=-1) != 0)]
