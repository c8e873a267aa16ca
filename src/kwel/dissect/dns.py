"""One DNS message in, its question and its answers out, with the CNAME chain kept.

RFC 1035 section 4.1 (message, name compression), RFC 3596 (AAAA), RFC 6762 (mDNS), RFC 4795 (LLMNR): the same format.
Compiled: called by ``streams``. A compression pointer must point backwards, so a name cannot loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.columns import MAPPED
from kwel.kernel.loads import u8, u16, u32, u64
from kwel.kernel.namepool import intern
from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows
    from kwel.kernel.namepool import Pool

HEADER = 12
TYPE_A, TYPE_CNAME, TYPE_AAAA = 1, 5, 28
POINTER = 0xC0
MAX_NAME = 255
MAX_LABELS = 128
MAX_RECORDS = 64
"""Records read of one message. What is beyond is left out: answers that plants see have a dozen."""

MOST_ANSWERS = 2_000_000
"""Answers kept of one analysis. Beyond, they are counted."""

ANSWERS, MESSAGES, REFUSED = 0, 1, 2
"""Indices into the counters: answer rows, messages, messages whose answers there was no room for."""
MAPPED64 = np.uint64(MAPPED)
U0 = np.uint64(0)


class Answers(NamedTuple):
    """The arrays that hold all answers."""

    rows: Rows
    """Of ``columns.ANSWER``."""
    index: NDArray[np.uint64]
    """By client and address, see ``kernel.hashing``."""
    counters: NDArray[np.int64]


@helper
def read_name(data: NDArray[np.uint8], base: int, at: int, end: int, text: NDArray[np.uint8]) -> tuple[int, int]:
    """Write the name at *at* to *text* with dots; return (offset behind it, size), offset 0 where it is malformed."""
    size, behind = 0, 0
    for _ in range(MAX_LABELS):
        if at >= end:
            return 0, 0
        length = u8(data, at)
        if length == 0:
            return (behind if behind else at + 1), size
        if length >= POINTER:
            if at + 2 > end:
                return 0, 0
            if behind == 0:
                behind = at + 2
            target = base + (u16(data, at) & 0x3FFF)
            if target >= at:
                return 0, 0
            at = target
            continue
        if length > 63 or at + 1 + length > end or size + length + 1 > MAX_NAME:
            return 0, 0
        if size:
            text[size] = 46
            size += 1
        for i in range(length):
            text[size + i] = data[np.uint64(at + 1 + i)]
        size += length
        at += 1 + length
    return 0, 0


@helper
def looks_like_message(data: NDArray[np.uint8], base: int, end: int, multicast: bool) -> bool:
    """Return whether a DNS message with one question (or, in mDNS, any number) could start at *base*."""
    if base + HEADER > end:
        return False
    opcode = (u8(data, base + 2) >> 3) & 15
    questions = u16(data, base + 4)
    return opcode == 0 and (questions == 1 or (multicast and questions <= 32))


@helper
def read_message(
    data: NDArray[np.uint8], base: int, end: int, shared: Any, answers: Answers, text: NDArray[np.uint8], pool: Pool
) -> tuple[int, bool]:
    """Append the A, AAAA and CNAME records of a response; return (question's name, whether it is a response).

    *shared* holds what all rows have in common: time, client, flow, frame, capture. The caller has made room for
    MAX_RECORDS rows and twice as many names.
    """
    is_response = u8(data, base + 2) & 0x80 != 0
    questions, records = u16(data, base + 4), u16(data, base + 6)
    at, question = base + HEADER, 0
    for i in range(min(questions, 32)):
        at, size = read_name(data, base, at, end, text)
        if at == 0 or at + 4 > end:
            return question, is_response
        if i == 0:
            question = intern(text, 0, size, pool)
        at += 4
    if not is_response:
        return question, False
    answers.counters[MESSAGES] += 1
    if answers.counters[ANSWERS] >= MOST_ANSWERS:
        answers.counters[REFUSED] += 1
        return question, True
    for _ in range(min(records, MAX_RECORDS)):
        if at + 2 <= end and questions and u16(data, at) == 0xC00C:  # a pointer to the question
            at, owner = at + 2, question
        else:
            at, size = read_name(data, base, at, end, text)
            if at == 0:
                break
            owner = intern(text, 0, size, pool)
        if at + 10 > end:
            break
        kind, ttl, size = u16(data, at), u32(data, at + 4), u16(data, at + 8)
        at += 10
        if at + size > end:
            break
        if question == 0 and owner == 0:  # the root, or a name for which there was no room
            at += size
            continue
        row = answers.rows[answers.counters[ANSWERS]]
        row.address_hi, row.address_lo, row.target, row.previous = U0, U0, 0, 0
        if kind == TYPE_A and size == 4:
            row.address_lo = MAPPED64 | np.uint64(u32(data, at))
        elif kind == TYPE_AAAA and size == 16:
            row.address_hi, row.address_lo = u64(data, at), u64(data, at + 8)
        elif kind == TYPE_CNAME:
            behind, length = read_name(data, base, at, end, text)
            if behind == 0:
                break
            row.target = intern(text, 0, length, pool)
        else:
            at += size
            continue
        at += size
        row.time, row.client_hi, row.client_lo = shared.time, shared.client_hi, shared.client_lo
        row.flow, row.frame, row.capture = shared.flow, shared.frame, shared.capture
        row.question, row.owner = (question if question else owner), owner
        row.ttl, row.kind, row.message = ttl, kind, answers.counters[MESSAGES]
        answers.counters[ANSWERS] += 1
    return question, True
