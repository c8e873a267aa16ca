"""Signs of life and of trouble in, spells in which something that had answered did not out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.impact.interruptions.signs import SECOND, SHORTEST, Pairs, Signs
from kwel.model.interruptions import SIGNS, Retries, Rhythm, Sign, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PAIRS: Final = 20_000
"""Pairs that are gone through; one asset that scans must not hold up the rest."""
LONG_ENOUGH: Final = 10 * SECOND
"""Of a single sign of trouble."""
REGULAR: Final = 3
"""Beginnings, less one, that show a rhythm."""
GROWING: Final = 1.5
"""So much longer is the last wait than the first where waits grow."""
_SILENT: Final = SIGNS.index(Sign.SILENT)


@dataclass(slots=True)
class Run:
    """One spell of one pair, under way."""

    pair: int
    after: int
    """When the last sign of life was."""
    before: int
    """When the first sign of trouble was."""
    rows: list[int] = field(default_factory=list)
    """Rows of ``Signs``: those of trouble."""
    life: int = -1
    """Row of the last sign of life before it."""
    back: int = -1
    """Row of the first one behind it; -1 is none."""
    lives: int = 0
    """Signs of life before it."""


def find_runs(signs: Signs) -> tuple[list[Run], int]:
    """Return the spells that count, in order of time, and how many pairs were not gone through."""
    pairs, starts = np.unique(signs.pair, return_index=True)
    ends = np.append(starts[1:], len(signs.pair))[: len(starts)]
    runs = [
        run
        for start, end in zip(starts[:MOST_PAIRS].tolist(), ends[:MOST_PAIRS].tolist(), strict=True)
        for run in _of_pair(signs, start, end)
        if _counts(signs, run)
    ]
    return sorted(runs, key=lambda run: (run.before, run.pair)), max(0, len(pairs) - MOST_PAIRS)


def _of_pair(signs: Signs, start: int, end: int) -> Iterator[Run]:
    """Yield the spells of one pair: from the last sign of life to the next one."""
    begins, until, kinds = (column[start:end].tolist() for column in (signs.begin, signs.end, signs.kind))
    alive, life, lives = 0, -1, 0
    run: Run | None = None
    for place, (begin, over, kind) in enumerate(zip(begins, until, kinds, strict=True)):
        if kind < 0:
            if run and begin >= run.before:
                run.back = start + place
                yield run
                run = None
            lives += 1
            if over > alive:
                alive, life = over, start + place
        elif lives and over > alive:
            if run is None:
                run = Run(int(signs.pair[start]), alive, max(begin, alive), life=life, lives=lives)
            run.rows.append(start + place)
    if run:
        yield run


def _counts(signs: Signs, run: Run) -> bool:
    """Return whether a spell is more than a packet lost."""
    over = int(signs.begin[run.back]) if run.back >= 0 else int(signs.end[run.rows].max())
    if over - run.before < SHORTEST:  # another address of the host, or another question, was tried first
        return False
    return over - run.after >= LONG_ENOUGH and (len(run.rows) >= 2 or over - run.before >= LONG_ENOUGH)


def sign_of(signs: Signs, run: Run) -> Sign:
    """Return the surest sign of a spell."""
    return SIGNS[int(signs.kind[run.rows].min())]


def loud_rows(signs: Signs, run: Run) -> list[int]:
    """Return the signs of trouble in which something was sent in vain."""
    return [row for row in run.rows if signs.kind[row] != _SILENT]


def begin_of(run: Run) -> Span:
    """Return when it began."""
    return Span(run.after, run.before)


def end_of(signs: Signs, run: Run) -> Span | None:
    """Return when it ended."""
    if run.back < 0:
        return None
    back = int(signs.begin[run.back])
    loud = loud_rows(signs, run)
    # a silence within a connection lasts up to the answer: when it was tried last is not told
    shown = signs.end[loud][signs.end[loud] < back]
    return Span(max(int(shown.max()), run.before) if len(shown) else run.before, back)


def rhythm_of(signs: Signs, run: Run) -> Rhythm | None:
    """Return how regularly the pair was in touch before; ``None`` where too little shows it."""
    low = np.searchsorted(signs.pair, run.pair)
    before = signs.begin[low : run.rows[0]][signs.kind[low : run.rows[0]] < 0]
    if len(before) <= REGULAR:
        return None
    apart = np.diff(before) / SECOND
    middle = float(np.median(apart))
    return Rhythm(middle, float(np.median(np.abs(apart - middle))), len(before))


def retries_of(signs: Signs, run: Run) -> Retries:
    """Return how the asset tried again."""
    loud = loud_rows(signs, run)
    count = int(signs.tries[loud].sum()) if loud else 0
    apart = np.diff(np.unique(signs.begin[loud])) / SECOND if loud else np.zeros(0)
    apart = apart[apart >= 0.5]
    if len(apart) == 0:
        return Retries(count, None, grows=False)
    half = len(apart) // 2
    grows = len(apart) >= 3 and bool(np.median(apart[-half:]) >= GROWING * np.median(apart[:half]))
    return Retries(count, float(np.median(apart)), grows)


def pair_of(pairs: Pairs, run: Run) -> tuple[int, int, int]:
    """Return asset, peer and port."""
    return int(pairs.asset[run.pair]), int(pairs.peer[run.pair]), int(pairs.port[run.pair])
