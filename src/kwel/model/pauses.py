"""Spells of frames in, pauses out: when not a single frame came in any capture, while the rest was busy.

A capture that stood still looks like a plant that kept silent. The rule: at least half a minute, and fifty times as
long as frames lie apart on average. What was captured at the same time fills each other's pauses.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    Spell = tuple[int, int]

SHORTEST: Final = 30_000_000_000
"""Nanoseconds."""
TIMES_APART: Final = 50


def merge_spells(spells: Iterable[Spell]) -> tuple[Spell, ...]:
    """Return spells in order, those as one between which there is no pause; nanoseconds since the epoch."""
    merged: list[Spell] = []
    for first, last in sorted(spells):
        if merged and first - merged[-1][1] < SHORTEST:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def find_pauses(spells: Iterable[Spell], frames: int) -> tuple[Spell, ...]:
    """Return when each pause began and ended, in order. *frames*: how many there were in all spells."""
    merged = merge_spells(spells)
    if not merged or not frames:
        return ()
    whole = merged[-1][1] - merged[0][0]
    shortest = max(SHORTEST, TIMES_APART * whole // frames)
    between = itertools.pairwise(merged)
    return tuple((before[1], after[0]) for before, after in between if after[0] - before[1] >= shortest)
