"""One DNS message in, its question and its answers out, with the CNAME chain kept.

RFC 1035 section 4.1 (message, name compression), RFC 3596 (AAAA), RFC 2782 (SRV), RFC 9460 (SVCB and HTTPS), RFC 6762
(mDNS), RFC 4795 (LLMNR): the same format. Compiled: called by ``streams``. A compression pointer must point backwards,
and a name is at most 255 bytes, so a name cannot loop.

The answer section is read, and of the additional section what names hosts: the addresses behind SRV and MX records,
those that mDNS adds. An OPT record (EDNS, RFC 6891) names nobody. A DNAME (RFC 6672) comes with the CNAME made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u32, u64
from kwel.kernel.namepool import intern, lower
from kwel.model.kinds import RecordKind
from kwel.model.records.columns import MAPPED

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.kernel.namepool import Pool
    from kwel.model.records.columns import Rows

HEADER = 12
TYPE_A, TYPE_CNAME, TYPE_PTR, TYPE_MX = (
    int(RecordKind.A),
    int(RecordKind.CNAME),
    int(RecordKind.PTR),
    int(RecordKind.MX),
)
TYPE_AAAA, TYPE_SRV = int(RecordKind.AAAA), int(RecordKind.SRV)
TYPE_SVCB, TYPE_HTTPS = int(RecordKind.SVCB), int(RecordKind.HTTPS)
POINTER = 0xC0
TO_QUESTION = 0xC00C  # a pointer to the first question
ARPA = 0x61727061  # "arpa", the top of the names of addresses (RFC 3172)
MAX_NAME = 255
MAX_LABELS = 128
MAX_RECORDS = 64
"""Records read of one message. What is beyond is left out: answers that plants see have a dozen."""
MAX_ROWS = 96
"""Rows that one message leaves: a record with hints leaves several."""

MOST_ANSWERS = 2_000_000
"""Answers kept of one analysis. Beyond, they are counted."""

ANSWERS, MESSAGES, REFUSED = 0, 1, 2
"""Indices into the counters: answer rows, messages, messages whose answers there was no room for."""
MAPPED64 = np.uint64(MAPPED)
U0 = np.uint64(0)
# parameters of SVCB and HTTPS records, and the version of an ECHConfig: RFC 9460 section 14.3.2, RFC 9849 section 4
KEY_IPV4HINT, KEY_ECH, KEY_IPV6HINT = 4, 5, 6
ECH_VERSION = 0xFE0D
AUTHORITY, ADDITIONAL = 1, 2


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
    """Return whether a DNS message with one question (or, in mDNS, any number) could start at *base*.

    Of an answer over TCP that comes in several messages (RFC 5936 section 2.2) only the first repeats the question.
    """
    if base + HEADER > end:
        return False
    flags, questions = u16(data, base + 2), u16(data, base + 4)
    if (flags >> 11) & 15 != 0:
        return False
    return questions == 1 or (multicast and questions <= 32) or (questions == 0 and flags & 0x8000 != 0)


@helper
def is_name_of_address(text: NDArray[np.uint8], size: int) -> bool:
    """Return whether a name is one of those that stand for addresses, ``….in-addr.arpa`` and ``….ip6.arpa``."""
    if size < 9 or text[size - 5] != 46:
        return False
    word = 0
    for i in range(size - 4, size):
        word = (word << 8) | lower(np.int64(text[i]))
    return word == ARPA


@helper
def add_row(shared: Any, question: int, owner: int, kind: int, ttl: int, answers: Answers) -> int:
    """Append a row that points nowhere yet; return its number."""
    number = answers.counters[ANSWERS]
    row = answers.rows[number]
    row.time, row.client_hi, row.client_lo = shared.time, shared.client_hi, shared.client_lo
    row.flow, row.frame, row.capture, row.code = shared.flow, shared.frame, shared.capture, shared.code
    row.address_hi, row.address_lo, row.target, row.outer, row.previous = U0, U0, 0, 0, 0
    row.question, row.owner, row.kind, row.ttl = question, owner, kind, ttl
    row.section, row.message, row.asked = 0, answers.counters[MESSAGES], 0
    answers.counters[ANSWERS] = number + 1
    return number


@helper
def read_public_name(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return (start, size) of the public name in an ECHConfigList (RFC 9849 section 4); size 0 is none."""
    at += 2  # length of the list
    while at + 4 <= end:
        version, stop = u16(data, at), at + 4 + u16(data, at + 2)
        if stop > end:
            return 0, 0
        if version == ECH_VERSION and at + 9 <= stop:
            place = at + 7  # config id, KEM
            place += 2 + u16(data, place)  # public key
            if place + 2 <= stop:
                place += 2 + u16(data, place) + 1  # cipher suites, longest name
                if place < stop and place + 1 + u8(data, place) <= stop:
                    return place + 1, u8(data, place)
            return 0, 0
        at = stop
    return 0, 0


@helper
def read_service(
    data: NDArray[np.uint8], base: int, at: int, stop: int, text: NDArray[np.uint8], first: int, limit: int,
    shared: Any, answers: Answers, pool: Pool,
) -> int:  # fmt: skip
    """Read the data of an SVCB or HTTPS record, whose row is *first*: target, outer name, a row a hint; return 0."""
    if at + 3 > stop:
        return 0
    is_alias = u16(data, at) == 0
    at, length = read_name(data, base, at + 2, stop, text)
    if at == 0:
        return 0
    record = answers.rows[first]
    question, kind, ttl = np.int64(record.question), np.int64(record.kind), np.int64(record.ttl)
    target = intern(text, 0, length, pool)
    record.target = target
    owner = target if target else np.int64(record.owner)
    while not is_alias and at + 4 <= stop:
        key, behind = u16(data, at), at + 4 + u16(data, at + 2)
        at += 4
        if behind > stop:
            break
        if key == KEY_ECH:
            start, length = read_public_name(data, at, behind)
            answers.rows[first].outer = intern(data, start, start + length, pool)
        step = 4 if key == KEY_IPV4HINT else 16
        while (key in (KEY_IPV4HINT, KEY_IPV6HINT)) and at + step <= behind and answers.counters[ANSWERS] < limit:
            row = answers.rows[add_row(shared, question, owner, kind, ttl, answers)]
            if step == 4:
                row.address_lo = MAPPED64 | np.uint64(u32(data, at))
            else:
                row.address_hi, row.address_lo = u64(data, at), u64(data, at + 8)
            at += step
        at = behind
    return 0


@helper
def read_record(
    data: NDArray[np.uint8], base: int, at: int, size: int, text: NDArray[np.uint8], number: int, limit: int,
    shared: Any, answers: Answers, pool: Pool,
) -> bool:  # fmt: skip
    """Read the data of a record into its row; return whether it holds what its type says."""
    row = answers.rows[number]
    kind, stop = np.int64(row.kind), at + size
    if kind == TYPE_A:
        if size == 4:
            row.address_lo = MAPPED64 | np.uint64(u32(data, at))
        return size == 4
    if kind == TYPE_AAAA:
        if size == 16:
            row.address_hi, row.address_lo = u64(data, at), u64(data, at + 8)
        return size == 16
    if kind in (TYPE_SVCB, TYPE_HTTPS):
        read_service(data, base, at, stop, text, number, limit, shared, answers, pool)
        return True
    if kind == TYPE_MX:
        at += 2
    elif kind == TYPE_SRV:
        at += 6
    behind, length = read_name(data, base, at, stop, text)
    if behind == 0:
        return False
    row.target = intern(text, 0, length, pool)
    return True


@helper
def names_a_host(kind: int) -> bool:
    """Return whether records of a type are kept."""
    return kind in (TYPE_A, TYPE_CNAME, TYPE_AAAA, TYPE_PTR, TYPE_MX, TYPE_SRV, TYPE_SVCB, TYPE_HTTPS)


@helper
def read_records(
    data: NDArray[np.uint8], base: int, at: int, end: int, question: int, text: NDArray[np.uint8],
    shared: Any, answers: Answers, pool: Pool,
) -> int:  # fmt: skip
    """Append a row or more for each record from *at* that names a host; return 0."""
    answered, authority, added = u16(data, base + 6), u16(data, base + 8), u16(data, base + 10)
    questions = u16(data, base + 4)
    limit = answers.counters[ANSWERS] + MAX_ROWS
    for i in range(min(answered + authority + added, MAX_RECORDS)):
        section = 0 if i < answered else (AUTHORITY if i < answered + authority else ADDITIONAL)
        to_question = at + 2 <= end and questions > 0 and u16(data, at) == TO_QUESTION
        length = 0
        if to_question:
            at += 2
        else:
            at, length = read_name(data, base, at, end, text)
        if at == 0 or at + 10 > end:
            break
        kind, ttl, size = u16(data, at), u32(data, at + 4), u16(data, at + 8)
        at += 10
        if at + size > end or answers.counters[ANSWERS] >= limit:
            break
        is_wanted = names_a_host(kind) and section != AUTHORITY
        if is_wanted and kind == TYPE_PTR and not to_question:
            is_wanted = is_name_of_address(text, length)
        if is_wanted:
            owner = question if to_question else intern(text, 0, length, pool)
            asked = question if question and section == 0 else owner
            if asked != 0 or owner != 0:  # else the root, or a name for which there was no room
                number = add_row(shared, asked, owner, kind, ttl, answers)
                answers.rows[number].section = section
                if not read_record(data, base, at, size, text, number, limit, shared, answers, pool):
                    answers.counters[ANSWERS] = number
        at += size
    return 0


@helper
def read_message(
    data: NDArray[np.uint8], base: int, end: int, shared: Any, answers: Answers, text: NDArray[np.uint8], pool: Pool
) -> tuple[int, int, bool]:
    """Append the records of a response that name hosts; return (question's name, its type, whether it is a response).

    *shared* holds what all rows have in common: time, client, flow, frame, capture. The caller has made room for
    MAX_ROWS rows and three times MAX_RECORDS names.
    """
    flags, questions = u16(data, base + 2), u16(data, base + 4)
    is_response = flags & 0x8000 != 0
    at, question, asked = base + HEADER, 0, 0
    for i in range(min(questions, 32)):
        at, size = read_name(data, base, at, end, text)
        if at == 0 or at + 4 > end:
            return question, asked, is_response
        if i == 0:
            question, asked = intern(text, 0, size, pool), u16(data, at)
        at += 4
    if not is_response:
        return question, asked, False
    answers.counters[MESSAGES] += 1
    if answers.counters[ANSWERS] >= MOST_ANSWERS:
        answers.counters[REFUSED] += 1
        return question, asked, True
    shared.code = flags & 15
    read_records(data, base, at, end, question, text, shared, answers, pool)
    return question, asked, True
