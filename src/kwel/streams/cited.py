"""A batch that was heard in, copies of the frames that its new rows cite out: what evidence is chosen from later.

A capture file can be opened again; an interface cannot. So a sensor keeps the frames that tables refer to, as long as
there is room: those that tell names and identities in one part, those that merely begin a flow in another, a few for
each pair of hosts, so that a scan cannot crowd out what matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import kernel
from kwel.kernel.flowtable import FLOWS
from kwel.kernel.fragments import MIRRORS
from kwel.kernel.loads import copy
from kwel.model.records.columns import RECORD
from kwel.protocols.claims import CLAIMS
from kwel.protocols.dns import ANSWERS
from kwel.streams.commands import C_COMMANDS
from kwel.streams.lan import PAIRS
from kwel.streams.openings import KEPT
from kwel.streams.room import C_HELLOS, C_NAMED, C_QUESTIONS, C_SHOWN
from kwel.streams.senders import SENDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.streams.listener import Listener

PAIR_SLOTS = 1 << 16
PER_PAIR = 4
"""First frames of flows that are kept of one pair of hosts; more would say the same."""
ROWS, BYTES, CROWDED_OUT = 0, 1, 2
"""Indices into the counters of a part."""


class Part(NamedTuple):
    """Room for frames, as the kernel takes it."""

    rows: Rows
    """Of ``columns.RECORD``: ``start`` is an offset into ``bytes``."""
    frames: NDArray[np.int64]
    """The number of each."""
    bytes: NDArray[np.uint8]
    counters: NDArray[np.int64]

    @classmethod
    def of(cls, size: int) -> Part:
        """Return room for so many bytes. The system gives memory only to what is written."""
        most = max(size // 64, 16)
        return cls(np.zeros(most, RECORD), np.zeros(most, np.int64), np.zeros(size, np.uint8), np.zeros(3, np.int64))


@kernel(np.uint8, RECORD, int, np.int64, int, RECORD, np.int64, np.uint8, np.int64)
def keep_frames(
    buffer: NDArray[np.uint8], records: Rows, first_frame: int, frames: NDArray[np.int64], count: int,
    rows: Rows, numbers: NDArray[np.int64], kept: NDArray[np.uint8], counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Copy *count* frames of a batch, by their numbers, behind those that are kept; return how many had room."""
    had = counters[ROWS]
    for i in range(count):
        at = frames[i] - first_frame
        if at < 0 or at >= len(records):
            continue
        record = records[at]
        size = np.int64(record.captured)
        if counters[ROWS] >= len(rows) or counters[BYTES] + size > len(kept):
            counters[CROWDED_OUT] += 1
            continue
        row = rows[counters[ROWS]]
        row.time, row.start, row.captured, row.wire = record.time, counters[BYTES], record.captured, record.wire
        row.link, row.interface = record.link, record.interface
        numbers[counters[ROWS]] = frames[i]
        copy(buffer, np.int64(record.start), size, kept, counters[BYTES])
        counters[ROWS] += 1
        counters[BYTES] += size
    return counters[ROWS] - had


class Cited:
    """The frames that the rows of one listener cite, as they pass."""

    def __init__(self, size: int) -> None:
        """*size*: bytes of frames that are kept, half of them for frames that only begin a flow."""
        self._telling, self._beginning = Part.of(size // 2), Part.of(size - size // 2)
        self._seen: list[int] = []
        self._pairs = np.zeros(PAIR_SLOTS, np.uint8)
        self._seed = np.uint64(int.from_bytes(np.random.default_rng().bytes(8)) | 1)

    def keep(
        self, listener: Listener, buffer: NDArray[np.uint8], records: Rows, first_frame: int, told: Iterable[int] = ()
    ) -> None:
        """Keep frames of the batch that *listener* has just heard. *told*: numbers of frames that told something else.

        The buffer must still hold the batch.
        """
        tables = *_telling(listener), *_beginning(listener)
        before = self._seen or [0] * len(tables)
        new = [rows[was:now] for (rows, now), was in zip(tables, before, strict=True)]
        numbers = [_frames(rows) for rows in new[:-1]] + [self._first_of_pairs(new[-1])]
        part = len(_telling(listener))
        for into, found in (
            (self._telling, [np.fromiter(told, np.int64), *numbers[:part]]),
            (self._beginning, numbers[part:]),
        ):
            frames = np.unique(np.concatenate(found))
            if len(frames):
                keep_frames(buffer, records, first_frame, frames, len(frames), *into)
        self._seen = [now for _, now in tables]

    def _first_of_pairs(self, flows: Rows) -> NDArray[np.int64]:
        """Return the first frames of flows between hosts of which few are kept yet."""
        if len(flows) == 0:
            return np.zeros(0, np.int64)
        ends = flows["a_hi"] ^ flows["b_hi"] * np.uint64(3) ^ flows["a_lo"] ^ flows["b_lo"] * np.uint64(3)
        slot = (ends * self._seed >> np.uint64(48)).astype(np.int64)
        order = np.argsort(slot, kind="stable")
        inverse, counts = np.unique(slot[order], return_inverse=True, return_counts=True)[1:]
        rank = np.arange(len(slot)) - (np.cumsum(counts) - counts)[inverse]
        few = order[self._pairs[slot[order]] + rank < PER_PAIR]
        np.add.at(self._pairs, slot[few], 1)
        return flows["first_frame"][few].astype(np.int64)

    @property
    def crowded_out(self) -> int:
        """Frames for which there was no room."""
        return int(self._telling.counters[CROWDED_OUT] + self._beginning.counters[CROWDED_OUT])

    def frames(self) -> tuple[Rows, NDArray[np.int64], NDArray[np.uint8]]:
        """Return what was kept, each frame once, by number: records, numbers, and the bytes that they point into."""
        parts = self._telling, self._beginning
        counts = [int(part.counters[ROWS]) for part in parts]
        rows = np.concatenate([part.rows[:count] for part, count in zip(parts, counts, strict=True)])
        numbers = np.concatenate([part.frames[:count] for part, count in zip(parts, counts, strict=True)])
        rows["start"][counts[0] :] += np.uint32(parts[0].counters[BYTES])
        numbers, first = np.unique(numbers, return_index=True)
        kept = np.concatenate([part.bytes[: part.counters[BYTES]] for part in parts])
        return rows[first], numbers, kept


def _frames(rows: Rows) -> NDArray[np.int64]:
    """Return the frames that rows cite."""
    field = "frame" if "frame" in (rows.dtype.names or ()) else "first_frame"
    return rows[field].astype(np.int64)


def _telling(listener: Listener) -> tuple[tuple[Rows, int], ...]:
    """Return the tables whose rows tell names and identities, and how many rows each has."""
    of = listener._counters
    return (
        (listener._named, int(of[C_NAMED])),
        (listener._questions, int(of[C_QUESTIONS])),
        (listener._answers, int(listener._answer_counters[ANSWERS])),
        (listener._hellos, int(of[C_HELLOS])),
        (listener._shown, int(of[C_SHOWN])),
        (listener._claims, int(listener._claim_counters[CLAIMS])),
        (listener._walks.rows, int(listener._walks.counters[C_COMMANDS])),
    )


def _beginning(listener: Listener) -> tuple[tuple[Rows, int], ...]:
    """Return the tables that get a row from whoever begins something; the last one is that of flows."""
    return (
        (listener._lan.rows, int(listener._lan.counters[PAIRS])),
        (listener._senders.rows, int(listener._senders.counters[SENDERS])),
        (listener._openings.rows, int(listener._openings.counters[KEPT])),
        (listener._fragments[-2], int(listener._fragment_counters[MIRRORS])),
        (listener._runs, int(listener._flow_counters[FLOWS])),
    )
