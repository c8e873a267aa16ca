"""Times of frames in, the spells in which they came and the pauses between these out. ``model.pauses`` has the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.model.pauses import SHORTEST, find_pauses, merge_spells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

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

    def spells(self) -> tuple[tuple[int, int], ...]:
        """Return when each spell of frames began and ended, nanoseconds since the epoch, in order."""
        if len(self._spells) >= MOST_SPELLS:
            return ()
        return merge_spells((first, last) for first, last in self._spells)

    def find(self) -> tuple[tuple[int, int], ...]:
        """Return when each pause began and ended, nanoseconds since the epoch, in order."""
        return find_pauses(self.spells(), self._frames)
