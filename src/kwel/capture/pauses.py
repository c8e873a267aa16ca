"""Times of frames in, pauses out: spells without a single frame in any capture, while the rest was busy.

A capture that stood still looks like a plant that kept silent. The rule: at least half a minute, and fifty times as
long as frames lie apart on average. Files that were made at the same time fill each other's pauses.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.columns import Rows

SHORTEST: Final = 30_000_000_000
"""Nanoseconds."""
TIMES_APART: Final = 50
MOST_SPELLS: Final = 10_000
"""Spells of frames that are told apart; after that, pauses are no longer looked for."""


class Pauses:
    """Where the captures stood still."""

    def __init__(self) -> None:
        self._spells: list[list[int]] = []
        self._last: int | None = None
        self._frames = 0

    def begin(self) -> None:
        """Begin another file: its first frame may be of any time."""
        self._last = None

    def see(self, records: Rows) -> None:
        """Take in the times of some frames, in the order of their file."""
        times: NDArray[np.int64] = np.ascontiguousarray(records["time"])
        if len(times) == 0:
            return
        self._frames += len(times)
        low, high = [int(times.min())], [int(times.max())]
        if high[0] - low[0] >= SHORTEST:
            starts = np.flatnonzero(np.abs(np.diff(times, prepend=times[:1])) >= SHORTEST)
            starts = np.concatenate([np.zeros(1, np.int64), starts])
            low, high = (fold.reduceat(times, starts).tolist() for fold in (np.minimum, np.maximum))
        goes_on = self._last is not None and abs(int(times[0]) - self._last) < SHORTEST
        for first, last in zip(low, high, strict=True):
            if (goes_on or len(self._spells) >= MOST_SPELLS) and self._spells:
                spell = self._spells[-1]
                spell[0], spell[1] = min(spell[0], first), max(spell[1], last)
            else:
                self._spells.append([first, last])
            goes_on = False
        self._last = int(times[-1])

    def find(self) -> tuple[tuple[int, int], ...]:
        """Return when each pause began and ended, nanoseconds since the epoch, in order."""
        if not self._spells or len(self._spells) >= MOST_SPELLS:
            return ()
        spells = sorted(self._spells)
        open_spells = [spells[0][:]]
        for first, last in spells[1:]:
            if first - open_spells[-1][1] < SHORTEST:
                open_spells[-1][1] = max(open_spells[-1][1], last)
            else:
                open_spells.append([first, last])
        whole = open_spells[-1][1] - open_spells[0][0]
        shortest = max(SHORTEST, TIMES_APART * whole // self._frames)
        between = itertools.pairwise(open_spells)
        return tuple((before[1], after[0]) for before, after in between if after[0] - before[1] >= shortest)
