"""Rows of one flow from several parts in, the row of the whole flow out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.merge.lookup import latest
from kwel.merge.renumbering import is_told
from kwel.merge.sameness import ACK, ENDS, PATH, RST, SYN, TCP, ends_of, first_least, is_lower
from kwel.model.kinds import Application
from kwel.model.records.columns import Direction, NameSource, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.merge.sameness import Sameness
    from kwel.merge.stacking import Stack
    from kwel.model.records.columns import Rows

PAIRS: Final = ("bytes", "packets", "payload", "flags")
MOST: Final = 0xFFFFFFFF
FINER: Final = np.array(
    [Application.TOR, Application.UMAS, Application.SPARKPLUG, Application.BACNETSC, Application.HTTP2], np.uint8
)
"""What only a later message tells of a flow that seemed to speak something more common."""
LATE: Final = (NameSource.TLS_CERTIFICATE, NameSource.CAPTURE)
"""Sources that name a flow only where neither itself nor a DNS answer does, in that order."""


def turn(flows: Rows, turned: NDArray[np.bool_]) -> Rows:
    """Return *flows*, written into, of which those that are *turned* have their ends in each other's place."""
    if not turned.any():
        return flows
    old = flows[turned]
    for part in ("hi", "lo", "port"):
        flows[f"initiator_{part}"][turned], flows[f"responder_{part}"][turned] = (
            old[f"responder_{part}"],
            old[f"initiator_{part}"],
        )
    for pair in PAIRS:
        flows[f"{pair}_out"][turned], flows[f"{pair}_in"][turned] = old[f"{pair}_in"], old[f"{pair}_out"]
    return flows


def merge_flows(stack: Stack, same: Sameness, copied: NDArray[np.bool_]) -> Rows:
    """Return the whole flows; which DNS answer led to them, and its name, is not decided here.

    *copied*: rows whose packets another row counts too.
    """
    flows = stack.traffic.flows
    whole = turn(flows[same.first], same.turned[same.first])
    whole["hops"][same.turned[same.first]] = 0
    if not len(same.order):
        return whole
    rows, starts = turn(flows[same.order], same.turned[same.order]), same.starts
    place = same.flow[same.order[starts]]
    merged = whole[place]
    _count(merged, rows, starts, copied[same.order])
    merged["last"] = np.maximum.reduceat(rows["last"], starts)
    for key, good in (("first_frame", rows["first_frame"] > 0), ("rtt_us", rows["rtt_us"] > 0)):
        best = rows[first_least(~good, starts)]
        merged[key] = best[key]
        if key == "first_frame":
            merged["capture"] = best["capture"]
    _time_handshake(merged, rows, starts)
    merged["asked"] = rows["asked"][_last(rows["asked"] > 0, starts)]
    spoken = rows["application"]
    order = np.where(np.isin(spoken, FINER), 0, np.where(spoken == 0, 3, 1 + (spoken == Application.HTTP)))
    merged["application"] = spoken[first_least(order, starts)]
    merged["direction"] = rows["direction"][first_least(_uncertainty(rows), starts)]
    _name(merged, rows, starts, is_told(rows, stack.traffic.answers))
    merged["state"] = _states(merged, rows, starts)
    whole[place] = merged
    return whole


def refuse(whole: Rows, errors: Rows) -> NDArray[np.bool_]:
    """Let those of the *whole* flows be refused that an ICMP error quotes; return which errors found none.

    What was answered otherwise stays as it is, as in ``kernel.outcome``.
    """
    if not len(errors) or not len(whole):
        return np.ones(len(errors), np.bool_)
    quoted = [[errors[f"{end}_{part}"] for part in ENDS] for end in ("source", "destination")]
    swap = is_lower(quoted[1], quoted[0])
    ends = [np.where(swap, b, a) for a, b in zip(*quoted, strict=True)]
    ends += [np.where(swap, a, b) for a, b in zip(*quoted, strict=True)]
    low, high = ends_of(whole)
    known = [*low, *high, *(whole[key] for key in PATH)]
    found = latest(known, whole["first"], [*ends, *(errors[key] for key in PATH)], errors["time"])
    rows = np.unique(found[found >= 0])
    of = whole[rows]
    tried = (of["flags_out"] & SYN > 0) & (of["flags_in"] & SYN == 0)
    open_ = np.where(of["transport"] == TCP, tried, of["packets_in"] == 0)
    whole["state"][rows[open_]] = State.REFUSED
    return found < 0


def _count(merged: Rows, rows: Rows, starts: NDArray, copied: NDArray[np.bool_]) -> None:
    for side in ("out", "in"):
        merged[f"flags_{side}"] = np.bitwise_or.reduceat(rows[f"flags_{side}"], starts)
        merged[f"bytes_{side}"] = np.add.reduceat(np.where(copied, 0, rows[f"bytes_{side}"]), starts)
        for key in (f"packets_{side}", f"payload_{side}"):
            total = np.add.reduceat(np.where(copied, 0, rows[key]).astype(np.uint64), starts)
            merged[key] = np.minimum(total, MOST)


def _time_handshake(merged: Rows, rows: Rows, starts: NDArray) -> None:
    """Find the round trip of a handshake whose SYN is the end of one part, and the answer the beginning of the next."""
    first, second = rows[starts], rows[np.minimum(starts + 1, len(rows) - 1)]
    alone = (first["flags_out"] & SYN > 0) & (first["packets_in"] == 0) & (first["hops"] > 0)
    begins = second["flags_in"] & (SYN | ACK) == SYN | ACK
    begins &= (second["hops"] == 0) & (second["direction"] == Direction.HANDSHAKE)
    trip = (second["first"] - first["first"]) // 1000
    timed = (merged["rtt_us"] == 0) & alone & begins & (trip > 0) & (trip <= MOST)
    merged["rtt_us"][timed] = trip[timed]


def _last(good: NDArray[np.bool_], starts: NDArray) -> NDArray[np.int64]:
    """Return the place of the last good row of each stretch, of its first row where none is."""
    place = np.where(good, np.arange(len(good)), -1)
    last: NDArray[np.int64] = np.maximum(np.maximum.reduceat(place, starts), starts)
    return last


def _uncertainty(rows: Rows) -> NDArray[np.int64]:
    """Return how little the rows know of who began: the least is believed, of equals the earliest."""
    return np.where(rows["direction"] == Direction.HANDSHAKE, 0, np.where(rows["direction"] == Direction.REQUEST, 1, 2))


def _name(merged: Rows, rows: Rows, starts: NDArray, told: NDArray[np.bool_]) -> None:
    """Let flows bear the name that was read from the best source; where that is none, the one that comes late."""
    rank = rows["name_source"].astype(np.int64)
    rank[(rank == NameSource.NONE) | told] = 1 << 10
    for behind, source in enumerate(LATE):
        rank[rank == source] = (1 << 8) + behind
    best = first_least(rank, starts)
    best = first_least(np.where(_is_as(rows, best, starts) & (rows["name_frame"] > 0), rank, rank + (1 << 12)), starts)
    unread = rank[best] == 1 << 10
    for key in ("name", "name_source", "name_frame"):
        merged[key] = np.where(unread, 0, rows[key][best])


def _is_as(rows: Rows, best: NDArray, starts: NDArray) -> NDArray[np.bool_]:
    """Return which rows bear the same name from the same source as the *best* row of their flow."""
    of = best[np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))]
    alike: NDArray[np.bool_] = rows["name"] == rows["name"][of]
    alike &= rows["name_source"] == rows["name_source"][of]
    return alike


def _states(merged: Rows, rows: Rows, starts: NDArray) -> NDArray[np.uint8]:
    """Return how far flows came, as ``kernel.outcome`` says it of a flow that was heard in one piece."""
    refused = np.logical_or.reduceat(rows["state"] == State.REFUSED, starts)
    best = np.minimum.reduceat(rows["state"], starts)
    sent, came = merged["flags_out"], merged["flags_in"]
    acknowledged = (sent & ACK > 0) & (merged["packets_out"] >= 2)
    acknowledged &= (merged["payload_out"] > 0) | (sent & RST == 0)
    opened = np.select(
        [came & SYN > 0, (came & RST > 0) | refused, acknowledged, merged["packets_in"] == 0],
        [State.ESTABLISHED, State.REFUSED, State.ESTABLISHED, State.UNANSWERED],
        State.MIDSTREAM,
    )
    tcp = np.where(sent & SYN > 0, opened, np.where(came & SYN > 0, State.ESTABLISHED, State.MIDSTREAM))
    tcp = np.where((sent | came) == 0, best, tcp)  # a log that tells no flags
    alone = np.where(refused, State.REFUSED, State.UNANSWERED)
    other = np.where(merged["packets_in"] > 0, State.ESTABLISHED, alone)
    return np.where(merged["transport"] == TCP, tcp, other).astype(np.uint8)
