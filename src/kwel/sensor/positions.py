"""Windows of a folder in, how far it was read out: so that a restart counts no frame twice and leaves none out.

How far reading had come is written before each window, under the window's number. It counts once the window itself is
there, in the spool or in the store: whenever the power fails, window and position agree.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwel.sensor.files import replace_file
from kwel.store import Store, StoreError, spool
from kwel.store.parts import part_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kwel.sensor.plan import Plan


SPARE = 8
"""Positions that are kept from before the newest window: it may yet turn out to be damaged."""


class Positions:
    """How far a folder was read, by the number of its windows."""

    def __init__(self, plan: Plan, source: str) -> None:
        self._plan, self._source = plan, source
        self._stem = f"{_stem(source)}position."
        self._most = 2 * SPARE
        """Positions among which old ones are looked for."""

    def mark(self, sequence: int, position: Mapping[str, Any]) -> None:
        """Keep how far reading had come when a window ended.

        Raises:
            OSError: it cannot be written; the window must not be either.
        """
        replace_file(self._path(sequence), json.dumps(position).encode())
        with suppress(OSError):
            self._tidy()

    def last(self) -> tuple[int, dict[str, Any] | None]:
        """Return the number of the last window that is there, and where reading goes on after it.

        Raises:
            ValueError: nobody knows where that is: to read on would leave frames out, or count them twice.
        """
        there = self._is_there()
        if there == 0:
            return 0, None
        try:
            return there, json.loads(self._path(there).read_bytes())
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{self._path(there)}: how far {self._source} was read is not known: {error}; take another store"
            ) from error

    def _tidy(self) -> None:
        """Remove positions before the newest window that is there: windows after it may all have been lost."""
        kept = list(self._kept())
        if len(kept) <= self._most:
            return
        oldest = self._is_there() - SPARE
        old = [path for number, path in kept if number < oldest]
        for path in old:
            path.unlink(missing_ok=True)
        self._most = 2 * max(len(kept) - len(old), SPARE)

    def _path(self, sequence: int) -> Path:
        return self._plan.state / f"{self._stem}{sequence}"

    def _kept(self) -> Iterator[tuple[int, Path]]:
        for path in self._plan.state.glob(f"{self._stem}*"):
            number = path.name.rsplit(".", 1)[-1]
            if number.isdigit():
                yield int(number), path

    def _is_there(self) -> int:
        return newest_window(self._plan, self._source)


def newest_window(plan: Plan, source: str) -> int:
    """Return the number of the newest window of a source in the spool or the store; 0 is none."""
    newest, own = 0, _stem(source)
    for path in spool.waiting(plan.spool):
        if _stem_of(path.name) == own:
            newest = max(newest, int(path.name[len(own) :]))
    with suppress(StoreError), Store(Path(plan.store)) as store:
        newest = max(newest, store.next_sequence(source) - 1)
    return newest


def _stem(source: str) -> str:
    """Return how the names of a source's windows begin."""
    return _stem_of(part_id(source, 0, 0))


def _stem_of(name: str) -> str:
    """Return the name of a window without its number; all of it where it has none."""
    return name.rstrip("0123456789")
