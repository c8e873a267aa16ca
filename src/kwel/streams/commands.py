"""Tracked packets in, the commands of the plant's protocols counted by code out: a kernel behind ``listen``.

A direction is walked message by message: over segments that hold several, and messages that several hold. Where bytes
are missing the walk goes on behind them, if the message told its size, else with the next segment. What a code means is
no matter here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.hashing import U0, U1, U32, mix
from kwel.kernel.loads import copy
from kwel.kernel.network import IP_TCP, IP_UDP
from kwel.kernel.rows import HALF, PACKET, RUN
from kwel.model.kinds import Application
from kwel.model.records.columns import COMMAND
from kwel.protocols.commands import codes_of, goes_on
from kwel.protocols.framing import LOST, MORE, WALKED, message_size

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

A_UNKNOWN = int(Application.UNKNOWN)
MOST_WALKS, MOST_COMMANDS = 1 << 14, 1 << 16
"""Directions that are walked, and rows that are counted into; each index has twice as many slots."""
MOST_CODES = 128
"""Distinct codes of one direction; beyond, they are counted together."""
HOLD = 512
"""Bytes of a message that are looked at where it is spread over segments."""
AT_ONCE = 64
"""Codes of one message."""
FAR = 1 << 20
"""Bytes that a segment may lie behind the walk; further off, the numbers are those of another connection."""
C_WALKS, C_COMMANDS, C_REFUSED, C_LOST = 0, 1, 2, 3
OTHER = 0xFFFFFFFF
"""The code of those beyond ``MOST_CODES``."""

WALK = np.dtype(
    [
        ("half", np.int64),
        ("next", np.uint32),  # TCP sequence number of the next byte
        ("skip", np.uint32),  # bytes of the message under way that nobody looks at
        ("held", np.uint16),  # bytes of its beginning that are held
        ("codes", np.uint16),  # distinct ones so far
        ("based", np.uint8),  # 1: ``next`` is known
        ("part", np.uint8),  # 1: the message before goes on in the next
        ("application", np.uint8),
    ],
    align=True,
)
"""How far one direction was walked."""


class Walks(NamedTuple):
    """The tables that commands are counted in, as the kernel takes them."""

    speaks: NDArray[np.uint8]
    """By application: 1 if its messages are walked."""
    walks: Rows
    index: NDArray[np.uint64]
    """Of the walks, by direction."""
    hold: NDArray[np.uint8]
    rows: Rows
    """Of ``columns.COMMAND``."""
    slots: NDArray[np.uint64]
    """Of the rows, by direction and code."""
    codes: NDArray[np.int64]
    counters: NDArray[np.int64]

    def notes(self) -> dict[str, int]:
        """Count what was not counted."""
        return {"commands-not-kept": int(self.counters[C_REFUSED]), "commands-lost": int(self.counters[C_LOST])}


def new_walks() -> Walks:
    """Return empty tables. The system gives memory only to what is written."""
    from kwel.kernel.hashing import new_index

    speaks = np.zeros(256, np.uint8)
    speaks[list(WALKED)] = 1
    return Walks(
        speaks, np.zeros(MOST_WALKS, WALK), new_index(2 * MOST_WALKS), np.zeros(MOST_WALKS * HOLD, np.uint8),
        np.zeros(MOST_COMMANDS, COMMAND), new_index(2 * MOST_COMMANDS), np.zeros(AT_ONCE, np.int64),
        np.zeros(4, np.int64),
    )  # fmt: skip


def finished(walks: Walks, flows: Rows) -> tuple[Rows, Rows]:
    """Return what was counted of flows that turned out to speak so, and of those that only look like it; by flow.

    *flows*: turned round, who began first.
    """
    rows = walks.rows[: walks.counters[C_COMMANDS]]
    spoken = flows["application"][rows["half"] >> 1]
    return _turned(rows[rows["application"] == spoken], flows), _turned(rows[spoken == A_UNKNOWN], flows)


def _turned(rows: Rows, flows: Rows) -> Rows:
    """Return rows by flow, that tell whether it was the initiator that asked."""
    flow, ends = rows["half"] >> 1, ("initiator", "responder")
    first, second = ([flows[f"{end}_{part}"][flow] for part in ("hi", "lo", "port")] for end in ends)
    is_lower, is_same = np.zeros(len(rows), np.bool_), np.ones(len(rows), np.bool_)
    for one, other in zip(first, second, strict=True):
        is_lower |= is_same & (one < other)
        is_same &= one == other
    rows["from_initiator"] = (rows["half"] & 1 == 0) == (is_lower | is_same)
    return rows[np.argsort(rows["half"], kind="stable")]


@helper
def walk_of(half: int, w: Walks) -> int:
    """Return the row of a direction's walk, a new one if need be, or -1 where there is no room."""
    mask, seed = np.uint64(len(w.index) - 2), w.index[len(w.index) - 1]
    slot = mix(seed, np.uint64(half), seed) & mask
    while w.index[slot] != U0:
        row = np.int64(w.index[slot] - U1)
        if w.walks[row].half == half:
            return row
        slot = (slot + U1) & mask
    row = w.counters[C_WALKS]
    if row >= len(w.walks):
        return -1
    w.counters[C_WALKS] = row + 1
    w.index[slot] = np.uint64(row) + U1
    w.walks[row].half = half
    return row


@helper
def note_command(code: int, packet: Any, walk: Any, w: Walks) -> int:
    """Count one command."""
    mask, seed = np.uint64(len(w.slots) - 2), w.slots[len(w.slots) - 1]
    if walk.codes >= MOST_CODES:
        code = OTHER
    key = np.uint64(walk.application) << U32 | np.uint64(code)
    slot = mix(mix(seed, np.uint64(walk.half), seed), key, seed) & mask
    while w.slots[slot] != U0:
        row = w.rows[np.int64(w.slots[slot] - U1)]
        if row.half == walk.half and row.code == code and row.application == walk.application:
            row.count += 1
            row.last = max(row.last, packet.time)
            return 1
        slot = (slot + U1) & mask
    at = w.counters[C_COMMANDS]
    if at >= len(w.rows):
        w.counters[C_REFUSED] += 1
        return 0
    w.counters[C_COMMANDS] = at + 1
    w.slots[slot] = np.uint64(at) + U1
    walk.codes += 1
    row = w.rows[at]
    row.first = row.last = packet.time
    row.half, row.code, row.count, row.frame, row.capture = walk.half, code, 1, packet.frame, packet.capture
    row.application = walk.application
    return 1


@helper
def read_message(data: NDArray[np.uint8], at: int, end: int, packet: Any, walk: Any, w: Walks) -> int:
    """Count what one message asks for, as far as it is there."""
    application, is_part = np.int64(walk.application), walk.part > 0
    walk.part = goes_on(data, at, end, application, is_part)
    if is_part:
        return 0
    count = codes_of(data, at, end, application, packet.transport == IP_TCP, w.codes)
    for i in range(count):
        note_command(w.codes[i], packet, walk, w)
    return count


@helper
def lose(walk: Any, w: Walks) -> int:
    """Give up the walk until the next segment."""
    walk.held = walk.skip = walk.part = walk.based = 0
    w.counters[C_LOST] += 1
    return 0


@helper
def go_on_held(data: NDArray[np.uint8], at: int, end: int, base: int, packet: Any, walk: Any, w: Walks) -> int:
    """Add to the message that is held, and read it if that is enough; return how far it went, or LOST."""
    held: int = np.int64(walk.held)
    more = min(end - at, HOLD - held)
    copy(data, at, more, w.hold, base + held)
    have, at = held + more, at + more
    size = message_size(w.hold, base, base + have, walk.application, True)
    if size == LOST:
        return LOST
    walk.held = have
    if size == MORE or (size > have and have < HOLD):
        return at if have < HOLD else LOST
    read_message(w.hold, base, base + min(size, have), packet, walk, w)
    walk.held, walk.skip = 0, max(0, size - have)
    return at - max(0, have - size)


@helper
def begin_message(data: NDArray[np.uint8], at: int, end: int, base: int, packet: Any, walk: Any, w: Walks) -> int:
    """Read the message that begins, or hold what is there of it; return how far it went, or LOST."""
    size = message_size(data, at, end, walk.application, True)
    if size == LOST:
        return LOST
    have = end - at
    if size != MORE and (size <= have or have >= HOLD or packet.cut):
        read_message(data, at, min(at + size, end), packet, walk, w)
        walk.skip = max(0, size - have)
        return min(at + size, end)
    if have >= HOLD:
        return LOST
    copy(data, at, have, w.hold, base)
    walk.held = have
    return end


@helper
def settle_held(base: int, packet: Any, walk: Any, w: Walks) -> int:
    """Read what is there of the message that is held, for bytes behind it are missing, and pass the rest over."""
    held = np.int64(walk.held)
    size = message_size(w.hold, base, base + held, walk.application, True)
    walk.held = 0
    if size > held:
        read_message(w.hold, base, base + held, packet, walk, w)
        walk.skip = size - held
    return 0


@helper
def find_place(packet: Any, walk: Any, base: int, w: Walks) -> int:
    """Return where in a segment the walk goes on, an offset; its length or more if it holds nothing new."""
    if walk.based == 0:
        walk.next, walk.based = packet.sequence, 1
    at = (np.int64(walk.next) - packet.sequence) & 0xFFFFFFFF
    if at < FAR:
        return at
    hole = 0x100000000 - at
    if walk.held:
        settle_held(base, packet, walk, w)
    if hole > np.int64(walk.skip):  # what is missing is not known to be inside of a message
        walk.skip = walk.part = 0
    else:
        walk.skip -= hole
    walk.next = packet.sequence
    return 0


@helper
def walk_segment(data: NDArray[np.uint8], packet: Any, row: int, w: Walks) -> int:
    """Walk the messages in a TCP segment, from where the one before ended."""
    walk = w.walks[row]
    at, end = packet.payload + find_place(packet, walk, row * HOLD, w), packet.end
    if at >= end:
        return 0
    walk.next = (packet.sequence + end - packet.payload) & 0xFFFFFFFF
    passed = min(end - at, np.int64(walk.skip))
    at += passed
    walk.skip -= passed
    while at < end:
        if walk.held:
            at = go_on_held(data, at, end, row * HOLD, packet, walk, w)
        else:
            at = begin_message(data, at, end, row * HOLD, packet, walk, w)
        if at == LOST:
            return lose(walk, w)
    return 0


@helper
def walk_datagram(data: NDArray[np.uint8], packet: Any, row: int, w: Walks) -> int:
    """Read the messages in a datagram."""
    walk = w.walks[row]
    at = packet.payload
    while at < packet.end:
        size = message_size(data, at, packet.end, walk.application, False)
        if size in (LOST, MORE):
            w.counters[C_LOST] += 1
            return 0
        read_message(data, at, min(at + size, packet.end), packet, walk, w)
        walk.part = 0
        at += size
    return 0


@kernel(np.uint8, PACKET, int, RUN, HALF, np.uint8, WALK, np.uint64, np.uint8, COMMAND, np.uint64, np.int64, np.int64)
def count_commands(
    data: NDArray[np.uint8], packets: Rows, count: int, runs: Rows, halves: Rows, speaks: NDArray[np.uint8],
    walks: Rows, index: NDArray[np.uint64], hold: NDArray[np.uint8], rows: Rows, slots: NDArray[np.uint64],
    codes: NDArray[np.int64], counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Count the commands among *count* packets, also of what only looks like a protocol so far: it may be proven."""
    w = Walks(speaks, walks, index, hold, rows, slots, codes, counters)
    for i in range(count):
        packet = packets[i]
        if packet.flow < 0 or packet.end <= packet.payload:
            continue
        application = np.int64(runs[packet.flow].application)
        if application == A_UNKNOWN:
            application = np.int64(halves[2 * packet.flow + packet.side].shape)
        if speaks[application] == 0 or packet.transport not in (IP_TCP, IP_UDP):
            continue
        row = walk_of(2 * packet.flow + packet.side, w)
        if row < 0:
            counters[C_REFUSED] += 1
            continue
        if walks[row].application != application:  # a new one, or what it seemed to speak was chance
            walks[row].application = application
            walks[row].held = walks[row].skip = walks[row].part = walks[row].based = 0
        if packet.transport == IP_TCP:
            walk_segment(data, packet, row, w)
        else:
            walk_datagram(data, packet, row, w)
    return 0
