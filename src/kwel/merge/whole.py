"""Traffic of several parts in, the traffic of the whole out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.merge.answers import Led, lead, name_by_answer
from kwel.merge.counted import LAN_KEY, MIRROR_KEY, merge_commands, merge_counted, merge_names_seen
from kwel.merge.holders import merge_claims, merge_openings, merge_senders
from kwel.merge.ledger import merge_coverage
from kwel.merge.merging import merge_flows, refuse
from kwel.merge.questions import merge_questions
from kwel.merge.renumbering import by_time
from kwel.merge.sameness import find_same
from kwel.merge.sayings import merge_observed
from kwel.merge.silences import merge_beats
from kwel.merge.stacking import in_order, stack
from kwel.streams.mirror_sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.merge.sameness import Sameness
    from kwel.merge.stacking import Stack
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic


def join(parts: Sequence[Traffic]) -> Traffic:
    """Return the traffic of several parts as if one analysis had heard all of it.

    Parts are windows that follow one another, what several processes or interfaces heard at the same time, or logs
    beside captures; their order does not matter. A part may itself be joined, so that a day grows window by window.

    Raises:
        ValueError: there are no parts, or they cite more captures than can be told apart.
    """
    if not parts:
        raise ValueError("nothing to join: give the traffic of at least one part")
    if len(parts) == 1:
        return parts[0]
    parts = in_order(parts)
    made = stack(parts)
    return _joined(parts, by_time(made) if made.overlap else made)


def _joined(parts: Sequence[Traffic], made: Stack) -> Traffic:
    traffic = _with_whole_flows(made)
    traffic = merge_questions(traffic, made.traffic.questions["flow"], _ended(made))
    tunnels = merge_counted(traffic.tunnels, MIRROR_KEY, ("frames",), "first_frame")
    kept = merge_names_seen(traffic.named, made.traffic.named["flow"])
    of_claim = np.repeat(np.arange(len(parts)), [len(part.captures) for part in parts])[traffic.claims["capture"]]
    return replace(
        traffic,
        named=traffic.named[kept],
        claims=merge_claims(traffic.claims, of_claim),
        senders=merge_senders(traffic.senders),
        openings=merge_openings(traffic.openings),
        lan=merge_counted(traffic.lan, LAN_KEY, ("frames", "bytes"), "first_frame"),
        mirrors=sessions(tunnels, traffic.flows),
        tunnels=tunnels,
        commands=merge_commands(traffic, is_proven=True),
        hinted=merge_commands(traffic, is_proven=False),
        observed=merge_observed(traffic.observed),
        coverage=merge_coverage(parts, traffic.questions),
    )


def _with_whole_flows(made: Stack) -> Traffic:
    """Return the traffic with each flow once, and what refers to flows."""
    same = find_same(made)
    whole = merge_flows(made, same, np.zeros(len(made.part), np.bool_))
    unknown = refuse(whole, made.traffic.errors)
    answers = made.traffic.answers.copy()
    led = Led(answers, made.traffic.flows)
    answers["previous"] = led.previous(len(answers))
    own_answer = made.traffic.flows["answer"][same.first]
    whole["answer"] = lead(whole, answers, led, own_answer, overlap=made.overlap)
    name_by_answer(whole, answers)
    beats, rhythms = merge_beats(made.traffic.flows, made.traffic.beats, made.traffic.rhythms, same, whole)
    repeats = np.zeros(0, np.uint32)
    if (made.weight > 1).any():  # what goes on is one connection, in however many parts
        rows = np.bincount(same.flow, minlength=len(whole))
        repeats = (np.bincount(same.flow, made.weight, len(whole)) - rows + 1).astype(np.uint32)
    traffic = replace(made.traffic, answers=answers, beats=beats, repeats=repeats, errors=made.traffic.errors[unknown])
    return replace(_of_whole_flows(traffic, same, whole), rhythms=rhythms)


def _ended(made: Stack) -> NDArray[np.int64]:
    """Return, by question, when the last flow of its part was heard."""
    ended: NDArray[np.int64] = made.ends[made.part[made.traffic.questions["flow"]]]
    return ended


def _of_whole_flows(traffic: Traffic, same: Sameness, whole: Rows) -> Traffic:
    """Return the traffic with the *whole* flows, and tables that refer to them."""
    tables = {}
    for name in ("named", "answers", "questions", "hellos", "shown"):
        rows = getattr(traffic, name).copy()
        if "from_initiator" in rows.dtype.names:
            rows["from_initiator"] ^= same.turned[rows["flow"]]
        rows["flow"] = same.flow[rows["flow"]] if len(rows) else rows["flow"]
        tables[name] = rows
    for name in ("commands", "hinted"):
        rows = getattr(traffic, name).copy()
        if len(rows):
            row = rows["half"] >> 1
            rows["from_initiator"] ^= same.turned[row]
            rows["half"] = 2 * same.flow[row] + (rows["half"] & 1)
        tables[name] = rows
    return replace(traffic, flows=whole, **tables)
