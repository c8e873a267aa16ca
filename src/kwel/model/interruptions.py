"""Outages that the captures hold: the nouns of what stopped answering, and of what an asset did next."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kwel.model.claims import Evidence


class Sign(enum.StrEnum):
    """By what an interruption shows. Ordered from surest to weakest in this listing."""

    REFUSED = "refused"
    """New connections were reset, or an ICMP error came back."""
    UNANSWERED = "unanswered"
    """New connections or datagrams got no answer."""
    STOPPED = "stopped"
    """In a connection under way the other side fell silent while the asset went on sending."""
    NO_NAME = "no-name"
    """A name that was found before was not found any more."""
    SILENT = "silent"
    """Regular contact stopped on both sides, while the asset went on talking to others."""


SIGNS = tuple(Sign)


class Fate(enum.StrEnum):
    """What became of an asset's traffic inside the plant while something did not answer."""

    KEPT_RUNNING = "kept-running"
    LESS = "less"
    """It went on, at less than half of what it was."""
    STOPPED = "stopped"
    NO_LOCAL = "no-local"
    """It had none before, so nothing can be said."""
    UNSURE = "unsure"
    """Too little was captured before or during it, or it was as quiet at times before."""


@dataclass(frozen=True, slots=True)
class Span:
    """A moment that lies between two frames, nanoseconds since the epoch."""

    after: int
    """The last frame that shows the one state."""
    before: int
    """The first frame that shows the other."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How regularly an asset is in touch."""

    period: float
    """Seconds: the median time from one beginning to the next."""
    spread: float
    """Seconds: the median distance from that."""
    count: int


@dataclass(frozen=True, slots=True)
class Retries:
    """How an asset tried again."""

    count: int
    """Attempts: connections, retransmissions, questions."""
    interval: float | None
    """Seconds: the median time between connections; ``None`` where there was one."""
    grows: bool
    """Whether it waited longer each time."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the asset did."""

    fate: Fate
    stopped_after: float | None
    """Seconds from the beginning to its last traffic inside the plant, where that stopped."""
    protocols: tuple[str, ...]
    """What it spoke inside the plant before."""
    fell_back: str | None
    """Host outside that it first turned to meanwhile, over the same port."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """Something that had answered an asset stopped doing so."""

    id: str
    """``I-01``: in order of time within one report."""
    asset: int
    """Index into the report's assets."""
    peer: int | None
    """Asset of the plant that stopped answering; ``None`` outside."""
    dependency: int | None
    """Row of the report's dependencies; ``None`` inside."""
    host: str
    port: int
    sign: Sign
    begin: Span
    end: Span | None
    """``None``: it lasted as long as the captures."""
    rhythm: Rhythm | None
    retries: Retries
    aftermath: Aftermath
    evidence: tuple[Evidence, ...]
    address: str = ""
    """Where it was found, first."""
    common: int = 1
    """Assets that lost the same operator, or the same asset of the plant, at the same time."""


class Interruptions(NamedTuple):
    """Outages that captures hold."""

    found: tuple[Interruption, ...] = ()
    """In order of time."""
    left_out: int = 0
    """How many more there are."""
