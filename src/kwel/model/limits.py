"""What a site allows and what was decided of each contact: the nouns of limits.toml. docs/limits.md has the file."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray


class Action(enum.StrEnum):
    """What a rule says of a contact. Ordered from lightest to gravest in this listing."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


class Decision(enum.StrEnum):
    """What became of a contact. Ordered from gravest to lightest in this listing."""

    BREACH = "breach"
    UNDECIDED = "undecided"
    """What is not known of it would decide whether it is a breach: neither in order nor a breach."""
    WARNING = "warning"
    EXCEPTED = "excepted"
    """A breach or a warning, were it not for an exception that somebody answers for."""
    ALLOWED = "allowed"


DECISIONS: Final = tuple(Decision)
"""``Judgement.decision`` indexes this."""


class Words(NamedTuple):
    """One text in the languages of the report."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What one key of a rule asks for."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{'not_' if self.negated else ''}{self.key} = {', '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit: what it is about, and what it says."""

    id: str
    action: Action
    conditions: tuple[Condition, ...]
    because: Words | None = None
    source: str = ""
    """Where it follows a standard or a law; may be empty."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Exemption:
    """Somebody answers for what a rule forbids, until a day."""

    number: int
    """1-based, in the order of the file."""
    rule: str
    conditions: tuple[Condition, ...]
    owner: str
    reason: str
    ticket: str
    expires: str
    """Last day on which it holds, ISO 8601."""
    begins: str | None = None
    line: int = 0

    def holds(self, day: str | None) -> bool:
        """Return whether it counts on a day; where no day is known it does, and the outcome is incomplete."""
        return not day or ((self.begins or "") <= day <= self.expires)

    def has_expired(self, day: str | None) -> bool:
        """Return whether its last day has passed."""
        return bool(day) and self.expires < (day or "")


@dataclass(frozen=True, slots=True)
class Example:
    """A contact in words, and what the policy must say of it."""

    says: tuple[tuple[str, tuple[str, ...]], ...]
    expect: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that a limits file says, checked."""

    file: str
    """Name without folders."""
    sha256: str
    title: Words
    default: Mapping[str, Action]
    """By direction, and for commands: what holds where no rule does."""
    rules: tuple[Rule, ...]
    exemptions: tuple[Exemption, ...] = ()
    undecided: str = "incomplete"
    """What undecided contacts do to the outcome: ``show``, ``incomplete`` or ``fail``."""
    coverage: str = "limited"
    """The lowest grade of coverage with which the outcome may be "in order"."""
    proposals: str = "doubt"
    """Whether a Purdue level that is only proposed counts: ``doubt`` or ``count``."""
    examples: tuple[Example, ...] = ()
    sources: tuple[str, ...] = ()
    reviewed: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One contact with what was decided of it, and by what."""

    decision: Decision
    rule: str
    """Id of the rule that decided, or ``default: outbound``."""
    action: Action
    kind: str
    """``contact`` or ``command``."""
    direction: str
    asset: str
    """Asset id, or the zone that begins."""
    asset_label: str
    destination: str
    """Host outside, asset or zone."""
    what: str
    """Service, protocol and port, commands: for a reader."""
    because: tuple[tuple[str, str], ...]
    """The facts that the rule asked for, by key, as far as they are known."""
    evidence: tuple[str, ...]
    """Frames, as ``capture#frame``."""
    exemption: Exemption | None = None
    """That which holds, or that which has expired."""
    open: tuple[str, ...] = ()
    """Keys of what would have to be known to decide."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of a suggested allow-list: what was seen of one asset and one service, and would be allowed."""

    id: str
    conditions: tuple[Condition, ...]
    direction: str
    """``outbound``, ``inbound``, ``inside``; empty where nobody knows who begins."""
    label: str
    destination: str
    what: str
    evidence: tuple[str, ...]
    is_command: bool
    sources: tuple[str, ...]
    """Addresses of whoever begins, as far as they are known."""
    targets: tuple[str, ...]
    names: tuple[str, ...]
    """Host names outside."""
    ports: tuple[str, ...]
    """``tcp/443``, ``icmp``."""
    contacts: int
    """How many it is for."""
    more: bool = False
    """Whether there are addresses that are not known."""


class Result(enum.StrEnum):
    """What the whole check says."""

    IN_ORDER = "in-order"
    BREACH = "breach"
    INCOMPLETE = "incomplete"
    """Too little was seen, or is known, to say that all is in order."""


@dataclass(frozen=True)
class Judgement:
    """A policy held against everything that was seen. Rows are contacts; as objects they are made when asked for."""

    policy: Policy
    day: str | None
    """On which exceptions are judged."""
    decision: NDArray
    """By contact: index into ``DECISIONS``."""
    rule: NDArray
    """By contact: index into the policy's rules; from their number on, the defaults."""
    coverage: str
    """Grade of what was seen."""
    shortcomings: tuple[str, ...]
    unread: tuple[str, ...] = ()
    """Captures that were not read to their end, and why."""
    is_empty: bool = False
    """No packet could be used."""
    build: Callable[[int], Judged] | None = field(default=None, compare=False, repr=False)

    def count(self, decision: Decision) -> int:
        """Return how many contacts were decided so."""
        return int((self.decision == DECISIONS.index(decision)).sum())

    def rows(self, *decisions: Decision) -> Iterator[Judged]:
        """Return the contacts that were decided so, the gravest first, else in their order."""
        if self.build is None:
            return
        for decision in decisions:
            for row in np.flatnonzero(self.decision == DECISIONS.index(decision)).tolist():
                yield self.build(row)

    @property
    def expired(self) -> tuple[Exemption, ...]:
        """Return the exceptions whose last day has passed: each is a breach until somebody renews or removes it."""
        return tuple(of for of in self.policy.exemptions if of.has_expired(self.day))

    @property
    def is_blind(self) -> bool:
        """Return whether too little was seen for the policy."""
        grades = ("good", "limited", "poor")
        return self.is_empty or grades.index(self.coverage) > grades.index(self.policy.coverage)

    @property
    def is_dayless(self) -> bool:
        """Return whether there are exceptions and no day to judge them on: any of them may have expired."""
        return not self.day and bool(self.policy.exemptions)

    @property
    def result(self) -> Result:
        """Return what follows from all of it."""
        undecided = self.count(Decision.UNDECIDED)
        if self.count(Decision.BREACH) or self.expired or (undecided and self.policy.undecided == "fail"):
            return Result.BREACH
        is_cut = self.is_blind or self.unread or self.is_dayless
        if is_cut or (undecided and self.policy.undecided == "incomplete"):
            return Result.INCOMPLETE
        return Result.IN_ORDER
