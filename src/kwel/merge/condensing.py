"""Traffic in, traffic with fewer rows that leads to the same conclusions out: what a plant does each day, once.

Connections that differ only in the initiator's port and in time become one row with their sums. What is lost is when
each of them was: outages, rhythms and the timeline of what was condensed are coarser.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.merge.counted import COMMAND_KEY, merge_counted
from kwel.merge.merging import MOST
from kwel.merge.renumbering import with_answers, with_names, with_questions
from kwel.merge.silences import LAST_TICK, merge_rhythms
from kwel.model.grouping import first_seen
from kwel.model.records.activity import BEAT, TICK
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

FIN, RST, SYN, TCP = 1, 4, 2, 6
GRACE: Final = 300
"""Seconds that a client may take to use an answer beyond its time to live, as ``dependencies.hearsay`` has it."""
SECOND: Final = 1_000_000_000
PROXY_SOURCES: Final = (NameSource.HTTP_CONNECT, NameSource.SOCKS)
FLOW_KEY: Final = (
    "initiator_hi", "initiator_lo", "responder_hi", "responder_lo", "responder_port", "transport", "version", "vlan",
    "tunnel", "name", "name_source", "state", "direction", "application", "hops",
)  # fmt: skip
NAMED_KEY: Final = ("flow", "name", "port", "source", "from_initiator")
HELLO_KEY: Final = ("flow", "name", "alpn", "fingerprint", "version", "source", "ech", "partial")
SHOWN_KEY: Final = ("flow", "certificate", "from_initiator")
QUESTION_KEY: Final = ("flow", "name", "kind", "state")
ANSWER_KEY: Final = (
    "flow", "client_hi", "client_lo", "address_hi", "address_lo", "question", "owner", "target", "outer", "kind",
    "code", "section",
)  # fmt: skip


def condense(traffic: Traffic, *, within: int = 0, margin: int = 0) -> Traffic:
    """Return the traffic with one row for connections that tell the same.

    Args:
        traffic: of a window, or of several that were joined.
        within: nanoseconds, such as a day: connections that began in different ones of these stay apart; 0 is no limit.
        margin: nanoseconds at both ends of the time that the traffic spans: what may go on before or after that, for
            it is not known to have begun or ended within, stays as it is, to be joined with what lies beside.
    """
    flows = traffic.flows
    if not len(flows):
        return traffic
    of, lead = _alike(traffic, within, margin)
    merged, weights = _sums(traffic, of, lead)
    small = _mapped(traffic, merged, of)
    small = replace(small, repeats=weights if (weights > 1).any() else np.zeros(0, np.uint32))
    return with_names(_distinct(small), used_only=True)


def _alike(traffic: Traffic, within: int, margin: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (the group of each flow, the row that stands for each group: its first of which a frame was kept)."""
    flows = traffic.flows
    none = np.zeros(len(flows), np.int64)
    keys = [flows[name] for name in FLOW_KEY]
    keys += [flows["answer"] > 0, _is_stale(traffic), flows["packets_in"] == 0, flows["packets_out"] == 0]
    keys += [_certificate(traffic), _proxied(traffic), flows["first"] // within if within else none]
    alone = _may_go_on(flows, margin) if margin else none.astype(np.bool_)
    keys.append(np.where(alone, 1 + np.arange(len(flows)), 0))
    of, _ = first_seen(*(key.astype(np.int64) if key.dtype == np.bool_ else key for key in keys))
    # The shortest round trip is evidence with a frame of its own.
    trip = np.where(flows["rtt_us"] > 0, flows["rtt_us"].astype(np.int64), np.iinfo(np.int64).max)
    order = np.lexsort((flows["first"], trip, of))
    fastest = np.zeros(len(flows), np.bool_)
    begins = np.ones(len(order), np.bool_)
    begins[1:] = of[order][1:] != of[order][:-1]
    fastest[order[begins]] = trip[order[begins]] < np.iinfo(np.int64).max
    of, _ = first_seen(of, fastest.astype(np.int64))
    order = np.lexsort((np.arange(len(flows)), flows["first"], flows["first_frame"] == 0, of))
    begins[1:] = of[order][1:] != of[order][:-1]
    return of, order[begins]


def _is_stale(traffic: Traffic) -> NDArray[np.bool_]:
    """Return which flows rest on an answer that had outlived its time: their names count for less."""
    flows, answers = traffic.flows, traffic.answers
    stale: NDArray[np.bool_] = (flows["answer"] > 0) & (flows["name_source"] == NameSource.DNS)
    answer = answers[flows["answer"][stale].astype(np.int64) - 1]
    limit = answer["time"] + (answer["ttl"].astype(np.int64) + GRACE) * SECOND
    stale[stale] = flows["first"][stale] > limit
    return stale


def _certificate(traffic: Traffic) -> NDArray[np.int64]:
    """Return 1 + the certificate that the responder showed first, by flow; 0 is none."""
    found = np.zeros(len(traffic.flows), np.int64)
    rows = traffic.shown[traffic.shown["from_initiator"] == 0][::-1]
    found[rows["flow"]] = 1 + rows["certificate"].astype(np.int64)
    return found


def _proxied(traffic: Traffic) -> NDArray[np.int64]:
    """Return what a proxy was asked to reach, by flow; 0 is nothing. A flow that asked for several is like no other."""
    found, named = np.zeros(len(traffic.flows), np.int64), traffic.named
    rows = named[(named["port"] > 0) | np.isin(named["source"], PROXY_SOURCES)]
    found[rows["flow"]] = 1 + (rows["name"].astype(np.int64) << 16 | rows["port"])
    several = np.flatnonzero(np.bincount(rows["flow"], minlength=len(found)) > 1)
    found[several] = -1 - several
    return found


def _may_go_on(flows: Rows, margin: int) -> NDArray[np.bool_]:
    """Return which flows may have begun before the time that is spanned, or may go on after it."""
    begin, end = int(flows["first"].min()) + margin, int(flows["last"].max()) - margin
    is_tcp, flags = flows["transport"] == TCP, flows["flags_out"] | flows["flags_in"]
    began = is_tcp & (flows["flags_out"] & SYN > 0)
    over = is_tcp & (flags & (FIN | RST) > 0)
    found: NDArray[np.bool_] = (flows["last"] > end) & ~over
    found |= (flows["first"] < begin) & ~began
    return found


def _sums(traffic: Traffic, of: NDArray, lead: NDArray) -> tuple[Rows, NDArray[np.uint32]]:
    """Return one row a group, and how many flows it stands for."""
    flows = traffic.flows
    merged = flows[lead].copy()
    for side in ("out", "in"):
        total = np.zeros(len(lead), np.uint64)
        np.add.at(total, of, flows[f"bytes_{side}"])
        merged[f"bytes_{side}"] = total
        for key in (f"packets_{side}", f"payload_{side}"):
            total = np.zeros(len(lead), np.uint64)
            np.add.at(total, of, flows[key].astype(np.uint64))
            merged[key] = np.minimum(total, MOST)
        flags = merged[f"flags_{side}"].copy()
        np.bitwise_or.at(flags, of, flows[f"flags_{side}"])
        merged[f"flags_{side}"] = flags
    for key, fold in (("first", np.minimum), ("last", np.maximum)):
        times = merged[key].copy()
        fold.at(times, of, flows[key])
        merged[key] = times
    several = np.bincount(of, minlength=len(lead)) > 1
    merged["asked"][several] = 0
    weights = np.zeros(len(lead), np.uint64)
    np.add.at(weights, of, traffic.weights.astype(np.uint64))
    return merged, np.minimum(weights, MOST).astype(np.uint32)


def _mapped(traffic: Traffic, merged: Rows, of: NDArray) -> Traffic:
    """Return the traffic with the merged flows, and tables that refer to them."""
    tables: dict[str, Any] = {}
    for name in ("named", "answers", "questions", "hellos", "shown"):
        rows = getattr(traffic, name).copy()
        rows["flow"] = of[rows["flow"]]
        tables[name] = rows
    for name in ("commands", "hinted", "rhythms"):
        rows = getattr(traffic, name).copy()
        rows["half"] = 2 * of[rows["half"] >> 1] + (rows["half"] & 1)
        tables[name] = rows
    rhythms = merge_rhythms(tables["rhythms"])
    beats = _beats(traffic, merged, of, rhythms)
    for name in ("commands", "hinted"):
        rows = merge_counted(tables[name], COMMAND_KEY, ("count",), "frame")
        tables[name] = rows[np.argsort(rows["half"], kind="stable")]
    return replace(traffic, flows=merged, **{**tables, "rhythms": rhythms, "beats": beats})


def _beats(traffic: Traffic, merged: Rows, of: NDArray, rhythms: Rows) -> Rows:
    """Return when each direction of a group was heard last: the beats of the flow in which that was."""
    if not len(traffic.beats):
        return traffic.beats
    out = np.zeros(2 * len(merged), BEAT)
    for side in (0, 1):
        own = traffic.beats[side::2]
        last = traffic.flows["first"] + (own["last"].astype(np.int64) - 1) * TICK
        order = np.lexsort((last, own["last"] > 0, of))
        ends = np.append(np.flatnonzero(of[order][1:] != of[order][:-1]), len(order) - 1)
        row = order[ends]
        beats = own[row].copy()
        shift = (traffic.flows["first"][row] - merged["first"]) // TICK
        for key in ("last", "began"):
            beats[key] = np.where(beats[key] > 0, np.clip(beats[key] + shift, 1, LAST_TICK), 0)
        out[side::2] = beats
    out["row"] = 0
    out["row"][rhythms["half"]] = 1 + np.arange(len(rhythms))
    return out


def _distinct(traffic: Traffic) -> Traffic:
    """Return the traffic with names, hellos, certificates, questions and answers once a flow."""
    first = _first(traffic.named, NAMED_KEY)
    traffic = replace(
        traffic,
        named=traffic.named[first],
        hellos=traffic.hellos[_first(traffic.hellos, HELLO_KEY)],
        shown=traffic.shown[_first(traffic.shown, SHOWN_KEY)],
    )
    cited = traffic.flows["answer"][traffic.flows["answer"] > 0].astype(np.int64) - 1
    kept = np.union1d(_first(traffic.answers, ANSWER_KEY), cited)
    traffic = with_answers(traffic, kept)
    asked = np.concatenate([traffic.named["question"], traffic.answers["asked"]]).astype(np.int64)
    kept = np.union1d(_first(traffic.questions, QUESTION_KEY), asked[asked > 0] - 1)
    return with_questions(traffic, kept)


def _first(rows: Rows, key: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the first row of each *key*, the first of which a frame was kept if there is one; in order."""
    if not len(rows):
        return np.zeros(0, np.int64)
    of, _ = first_seen(*(rows[name] for name in key))
    order = np.lexsort((np.arange(len(rows)), rows["frame"] == 0, of))
    begins = np.ones(len(order), np.bool_)
    begins[1:] = of[order][1:] != of[order][:-1]
    return np.sort(order[begins])
