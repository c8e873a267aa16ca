"""Frames of a capture file, given as an interface gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.capture import Batch, CaptureFile
from kwel.model.window import Losses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FileSource:
    """A source that ends."""

    def __init__(self, path: Path, at_a_time: int = 50, quiet: int = 0) -> None:
        """*quiet*: how often it has nothing to give, at the end."""
        self._path, self._at_a_time, self._quiet = path, at_a_time, quiet
        self._given = 0

    def batches(self) -> Iterator[Batch | None]:
        for batch in CaptureFile(self._path.name, self._path).batches():
            for start in range(0, len(batch.records), self._at_a_time):
                rows = batch.records[start : start + self._at_a_time]
                self._given += len(rows)
                yield Batch(batch.buffer, rows, batch.first_frame + start, batch.spare)
        for _ in range(self._quiet):
            yield None

    def losses(self) -> Losses:
        given, self._given = self._given, 0
        return Losses("span0", given, 0, 0)
