"""What lines of logs tell in, rows under way out: flows by the probe's own key, and what was said on them.

A key is a keyed hash of whatever the probe joins its lines by: Zeek's ``uid``, Suricata's ``flow_id``. Everything that
grows with the logs is bounded; what there is no room for is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from kwel.model.claims import Observed, Where
from kwel.model.records.columns import FLOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.kinds import FactKind
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Certificate

MOST_SAID: Final = 8_000_000
"""Lines about flows, other than the flows themselves, that are kept: each takes 72 bytes."""
MOST_NAMES: Final = 4_000_000
MOST_OBSERVED: Final = 200_000
MOST_HOLDERS: Final = 200_000
MOST_CERTIFICATES: Final = 200_000
BATCH: Final = 50_000
"""Rows that are kept as Python objects at a time."""
LONGEST_NAME: Final = 255
"""RFC 1035 section 3.1."""

SAID = np.dtype(
    [
        ("key", np.uint64),
        ("time", np.int64),
        ("initiator_hi", np.uint64),
        ("initiator_lo", np.uint64),
        ("responder_hi", np.uint64),
        ("responder_lo", np.uint64),
        ("name", np.uint32),
        ("frame", np.uint32),
        ("initiator_port", np.uint16),
        ("responder_port", np.uint16),
        ("port", np.uint16),
        ("capture", np.uint16),
        ("transport", np.uint8),
        ("application", np.uint8),
        ("source", np.uint8),  # NameSource
        ("from_initiator", np.uint8),
        ("answered", np.uint8),  # the other side was heard
    ],
    align=True,
)
"""A line of a log that tells something of one flow. ``frame`` is the number of the line."""


class Asked(NamedTuple):
    """A DNS question, before its flow is known."""

    said: int
    """Row of ``SAID``."""
    time: int
    answered: int
    name: int
    kind: int
    message: int
    state: int


class Told(NamedTuple):
    """One record of a DNS answer, before its flow is known."""

    said: int
    asked: int
    """1 + index of the question; 0 is none."""
    time: int
    hi: int
    lo: int
    question: int
    owner: int
    target: int
    ttl: int
    message: int
    kind: int
    code: int


class Greeted(NamedTuple):
    """A ClientHello of which the fingerprint is told."""

    said: int
    fingerprint: int
    version: int


class ShownAt(NamedTuple):
    """Where a certificate was shown: by its number, or by what the probe calls it."""

    said: int
    certificate: str
    from_initiator: bool


class Holder(NamedTuple):
    """A MAC and an address, and where the log says that they belong together."""

    mac: int
    hi: int
    lo: int
    vlan: int
    kind: int
    """ClaimKind; 0: it only sent packets of that address."""


@dataclass(slots=True)
class Times:
    """When something was told, and on which line first."""

    first: int
    last: int
    capture: int
    line: int


@dataclass(slots=True)
class Gathered:
    """What all logs of one kind told so far."""

    names: dict[bytes, int] = field(default_factory=lambda: {b"": 0})
    flows: list[Rows] = field(default_factory=list)
    keys: list[NDArray[np.uint64]] = field(default_factory=list)
    said: list[Rows] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    hellos: list[Greeted] = field(default_factory=list)
    shown: list[ShownAt] = field(default_factory=list)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    """By what the probe calls them."""
    fingerprints: dict[str, int] = field(default_factory=lambda: {"": 0})
    observed: dict[tuple[FactKind, str, str, str | None, int | None], Times] = field(default_factory=dict)
    holders: dict[Holder, Times] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    open_questions: dict[tuple[int, int, int], int] = field(default_factory=dict)
    """By key of the flow, message and name, the question that waits for its answer, or had one."""
    _pending: list[tuple[int, ...]] = field(default_factory=list)
    _count: int = 0
    _said: int = 0

    def note(self, key: str, count: int = 1) -> None:
        """Count what limits what can be said."""
        if count:
            self.notes[key] = self.notes.get(key, 0) + count

    def add_flows(self, rows: Rows, keys: NDArray[np.uint64], most: int) -> None:
        """Keep flows, as long as there are fewer than *most*; *rows* are of ``columns.FLOW``."""
        room = max(0, most - self._count)
        self.note("flows-evicted", max(0, len(rows) - room))
        self.flows.append(rows[:room])
        self.keys.append(keys[:room])
        self._count += min(room, len(rows))

    def say(self, rows: Rows) -> NDArray[np.int64]:
        """Keep what was said on flows, rows of ``SAID``; return the number of each, -1 where there was no room."""
        self._settle()
        room = max(0, MOST_SAID - self._said)
        self.note("log-lines-not-kept", max(0, len(rows) - room))
        numbers = np.arange(self._said, self._said + len(rows))
        self.said.append(rows[:room].copy())
        self._said += min(room, len(rows))
        return np.where(numbers < MOST_SAID, numbers, -1)

    def say_one(self, row: tuple[int, ...]) -> int:
        """Keep what was said on one flow, the fields of ``SAID``; return its number, -1 where there was no room."""
        if self._said >= MOST_SAID:
            self.note("log-lines-not-kept")
            return -1
        self._pending.append(row)
        self._said += 1
        if len(self._pending) >= BATCH:
            self._settle()
        return self._said - 1

    def _settle(self) -> None:
        if self._pending:
            self.said.append(np.array(self._pending, SAID))
            self._pending.clear()

    def name(self, text: str | None) -> int:
        """Return the number of a name; 0 where it can be none.

        >>> gathered = Gathered()
        >>> gathered.name("Plant.Example."), gathered.name("plant.example"), gathered.name("no name"), gathered.name("")
        (1, 1, 0, 0)
        """
        if not text or len(text) > LONGEST_NAME + 1 or not text.isascii() or not text.isprintable() or " " in text:
            return 0
        raw = text.lower().rstrip(".").encode("ascii")
        number = self.names.get(raw)
        if number is None:
            if len(self.names) >= MOST_NAMES or len(raw) > LONGEST_NAME:
                self.note("names-not-kept")
                return 0
            number = self.names[raw] = len(self.names)
        return number

    def fingerprint(self, text: str | None) -> int:
        """Return the number of a JA4 fingerprint."""
        return (
            self.fingerprints.setdefault(text or "", len(self.fingerprints)) if len(text or "") <= LONGEST_NAME else 0
        )

    def certify(self, key: str, certificate: Certificate) -> None:
        """Keep a certificate under what the probe calls it."""
        if key in self.certificates or len(self.certificates) < MOST_CERTIFICATES:
            self.certificates.setdefault(key, certificate)
        else:
            self.note("certificates-not-kept")

    def observe(
        self, kind: FactKind, value: str | None, protocol: str, when: Times, address: str | None, mac: int | None = None
    ) -> None:
        """Keep what a host says of itself, once for each distinct saying."""
        if not value or not (address or mac):
            return
        key = (kind, _text(value), protocol, address, mac)
        known = self.observed.get(key)
        if known is not None:
            _widen(known, when)
        elif len(self.observed) < MOST_OBSERVED:
            self.observed[key] = when
        else:
            self.note("sayings-not-kept")

    def hold(self, holder: Holder, when: Times) -> None:
        """Keep that a MAC and an address belong together."""
        known = self.holders.get(holder)
        if known is not None:
            _widen(known, when)
        elif len(self.holders) < MOST_HOLDERS:
            self.holders[holder] = when
        else:
            self.note("claims-not-kept")

    def sayings(self, captures: list[str]) -> tuple[Observed, ...]:
        """Return what hosts say of themselves; *captures* are the names of the logs."""
        return tuple(
            Observed(kind, value, protocol, Where(captures[at.capture], at.line), at.first, address, mac, 0, at.last)
            for (kind, value, protocol, address, mac), at in self.observed.items()
        )

    def all_flows(self) -> tuple[Rows, NDArray[np.uint64]]:
        """Return all flows and their keys."""
        none = np.zeros(0, FLOW), np.zeros(0, np.uint64)
        return np.concatenate([*self.flows, none[0]]), np.concatenate([*self.keys, none[1]])

    def all_said(self) -> Rows:
        """Return all that was said on flows."""
        self._settle()
        return np.concatenate([*self.said, np.zeros(0, SAID)])


def _widen(known: Times, more: Times) -> None:
    if (more.first, more.capture, more.line) < (known.first, known.capture, known.line):
        known.first, known.capture, known.line = more.first, more.capture, more.line
    known.last = max(known.last, more.last)


def _text(value: str) -> str:
    """Return text that is safe to show, at most as long as anything that identifies a device."""
    folded = " ".join(value.split())[:LONGEST_NAME]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in folded)
