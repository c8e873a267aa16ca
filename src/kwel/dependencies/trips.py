"""Contacts in, the shortest round trip to each destination out, and what it speaks against.

A round trip is the time from a SYN to its SYN-ACK as the capture saw them: of connections that an asset began itself,
without a proxy of the plant in between. Of a SYN that was sent again, the first one counts: which of them was answered
cannot be told (RFC 6298 section 3), and a round trip that is taken for too long excludes too little, never too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from kwel.model.claims import Evidence, Where
from kwel.model.records.columns import State, address_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.model.traffic import Traffic
    from kwel.model.verdicts import Attribution

TCP = 6
NOT_MEASURED = np.iinfo(np.int64).max


class Exclude(Protocol):
    """Says what a round trip of so many microseconds speaks against."""

    def __call__(self, attribution: Attribution, rtt_us: int, /) -> tuple[Evidence, ...]:
        """Return it as steps of evidence; nothing where it fits."""


class Trips:
    """The shortest round trip of each group of contacts."""

    def __init__(
        self, traffic: Traffic, contacts: Contacts, group: NDArray, groups: int, exclude: Exclude | None
    ) -> None:
        self._traffic, self._contacts, self._exclude = traffic, contacts, exclude
        flows, row = traffic.flows, contacts.flow
        trip = flows["rtt_us"][row].astype(np.int64)
        outward = (flows["responder_hi"][row] == contacts.hi) & (flows["responder_lo"][row] == contacts.lo)
        timed = np.flatnonzero(
            (trip > 0) & outward & (flows["transport"][row] == TCP) & (flows["state"][row] == State.ESTABLISHED)
        )
        timed = timed[np.argsort(-trip[timed], kind="stable")]
        shortest, fastest = np.full(groups, 0, np.int64), np.zeros(groups, np.int64)
        shortest[group[timed]], fastest[group[timed]] = trip[timed], timed  # of several, the shortest: it comes last
        self.shortest: NDArray[np.int64] = shortest
        """Per group, microseconds; 0 where none was measured."""
        self._fastest = fastest

    def contradicted(self, kind: NDArray, attributions: Sequence[Attribution]) -> NDArray[np.int64]:
        """Return, per group, 1 where the place of its kind of destination is excluded, else 0."""
        found = np.zeros(len(self.shortest), np.int64)
        if self._exclude is None:
            return found
        for row in np.flatnonzero(self.shortest).tolist():
            steps = self._exclude(attributions[int(kind[row])], int(self.shortest[row]))
            found[row] = any(step.kind == "round-trip-against-place" for step in steps)
        return found

    def evidence(self, row: int, attribution: Attribution) -> tuple[Evidence, ...]:
        """Return the round trip of a group and what it speaks against; nothing where nobody said where this was."""
        trip = int(self.shortest[row])
        if self._exclude is None or trip == 0:
            return ()
        contact = int(self._fastest[row])
        flow = self._traffic.flows[self._contacts.flow[contact]]
        address = address_text(int(self._contacts.hi[contact]), int(self._contacts.lo[contact]))
        where = Where(self._traffic.captures[int(flow["capture"])].name, int(flow["first_frame"]))
        values = (("address", address), ("trip", f"{trip / 1_000_000:.6f}"))
        return (Evidence("observed", "round-trip", values, where), *self._exclude(attribution, trip))
