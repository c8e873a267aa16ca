"""DNS questions in, steps of evidence out: when a name was asked for, how long the answer took, and who gave none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.claims import Evidence, Where
from kwel.model.kinds import Asked
from kwel.model.records.columns import address_text

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic

SECOND: Final = 1_000_000_000
FIELDS: Final = ["time", "answered", "flow", "frame", "name", "capture", "state"]
SEEN: Final = (Asked.UNANSWERED, Asked.ANSWERED, Asked.UNSURE)


class Questions:
    """What was asked of the DNS. Questions are named as elsewhere: 1 + their row, 0 for none."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic, self._rows = traffic, traffic.questions[FIELDS]
        self._captures = [capture.name for capture in traffic.captures]
        self._talkative: set[tuple[int, int]] | None = None

    def asked(self, question: int, began: int | None = None) -> tuple[Evidence, ...]:
        """Return when a question was asked, if it was seen.

        Args:
            question: which.
            began: when what it led to began, in nanoseconds.
        """
        if question == 0:
            return ()
        time, answered, _, frame, name, capture, state = self._rows[question - 1].item()
        if state not in SEEN:
            return ()
        values = (
            ("name", self._traffic.names[name]),
            ("asked", f"{np.datetime64(time, 'ns')}Z"),
            ("wait", _seconds(answered - time) if state == Asked.ANSWERED else ""),
            ("began", _seconds(began - time) if began is not None else ""),
        )
        return (Evidence("observed", "dns-question", values, Where(self._captures[capture], frame)),)

    def unanswered(self, question: int) -> tuple[Evidence, ...]:
        """Return that the resolver gave no answer to a question: to this one, or to nobody that the capture shows."""
        if question == 0:
            return ()
        _, _, flow, frame, name, capture, state = self._rows[question - 1].item()
        if state != Asked.UNANSWERED:
            return ()
        row = self._traffic.flows[flow]
        resolver = int(row["responder_hi"]), int(row["responder_lo"])
        kind = "dns-no-answer" if resolver in self._resolvers_that_answer() else "dns-silent-resolver"
        values = (("name", self._traffic.names[name]), ("resolver", address_text(*resolver)))
        return (Evidence("observed", kind, values, Where(self._captures[capture], frame)),)

    def _resolvers_that_answer(self) -> set[tuple[int, int]]:
        if self._talkative is None:
            questions, flows = self._traffic.questions, self._traffic.flows
            answered = np.unique(questions["flow"][np.isin(questions["state"], (Asked.ANSWERED, Asked.UNSEEN))])
            ends = np.unique(flows[["responder_hi", "responder_lo"]][answered])
            self._talkative = {(int(hi), int(lo)) for hi, lo in ends.tolist()}
        return self._talkative


def _seconds(nanoseconds: int) -> str:
    """Return a length of time in seconds, to the microsecond; nothing where the clock went back."""
    return f"{nanoseconds // SECOND}.{nanoseconds % SECOND // 1000:06}" if nanoseconds >= 0 else ""
