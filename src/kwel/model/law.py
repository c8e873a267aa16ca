"""Laws that reach a service, offerings called sovereign, frameworks that ask about both: the nouns of the legal side.

Access and interruption are two kinds and never one figure: a law may compel whoever holds data to hand them over, or
whoever runs a service to stop it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.claims import Grade

Checked = Literal["text", "secondary", "unverified"]
"""Whether the text itself was read, a description of it, or neither: then it counts one grade lower."""
Link = Literal["parent", "operator", "location", "supplier", "licensor"]
"""Through what a law reaches a service."""


class LawKind(enum.StrEnum):
    """What a law can do to a customer."""

    ACCESS = "access"
    """Compel somebody to hand data over."""
    INTERRUPTION = "interruption"
    """Compel somebody to stop serving."""


class Words(NamedTuple):
    """The same in both languages of the report."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Law:
    """A row of the register."""

    id: str
    title: str
    kind: LawKind
    jurisdiction: str
    """State, or union of states, that made it."""
    members: frozenset[str]
    """Jurisdictions in which it binds: the state itself, or the members of the union."""
    status: str
    """A word of the closed list in rules/vocabulary.toml."""
    status_date: str
    """On which the status was known to hold."""
    works: bool
    """Whether a law of this status reaches anybody."""
    reference: str
    reaches: Words
    """Whom or what, as the law says it."""
    through: tuple[str, ...]
    """Links by which it reaches a service; ``()`` where it binds no provider and so is in the register only."""
    source: str
    checked: str
    note: Words | None


@dataclass(frozen=True, slots=True)
class Precedent:
    """Something that happened under a law, as a scenario that can be named."""

    id: str
    law: str
    title: Words
    first: str
    last: str
    """ISO 8601 dates."""
    what: Words
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class Reach:
    """That a law reaches a service, by what, and how well that is known."""

    law: Law
    through: tuple[str, ...]
    grade: Grade

    def __str__(self) -> str:
        """Return it as the tables spell it: ``us-cloud-act:parent+operator``."""
        return f"{self.law.id}:{'+'.join(self.through)}"


@dataclass(frozen=True, slots=True)
class Offering:
    """A service that is called sovereign while somebody outside has influence on it."""

    id: str
    name: str
    operators: tuple[str, ...]
    """Whose hosts it is seen by: ids; ``()`` where traffic does not tell it from the ordinary service."""
    party: str
    """Who has influence."""
    jurisdiction: str
    how: Literal["parent", "licensor", "partner"]
    settles: Literal["control", "residency"]
    """What it promises: who is in charge, or only where data are."""
    why: Words
    """Why this counts as decisive until the user says otherwise."""
    date: str
    """Of what the row says."""
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class LimitRule:
    """Facts that, together, keep an objective from being reached."""

    when: tuple[str, ...]
    unless: tuple[str, ...]
    outcome: str
    because: Words


@dataclass(frozen=True, slots=True)
class Objective:
    """One question of a framework."""

    id: str
    title: Words
    kind: Literal["ceiling", "prerequisite", "fact", "not-observable"]
    rules: tuple[LimitRule, ...]
    needs: tuple[str, ...]
    """Facts that must be known before "no limit was observed" may be said."""


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework, a proposal or an assessment that a report can support or contradict, and never certify."""

    id: str
    title: Words
    publisher: str
    edition: str
    status: str
    status_date: str
    bloc: str
    """What it calls inside: id of a bloc."""
    members: frozenset[str]
    levels: tuple[str, ...]
    """Of its scale, the lowest first; ``()`` where it has none."""
    objectives: tuple[Objective, ...]
    sources: tuple[str, ...]
    checked: str
    note: Words

    def rank(self, outcome: str) -> int:
        """Return how bad an outcome is, the worst lowest: the weakest link decides."""
        order = (*self.levels, *OUTCOMES)
        return order.index(outcome)


OUTCOMES = ("contradicted", "observed", "unknown", "open", "not-observable")
"""Besides the levels of a scale. ``open``: nothing that was observed stands in the way, and that is all it says."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one service means for one objective of one framework."""

    framework: str
    objective: str
    outcome: str
    because: Words | None

    def __str__(self) -> str:
        """Return it as the tables spell it: ``eu-csf/SOV-2:SEAL-1``."""
        return f"{self.framework}/{self.objective}:{self.outcome}"


@dataclass(frozen=True, slots=True)
class LawExample:
    """Who is where, and what must follow from that, or must not."""

    file: str
    links: tuple[tuple[str, tuple[str, ...]], ...]
    also: tuple[str, ...]
    """Facts beside where each link is."""
    matches: tuple[str, ...]
    """Ids of laws, and limits as ``framework/objective:outcome``."""
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LawBook:
    """Everything that the rules say of law."""

    laws: tuple[Law, ...] = ()
    precedents: tuple[Precedent, ...] = ()
    offerings: Mapping[str, Offering] = field(default_factory=dict)
    frameworks: tuple[Framework, ...] = ()
    examples: tuple[LawExample, ...] = ()

    def offering_of(self, operator: str) -> Offering | None:
        """Return the offering that an operator's hosts belong to."""
        return next((one for one in self.offerings.values() if operator in one.operators), None)

    def check_accepted(self, ids: tuple[str, ...]) -> None:
        """Refuse what cannot be switched.

        Raises:
            ValueError: no such offering, or one that traffic does not tell from the ordinary service.
        """
        for name in ids:
            known = [one.id for one in self.offerings.values() if one.operators]
            if name not in self.offerings:
                raise ValueError(f"no sovereign offering {name!r}: the rules know {', '.join(known)}")
            if name not in known:
                raise ValueError(
                    f"{name!r} cannot be told from the ordinary service in traffic: choose {', '.join(known)}"
                )
