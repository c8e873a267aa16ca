"""What logs tell and what frames show in, what only logs tell out: nothing is counted twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.logs.matching import twins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic


def beside(told: Traffic, heard: Traffic) -> Traffic:
    """Return what logs tell without the flows that frames show too, and without what is said on those.

    Args:
        told: of logs.
        heard: of captures. A flow of both has the same ends, either way round, at the same time.
    """
    kept = np.flatnonzero(twins(told.flows, heard.flows) < 0)
    if len(kept) == len(told.flows):
        return told
    now = np.full(len(told.flows), -1, np.int64)
    now[kept] = np.arange(len(kept))
    asked, questions = _of_kept(told.questions, now)
    answered, answers = _of_kept(told.answers, now)
    for rows, column, numbers in (
        (questions, "previous", asked), (answers, "previous", answered), (answers, "asked", asked),
    ):  # fmt: skip
        rows[column] = _renumbered(rows[column], numbers)
    named = _of_kept(told.named, now)[1]
    named["question"] = _renumbered(named["question"], asked)
    flows = told.flows[kept].copy()
    flows["answer"] = _renumbered(flows["answer"], answered)
    asks = np.zeros(len(flows), bool)
    asks[questions["flow"]] = True
    flows["asked"][asks] = _renumbered(flows["asked"][asks], asked)
    notes = {**told.coverage.notes, "log-flows": len(kept)}
    notes["log-flows-twice"] = notes.get("log-flows-twice", 0) + len(told.flows) - len(kept)
    return replace(
        told,
        flows=flows,
        named=named,
        questions=questions,
        answers=answers,
        hellos=_of_kept(told.hellos, now)[1],
        shown=_of_kept(told.shown, now)[1],
        coverage=replace(told.coverage, notes=notes),
    )


def _of_kept(rows: Rows, now: NDArray[np.int64]) -> tuple[NDArray[np.int64], Rows]:
    """Return 1 + where each row stands now, 0 where it is gone; and the rows of flows that are kept."""
    flow = now[rows["flow"]]
    kept = rows[flow >= 0].copy()
    kept["flow"] = flow[flow >= 0]
    numbers = np.zeros(len(rows) + 1, np.int64)
    numbers[1:] = np.where(flow >= 0, np.cumsum(flow >= 0), 0)
    return numbers, kept


def _renumbered(column: NDArray, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return references, 1 + a row or 0, to rows that were renumbered."""
    found: NDArray[np.int64] = numbers[column.astype(np.int64)]
    return found
