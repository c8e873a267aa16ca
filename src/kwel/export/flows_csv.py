"""Flows in, the same CSV out that ``formats.write_csv`` makes of them, compiled: a million rows in a second.

Times follow RFC 3339, addresses RFC 5952, community ids version 1 as in ``community``, base64 RFC 4648 section 4. Texts
are spelt once each, by Python, and copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.export.cells import csv_cell, tunnel_text
from kwel.export.schema import FLOWS
from kwel.export.sha1 import WORDS, sha1_block
from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.loads import u32
from kwel.model.records.columns import FLOW, Direction, NameSource, State
from kwel.model.transports import transport_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from numpy.typing import NDArray

    from kwel.model.names import Names
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

OUT = 1 << 22
"""Bytes formatted at a time."""
FIXED = 640
"""The most that a row takes beside its texts."""

PLAIN = b"".join(b"%c" % byte for byte in range(32, 127) if byte not in b'",')
IS_ODD = np.array([byte not in PLAIN for byte in range(256)])
IS_ODD_FIRST = np.array([byte in b"=+@-" for byte in range(256)])
"""Bytes, and first bytes, of names that ``csv_cell`` may spell anew: the others are never looked at one by one."""

COMMA, NEWLINE, COLON, DOT, DASH = 44, 10, 58, 46, 45
UNKNOWN = int(Direction.UNKNOWN)
ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
U8, U32 = np.uint64(8), np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
BASE64 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)
PAIRS = np.frombuffer(b"".join(b"%02d" % number for number in range(100)), np.uint8)
SECOND = 1_000_000_000
DAY = 86400


@helper
def put_number(out: NDArray[np.uint8], at: int, number: int) -> int:
    """Write a whole number, not negative; return the offset behind it."""
    size, rest = 1, number
    while rest >= 10:
        rest //= 10
        size += 1
    for i in range(size - 1, -1, -1):
        out[np.uint64(at + i)] = 48 + number % 10
        number //= 10
    return at + size


@helper
def put_pair(out: NDArray[np.uint8], at: int, number: int) -> int:
    """Write a whole number below 100 as two digits."""
    out[np.uint64(at)], out[np.uint64(at + 1)] = PAIRS[np.uint64(2 * number)], PAIRS[np.uint64(2 * number + 1)]
    return at + 2


@helper
def put_text(out: NDArray[np.uint8], at: int, words: NDArray[np.uint8], ends: NDArray[np.int64], index: int) -> int:
    """Copy text number *index*."""
    start = ends[np.uint64(index - 1)] if index else 0
    size = ends[np.uint64(index)] - start
    for i in range(size):
        out[np.uint64(at + i)] = words[np.uint64(start + i)]
    return at + size


@helper
def put_byte(out: NDArray[np.uint8], at: int, byte: int) -> int:
    """Write one byte."""
    out[np.uint64(at)] = byte
    return at + 1


@helper
def put_time(out: NDArray[np.uint8], at: int, time: int) -> int:
    """Write nanoseconds since the epoch as RFC 3339, nine digits; nothing for 0, which is not known.

    Days to a date by counting years from March, so that a leap day comes last.
    """
    if time == 0:
        return at
    seconds, nanoseconds = time // SECOND, time % SECOND
    days, second = seconds // DAY, seconds % DAY
    shifted = days + 719468  # days from 0000-03-01 to the epoch
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (1 if month <= 2 else 0)
    at = put_byte(out, put_pair(out, put_pair(out, at, year // 100), year % 100), DASH)
    at = put_byte(out, put_pair(out, at, month), DASH)
    at = put_byte(out, put_pair(out, at, day), 84)
    at = put_byte(out, put_pair(out, at, second // 3600), COLON)
    at = put_byte(out, put_pair(out, at, second // 60 % 60), COLON)
    at = put_byte(out, put_pair(out, at, second % 60), DOT)
    at = put_byte(out, at, 48 + nanoseconds // 100_000_000)
    for part in (nanoseconds // 1_000_000 % 100, nanoseconds // 10_000 % 100, nanoseconds // 100 % 100):
        at = put_pair(out, at, part)
    at = put_pair(out, at, nanoseconds % 100)
    return put_byte(out, at, 90)


@helper
def put_hex(out: NDArray[np.uint8], at: int, group: int) -> int:
    """Write 16 bits as hexadecimal without leading zeros."""
    started = False
    for shift in (12, 8, 4, 0):
        digit = (group >> shift) & 15
        if digit or started or shift == 0:
            started = True
            at = put_byte(out, at, 48 + digit if digit < 10 else 87 + digit)
    return at


@helper
def group_of(hi: np.uint64, lo: np.uint64, index: int) -> int:
    """Return one of the eight 16-bit groups of an address."""
    half = hi if index < 4 else lo
    return np.int64((half >> np.uint64(48 - 16 * (index % 4))) & np.uint64(0xFFFF))


@helper
def longest_zeros(hi: np.uint64, lo: np.uint64) -> tuple[int, int]:
    """Return (first, count) of the longest run of two or more zero groups, the first of equals (RFC 5952 4.2)."""
    best, best_size, run = 8, 1, 0
    for i in range(8):
        run = run + 1 if group_of(hi, lo, i) == 0 else 0
        if run > best_size:
            best, best_size = i - run + 1, run
    return best, best_size if best < 8 else 0


@helper
def put_ipv4(out: NDArray[np.uint8], at: int, address: int) -> int:
    """Write dotted decimal."""
    for shift in (24, 16, 8, 0):
        at = put_number(out, at, (address >> shift) & 255)
        if shift:
            at = put_byte(out, at, DOT)
    return at


@helper
def put_address(out: NDArray[np.uint8], at: int, hi: np.uint64, lo: np.uint64) -> int:
    """Write an address as inet_ntop does (RFC 5952)."""
    if hi == 0 and lo >> U32 == np.uint64(0xFFFF):
        return put_ipv4(out, at, np.int64(lo & LOW))
    first, count = longest_zeros(hi, lo)
    if first == 0 and count == 6 and lo & LOW > LOW >> np.uint64(16):  # IPv4-compatible, as inet_ntop writes it
        at = put_byte(out, put_byte(out, at, COLON), COLON)
        return put_ipv4(out, at, np.int64(lo & LOW))
    i = 0
    while i < 8:
        if i == first and count:
            at = put_byte(out, at, COLON)
            i += count
            if i == 8:
                at = put_byte(out, at, COLON)
            continue
        if i:
            at = put_byte(out, at, COLON)
        at = put_hex(out, at, group_of(hi, lo, i))
        i += 1
    return at


@helper
def put_vlan(out: NDArray[np.uint8], at: int, vlan: int) -> int:
    """Write a VLAN tag, or the outer and the inner one."""
    if vlan >> 16:
        at = put_byte(out, put_number(out, at, vlan >> 16), DOT)
        return put_number(out, at, vlan & 0xFFFF)
    return put_number(out, at, vlan) if vlan else at


@helper
def put_packed(block: NDArray[np.uint8], at: int, number: np.uint64, size: int) -> int:
    """Write *size* bytes in network order."""
    for i in range(size):
        block[at + i] = np.uint8((number >> np.uint64(8 * (size - 1 - i))) & np.uint64(255))
    return at + size


@helper
def pack_flow(flow: Any, block: NDArray[np.uint8]) -> int:
    """Write what a community id is the hash of: seed, addresses in order, protocol, ports; return its size."""
    a_hi, a_lo, a_port = flow.initiator_hi, flow.initiator_lo, flow.initiator_port
    b_hi, b_lo, b_port = flow.responder_hi, flow.responder_lo, flow.responder_port
    if a_hi > b_hi or (a_hi == b_hi and (a_lo > b_lo or (a_lo == b_lo and a_port > b_port))):
        a_hi, a_lo, a_port, b_hi, b_lo, b_port = b_hi, b_lo, b_port, a_hi, a_lo, a_port
    at = put_packed(block, 0, np.uint64(0), 2)
    if a_hi == 0 and a_lo >> U32 == np.uint64(0xFFFF):
        at = put_packed(block, put_packed(block, at, a_lo & LOW, 4), b_lo & LOW, 4)
    else:
        at = put_packed(block, put_packed(block, at, a_hi, 8), a_lo, 8)
        at = put_packed(block, put_packed(block, at, b_hi, 8), b_lo, 8)
    at = put_packed(block, at, np.uint64(flow.transport), 1)
    at = put_packed(block, at, np.uint64(0), 1)
    if flow.transport in (TCP, UDP, SCTP):
        at = put_packed(block, put_packed(block, at, np.uint64(a_port), 2), np.uint64(b_port), 2)
    return at


@helper
def put_community_id(
    out: NDArray[np.uint8], at: int, flow: Any, block: NDArray[np.uint8], words: NDArray[np.uint32]
) -> int:
    """Write the community id of a flow; nothing for ICMP, whose id is made of message types."""
    if flow.transport in (ICMP, ICMPV6):
        return at
    size = pack_flow(flow, block)
    put_packed(block, size, np.uint64(0x80 << 24), 4)
    filled = size // 4 + 1
    for i in range(filled):
        words[i] = np.uint32(u32(block, 4 * i))
    for i in range(filled, 15):
        words[i] = 0
    words[15] = size * 8
    sha1_block(words)
    at = put_byte(out, put_byte(out, at, 49), COLON)
    held, bits = 0, 0
    for i in range(5):
        held, bits = (held & 63) << 32 | np.int64(words[i]), bits + 32
        while bits >= 6:
            bits -= 6
            at = put_byte(out, at, BASE64[(held >> bits) & 63])
    at = put_byte(out, at, BASE64[(held << 2) & 63])  # the last four of 160 bits
    return put_byte(out, at, 61)


@kernel(
    FLOW, int, int, np.uint8, np.uint8, np.int64, np.uint8, np.int64, np.uint8, np.int64, np.uint8, np.int64,
    np.uint8, np.int64, np.uint8, np.int64, np.uint8, np.int64, np.uint8, np.uint32, np.int64,
)  # fmt: skip
def format_rows(
    flows: Rows, row: int, room: int, out: NDArray[np.uint8],
    captures: NDArray[np.uint8], capture_ends: NDArray[np.int64],
    transports: NDArray[np.uint8], transport_ends: NDArray[np.int64],
    tunnels: NDArray[np.uint8], tunnel_ends: NDArray[np.int64],
    states: NDArray[np.uint8], state_ends: NDArray[np.int64],
    names: NDArray[np.uint8], name_ends: NDArray[np.int64],
    sources: NDArray[np.uint8], source_ends: NDArray[np.int64],
    truths: NDArray[np.uint8], truth_ends: NDArray[np.int64],
    block: NDArray[np.uint8], words: NDArray[np.uint32], written: NDArray[np.int64],
) -> int:  # fmt: skip
    """Format rows from *row* on until *out* has less than *room* left; return the next row."""
    at = 0
    while row < len(flows) and at + room <= len(out):
        flow = flows[row]
        at = put_byte(out, put_text(out, at, captures, capture_ends, np.int64(flow.capture)), COMMA)
        if flow.first_frame:  # else it was not kept
            at = put_number(out, at, np.int64(flow.first_frame))
        at = put_byte(out, at, COMMA)
        at = put_byte(out, put_time(out, at, flow.first), COMMA)
        at = put_byte(out, put_time(out, at, flow.last), COMMA)
        at = put_byte(out, put_text(out, at, transports, transport_ends, np.int64(flow.transport)), COMMA)
        at = put_byte(out, put_address(out, at, flow.initiator_hi, flow.initiator_lo), COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.initiator_port)), COMMA)
        at = put_byte(out, put_address(out, at, flow.responder_hi, flow.responder_lo), COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.responder_port)), COMMA)
        at = put_byte(out, put_vlan(out, at, np.int64(flow.vlan)), COMMA)
        at = put_text(out, at, tunnels, tunnel_ends, np.int64(flow.tunnel) >> 24)
        if np.int64(flow.tunnel) & 0xFFFFFF:
            at = put_number(out, put_byte(out, at, DASH), np.int64(flow.tunnel) & 0xFFFFFF)
        at = put_byte(out, at, COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.packets_out)), COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.packets_in)), COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.bytes_out)), COMMA)
        at = put_byte(out, put_number(out, at, np.int64(flow.bytes_in)), COMMA)
        at = put_byte(out, put_text(out, at, states, state_ends, np.int64(flow.state)), COMMA)
        at = put_byte(out, put_text(out, at, truths, truth_ends, 0 if flow.direction == UNKNOWN else 1), COMMA)
        at = put_byte(out, put_community_id(out, at, flow, block, words), COMMA)
        at = put_byte(out, put_text(out, at, names, name_ends, np.int64(flow.name)), COMMA)
        at = put_byte(out, put_text(out, at, sources, source_ends, np.int64(flow.name_source)), COMMA)
        at = put_byte(out, put_byte(out, at, COMMA), NEWLINE)  # no zones: a site's are written by ``formats``
        row += 1
    written[0] = at
    return row


def write_flows_csv(traffic: Traffic, out: BinaryIO) -> None:
    """Write the table of flows as CSV, with a line of column names."""
    states = {int(state): state.name.lower() for state in State}
    sources = {int(source): source.label if source else "" for source in NameSource}
    names, name_ends = _names(traffic.names)
    captures = [csv_cell(capture.name).encode() for capture in traffic.captures] or [b""]
    texts = [
        *_words(captures),
        *_words(transport_text(number).encode() for number in range(256)),
        *_words((tunnel_text(kind << 24) or "").encode() for kind in range(256)),
        *_words(states.get(number, "").encode() for number in range(max(states) + 1)),
        names,
        name_ends,
        *_words(sources.get(number, "").encode() for number in range(max(sources) + 1)),
        *_words([b"false", b"true"]),
    ]
    room = FIXED + max(map(len, captures)) + int(np.diff(name_ends, prepend=0).max())
    buffer, written = np.empty(OUT + room, np.uint8), np.zeros(1, np.int64)
    block, words = np.zeros(64, np.uint8), np.zeros(WORDS, np.uint32)
    out.write((",".join(FLOWS.keys) + "\n").encode())
    row = 0
    while row < len(traffic.flows):
        row = format_rows(traffic.flows, row, room, buffer, *texts, block, words, written)
        out.write(buffer[: written[0]].data)


def _names(names: Names) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the cells of all names as ``_words`` does."""
    joined, lengths = names.joined()
    kept, sizes = np.frombuffer(joined, np.uint8), np.array(lengths, np.int64)
    ends = np.cumsum(sizes)
    some = np.flatnonzero(sizes)
    first = some[IS_ODD_FIRST[kept[(ends - sizes)[some]]]]
    inside = np.searchsorted(ends, np.flatnonzero(IS_ODD[kept]), "right")
    pieces, done = [], 0
    for i in sorted({*first.tolist(), *inside.tolist()}):
        cell = csv_cell(names[i]).encode()
        pieces += [joined[done : ends[i] - sizes[i]], cell]
        done, sizes[i] = int(ends[i]), len(cell)
    return np.frombuffer(bytearray(b"".join([*pieces, joined[done:]]) or b"\0"), np.uint8), np.cumsum(sizes)


def _words(texts: Iterable[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return all texts in one array of bytes, and where each ends."""
    listed = list(texts)
    joined = b"".join(listed)
    return np.frombuffer(bytearray(joined or b"\0"), np.uint8), np.cumsum([len(text) for text in listed])
