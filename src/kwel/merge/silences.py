"""Beats and silences of flows in several parts in, those of the whole flows out: also what spans where parts meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.records.activity import BEAT, RHYTHM, SILENCES, TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.merge.sameness import Sameness
    from kwel.model.records.columns import Rows

SILENT: Final = 1_000_000_000
"""Nanoseconds without a packet that count as a silence."""
MOST_TRIES: Final = 0xFFFF
LAST_TICK: Final = 0xFFFFFFFE
MILLISECOND: Final = 1_000_000
ONE: Final = ("since", "until", "tries", "before", "after", "before_capture", "after_capture")
"""What a ``RHYTHM`` tells of each silence."""


def merge_beats(flows: Rows, beats: Rows, rhythms: Rows, same: Sameness, whole: Rows) -> tuple[Rows, Rows]:
    """Return the beats and the rhythms of the *whole* flows; the other tables are those of all parts, as they were."""
    if not len(beats):
        return beats, rhythms
    turned = same.turned.astype(np.int64)
    out = np.zeros(2 * len(whole), BEAT)
    rows = rhythms.copy()
    rows["half"] = 2 * same.flow[rhythms["half"] >> 1] + ((rhythms["half"] & 1) ^ turned[rhythms["half"] >> 1])
    spanning = []
    for side in (0, 1):
        out[side::2] = beats[2 * same.first + (side ^ turned[same.first])]
        if len(same.order):
            spanning.append(_merge_side(side, flows, beats, same, whole, out))
    found = np.concatenate([rows, *spanning])
    merged = merge_rhythms(found)
    out["row"] = 0
    out["row"][merged["half"]] = 1 + np.arange(len(merged))
    return out, merged


def _merge_side(side: int, flows: Rows, beats: Rows, same: Sameness, whole: Rows, out: Rows) -> Rows:
    """Write the beats of one direction of flows in several parts; return the silences that span where they meet."""
    order, starts = same.order, same.starts
    stretch = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
    way = same.turned[order].astype(np.int64)
    own, other = beats[2 * order + (side ^ way)], beats[2 * order + (1 ^ side ^ way)]
    last = flows["first"][order] + (own["last"].astype(np.int64) - 1) * TICK
    began = flows["first"][order] + (own["began"].astype(np.int64) - 1) * TICK
    place, speaks = np.arange(len(order)), own["last"] > 0
    tries = np.concatenate([[0], np.cumsum(other["again"].astype(np.int64))])  # of the other side, before each row
    before = np.maximum.accumulate(np.where(speaks, place, -1))
    before = np.concatenate([[-1], before[:-1]])
    meets = speaks & (before >= 0)
    meets[meets] = stretch[before[meets]] == stretch[meets]
    silent = np.flatnonzero(meets)
    silent = silent[began[silent] - last[before[silent]] >= SILENT]
    of = same.flow[order[starts]]
    half = 2 * of + side
    spoke = np.maximum.reduceat(np.where(speaks, place, -1), starts)
    first = np.minimum.reduceat(np.where(speaks, place, len(order)), starts)
    heard = np.flatnonzero(spoke >= 0)
    out[half] = np.zeros(1, BEAT)
    _write(
        out,
        half[heard],
        own,
        last,
        began,
        first[heard],
        _latest(last, speaks, starts)[heard],
        whole["first"][of[heard]],
    )
    waited = tries[first[heard]] - tries[starts[heard]] + own["tried"][first[heard]]
    out["tried"][half[heard]] = np.minimum(waited, MOST_TRIES)
    again = np.concatenate([[0], np.cumsum(own["again"].astype(np.int64))])
    answers = np.maximum.reduceat(np.where(other["last"] > 0, place, -1), starts)
    since = again[np.append(starts[1:], len(order))] - again[np.maximum(answers, starts)]
    out["again"][half] = np.minimum(since, MOST_TRIES)
    numbered = np.maximum.reduceat(np.where(speaks & (own["sequence"] > 0), place, -1), starts)
    out["sequence"][half] = np.where(numbered >= 0, own["sequence"][numbered], 0)
    return _spanning(2 * same.flow[order] + side, own, last, began, tries, silent, before[silent])


def _latest(last: NDArray, speaks: NDArray, starts: NDArray) -> NDArray[np.int64]:
    """Return the place where each direction was heard last."""
    stretch = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(last)))
    order = np.lexsort((np.arange(len(last)), np.where(speaks, last, np.iinfo(np.int64).min), stretch))
    ends = np.append(starts[1:], len(last)) - 1
    found: NDArray[np.int64] = order[ends]
    return found


def _write(
    out: Rows, half: NDArray, own: Rows, last: NDArray, began: NDArray, first: NDArray, latest: NDArray, since: NDArray
) -> None:
    """Write when directions were heard first and last, by the clock of the whole flow, and in which frames."""
    out["last"][half] = 1 + np.clip((last[latest] - since) // TICK, 0, LAST_TICK)
    out["began"][half] = 1 + np.clip((began[first] - since) // TICK, 0, LAST_TICK)
    for key in ("frame", "capture"):
        out[key][half] = own[key][latest]
        out[f"began_{key}"][half] = own[f"began_{key}"][first]


def _spanning(
    half: NDArray, own: Rows, last: NDArray, began: NDArray, tries: NDArray, after: NDArray, before: NDArray
) -> Rows:
    """Return a rhythm of one silence each for those from row *before* to row *after*."""
    rows = np.zeros(len(after), RHYTHM)
    rows["half"], rows["count"] = half[after], 1
    length = (began[after] - last[before]) // MILLISECOND
    rows["total"], rows["squares"] = length, length.astype(np.float64) ** 2
    rows["since"][:, 0], rows["until"][:, 0] = last[before], began[after]
    rows["tries"][:, 0] = np.minimum(tries[after] - tries[before] + own["tried"][after], MOST_TRIES)
    rows["before"][:, 0], rows["before_capture"][:, 0] = own["frame"][before], own["capture"][before]
    rows["after"][:, 0], rows["after_capture"][:, 0] = own["began_frame"][after], own["began_capture"][after]
    return rows


def merge_rhythms(rows: Rows) -> Rows:
    """Return one rhythm a direction, by direction, with its longest silences in the order of time."""
    if not len(rows):
        return rows
    halves, of = np.unique(rows["half"], return_inverse=True)
    merged = np.zeros(len(halves), RHYTHM)
    merged["half"] = halves
    for key in ("total", "squares", "count"):
        np.add.at(merged[key], of, rows[key])
    each = {key: rows[key].reshape(-1) for key in ONE}
    owner = np.repeat(of, SILENCES)
    length = each["until"] - each["since"]
    order = np.lexsort((each["since"], -length, owner))
    order = order[length[order] > 0]
    rank = _rank(owner[order])
    order = order[rank < SILENCES]
    order = order[np.lexsort((each["since"][order], owner[order]))]
    rank = _rank(owner[order])
    for key in ONE:
        merged[key][owner[order], rank] = each[key][order]
    return merged


def _rank(owner: NDArray) -> NDArray[np.int64]:
    """Return the place of each row among those of its owner; rows of one owner follow one another."""
    if not len(owner):
        return np.zeros(0, np.int64)
    begins = np.ones(len(owner), np.bool_)
    begins[1:] = owner[1:] != owner[:-1]
    starts = np.flatnonzero(begins)
    return np.arange(len(owner)) - np.repeat(starts, np.diff(starts, append=len(owner)))
