"""Marked segments of streams in, whole messages out: what is longer than its segment is put together.

The kernel marks the segments of a message that a dissector should read, and some that follow; a dissector tells how
long a message says it is. Of bytes that come twice the first copy counts. What is never whole is handed out as far as
it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    SizeOf = Callable[[bytes], int | None]
    Key = tuple[int, int]

MOST_PENDING = 512
"""Messages that can be waiting for more segments at a time."""
MOST_LATER = 64
"""Segments of one message that came before what stands in front of them."""
LONGEST = 1 << 16
"""Bytes of one message."""
M32 = 0xFFFFFFFF

Context = TypeVar("Context")


@dataclass(slots=True)
class Pending(Generic[Context]):
    """A message that is not whole yet."""

    start: int
    """Sequence number of its first byte."""
    context: Context
    """Of the segment that it begins in."""
    held: bytes = b""
    later: dict[int, bytes] = field(default_factory=dict)
    """What came too early, by its place in the message."""

    def add(self, offset: int, data: bytes) -> None:
        """Put bytes where they belong."""
        if offset > len(self.held):
            if len(self.later) < MOST_LATER:
                self.later.setdefault(offset, data)
            return
        self.held += data[len(self.held) - offset :]
        for place in sorted(self.later):
            if place > len(self.held):
                return
            piece = self.later.pop(place)
            self.held += piece[len(self.held) - place :]


class Joiner(Generic[Context]):
    """Holds the messages of all streams that are not whole yet."""

    def __init__(self) -> None:
        self._pending: dict[Key, Pending[Context]] = {}
        self._given_up: list[Pending[Context]] = []

    def awaits(self, flow: int, side: int) -> bool:
        """Return whether a message of a direction is not whole yet."""
        return (flow, side) in self._pending

    def take(self, key: Key, sequence: int, data: bytes, size_of: SizeOf, context: Context) -> bytes:
        """Return the messages that are whole now, end to end, if any.

        *key*: flow and side; *sequence*: of the first byte of *data*.
        """
        pending = self._pending.pop(key, None)
        offset = (sequence - pending.start) & M32 if pending else 0
        if pending and (offset > LONGEST or (offset > len(pending.held) and offset >= (size_of(pending.held) or M32))):
            self._given_up.append(pending)  # another message begins; the rest of this one was lost
            pending = None
        if pending is None:
            pending, offset = Pending(sequence & M32, context), 0
        pending.add(offset, data)
        stop = whole(pending.held, size_of)
        out, rest = pending.held[:stop], pending.held[stop:]
        if stop:
            pending = Pending((pending.start + stop) & M32, context, rest)
        if rest:
            self._pending[key] = pending
            if len(self._pending) > MOST_PENDING:
                self._given_up.append(self._pending.pop(next(iter(self._pending))))
        return out

    def given_up(self, *, at_end: bool = False) -> Iterator[tuple[bytes, Context]]:
        """Yield what will not be whole any more, as far as it came, each once."""
        if at_end:
            self._given_up += self._pending.values()
            self._pending.clear()
        lost, self._given_up = self._given_up, []
        for pending in lost:
            yield pending.held, pending.context


def whole(data: bytes, size_of: SizeOf) -> int:
    """Return how many bytes of whole messages *data* begins with; all, if it does not begin with a message.

    >>> whole(bytes.fromhex("02aaaa 03aaaaaa 05aa"), lambda data: 1 + data[0])
    7
    """
    stop = 0
    while stop < len(data):
        size = size_of(data[stop:])
        if size is not None and (size <= 0 or size > LONGEST):
            return len(data)
        if size is None or stop + size > len(data):
            break
        stop += size
    return stop
