"""Flows of several parts in, which of their rows are one conversation out, and which way round each row stands.

The rule is the flow table's (``kernel.flowtable``): the same ends, transport, VLANs and tunnel are the same flow,
however long it is silent, unless it was closed and opened anew. Rows of one part that share all of these were told
apart there, and stay so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.grouping import packed
from kwel.model.records.columns import Direction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.merge.stacking import Stack
    from kwel.model.records.columns import Rows

FIN, SYN, RST, ACK, TCP = 1, 2, 4, 16, 6
ENDS = ("hi", "lo", "port")
PATH = ("transport", "version", "vlan", "tunnel")
"""What tells flows between the same ends apart."""


@dataclass(frozen=True, slots=True)
class Sameness:
    """Which rows are one flow."""

    flow: NDArray[np.int64]
    """By row: the flow that it is part of. Flows are numbered in the order of their first rows."""
    first: NDArray[np.int64]
    """By flow: its first row."""
    turned: NDArray[np.bool_]
    """By row: it has another initiator than the whole flow."""
    order: NDArray[np.int64]
    """The rows of those flows that have several, flow by flow, each from its beginning on."""
    starts: NDArray[np.int64]
    """Where in ``order`` each of these flows begins."""


def ends_of(flows: Rows) -> tuple[list[NDArray], list[NDArray]]:
    """Return addresses and port of the lower end of each flow, and of the higher one."""
    one = [flows[f"initiator_{part}"] for part in ENDS]
    other = [flows[f"responder_{part}"] for part in ENDS]
    swap = is_lower(other, one)
    return (
        [np.where(swap, b, a) for a, b in zip(one, other, strict=True)],
        [np.where(swap, a, b) for a, b in zip(one, other, strict=True)],
    )


def is_lower(one: list[NDArray], other: list[NDArray]) -> NDArray[np.bool_]:
    """Return where an end stands before another one."""
    lower, same = np.zeros(len(one[0]), np.bool_), np.ones(len(one[0]), np.bool_)
    for a, b in zip(one, other, strict=True):
        lower |= same & (a < b)
        same &= a == b
    return lower


def find_same(stack: Stack) -> Sameness:
    """Return which rows are one flow, and which way round."""
    flows = stack.traffic.flows
    if not len(flows):
        none = np.zeros(0, np.int64)
        return Sameness(none, none, none.astype(np.bool_), none, none)
    low, high = ends_of(flows)
    key = packed(*low, *high, *(flows[name] for name in PATH))
    order = np.lexsort((flows["first"], key)).astype(np.int64)
    begins = np.ones(len(order), np.bool_)
    begins[1:] = key[order][1:] != key[order][:-1]
    alike = ~begins
    alike[:-1] |= ~begins[1:]  # most rows share their key with none, and need no closer look
    begins[alike] |= _is_new(stack, order[alike], begins[alike])
    chain = np.cumsum(begins) - 1
    first = np.minimum.reduceat(order, np.flatnonzero(begins))
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    flow = np.empty(len(flows), np.int64)
    flow[order] = rank[chain]
    several = np.bincount(chain)[chain] > 1
    order = order[several]
    turned = np.zeros(len(flows), np.bool_)
    starts = np.flatnonzero(begins[several])
    if len(order):
        _turn(flows, order, starts, turned)
    return Sameness(flow, np.sort(first), turned, order, starts)


def _is_new(stack: Stack, order: NDArray, begins: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where in *order* a row is no part of the flow before it, which has the same key."""
    flows, count = stack.traffic.flows[order], len(order)
    part, place = stack.part[order], np.arange(count)
    closed = (flows["flags_out"] | flows["flags_in"]) & (FIN | RST) > 0
    opened = (flows["transport"] == TCP) & (flows["flags_out"] & SYN > 0)
    opened &= (flows["direction"] == Direction.HANDSHAKE) & ~_is_sent_again(stack, order)
    group = np.maximum.accumulate(np.where(begins, place, 0))
    was_closed = np.maximum.accumulate(np.where(closed, place, -1))
    was_opened = np.maximum.accumulate(np.where(opened | begins, place, 0))
    new = np.zeros(count, np.bool_)
    new[1:] = (part[1:] == part[:-1]) & ~begins[1:]
    before_closed, before_opened = np.roll(was_closed, 1), np.roll(was_opened, 1)
    later = np.zeros(count, np.bool_)  # begins when the one before is over; else both are one, heard twice
    later[1:] = flows["first"][1:] >= flows["last"][:-1]
    new[1:] |= (opened & later & (before_closed >= np.maximum(before_opened, group)))[1:]
    return new & ~begins


def _is_sent_again(stack: Stack, order: NDArray) -> NDArray[np.bool_]:
    """Return where in *order* the SYN of a row is the one of the row before it, sent again: nothing else was ever."""
    beats, again = stack.traffic.beats, np.zeros(len(order), np.bool_)
    if len(beats) < 2 * len(stack.part):
        return again
    flows, number = stack.traffic.flows[order], beats["sequence"][2 * order]
    bare = (flows["payload_out"] == 0) & (flows["flags_out"] & SYN > 0) & (number != 0)
    same = flows["initiator_port"][1:] == flows["initiator_port"][:-1]
    again[1:] = bare[1:] & bare[:-1] & same & (number[1:] == number[:-1])
    return again


def _turn(flows: Rows, order: NDArray, starts: NDArray, turned: NDArray[np.bool_]) -> None:
    """Note which rows of flows with several stand the other way round than the row that knows best who began."""
    rank = np.full(len(order), 2, np.int64)
    rank[flows["direction"][order] == Direction.REQUEST] = 1
    rank[flows["direction"][order] == Direction.HANDSHAKE] = 0
    best = first_least(rank, starts)
    lead = order[best][np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))]
    differs = np.zeros(len(order), np.bool_)
    for part in ENDS:
        differs |= flows[f"initiator_{part}"][order] != flows[f"initiator_{part}"][lead]
    turned[order] = differs


def first_least(rank: NDArray, starts: NDArray) -> NDArray[np.int64]:
    """Return the place of the first of the least numbers of each stretch that begins at *starts*; none is negative."""
    count = max(1, len(rank))
    word = rank.astype(np.int64) * count + np.arange(len(rank))
    return np.minimum.reduceat(word, starts) % count
