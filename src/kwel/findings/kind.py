"""Defines the record that declares one kind of finding, and the variants for contacts, commands and conduits."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from kwel.findings.columns import Contacts
from kwel.findings.subjects import CommandSeen, Crossing
from kwel.model.claims import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kwel.model.dependencies import Dependency
    from kwel.model.findings import Severity
    from kwel.model.verdicts import Attribution

LICENSOR: Final = "licensor-foreign"
"""Reason of a verdict that depends on who owns the technology, in rules/vocabulary.toml."""

Subject = TypeVar("Subject")
Answer = TypeVar("Answer", bool, NDArray[np.bool_])


class Words(NamedTuple):
    """A text in the two languages of the report. ``{name}`` is filled in from the values of the finding."""

    nl: str = ""
    en: str = ""


NO_WORDS: Final = Words()


class Severities(NamedTuple):
    """How grave a finding is about an OT asset, about any other, and about an IT asset."""

    ot: Severity
    other: Severity
    it: Severity


def always(severity: Severity) -> Severities:
    """Return one severity for every kind of asset."""
    return Severities(severity, severity, severity)


class Rows(enum.Enum):
    """Which observations become one finding, and in which order they are shown as its evidence."""

    PER_SERVICE = "One finding per asset and service, else supplier, else operator; best grade first, then most bytes."
    PER_ASSET = "One finding per asset, whatever the destinations; best grade first, then most bytes."
    PER_TARGET = "One finding per commanded asset; answered commands first, then the most frequent."
    PER_ZONE = "One finding per zone of the plant; used conduits first, then most bytes."
    ALL = "One finding for all conduits together; used conduits first, then most bytes."


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingKind(Generic[Subject, Answer]):
    """Declares a kind of finding: everything that the analysis, the report and docs/findings.md say about it."""

    id: str
    """Stable name of the kind, such as ``proxy-use``: a key in the JSON and part of the id of each finding."""
    holds: Callable[[Subject], Answer]
    """Tells whether an observation calls for this finding."""
    severity: Severities
    title: Words
    question: Words
    evidence: Rows
    help: str
    """When it holds and what it means, in English Markdown: the text of docs/findings.md."""
    remedy: Words = NO_WORDS

    @property
    def page(self) -> str:
        """Return where the help text is published."""
        return f"docs/findings.md#{self.id}"


def in_control(attribution: Attribution) -> tuple[str, str]:
    """Return the operator in between and the jurisdiction that controls it; of a front, those of the front."""
    operator = attribution.operator.value if attribution.operator else ""
    jurisdiction = attribution.parent_jurisdiction
    if attribution.front:
        operator = attribution.front_operator or operator
        jurisdiction = "/".join(attribution.front_jurisdictions)
    elif attribution.reason == LICENSOR and attribution.offering:
        jurisdiction = attribution.offering.jurisdiction
    return operator, jurisdiction or ""


def no_details(_: Dependency) -> Iterable[tuple[str, str]]:
    """Return no further values."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKind(FindingKind[Contacts, NDArray[np.bool_]]):
    """A kind of finding about contacts with the outside; ``holds`` returns a mask over all dependencies."""

    evidence: Rows = Rows.PER_SERVICE
    graver_if_it_steers: bool = False
    """One level graver where the service can steer a device of the plant that is not an OT asset."""
    control: Callable[[Attribution], tuple[str, str]] = in_control
    """Returns operator and jurisdiction, as the title names them."""
    details: Callable[[Dependency], Iterable[tuple[str, str]]] = no_details
    """Returns values that only this kind's texts fill in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKind(FindingKind[CommandSeen, bool]):
    """A kind of finding about commands to assets; one level less grave where the asset never answered."""

    evidence: Rows = Rows.PER_TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConduitKind(FindingKind[Crossing, bool]):
    """A kind of finding about conduits between zones; one level less grave, but not below low, where never answered."""

    evidence: Rows = Rows.PER_ZONE
    grade: Grade = Grade.B
