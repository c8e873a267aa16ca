"""A payload of a known OT flow in, the part of it that a Python dissector should read out: as late as it comes.

What tells what a device is seldom stands in the first payload: S7 connects and agrees on sizes first, CIP registers a
session, OPC UA opens a channel. So a direction of such a flow stays under watch to its end, at the cost of a look at a
few bytes of each payload. A message that is longer than its segment is marked segment by segment, and put together by
``dissect.joining``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.rows import PLANT, Stage
from kwel.protocols.framing import message_size
from kwel.protocols.telling import ASKS, MODBUS, TELLS, UMAS, always_read, goes_on, goes_on_answering, is_told_of, says

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

MOST_PARTS = 64
"""Payloads of one direction that go to a Python dissector, segments of one long message not counted."""
MOST_SEGMENTS = 64
"""Segments of one message that are waited for."""
LATE = 2
"""Segments that may come after the last one of their message."""
LONGEST = 1 << 16
"""Bytes of a message that is waited for."""
MOST_MESSAGES = 16
"""Messages of one segment that are looked at."""
NOTHING, REFUSED = -1, -2
"""Nothing of interest; something that is beyond what is read of one direction."""
ANSWER_AWAITED = 0xFF
"""In the place of a half's shape, which a flow that is recognised needs no more: what it sends next is an answer."""
FOLLOW, WATCH, DONE = int(Stage.FOLLOW), int(Stage.WATCH), int(Stage.DONE)
M32 = 0xFFFFFFFF


@helper
def begin_watch(application: int, half: Any, other: Any, stage: int) -> int:
    """Let both directions of a flow that was recognised be watched from now on, or be done with."""
    half.stage = other.stage = stage if is_told_of(application) else DONE
    half.initials = other.initials = 0
    return 0


@helper
def first_part(data: NDArray[np.uint8], at: int, end: int, application: int, half: Any, other: Any) -> int:
    """Return where the first message begins that tells what its sender is, or asks another, or NOTHING."""
    for _ in range(MOST_MESSAGES):
        said = says(data, at, end, application, True)
        if said & ASKS and said & TELLS:
            half.shape = ANSWER_AWAITED
        elif said & ASKS:
            other.shape = ANSWER_AWAITED
        if said:
            return at
        size = message_size(data, at, end, application, True)
        if size <= 0 or at + size >= end:
            return NOTHING
        at += size
    return NOTHING


@helper
def await_rest(data: NDArray[np.uint8], at: int, end: int, begin: int, application: int, half: Any) -> int:
    """Note up to where a message goes on behind its segment. *at*: where one begins; *begin*: of *at* in the stream."""
    half.initials = min(LATE, np.int64(half.initials))
    place, more = at, False
    while place < end:
        size = message_size(data, place, end, application, True)
        if size <= 0 or size > LONGEST:
            return 0
        more = goes_on(data, place, end, application)
        place += size
    if place > end or more:
        half.initials = MOST_SEGMENTS
        half.taken = (begin + place - at) & M32
    return 0


@helper
def part_to_read(
    data: NDArray[np.uint8], at: int, end: int, application: int, packet: Any, half: Any, other: Any
) -> int:
    """Return where a payload begins to be of interest, or NOTHING, or REFUSED."""
    if half.based == 0:
        half.base, half.based = packet.sequence, 1
    begin = (packet.sequence + at - packet.payload - np.int64(half.base)) & M32
    if half.initials:
        left = (np.int64(half.taken) - begin) & M32
        if left <= LONGEST and (left or half.initials > LATE):
            half.initials -= 1
            if left <= end - at:
                await_rest(data, at + left, end, (begin + left) & M32, application, half)
            return at
    is_awaited = half.shape == ANSWER_AWAITED
    if is_awaited:
        half.shape = ANSWER_AWAITED if goes_on_answering(data, at, end, application) else 0
    found = first_part(data, at, end, application, half, other)
    if found < 0 and (is_awaited or half.marked < always_read(application)):
        found = at
    if found < 0:
        return NOTHING
    if half.marked >= MOST_PARTS:
        return REFUSED
    half.marked += 1
    if packet.cut:
        half.initials = 0
    else:
        await_rest(data, found, end, (begin + found - at) & M32, application, half)
    return found


@helper
def mark_of(application: int) -> int:
    """Return the mark of the dissector that reads a protocol of the plant; UMAS lies in Modbus."""
    return PLANT + (MODBUS if application == UMAS else application)
