"""Flows in, outages that the captures hold out: what stopped answering, when, and what each asset did next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.interruptions.aftermath import Activity
from kwel.impact.interruptions.runs import (
    begin_of,
    end_of,
    find_runs,
    loud_rows,
    pair_of,
    retries_of,
    rhythm_of,
    sign_of,
)
from kwel.impact.interruptions.signs import OUTSIDE, SECOND, pair_up, read_signs
from kwel.model.claims import Evidence, Where
from kwel.model.interruptions import SIGNS, Interruption, Interruptions, Sign
from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kwel.impact.interruptions.runs import Run
    from kwel.impact.interruptions.signs import Column, Pairs, Signs
    from kwel.model.dependencies import Dependencies
    from kwel.model.traffic import Traffic

__all__ = ["find_interruptions"]

MOST: Final = 500
"""Spells that are told of one analysis, the first ones."""
MOSTLY: Final = 0.5
"""Part of a spell that pauses of the capture may take up, at most."""
TOGETHER: Final = 60 * SECOND
"""Spells that begin within so much time of one another may have one cause; longer where heartbeats are."""


def find_interruptions(
    traffic: Traffic,
    sides: tuple[Column, Column],
    dependencies: Dependencies,
    plant: Collection[int],
    pauses: Sequence[tuple[int, int]] = (),
) -> Interruptions:
    """Return the outages that captures hold.

    Something counts as interrupted if it answered an asset, then did not, though the asset tried for five
    seconds at least twice, or for ten; or if regular contact stopped while the asset went on talking to others.

    Args:
        traffic: what was on the wire, its beats and rhythms among it.
        sides: per flow the asset that began and the one that answered; negative is none of the plant's.
        dependencies: what assets need outside, to say whose host it was.
        plant: numbers of applications that are protocols of the plant.
        pauses: when nothing at all was captured: of what fell into those for the greater part, nothing is said.
    """
    if not len(traffic.beats):
        return Interruptions()
    pairs, of = pair_up(traffic, sides)
    signs = read_signs(traffic, sides, pairs, of)
    runs, left_out = find_runs(signs)
    activity = Activity(traffic, sides, pairs, of, plant)
    runs = [run for run in runs if _is_sure(signs, run, pairs, activity, pauses)]
    of_flow = _dependency_of(dependencies)
    found = [_write(number, run, traffic, pairs, signs, activity, of_flow) for number, run in enumerate(runs[:MOST], 1)]
    return Interruptions(_counted_together(found, dependencies), left_out + max(0, len(runs) - MOST))


def _is_sure(signs: Signs, run: Run, pairs: Pairs, activity: Activity, pauses: Sequence[tuple[int, int]]) -> bool:
    """Return whether it was not the capture that paused, nor the asset that was switched off."""
    end = end_of(signs, run)
    until = end.before if end else int(signs.end[run.rows].max())
    paused = sum(max(0, min(over, until) - max(since, run.after)) for since, over in pauses)
    if paused >= MOSTLY * (until - run.after):
        return False
    return sign_of(signs, run) != Sign.SILENT or activity.was_heard(int(pairs.asset[run.pair]), run.before, until)


def _dependency_of(dependencies: Dependencies) -> dict[int, int]:
    rows, of = dependencies.contacts
    return dict(zip(rows.tolist(), of.tolist(), strict=True))


def _write(
    number: int, run: Run, traffic: Traffic, pairs: Pairs, signs: Signs, activity: Activity, of_flow: dict[int, int]
) -> Interruption:
    asset, peer, port = pair_of(pairs, run)
    flow = traffic.flows[int(pairs.flow[run.pair])]
    name = int(pairs.name[run.pair])
    address = address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))
    end = end_of(signs, run)
    return Interruption(
        id=f"I-{number:02d}",
        asset=asset,
        peer=None if peer == OUTSIDE else peer,
        dependency=of_flow.get(int(pairs.flow[run.pair])) if peer == OUTSIDE else None,
        host=traffic.names[name] if name else address,
        port=port,
        sign=sign_of(signs, run),
        begin=begin_of(run),
        end=end,
        rhythm=rhythm_of(signs, run),
        retries=retries_of(signs, run),
        aftermath=activity.aftermath(run, end.before if end else None),
        evidence=_evidence(traffic, signs, run),
        address=address,
    )


def _evidence(traffic: Traffic, signs: Signs, run: Run) -> tuple[Evidence, ...]:
    """Return the last frame of life, the first and the last of trouble, and the first of life again."""

    def observed(kind: str, frame: int, capture: int, time: int) -> Evidence:
        where = Where(traffic.captures[capture].name, frame)
        return Evidence("observed", kind, (("time", str(time)),), where)

    rows = loud_rows(signs, run) or run.rows
    life, first, last = run.life, rows[0], rows[-1]
    found = [
        observed("answered-last", int(signs.last[life]), int(signs.last_capture[life]), int(signs.end[life])),
        observed(
            f"not-answered-{sign_of(signs, run)}", int(signs.first[first]), int(signs.first_capture[first]),
            _time_of(signs, first, life),
        ),
    ]  # fmt: skip
    if last != first:
        at = int(signs.first[last]), int(signs.first_capture[last]), _time_of(signs, last, life)
        found.append(observed("not-answered-last", *at))
    if run.back >= 0:
        at = int(signs.first[run.back]), int(signs.first_capture[run.back]), int(signs.begin[run.back])
        found.append(observed("answered-again", *at))
    return tuple(found)


def _time_of(signs: Signs, row: int, life: int) -> int:
    """Return when the first frame of a sign of trouble was (ns): of a silence that is the last answer before it."""
    if (signs.first[row], signs.first_capture[row]) == (signs.last[life], signs.last_capture[life]):
        return int(signs.end[life])
    is_trail = SIGNS[int(signs.kind[row])] == Sign.STOPPED and signs.first[row] == signs.last[row]
    return int(signs.end[row] if is_trail else signs.begin[row])


def _counted_together(found: list[Interruption], dependencies: Dependencies) -> tuple[Interruption, ...]:
    """Count for each how many assets lost the same operator, or the same asset of the plant, at the same time."""
    causes: dict[str, list[Interruption]] = {}
    cause_of: dict[str, str] = {}
    for one in found:
        if one.dependency is None:
            cause = f"asset {one.peer}"
        else:
            attribution = dependencies.attributions[int(dependencies.attribution[one.dependency])]
            cause = f"operator {attribution.operator_id or one.host}"
        cause_of[one.id] = cause
        causes.setdefault(cause, []).append(one)
    counted = []
    for one in found:
        period = int((one.rhythm.period if one.rhythm else 0) * SECOND)
        near = [
            other.asset
            for other in causes[cause_of[one.id]]
            if other.begin.after - TOGETHER - period <= one.begin.before
            and one.begin.after <= other.begin.before + TOGETHER + period
        ]
        counted.append(replace(one, common=len(np.unique(near))))
    return tuple(counted)
