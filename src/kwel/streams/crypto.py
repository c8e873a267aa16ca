"""CRYPTO frames of one connection in, its hello out in one piece: reassembly slots of QUIC, few and bounded.

RFC 9000 section 19.6. A slot also keeps the keys, since later Initials name a connection id that the server chose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import copy
from kwel.protocols.quic import MAX_HELLO, new_work
from kwel.protocols.sha256 import KEYS

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

SLOTS = 1024
"""Hellos that can be waiting for more packets at a time: 16 MiB."""
MAX_PACKET = 1 << 16
MAX_SPANS = 32
OWNER, SALT, COUNT, KEPT_KEYS, SPANS = 0, 1, 2, 3, 23
"""Offsets in a slot: 1 + its half, the salt, how many spans of the hello are there, the keys, the ends of each span."""
SLOT_WORDS = SPANS + 2 * MAX_SPANS
KEY_WORDS = SPANS - KEPT_KEYS
FREE = SLOTS * SLOT_WORDS
"""Where the stack of free slots begins, behind them."""

DONE = 255
"""Instead of a half's count of Initials: its hello was read, or nothing more is expected."""

# indices into the counters
C_NEXT, C_UNREAD, C_UNREADABLE, C_GIVEN_UP, C_FREE = 0, 1, 2, 3, 4
COUNTERS = 5


class Desk(NamedTuple):
    """What the reading of Initials keeps from one batch to the next."""

    counters: NDArray[np.int64]
    work: NDArray[np.int64]
    """For the keys and frames of one packet, see ``dissect.quic``."""
    plain: NDArray[np.uint8]
    """One packet, decrypted, and behind it the bytes of the slots, end to end."""
    slots: NDArray[np.int64]

    def notes(self) -> dict[str, int]:
        """Return what was looked at and could not be read, by the keys of the coverage ledger."""
        keys = {"quic-initials-unread": C_UNREAD, "quic-unreadable": C_UNREADABLE, "quic-given-up": C_GIVEN_UP}
        return {key: int(self.counters[at]) for key, at in keys.items()}


def new_desk() -> Desk:
    """Return an empty desk. The system gives memory only to slots that are written."""
    counters, slots = np.zeros(COUNTERS, np.int64), np.zeros(FREE + SLOTS, np.int64)
    counters[C_FREE], slots[FREE:] = SLOTS, np.arange(SLOTS)
    return Desk(counters, new_work(), np.zeros(MAX_PACKET + SLOTS * MAX_HELLO, np.uint8), slots)


@helper
def slot_of(number: int, half: Any, slots: NDArray[np.int64]) -> int:
    """Return the slot that half *number* owns, or -1."""
    slot = np.int64(half.base) - 1
    if 0 <= slot < SLOTS and slots[slot * SLOT_WORDS + OWNER] == number + 1:
        return slot
    return -1


@helper
def take_slot(number: int, half: Any, slots: NDArray[np.int64], counters: NDArray[np.int64]) -> int:
    """Give half *number* the slot freed last; if all are taken, one in turn, and who owned it goes without."""
    if counters[C_FREE] > 0:
        counters[C_FREE] -= 1
        slot = slots[FREE + counters[C_FREE]]
    else:
        slot = counters[C_NEXT]
        counters[C_NEXT] = (slot + 1) % SLOTS
        counters[C_GIVEN_UP] += 1
    slots[slot * SLOT_WORDS + OWNER] = number + 1
    half.base = slot + 1
    return slot


@helper
def free_slot(number: int, half: Any, slots: NDArray[np.int64], counters: NDArray[np.int64]) -> int:
    """Take the slot of half *number* back, if it owns one."""
    slot = slot_of(number, half, slots)
    if slot >= 0:
        slots[slot * SLOT_WORDS + OWNER] = 0
        slots[FREE + counters[C_FREE]] = slot
        counters[C_FREE] += 1
    return 0


@helper
def begin_slot(slot: int, salt: int, slots: NDArray[np.int64], work: NDArray[np.int64]) -> int:
    """Empty a slot and keep the keys at KEYS in it."""
    at = slot * SLOT_WORDS
    slots[at + SALT], slots[at + COUNT] = salt, 0
    for i in range(KEY_WORDS):
        slots[at + KEPT_KEYS + i] = work[KEYS + i]
    return 0


@helper
def load_keys(slot: int, slots: NDArray[np.int64], work: NDArray[np.int64]) -> int:
    """Put a slot's keys at KEYS; return their salt."""
    at = slot * SLOT_WORDS
    for i in range(KEY_WORDS):
        work[KEYS + i] = slots[at + KEPT_KEYS + i]
    return slots[at + SALT]


@helper
def cover(slots: NDArray[np.int64], slot: int, start: int, end: int) -> bool:
    """Enter a span among those that are there, in order and apart; return whether there was room for it."""
    count_at, base = slot * SLOT_WORDS + COUNT, slot * SLOT_WORDS + SPANS
    count, first = slots[count_at], 0
    while first < count and slots[base + 2 * first + 1] < start:
        first += 1
    last = first
    while last < count and slots[base + 2 * last] <= end:
        start, end = min(start, slots[base + 2 * last]), max(end, slots[base + 2 * last + 1])
        last += 1
    more = 1 - (last - first)
    if count + more > MAX_SPANS:
        return False
    if more > 0:
        for i in range(2 * count - 1, 2 * last - 1, -1):
            slots[base + i + 2] = slots[base + i]
    elif more < 0:
        for i in range(2 * last, 2 * count):
            slots[base + i + 2 * more] = slots[base + i]
    slots[base + 2 * first], slots[base + 2 * first + 1] = start, end
    slots[count_at] = count + more
    return True


@helper
def place_of(slot: int) -> int:
    """Return where the bytes of a slot begin: the slots lie behind one decrypted packet."""
    return MAX_PACKET + slot * MAX_HELLO


@helper
def put(plain: NDArray[np.uint8], at: int, size: int, offset: int, slot: int, slots: NDArray[np.int64]) -> bool:
    """Copy ``plain[at:at + size]`` to *offset* of a slot; return whether there was room. The frame is within bounds."""
    if size == 0:
        return True
    if not cover(slots, slot, offset, offset + size):
        return False
    copy(plain, at, size, plain, place_of(slot) + offset)
    return True


@helper
def ready(slot: int, slots: NDArray[np.int64]) -> int:
    """Return how many bytes lie in one piece from the start of a slot."""
    base = slot * SLOT_WORDS
    return slots[base + SPANS + 1] if slots[base + COUNT] and slots[base + SPANS] == 0 else 0
