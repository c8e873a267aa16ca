"""DNS questions in, the table of them out; an answer in, the question that it is for out.

An answer is for a question of the same flow, sent the other way, with the same message ID (RFC 1035 section 4.1.1),
name and type. A question that is sent again before anybody gives up is the same question, and the wait counts from the
first time; devices that use one port and ID for ever ask a new one each time. Questions of one flow are a chain, the
last one first: where a resolver asks everything from one port, only the last are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.model.kinds import Asked
from kwel.streams.room import C_QUESTIONS, C_QUESTIONS_REFUSED
from kwel.streams.unanswered import MOST_OPEN, PATIENCE

if TYPE_CHECKING:
    from typing import Any

    from kwel.streams.room import Tables

MOST_QUESTIONS = 1_000_000
"""Questions kept of one analysis. Beyond, they are counted."""
UNANSWERED, ANSWERED, UNSEEN = int(Asked.UNANSWERED), int(Asked.ANSWERED), int(Asked.UNSEEN)


@helper
def last_question(packet: Any, run: Any, t: Tables) -> int:
    """Return 1 + the row of the question that a flow asked last; 0 is none, or its last name was no question."""
    row = np.int64(run.asked)
    return row if 0 < row <= t.counters[C_QUESTIONS] and t.questions[row - 1].flow == packet.flow else 0


@helper
def find_question(last: int, side: int, message: int, name: int, kind: int, t: Tables) -> int:
    """Return 1 + the row of a question among those before *last*, and that one; 0 is none."""
    row = last
    for _ in range(MOST_OPEN):
        if row == 0:
            return 0
        asked = t.questions[row - 1]
        if asked.message == message and asked.name == name and asked.kind == kind and asked.side == side:
            return row
        row = np.int64(asked.previous)
    return 0


@helper
def add_question(last: int, side: int, message: int, name: int, kind: int, packet: Any, run: Any, t: Tables) -> int:
    """Append a row; return 1 + its number, 0 where there is no room."""
    number = t.counters[C_QUESTIONS]
    if number >= MOST_QUESTIONS:
        t.counters[C_QUESTIONS_REFUSED] += 1
        return 0
    asked = t.questions[number]
    asked.time, asked.flow, asked.frame, asked.capture = packet.time, packet.flow, packet.frame, packet.capture
    asked.name, asked.kind, asked.message, asked.side, asked.previous = name, kind, message, side, last
    t.counters[C_QUESTIONS] = run.asked = number + 1
    return number + 1


@helper
def note_question(last: int, name: int, kind: int, message: int, packet: Any, run: Any, t: Tables) -> int:
    """Keep a question; return 1 + its row."""
    row = find_question(last, packet.side, message, name, kind, t)
    asked = t.questions[max(0, row - 1)]
    if row and asked.state == UNANSWERED and packet.time - asked.time < PATIENCE:
        return row  # sent again
    return add_question(last, packet.side, message, name, kind, packet, run, t)


@helper
def note_answer(last: int, name: int, kind: int, message: int, packet: Any, run: Any, t: Tables) -> int:
    """Note that a question was answered; return 1 + its row, a new one where the question itself was not seen."""
    row = find_question(last, 1 - packet.side, message, name, kind, t)
    state = ANSWERED
    if row == 0:
        row, state = add_question(last, 1 - packet.side, message, name, kind, packet, run, t), UNSEEN
    if row and t.questions[row - 1].state == UNANSWERED:
        t.questions[row - 1].state, t.questions[row - 1].answered = state, packet.time
    return row
