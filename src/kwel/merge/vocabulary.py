"""Names of several parts in, every distinct one of them once out, and where each part's names went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.model.names import Names

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import TypeVar

    from numpy.typing import NDArray

    Item = TypeVar("Item", bound=Hashable)


def merge_names(parts: Sequence[Names]) -> tuple[Names, list[NDArray[np.int64]]]:
    """Return (names, by part: the new index of each of its names). Index 0 stays no name."""
    if len(parts) == 1:
        return parts[0], [np.arange(len(parts[0]))]
    known: dict[bytes, int] = {b"": 0}
    places = []
    for names in parts:
        arena, lengths = names.joined()
        ends = np.cumsum(np.array(lengths, np.int64)).tolist()
        words = [arena[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        places.append(np.array([known.setdefault(word, len(known)) for word in words], np.int64))
    length = np.array([len(word) for word in known], np.int64)
    return Names(np.frombuffer(b"".join(known), np.uint8), np.cumsum(length) - length, length), places


def reorder_names(names: Names, order: NDArray[np.int64]) -> Names:
    """Return those names that *order* tells, in that order."""
    arena, lengths = names.joined()
    length = np.array(lengths, np.int64)
    start = np.cumsum(length) - length
    begins, ends = start[order].tolist(), (start + length)[order].tolist()
    raw = b"".join(arena[begin:end] for begin, end in zip(begins, ends, strict=True))
    length = length[order]
    return Names(np.frombuffer(raw, np.uint8), np.cumsum(length) - length, length)


def merge_items(parts: Sequence[Sequence[Item]]) -> tuple[list[Item], list[NDArray[np.int64]]]:
    """Return (distinct items in the order of their first appearance, by part: the new index of each of its items)."""
    known: dict[Item, int] = {}
    places = [np.array([known.setdefault(item, len(known)) for item in part], np.int64) for part in parts]
    return list(known), places
