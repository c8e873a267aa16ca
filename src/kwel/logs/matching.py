"""What logs told in, flows in order of time out, and which of them each line is about; then what led to which flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs.outcomes import TCP
from kwel.model.records.columns import FLOW, Direction, NameSource, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

ENDS: Final = (
    "initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "initiator_port", "responder_port", "transport",
)  # fmt: skip
NEAR: Final = 2_000_000_000
"""Nanoseconds that two probes' clocks, and when each calls a flow begun, may lie apart."""
NAMES_FLOW: Final = int(NameSource.DNS)
"""Sources below it name the flow that they stand on; from it on, they say what was asked of the flow's responder."""


def place(
    flows: Rows, keys: NDArray[np.uint64], said: Rows, rank: NDArray[np.int64]
) -> tuple[Rows, NDArray[np.int64], int]:
    """Return all flows in order of time, the flow of each line, and how many flows two probes told of.

    Flows that only their lines tell of are among them. What a probe of lower rank tells as well is not counted twice.

    Args:
        flows: of ``columns.FLOW``, as the probes list them.
        keys: one each.
        said: of ``gathered.SAID``.
        rank: of the probe that wrote each log; 0 is believed first.
    """
    flows, keys = _distinct(flows, keys)
    at = np.minimum(np.searchsorted(keys, said["key"]), max(0, len(keys) - 1))
    known = keys[at] == said["key"] if len(keys) else np.zeros(len(said), bool)
    bare = np.flatnonzero(~known)
    made, number = _of_lines(said[bare])
    of = np.where(known, at, 0).astype(np.int64)
    of[bare] = len(flows) + number
    every = np.concatenate([flows, made])
    order = np.lexsort((every["first_frame"], every["capture"], every["first"]))
    every = every[order]
    turned = np.empty(len(order), np.int64)
    turned[order] = np.arange(len(order))
    kept, now = _once(every, rank)
    return every[kept], now[turned[of]], len(every) - len(kept)


def _once(flows: Rows, rank: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the flows to keep, and where each of all stands among them, or the one that it is the same as."""
    ranks = rank[flows["capture"]]
    same = np.arange(len(flows))
    for lower in np.unique(ranks)[1:].tolist():
        mine, others = np.flatnonzero(ranks == lower), np.flatnonzero((ranks < lower) & (same == np.arange(len(flows))))
        twin = twins(flows[mine], flows[others])
        same[mine[twin >= 0]] = others[twin[twin >= 0]]
    kept = np.flatnonzero(same == np.arange(len(flows)))
    now = np.zeros(len(flows), np.int64)
    now[kept] = np.arange(len(kept))
    return kept, now[same]


def _distinct(flows: Rows, keys: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.uint64]]:
    """Return flows in order of their keys, each once: of several lines on one, the one that counts most packets."""
    packets = flows["packets_out"].astype(np.int64) + flows["packets_in"]
    order = np.lexsort((-packets, keys))
    first = np.ones(len(order), bool)
    first[1:] = keys[order][1:] != keys[order][:-1]
    return flows[order[first]], keys[order[first]]


def _of_lines(said: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """Return flows that no line lists, made of what was said on them, and the number of each line's flow."""
    order = np.lexsort((said["frame"], said["capture"], said["time"], said["key"]))
    rows = said[order]
    first = np.ones(len(rows), bool)
    first[1:] = rows["key"][1:] != rows["key"][:-1]
    group = np.cumsum(first) - 1
    number = np.empty(len(rows), np.int64)
    number[order] = group
    begin = rows[first]
    made = np.zeros(len(begin), FLOW)
    for key in ENDS:
        made[key] = begin[key]
    made["first"], made["first_frame"], made["capture"] = begin["time"], begin["frame"], begin["capture"]
    np.maximum.at(made["last"], group, rows["time"])
    answered = np.zeros(len(begin), np.uint8)
    np.maximum.at(answered, group, rows["answered"])
    made["version"] = np.where((made["initiator_hi"] == 0) & (made["initiator_lo"] >> np.uint64(32) == 0xFFFF), 4, 6)
    heard = (made["transport"] == TCP) | (answered > 0)  # nobody says anything over TCP before it is answered
    made["state"] = np.where(heard, int(State.ESTABLISHED), int(State.UNANSWERED))
    made["direction"] = int(Direction.REQUEST)
    return made, number


def fill_applications(flows: Rows, said: Rows, of: NDArray[np.int64]) -> None:
    """Let flows speak what their lines say, where the flow's own line says nothing."""
    rows = np.flatnonzero((said["application"] > 0) & (flows["application"][of] == 0))[::-1]
    flows["application"][of[rows]] = said["application"][rows]  # of several, the first: what is written last stays


def name_flows(flows: Rows, said: Rows, of: NDArray[np.int64]) -> None:
    """Let flows bear the best of the names that were said on them: the lowest source, then the first."""
    rows = np.flatnonzero((said["name"] > 0) & (said["source"] < NAMES_FLOW) & (said["source"] > 0))
    order = rows[np.lexsort((said["frame"][rows], said["time"][rows], said["source"][rows], of[rows]))]
    first = np.ones(len(order), bool)
    first[1:] = of[order][1:] != of[order][:-1]
    best = order[first]
    flow = of[best]
    flows["name"][flow], flows["name_source"][flow] = said["name"][best], said["source"][best]
    flows["name_frame"][flow] = said["frame"][best]


def lead(flows: Rows, answers: Rows) -> None:
    """Join flows to the last DNS answer that gave their initiator the address, and let nameless ones bear its name."""
    bearing = np.flatnonzero((answers["address_hi"] | answers["address_lo"]) > 0)
    known = tuple(answers[key][bearing] for key in ("client_hi", "client_lo", "address_hi", "address_lo", "time"))
    wanted = tuple(flows[key] for key in ("initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "first"))
    found = _last_before(known, wanted)
    turned = np.flatnonzero((found < 0) & (flows["direction"] == Direction.UNKNOWN))
    back = ("responder_hi", "responder_lo", "initiator_hi", "initiator_lo", "first")
    found[turned] = _last_before(known, tuple(flows[key][turned] for key in back))
    led = np.flatnonzero(found >= 0)
    row = bearing[found[led]]
    flows["answer"][led] = row + 1
    bare = flows["name"][led] == 0
    flows["name"][led[bare]] = answers["question"][row[bare]]
    flows["name_source"][led[bare]] = int(NameSource.DNS)


def _last_before(known: tuple[NDArray, ...], wanted: tuple[NDArray, ...]) -> NDArray[np.int64]:
    """Return, for each wanted row, the place of the last known one with the same values and a time not after; or -1."""
    columns = [np.concatenate(pair) for pair in zip(known, wanted, strict=True)]
    count = len(known[0])
    is_wanted = np.arange(len(columns[0])) >= count
    order = np.lexsort((is_wanted, columns[-1], *columns[:-1]))
    same = np.ones(len(order), bool)
    for column in columns[:-1]:
        same[1:] &= column[order][1:] == column[order][:-1]
    same[:1] = False
    block = np.cumsum(~same)
    here = np.where(is_wanted[order], -1, np.arange(len(order)))
    last = np.maximum.accumulate(here) if len(here) else here
    sound = (last >= 0) & (block[np.maximum(last, 0)] == block)
    found = np.full(len(order), -1, np.int64)
    found[order] = np.where(sound, order[np.maximum(last, 0)], -1)
    return found[count:]


def chain(answers: Rows) -> None:
    """Fill ``previous`` of answers, which are in order of time: the one before it for the same client and address."""
    keys = ("client_hi", "client_lo", "address_hi", "address_lo")
    bearing = np.flatnonzero((answers["address_hi"] | answers["address_lo"]) > 0)
    order = bearing[np.lexsort((bearing, *(answers[key][bearing] for key in keys)))]
    same = np.ones(max(0, len(order) - 1), bool)
    for key in keys:
        same &= answers[key][order][1:] == answers[key][order][:-1]
    answers["previous"][order[1:][same]] = order[:-1][same] + 1


def twins(flows: Rows, others: Rows) -> NDArray[np.int64]:
    """Return, for each flow, which of the *others* is the same: its ends either way round, its time; -1 is none."""
    every = np.concatenate([ends_of(flows)[0], ends_of(others)[0]])
    order = np.lexsort(tuple(every.T))
    same = np.ones(len(order), bool)
    same[1:] = (every[order][1:] == every[order][:-1]).all(axis=1)
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(~same)
    group, of_others = number[: len(flows)], number[len(flows) :]
    sequence = np.lexsort((others["first"], of_others))
    groups, starts = of_others[sequence], others["first"][sequence]
    reach = _running_most(groups, np.maximum(others["last"], others["first"])[sequence])
    at = _place_before(groups, starts, group, np.maximum(flows["last"], flows["first"]) + NEAR)
    if not len(groups):
        return at
    here = np.maximum(at, 0)
    hit = (at >= 0) & (groups[here] == group) & (reach[here] >= flows["first"] - NEAR)
    return np.where(hit, sequence[here], -1)


def _running_most(groups: NDArray, values: NDArray) -> NDArray:
    """Return the largest value so far within each group; groups stand together."""
    most = values.copy()
    edges = np.flatnonzero(np.diff(groups)) + 1
    for part in np.split(most, edges):  # views
        np.maximum.accumulate(part, out=part)
    return most


def _place_before(groups: NDArray, starts: NDArray, group: NDArray, moment: NDArray) -> NDArray[np.int64]:
    """Return, for each group and moment, the place of the last start in it that is not after; -1 where none is."""
    is_wanted = np.concatenate([np.zeros(len(groups), np.int8), np.ones(len(group), np.int8)])
    order = np.lexsort((is_wanted, np.concatenate([starts, moment]), np.concatenate([groups, group])))
    here = np.where(is_wanted[order] > 0, -1, order)
    position = np.maximum.accumulate(np.where(here >= 0, np.arange(len(order)), -1)) if len(order) else here
    found = np.full(len(order), -1, np.int64)
    found[order] = np.where(position >= 0, here[np.maximum(position, 0)], -1)
    return found[len(groups) :]


def ends_of(flows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the ends of flows as columns, the lower first, and of which the initiator is the higher."""
    one = np.stack([flows[f"initiator_{part}"].astype(np.uint64) for part in ("hi", "lo", "port")], axis=1)
    other = np.stack([flows[f"responder_{part}"].astype(np.uint64) for part in ("hi", "lo", "port")], axis=1)
    swapped = np.zeros(len(flows), bool)
    equal = np.ones(len(flows), bool)
    for column in range(3):
        swapped |= equal & (one[:, column] > other[:, column])
        equal &= one[:, column] == other[:, column]
    low, high = np.where(swapped[:, None], other, one), np.where(swapped[:, None], one, other)
    return np.concatenate([low, high, flows["transport"].astype(np.uint64)[:, None]], axis=1), swapped
