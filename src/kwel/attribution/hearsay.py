"""What is known of a host or a place in, the same as far as a log of another probe carries it out: grade C at most.

A log is the word of another program (ADR 21), as an override is that of one person: it decides, and it makes nothing
more than an indication of being European.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from kwel.model.claims import TOLD, Grade

if TYPE_CHECKING:
    from kwel.attribution.hosts import Host
    from kwel.attribution.places import Location

Known = TypeVar("Known", "Host", "Location")


def hearsay(known: Known) -> Known:
    """Return the same, graded no higher than C, and with the reason where there is any evidence."""
    evidence = (*known.evidence, TOLD) if known.evidence else ()
    return replace(known, grade=min(known.grade, Grade.C), evidence=evidence)
