"""The nouns of logs: a file of one, its bytes, and a piece of it as columns of text with the numbers of its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

MOST_TEXT = 200
"""Characters of a line that a complaint shows."""


class Bytes(Protocol):
    """The bytes of a log, unpacked."""

    problem: str | None
    """One line: why they end before the file does."""
    suffix: str | None
    """Of the packing that was taken off."""

    def fill(self, view: memoryview, /) -> int:
        """Fill *view*; return how many bytes, fewer than asked for only at the end."""

    def settle(self) -> None:
        """Wait until views that were filled may be written to again."""


class Log(Protocol):
    """One file of a log."""

    @property
    def name(self) -> str:
        """Shown to the user; unique within one analysis."""

    @property
    def log(self) -> str | None:
        """Which probe wrote it: see ``recognise``."""

    @property
    def path(self) -> Path | None:
        """Where it lies; ``None`` for standard input."""

    @property
    def size(self) -> int | None:
        """Bytes as it lies on disk."""

    @property
    def position(self) -> int:
        """Bytes read so far."""

    @property
    def sha256(self) -> str | None:
        """Of the file once it has been read, where hashing was asked for."""

    def opened(self) -> AbstractContextManager[Bytes]:
        """Open it; what cannot be opened holds nothing, and its ``problem`` says why."""


@dataclass(slots=True)
class Reading:
    """What is known of one log while it is read."""

    capture: int
    """Its index among the captures of the traffic."""
    title: str = ""
    """What the log calls itself: ``conn``, ``nfcapd``."""
    lines: int = 0
    """Lines, or records, that were read."""
    unread: int = 0
    """Lines that could not be."""
    first_unread: str = ""
    """The first of those: where it is, and why."""
    problem: str | None = None
    first: int | None = None
    last: int | None = None
    lost: int | None = None
    """Packets, or records, that the probe says it lost."""
    notes: dict[str, int] = field(default_factory=dict)

    def refuse(self, line: int, why: str, unit: str = "line") -> None:
        """Count a line that cannot be read, and remember the first."""
        if not self.unread:
            self.first_unread = f"{unit} {line}: {why}"
        self.unread += 1

    def note(self, key: str, count: int = 1) -> None:
        """Count what limits what can be said."""
        if count:
            self.notes[key] = self.notes.get(key, 0) + count

    def saw(self, first: int, last: int) -> None:
        """Widen the span of time that the log tells of."""
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def complaint(self) -> str | None:
        """Return one line on what was not read, or ``None``."""
        told = []
        if self.unread:
            others = self.unread - 1
            told.append(self.first_unread + (f", and {others} more that cannot be read" if others else ""))
        if self.problem:
            told.append(self.problem)
        return "; ".join(told) or None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a log, as columns."""

    path: str
    """Which of the probe's logs it is: ``conn``."""
    columns: Mapping[str, Any]
    """pyarrow arrays of text, null where a line does not say."""
    lines: NDArray[np.int64]
    separator: str
    """Between the members of a set."""

    def column(self, name: str) -> Any:
        """Return a column; one of nulls where the log has none such."""
        import pyarrow as pa

        found = self.columns.get(name)
        return pa.nulls(len(self.lines), pa.string()) if found is None else found

    def values(self, name: str) -> list[str | None]:
        """Return a column as text, line by line."""
        found: list[str | None] = self.column(name).to_pylist()
        return found

    def __len__(self) -> int:
        return len(self.lines)
