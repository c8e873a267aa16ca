"""Reports that are due in, the one to make now out: one that could not be made is put off, ever longer, up to a day."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kwel.sensor.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kwel.sensor.calendar import Due

FILE: Final = "reports.put-off"
MINUTE: Final = 60_000_000_000
"""Nanoseconds."""
FIRST_PAUSE: Final = 5 * MINUTE
LONGEST_PAUSE: Final = 24 * 60 * MINUTE


class PutOff:
    """What was put off, in a file of the state folder: it holds only what still waits."""

    def __init__(self, folder: Path) -> None:
        self._file, self._failed = folder / FILE, dict[str, tuple[int, int]]()
        with suppress(OSError, ValueError, TypeError, AttributeError):  # damaged: all is tried again
            said = json.loads(self._file.read_bytes()).items()
            self._failed = {str(name): (int(times), int(until)) for name, (times, until) in said}

    def first(self, waiting: Sequence[Due], now: int) -> Due | None:
        """Return the first of those that wait that was not put off. A clock that was set back puts nothing off."""
        return next((one for one in waiting if not 0 < self._until(one.name) - now <= LONGEST_PAUSE), None)

    def _until(self, name: str) -> int:
        return self._failed.get(name, (0, 0))[1]

    def fail(self, one: Due, waiting: Sequence[Due], now: int) -> None:
        """Put one off. Where that cannot be written, it is tried in the next round."""
        times, _ = self._failed.get(one.name, (0, 0))
        self._failed[one.name] = times + 1, now + min(FIRST_PAUSE << min(times, 20), LONGEST_PAUSE)
        names = {of.name for of in waiting}
        kept = {name: failed for name, failed in self._failed.items() if name in names}
        with suppress(OSError):
            replace_file(self._file, json.dumps(kept).encode(), lasting=False)
