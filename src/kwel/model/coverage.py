"""How much of what happened the captures let through."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.gaps import BlindSpot, Mirror, Shortcoming, System


class CoverageGrade(enum.StrEnum):
    """How much of what happened the captures let through, in a word. findings/coverage.py has the rules."""

    GOOD = "good"
    LIMITED = "limited"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The blind-spot ledger. ``packets == used + sum(set_aside.values())`` always."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was of use: no packet, and no line of a log of another probe."""
        return self.used == 0 and not self.notes.get("log-flows", 0)

    packets: int
    used: int
    set_aside: Mapping[str, int]
    """Packets not used, by reason."""
    notes: Mapping[str, int]
    """Other counts that limit what can be said: cut packets, one-way flows, unnamed flows, duplicates, …"""
    pauses: tuple[tuple[int, int], ...] = ()
    """When no frame at all was captured though the rest was busy: begin and end, nanoseconds since the epoch."""
    mirrors: tuple[Mirror, ...] = ()
    blind_spots: tuple[BlindSpot, ...] = ()
    systems: tuple[System, ...] = ()
    grade: CoverageGrade = CoverageGrade.GOOD
    shortcomings: tuple[Shortcoming, ...] = ()
    """What lowers the grade, the worst first."""
    unread_links: tuple[tuple[str, int], ...] = ()
    """Of the packets set aside for their link type: number and name of each link type, and how many are of it."""
    spells: tuple[tuple[int, int], ...] = ()
    """When frames came, with less than ``pauses.SHORTEST`` between one and the next: begin and end of each spell. Empty
    where there were too many to tell, or where what was read has no frames."""
