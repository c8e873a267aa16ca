"""Cuts of a capture in, what differs because of them out, and which border is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kwel.merge import join
from tests.merge.comparing import differences
from tests.merge.cutting import Frame, cut, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kwel.model.traffic import Traffic

    Differences = dict[str, tuple[list[str], list[str]]]

NEAR = 16
"""Frames by which a border is moved at most: about as many as a message, and its copies, take."""


class Moved(NamedTuple):
    """Cuts after which nothing differs."""

    borders: list[int]
    blamed: list[int]
    """Borders that had to be moved, for what lay on both sides of them."""
    left: Differences
    """What differs still."""


class Cuts:
    """One capture, cut in many ways."""

    def __init__(self, folder: Path, frames: Sequence[Frame]) -> None:
        self.frames, self._folder = frames, folder
        self.whole: Traffic = read(folder, [frames])[0]

    def differ(self, borders: Sequence[int]) -> Differences:
        """Return what differs between the whole and its pieces, joined."""
        pieces = read(self._folder, cut(self.frames, borders))
        return differences(self.whole, join(pieces[::-1]))

    def settle(self, borders: Sequence[int]) -> Moved:
        """Move each border at which something differs to the nearest place where nothing does."""
        left = self.differ(borders)
        if not left:
            return Moved(list(borders), [], left)
        places, blamed = [], []
        for border in borders:
            place = self._quiet(border)
            places.append(place)
            if place != border:
                blamed.append(border)
        return Moved(places, blamed, self.differ(places))

    def _quiet(self, border: int) -> int:
        for step in range(NEAR + 1):
            for place in (border - step, border + step):
                if 0 < place < len(self.frames) and not self.differ([place]):
                    return place
        return border
