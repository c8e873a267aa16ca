"""DNS questions in, the same out, with those unsure whose answer may have been missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.kinds import Asked

if TYPE_CHECKING:
    from kwel.model.records.columns import Rows

MOST_OPEN = 32
"""Questions of one flow that an answer is compared with."""
PATIENCE = 10_000_000_000
"""Nanoseconds. Resolvers and stubs ask again after 5 seconds at the latest, and give up soon after."""


def settle(questions: Rows, end: int) -> Rows:
    """Let those be unsure whose answer may have been missed.

    They were asked shortly before the *end* of the capture, or so many of the same flow followed at once that an answer
    was not compared with them any more.
    """
    is_open = questions["state"] == Asked.UNANSWERED
    if is_open.any():
        late = questions["time"] > end - PATIENCE
        order = np.argsort(questions["flow"], kind="stable")
        flow, time = questions["flow"][order], questions["time"][order]
        is_near = time[MOST_OPEN:] - time[:-MOST_OPEN] < PATIENCE
        late[order[:-MOST_OPEN]] |= is_near & (flow[MOST_OPEN:] == flow[:-MOST_OPEN])
        questions["state"][late & is_open] = Asked.UNSURE
    return questions
