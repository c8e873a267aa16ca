"""Flows, their last beats and DNS questions in, signs of life and of trouble out: when an asset was answered, by whom.

All of it is columns: a capture may have a million flows. What follows from the signs is for ``runs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from kwel.model.grouping import distinct, in_order
from kwel.model.interruptions import SIGNS, Sign
from kwel.model.kinds import Application, Asked, RecordKind
from kwel.model.records.activity import SILENCES, TICK
from kwel.model.records.columns import State

if TYPE_CHECKING:
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

Column = NDArray[Any]

SECOND: Final = 1_000_000_000
OUTSIDE: Final = -1
"""In place of an asset: an address outside the plant."""
TRAIL: Final = 3 * SECOND
"""So long has one side gone on after the other's last packet where that counts as no answer: three retransmissions."""
SHORTEST: Final = 5 * SECOND
"""Silences of the answering side that count within a flow."""
USUAL: Final = 3
"""So many times the usual silence of a direction is more than chance."""
REGULAR: Final = 8
"""Intervals that show a rhythm."""
SLOW: Final = 2 * SECOND
"""Of connections that come one after the other, shorter intervals are a burst."""
STEADY: Final = 0.2
"""Their median distance from the median, as a part of it."""
TRIES: Final = 2
"""Datagrams without an answer, or segments with data sent again, that show that somebody tried."""
MOST_PORTS: Final = 16
"""Pairs of one asset and name that a question without an answer counts for: one name and many ports make no flood."""
ICMP: Final = (1, 58)
HOUSEKEEPING: Final = tuple(
    int(one)
    for one in (
        Application.DNS,
        Application.MDNS,
        Application.LLMNR,
        Application.NBNS,
        Application.NTP,
        Application.DHCP,
    )
)
"""What hosts do beside their work: nothing follows from its pauses, nor from its going on."""
FAILED: Final = (2, 3, 5)
"""RCODE of answers that give no name (RFC 1035 section 4.1.1): server failure, no such name, refused."""
_NUMBER: Final = {sign: number for number, sign in enumerate(SIGNS)}


@dataclass(frozen=True, slots=True)
class Pairs:
    """An asset and what it asks, as columns: one row a pair."""

    asset: Column
    peer: Column
    """Asset of the plant, or OUTSIDE."""
    port: Column
    name: Column
    """Index into the names; 0 is none."""
    flow: Column
    """Its first flow."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Spells in which a pair was answered or was not, as columns, in order of pair and begin."""

    pair: Column
    begin: Column
    end: Column
    kind: Column
    """Index into ``SIGNS``; -1 is a sign of life."""
    flow: Column
    tries: Column
    """Packets that the asset sent meanwhile."""
    first: Column
    """Frame at which it begins, and the capture of that."""
    last: Column
    first_capture: Column
    last_capture: Column


def pair_up(traffic: Traffic, sides: tuple[Column, Column]) -> tuple[Pairs, Column]:
    """Return the pairs, and the pair of each flow; -1 for flows of no interest."""
    flows = traffic.flows
    asset, peer = (side.astype(np.int64) for side in sides)
    rows = _of_interest(traffic, asset, peer)
    is_outside = peer[rows] == OUTSIDE
    name = np.where(is_outside, _names(flows, rows, asset[rows], is_outside), 0)
    nameless = is_outside & (name == 0)
    address = [np.where(nameless, flows[f"responder_{half}"][rows], np.uint64(0)) for half in ("hi", "lo")]
    group, first = distinct(asset[rows], peer[rows], flows["responder_port"][rows], name, *address)
    of = np.full(len(flows), -1, np.int64)
    of[rows] = group
    lead = rows[first]
    return Pairs(asset[lead], peer[lead], flows["responder_port"][lead].astype(np.int64), name[first], lead), of


def _of_interest(traffic: Traffic, asset: Column, peer: Column) -> Column:
    """Return the flows from which anything may follow; of a flood of a million destinations that is none.

    An attempt tells something where its asset was answered at the same address and port, or under the same name; a flow
    that was answered where one was not, where it fell silent, or where so many show a rhythm.
    """
    flows = traffic.flows
    rows = np.flatnonzero(~np.isin(flows["transport"], ICMP) & (asset >= 0) & (peer >= OUTSIDE) & (asset != peer))
    if not len(rows):
        return rows
    failed = np.isin(flows["state"][rows], (int(State.UNANSWERED), int(State.REFUSED)))
    ends = (flows[key][rows] for key in ("responder_hi", "responder_lo", "responder_port"))
    kept = _mixed(distinct(asset[rows], *ends)[0], failed)
    named = np.flatnonzero(flows["name"][rows] > 0)
    if len(named):
        by_name = distinct(asset[rows[named]], flows["name"][rows[named]])[0]
        kept[named] |= _mixed(by_name, failed[named])
        lost = np.unique(traffic.questions["name"][_in_vain(traffic)])
        kept[named] |= np.isin(flows["name"][rows[named]], lost[lost > 0])
    silent = np.zeros(len(flows), np.bool_)
    silent[traffic.rhythms["half"] // 2] = True
    tries = traffic.beats["again"][2 * rows] >= TRIES
    return rows[kept | silent[rows] | (tries & ~failed)]


def _mixed(group: Column, failed: Column) -> Column:
    """Return which rows are in groups of both kinds, or large enough for a rhythm."""
    count = np.bincount(group)
    bad = np.bincount(group, weights=failed)
    of_both: Column = (bad > 0) & (bad < count) | (count > REGULAR) & (bad < count)
    return of_both[group]


def _names(flows: Rows, rows: Column, asset: Column, is_outside: Column) -> Column:
    """Return the name of each flow; of a nameless one, the only name by which its asset asks that address and port.

    A connection that nobody answers never comes to say for whom it is.
    """
    name = flows["name"][rows].astype(np.int64)
    out = np.flatnonzero(is_outside)
    if not len(out):
        return name
    row = rows[out]
    ends = (flows[key][row] for key in ("responder_hi", "responder_lo", "responder_port"))
    group, _ = distinct(asset[out], *ends)
    lowest, highest = np.full(group.max() + 1, np.iinfo(np.int64).max), np.zeros(group.max() + 1, np.int64)
    named = name[out] > 0
    np.minimum.at(lowest, group[named], name[out][named])
    np.maximum.at(highest, group[named], name[out][named])
    only = np.where(lowest == highest, highest, 0)[group]
    name[out] = np.where(named, name[out], only)
    return name


def read_signs(traffic: Traffic, sides: tuple[Column, Column], pairs: Pairs, of: Column) -> Signs:
    """Return all signs of the pairs that show both life and trouble; of the others nothing follows.

    What never answered is left out here: a scan makes more such pairs than are gone through.
    """
    flows = traffic.flows
    rows = np.flatnonzero(of >= 0)
    heard = [_heard(traffic, rows, side) for side in (0, 1)]
    is_new = np.isin(flows["state"][rows], (int(State.UNANSWERED), int(State.REFUSED)))
    parts = [
        *_lives(traffic, rows, heard, is_new),
        _attempts(flows, rows, is_new),
        _trails(traffic, rows, heard, is_new),
    ]
    parts += [_unnamed(traffic, sides, pairs), _skipped(traffic, rows, heard, is_new, of)]
    columns = [np.concatenate(part) for part in zip(*(_with_pair(part, of) for part in parts), strict=True)]
    seen = np.zeros((2, len(pairs.asset) + 1), np.bool_)
    seen[(columns[3] < 0).astype(np.int64), columns[0]] = True
    kept = np.flatnonzero((seen[0] & seen[1])[columns[0]] & (columns[0] >= 0))
    order = kept[in_order(columns[0][kept], columns[1][kept], columns[2][kept])]
    return Signs(*(column[order] for column in columns))


def _with_pair(part: tuple[Column, ...], of: Column) -> tuple[Column, ...]:
    """Put the pair of each row's flow in front, unless it is there."""
    return part if len(part) == 10 else (of[part[3]], *part)


def _heard(traffic: Traffic, rows: Column, side: int) -> Column:
    """Return when each flow's side was heard last; 0 where it never was."""
    beat = traffic.beats["last"][2 * rows + side].astype(np.int64)
    return np.where(beat > 0, traffic.flows["first"][rows] + (beat - 1) * TICK, 0)


def _lives(traffic: Traffic, rows: Column, heard: list[Column], is_new: Column) -> list[tuple[Column, ...]]:
    """Return signs of life: flows that were answered, parted where the other side fell silent; and those silences."""
    flows, beats = traffic.flows, traffic.beats
    place = np.flatnonzero(~is_new & (heard[1] > 0))
    flow, end = rows[place], heard[1][place]
    begin = flows["first"][flow]
    silences = _silences(traffic)
    is_known = np.isin(silences[0], flow)
    of, since, due, until, tries, before, after, before_capture, after_capture, kind = (
        column[is_known] for column in silences
    )
    starts = np.concatenate([begin, until])
    ends = np.concatenate([end, since])
    owner = np.concatenate([flow, of])
    # pieces of one flow: each begin is followed by the end that comes next
    by_start, by_end = np.lexsort((starts, owner)), np.lexsort((ends, owner))
    first = np.concatenate([flows["first_frame"][flow], after])[by_start]
    first_capture = np.concatenate([flows["capture"][flow], after_capture])[by_start]
    last = np.concatenate([beats["frame"][2 * flow + 1], before])[by_end]
    last_capture = np.concatenate([beats["capture"][2 * flow + 1], before_capture])[by_end]
    owner, starts, ends = owner[by_start], starts[by_start], ends[by_end]
    none = np.zeros(len(owner), np.int64)
    alive = (starts, np.maximum(starts, ends), none - 1, owner, none, first, last, first_capture, last_capture)
    return [alive, (due, until, kind, of, tries, before, after, before_capture, after_capture)]


def _silences(traffic: Traffic) -> tuple[Column, ...]:
    """Return silences of answering sides that are unusual: flow, since, due, until, tries, frames, captures, kind."""
    rhythms = traffic.rhythms
    answering = np.flatnonzero(rhythms["half"] % 2 == 1)
    row, slot = np.repeat(answering, SILENCES), np.tile(np.arange(SILENCES), len(answering))
    since, until = rhythms["since"][row, slot], rhythms["until"][row, slot]
    mean, spread, count = _usual(rhythms, row)
    length = until - since
    tries = rhythms["tries"][row, slot].astype(np.int64)
    tried = (length >= SHORTEST) & (length >= USUAL * mean) & (tries >= TRIES)
    regular = (count >= REGULAR) & (spread <= 0.3 * mean) & (length >= 2 * SHORTEST) & (length >= USUAL * mean)
    kept = np.flatnonzero(tried | regular)
    kind = np.where(tried, _NUMBER[Sign.STOPPED], _NUMBER[Sign.SILENT])[kept]
    row, slot = row[kept], slot[kept]
    places = [rhythms[key][row, slot] for key in ("before", "after", "before_capture", "after_capture")]
    due = _due(since, until, mean)[kept]
    return rhythms["half"][row] // 2, since[kept], due, until[kept], tries[kept], *places, kind


def _due(since: Column, until: Column, usual: Column) -> Column:
    """Return when an answer was due: the usual silence after the last one, or ten seconds before the end if sooner."""
    due: Column = since + np.clip(usual.astype(np.int64), 0, np.maximum(until - since - 2 * SHORTEST, 0))
    return due


def _usual(rhythms: Rows, row: Column) -> tuple[Column, Column, Column]:
    """Return mean and standard deviation of silences but the longest ones (ns), and how many there are."""
    lengths = (rhythms["until"][row] - rhythms["since"][row]) / SECOND * 1000
    count = np.maximum(rhythms["count"][row].astype(np.int64) - (lengths > 0).sum(axis=1), 0)
    some = np.maximum(count, 1)
    mean = (rhythms["total"][row] - lengths.sum(axis=1)) / some
    square = (rhythms["squares"][row] - (lengths**2).sum(axis=1)) / some
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return mean * 1e6, spread * 1e6, count


def _attempts(flows: Rows, rows: Column, is_new: Column) -> tuple[Column, ...]:
    """Return flows that began and came to nothing."""
    flow = rows[is_new]
    refused = flows["state"][flow] == State.REFUSED
    kind = np.where(refused, _NUMBER[Sign.REFUSED], _NUMBER[Sign.UNANSWERED])
    frame, capture = flows["first_frame"][flow], flows["capture"][flow]
    sent = flows["packets_out"][flow].astype(np.int64)
    return flows["first"][flow], flows["last"][flow], kind, flow, sent, frame, frame, capture, capture


def _trails(traffic: Traffic, rows: Column, heard: list[Column], is_new: Column) -> tuple[Column, ...]:
    """Return ends of flows in which the asset went on and the other side did not."""
    beats = traffic.beats
    tries = beats["again"][2 * rows].astype(np.int64)
    place = np.flatnonzero(~is_new & (heard[1] > 0) & (heard[0] - heard[1] >= TRAIL) & (tries >= TRIES))
    flow = rows[place]
    kind = np.full(len(flow), _NUMBER[Sign.STOPPED])
    frame, capture = beats["frame"][2 * flow], beats["capture"][2 * flow]
    half = np.ascontiguousarray(traffic.rhythms["half"])
    row = np.searchsorted(half, 2 * flow + 1)
    silent = np.flatnonzero(np.append(half, -1)[row] == 2 * flow + 1)
    usual = np.zeros(len(flow))
    usual[silent] = _usual(traffic.rhythms, row[silent])[0]
    return (
        _due(heard[1][place], heard[0][place], usual),
        heard[0][place],
        kind,
        flow,
        tries[place],
        frame,
        frame,
        capture,
        capture,
    )


def _unnamed(traffic: Traffic, sides: tuple[Column, Column], pairs: Pairs) -> tuple[Column, ...]:
    """Return questions that gave no name, of assets that had the name before: with the pair in front."""
    questions, bad = traffic.questions, _in_vain(traffic)
    key = (pairs.asset << 32) | pairs.name
    order = np.argsort(key, kind="stable")
    flow = questions["flow"][bad].astype(np.int64)
    wanted = (sides[0][flow].astype(np.int64) << 32) | questions["name"][bad]
    low, high = (np.searchsorted(key[order], wanted, side) for side in ("left", "right"))
    count = np.where(questions["name"][bad] > 0, np.minimum(high - low, MOST_PORTS), 0)
    which = np.repeat(np.arange(len(bad)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    pair, row, flow = order[low[which] + within], bad[which], flow[which]
    time, frame, capture = questions["time"][row], questions["frame"][row], questions["capture"][row]
    kind, one = np.full(len(row), _NUMBER[Sign.NO_NAME]), np.ones(len(row), np.int64)
    return pair, time, time, kind, flow, one, frame, frame, capture, capture


def _in_vain(traffic: Traffic) -> Column:
    """Return the questions that gave no name."""
    questions, answers = traffic.questions, traffic.answers
    asked = answers["asked"].astype(np.int64)
    given = (answers["kind"] != RecordKind.NOTHING) | ~np.isin(answers["code"], FAILED)
    failed = np.zeros(len(questions) + 1, np.bool_)
    failed[asked[~given]] = True
    failed[asked[given]] = False
    return np.flatnonzero((questions["state"] == Asked.UNANSWERED) | failed[1:])


def _skipped(traffic: Traffic, rows: Column, heard: list[Column], is_new: Column, of: Column) -> tuple[Column, ...]:
    """Return spells in which connections that come regularly did not come, the last up to the end of the captures."""
    flows, beats = traffic.flows, traffic.beats
    works = ~np.isin(flows["application"][rows], HOUSEKEEPING)
    place = np.flatnonzero(~is_new & works & (heard[1] > 0))
    order = place[np.lexsort((flows["first"][rows[place]], of[rows[place]]))]
    flow = rows[order]
    pair, begin, end = of[flow], flows["first"][flow], heard[1][order]
    is_last = np.append(pair[1:] != pair[:-1], True)[: len(pair)]
    over = int(flows["last"].max()) if len(flows) else 0
    following = np.where(is_last, over, np.append(begin[1:], over)[: len(begin)])
    apart = following - begin
    middle, spread, count = _medians(pair[~is_last], apart[~is_last], int(pair.max()) + 1 if len(pair) else 0)
    usual = middle[pair]
    is_regular = (count[pair] >= REGULAR) & (usual >= SLOW) & (spread[pair] <= STEADY * usual)
    skipped = np.flatnonzero(is_regular & (apart >= USUAL * usual) & (following - end >= 2 * SHORTEST))
    due, after = np.minimum(begin + usual, following)[skipped], following[skipped]
    flow = flow[skipped]
    is_end, later = is_last[skipped], rows[order][np.minimum(skipped + 1, len(order) - 1)]
    frame, capture = beats["frame"][2 * flow + 1], beats["capture"][2 * flow + 1]
    behind = np.where(is_end, frame, flows["first_frame"][later])
    behind_capture = np.where(is_end, capture, flows["capture"][later])
    kind, none = np.full(len(flow), _NUMBER[Sign.SILENT]), np.zeros(len(flow), np.int64)
    return due, after, kind, flow, none, frame, behind, capture, behind_capture


def _medians(group: Column, value: Column, groups: int) -> tuple[Column, Column, Column]:
    """Return median, median distance from it, and how many, of each group; *group* is in order."""
    count = np.bincount(group, minlength=groups)
    some = count > 0
    start = np.cumsum(count) - count
    middle = np.zeros(groups, np.int64)
    middle[some] = value[np.lexsort((value, group))][(start + count // 2)[some]]
    distance = np.abs(value - middle[group])
    spread = np.zeros(groups, np.int64)
    spread[some] = distance[np.lexsort((distance, group))][(start + count // 2)[some]]
    return middle, spread, count
