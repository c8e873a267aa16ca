"""A number in, the name that has it out: every distinct name of an analysis is kept once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


REMEMBERED = 1 << 16
"""Names that are kept as text beside their bytes: a flood has half a million."""


class Names:
    """Every distinct name of an analysis, lower case, without a trailing dot. Index 0 is no name."""

    __slots__ = ("_arena", "_cache", "_length", "_start")

    def __init__(self, arena: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64]) -> None:
        self._arena = arena.tobytes()
        self._start = start.tolist()
        self._length = length.tolist()
        self._cache: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._start)

    def joined(self) -> tuple[bytes, list[int]]:
        """Return all names end to end, as the bytes that they were kept as, and how long each is."""
        return self._arena, self._length

    def _raw(self, index: int) -> bytes:
        return self._arena[self._start[index] : self._start[index] + self._length[index]]

    def with_more(self, names: list[str]) -> tuple[Names, list[int]]:
        """Return names that hold *names* too, and the index of each; *names* are ASCII in lower case."""
        wanted = [name.encode("ascii") for name in names]
        among = set(wanted)
        known = {raw: i for i in range(len(self)) if (raw := self._raw(i)) in among}
        new = [raw for raw in dict.fromkeys(wanted) if raw not in known]
        known.update({raw: len(self) + i for i, raw in enumerate(new)})
        length = np.array([*self._length, *map(len, new)], np.int64)
        ends = len(self._arena) + np.cumsum(length[len(self) :])
        start = np.concatenate([np.array(self._start, np.int64), ends - length[len(self) :]])
        more = Names(np.frombuffer(self._arena + b"".join(new), np.uint8), start, length)
        return more, [known[raw] for raw in wanted]

    def __getitem__(self, index: int) -> str:
        r"""Return a name; bytes that are no printable ASCII are shown as ``\xNN``."""
        known = self._cache.get(index)
        if known is None:
            text = self._raw(index).decode("ascii", "backslashreplace")
            known = text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
            if len(self._cache) >= REMEMBERED:
                self._cache.clear()
            self._cache[index] = known
        return known
