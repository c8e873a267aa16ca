"""DNS questions of several parts in, those of the whole out: asked in one part and answered in the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kwel.merge.renumbering import with_questions
from kwel.model.grouping import packed
from kwel.model.kinds import Asked
from kwel.streams.unanswered import PATIENCE, settle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

OPEN = (Asked.UNANSWERED, Asked.UNSURE)


def merge_questions(traffic: Traffic, row_of: NDArray[np.int64], ended: NDArray[np.int64]) -> Traffic:
    """Return the traffic with each question once, and what became of it.

    Args:
        traffic: of all parts; ``flow`` is that of the whole.
        row_of: by question, the row of the part that its flow was.
        ended: by question, when the last flow of its part was heard.
    """
    if not len(traffic.questions):
        return traffic
    questions = traffic.questions.copy()
    late = (questions["state"] == Asked.UNSURE) & (questions["time"] > ended - PATIENCE)
    questions["state"][late] = Asked.UNANSWERED
    stand_in = np.arange(len(questions))
    for later, earlier in _pairs(questions, row_of):
        _merge(questions, stand_in, later, int(stand_in[earlier]))
    kept = np.flatnonzero(stand_in == np.arange(len(questions)))
    traffic = with_questions(replace(traffic, questions=questions), kept, stand_in)
    questions = _chained(traffic.questions)
    end = int(traffic.flows["last"].max()) if len(traffic.flows) else 0
    return replace(traffic, questions=settle(questions, end))


def _pairs(questions: Rows, row_of: NDArray) -> list[tuple[int, int]]:
    """Return (question, the one before it that is alike in all that an answer is matched by) where parts meet."""
    key = packed(*(questions[name] for name in ("flow", "side", "message", "name", "kind")))
    order = np.argsort(key, kind="stable")
    meet = np.flatnonzero((key[order][1:] == key[order][:-1]) & (row_of[order][1:] != row_of[order][:-1]))
    meet = meet[np.argsort(order[meet + 1], kind="stable")]
    return list(zip(order[meet + 1].tolist(), order[meet].tolist(), strict=True))


def _merge(questions: Rows, stand_in: NDArray, later: int, earlier: int) -> None:
    """Let the earlier of two questions that are alike stand for the later one too, if they are one."""
    row, before = questions[later], questions[earlier]
    if row["state"] == Asked.UNSEEN:
        if before["state"] in OPEN:
            before["state"], before["answered"] = Asked.ANSWERED, row["answered"]
    elif before["state"] in OPEN and row["time"] - before["time"] < PATIENCE:  # sent again
        before["state"], before["answered"] = row["state"], row["answered"]
    else:
        return
    stand_in[later] = earlier


def _chained(questions: Rows) -> Rows:
    """Return questions each of which names the one before it on its flow."""
    questions = questions.copy()
    order = np.argsort(questions["flow"], kind="stable")
    is_same = questions["flow"][order][1:] == questions["flow"][order][:-1]
    questions["previous"] = 0
    questions["previous"][order[1:][is_same]] = 1 + order[:-1][is_same]
    return questions
