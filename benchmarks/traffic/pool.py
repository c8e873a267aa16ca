"""Payload bytes in, spans out: every message is stored once and every packet points into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Pool:
    """An append-only store of payloads. A span is the number of one payload."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._spans: list[tuple[int, int]] = []

    def add(self, payloads: Iterable[bytes]) -> int:
        """Store *payloads* and return the span of the first; the others follow it."""
        first = len(self._spans)
        for payload in payloads:
            self._spans.append((len(self._bytes), len(payload)))
            self._bytes += payload
        return first

    def bytes(self) -> NDArray[np.uint8]:
        """Return all payloads, end to end."""
        return np.frombuffer(bytes(self._bytes), np.uint8)

    def spans(self) -> NDArray[np.int64]:
        """Return start and length of each span."""
        return np.array(self._spans, np.int64).reshape(-1, 2)


def segments(message: bytes, size: int, count: int) -> list[bytes]:
    """Cut *message* into *count* payloads of at most *size* bytes; those beyond its end are empty.

    >>> segments(b"abcde", 2, 4)
    [b'ab', b'cd', b'e', b'']
    """
    return [message[number * size : (number + 1) * size] for number in range(count)]
