"""A buffer of a pcapng file in, a table of its frames out.

Layout: draft-ietf-opsawg-pcapng section 4 (blocks) and appendix A (the obsolete Packet Block). Frames are numbered
as Wireshark numbers them (wiretap/pcapng.c): besides packets, custom blocks, systemd journal entries and Sysdig
events take a number there, although they are no packets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.capture.records import (
    BAD_BLOCK,
    BAD_ORDER,
    BAD_TRAILER,
    BAD_VERSION,
    CLAIM,
    FIRST,
    FOREVER,
    FRAME,
    FULL,
    GROW,
    HELD,
    INTERFACES,
    LAST,
    LOST,
    MORE,
    NO_INTERFACE,
    PACKETS,
    POSITION,
    ROWS,
    SWAPPED,
    TIME,
    TOO_LONG,
    TOO_MANY_INTERFACES,
    longest_frame,
    u8,
    u16,
    u32,
    word,
)
from kwel.columns import RECORD
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.columns import Rows

# Block types.
SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
PACKET = 2
SIMPLE_PACKET = 3
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
PACKET_BLOCKS = (ENHANCED_PACKET, SIMPLE_PACKET, PACKET)
NUMBERED = (0x9, 0xBAD, 0x40000BAD, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222)
"""Journal export, two custom blocks, six sorts of Sysdig event: a frame number in Wireshark, but no packet."""

BYTE_ORDER = 0x1A2B3C4D
VERSION = 1

# Option codes.
END = 0
RESOLUTION = 9
TIME_OFFSET = 14
STATISTICS_LOST = (5, 7)
"""isb_ifdrop and isb_osdrop: what the interface lost, and what the operating system lost."""

# Columns of the table of interfaces.
LINK = 0
SNAP = 1
SCALE = 2
"""Nanoseconds in a unit of time; negative: units in a nanosecond; 0: units are 2^-BITS seconds."""
BITS = 3
LATEST = 4
"""The last count of units that ``SCALE`` can turn into nanoseconds."""
OFFSET = 5
"""Nanoseconds to add."""
DROPPED = 6
"""Packets that this interface lost; -1 where it does not say."""
LONGEST = 7
WIDTH = 8

MOST_INTERFACES = 0x1_0000
"""``RECORD.interface`` has 16 bits."""

LONGEST_BLOCK = 0x100_0000
"""Of any block but a packet's. 16 MiB, as Wireshark (MAX_BLOCK_SIZE)."""

ROOM = 0x40
"""Bytes of a block beside the frame that must be at hand: no fixed part is longer."""

BELIEVED = 1 << 48
"""A larger count of lost packets is not a count."""


@helper
def u64(buffer: NDArray[np.uint8], at: int, swapped: int) -> int:
    """Return the 64-bit integer at *at*, in the byte order of the file; negative from 2^63 on."""
    a, b = u32(buffer, at, swapped), u32(buffer, at + 4, swapped)
    return a << 32 | b if swapped else b << 32 | a


@helper
def nanoseconds(units: int, interfaces: NDArray[np.int64], row: int) -> int:
    """Return the time of a frame of one interface, in nanoseconds since the epoch."""
    scale = interfaces[row + SCALE]
    if units < 0 or units > interfaces[row + LATEST]:
        return FOREVER
    if scale > 0:
        time = units * scale
    elif scale < 0:
        time = units // -scale
    else:
        bits = interfaces[row + BITS]
        if bits > 62:
            units, bits = units >> min(bits - 62, 63), 62
        seconds, part = units >> bits, units & ((1 << bits) - 1)
        if bits > 32:
            part, bits = part >> (bits - 32), 32
        time = seconds * 1_000_000_000 + (part * 1_000_000_000 >> bits)
    offset = interfaces[row + OFFSET]
    return FOREVER if offset > 0 and time > FOREVER - offset else max(0, time + offset)


@helper
def set_resolution(interfaces: NDArray[np.int64], row: int, resolution: int) -> None:
    """Keep the meaning of an if_tsresol byte: the top bit chooses powers of two over powers of ten."""
    digits = resolution & 0x7F
    interfaces[row + BITS] = 0
    interfaces[row + LATEST] = FOREVER
    if resolution & 0x80:
        interfaces[row + SCALE] = 0
        interfaces[row + BITS] = digits
        if digits < 30:
            interfaces[row + LATEST] = FOREVER // 1_000_000_000 - 1 << digits
    elif digits <= 9:
        interfaces[row + SCALE] = 10 ** (9 - digits)
        interfaces[row + LATEST] = FOREVER // 10 ** (9 - digits)
    else:
        interfaces[row + SCALE] = -(10 ** min(digits - 9, 18))


@helper
def read_interface(
    buffer: NDArray[np.uint8],
    start: int,
    stop: int,
    swapped: int,
    interfaces: NDArray[np.int64],
    row: int,
) -> None:
    """Keep what an Interface Description Block says. Unknown options and a damaged tail of them are passed over."""
    interfaces[row + LINK] = u16(buffer, start, swapped)
    interfaces[row + SNAP] = u32(buffer, start + 4, swapped)
    interfaces[row + LONGEST] = longest_frame(interfaces[row + LINK])
    interfaces[row + OFFSET] = 0
    interfaces[row + DROPPED] = -1
    set_resolution(interfaces, row, 6)
    at = start + 8
    while at + 4 <= stop:
        code, size = u16(buffer, at, swapped), u16(buffer, at + 2, swapped)
        at += 4
        if code == END or at + size > stop:
            break
        if code == RESOLUTION and size == 1:
            set_resolution(interfaces, row, u8(buffer, at))
        elif code == TIME_OFFSET and size == 8:
            seconds = u64(buffer, at, swapped)
            interfaces[row + OFFSET] = max(-4_000_000_000, min(seconds, 4_000_000_000)) * 1_000_000_000
        at += (size + 3) & ~3


@helper
def read_statistics(
    buffer: NDArray[np.uint8],
    start: int,
    stop: int,
    swapped: int,
    interfaces: NDArray[np.int64],
    row: int,
) -> None:
    """Keep the packets that an Interface Statistics Block says were lost. Each block counts from the beginning."""
    lost, said = 0, 0
    at = start
    while at + 4 <= stop:
        code, size = u16(buffer, at, swapped), u16(buffer, at + 2, swapped)
        at += 4
        if code == END or at + size > stop:
            break
        if size == 8 and code in STATISTICS_LOST:
            count = u64(buffer, at, swapped)
            if 0 <= count < BELIEVED:
                lost += count
                said = 1
        at += (size + 3) & ~3
    if said:
        interfaces[row + DROPPED] = max(lost, interfaces[row + DROPPED])


@helper
def close_section(state: NDArray[np.int64], interfaces: NDArray[np.int64]) -> None:
    """Add up what the interfaces of a section lost, and forget them."""
    for row in range(0, state[INTERFACES] * WIDTH, WIDTH):
        if interfaces[row + DROPPED] >= 0:
            state[LOST] = max(state[LOST], 0) + interfaces[row + DROPPED]
    state[INTERFACES] = 0


@helper
def section_order(buffer: NDArray[np.uint8], position: int) -> int:
    """Return 1 where the section that begins here is big-endian, 0 where little-endian, -1 where neither."""
    if u32(buffer, position + 8, 0) == BYTE_ORDER:
        return 0
    return 1 if u32(buffer, position + 8, 1) == BYTE_ORDER else -1


@helper
def read_other(
    buffer: NDArray[np.uint8],
    position: int,
    total: int,
    state: NDArray[np.int64],
    interfaces: NDArray[np.int64],
) -> int:
    """Keep what a block that holds no packet says; return ``MORE``, or what is wrong with it."""
    swapped, count = state[SWAPPED], state[INTERFACES]
    kind = u32(buffer, position, swapped)
    stop = position + min(total, HELD) - 4
    if kind == SECTION_HEADER:
        if total < 28:
            return BAD_BLOCK
        state[CLAIM] = u16(buffer, position + 12, swapped)
        if state[CLAIM] != VERSION:
            return BAD_VERSION
        close_section(state, interfaces)
    elif kind == INTERFACE_DESCRIPTION:
        if total < 20:
            return BAD_BLOCK
        if count == MOST_INTERFACES:
            return TOO_MANY_INTERFACES
        if (count + 1) * WIDTH > interfaces.shape[0]:
            return GROW
        read_interface(buffer, position + 8, stop, swapped, interfaces, count * WIDTH)
        state[INTERFACES] = count + 1
    elif kind == INTERFACE_STATISTICS and total >= 24:
        interface = u32(buffer, position + 8, swapped)
        if interface < count:
            read_statistics(buffer, position + 20, stop, swapped, interfaces, interface * WIDTH)
    elif kind in NUMBERED:
        state[FRAME] += 1
    return MORE


@helper
def check_block(words: NDArray[np.uint32], position: int, end: int, kind: int, state: NDArray[np.int64]) -> int:
    """Return the length of the block at *position*, or minus what is wrong, or 0 where it is not all here.

    A length that is no multiple of four is rounded up: the specification forbids it, some writers do it.
    """
    total = (word(words, position + 4, state[SWAPPED]) + 3) & ~3
    if total < 12:
        state[CLAIM] = total
        return -BAD_BLOCK
    if total > LONGEST_BLOCK and not (kind in PACKET_BLOCKS and total <= LONGEST_BLOCK * 9):
        state[CLAIM] = total
        return -TOO_LONG
    if total > HELD + ROOM:
        return total if position + HELD + ROOM <= end else 0
    if position + total > end:
        return 0
    if (word(words, position + total - 4, state[SWAPPED]) + 3) & ~3 != total:
        return -BAD_TRAILER
    return total


@helper
def packet_interface(words: NDArray[np.uint32], position: int, kind: int, swapped: int) -> int:
    """Return which interface captured a packet; Simple Packet Blocks belong to the first."""
    if kind == SIMPLE_PACKET:
        return 0
    interface = word(words, position + 8, swapped)
    if kind == PACKET:  # 16 bits, and 16 bits for the packets lost before it
        return interface >> 16 if swapped else interface & 0xFFFF
    return interface


@helper
def read_packet(
    words: NDArray[np.uint32],
    position: int,
    total: int,
    kind: int,
    state: NDArray[np.int64],
    interfaces: NDArray[np.int64],
    records: Rows,
    index: int,
) -> int:
    """Fill one row of *records*; return ``MORE``, or what is wrong with the block."""
    swapped = state[SWAPPED]
    if total < (16 if kind == SIMPLE_PACKET else 32):
        state[CLAIM] = total
        return BAD_BLOCK
    interface = packet_interface(words, position, kind, swapped)
    if interface >= state[INTERFACES]:
        state[CLAIM] = interface
        return NO_INTERFACE
    row = interface * WIDTH
    if kind == SIMPLE_PACKET:
        start, wire = position + 12, word(words, position + 8, swapped)
        captured = min(wire, total - 16)
        if interfaces[row + SNAP] > 0:
            captured = min(captured, interfaces[row + SNAP])
    else:
        start, wire = position + 28, word(words, position + 24, swapped)
        captured = word(words, position + 20, swapped)
        units = word(words, position + 12, swapped) << 32 | word(words, position + 16, swapped)
        state[TIME] = nanoseconds(units, interfaces, row)
        state[FIRST], state[LAST] = min(state[FIRST], state[TIME]), max(state[LAST], state[TIME])
    if captured > interfaces[row + LONGEST] or start + captured > position + total - 4:
        state[CLAIM] = captured
        return TOO_LONG
    record = records[index]
    record["time"] = state[TIME]
    record["start"] = start
    record["captured"] = min(captured, HELD)
    record["wire"] = wire
    record["link"] = interfaces[row + LINK]
    record["interface"] = interface
    return MORE


@kernel(np.uint8, np.uint32, int, np.int64, np.int64, np.int64, RECORD)
def index_blocks(
    buffer: NDArray[np.uint8],
    words: NDArray[np.uint32],
    end: int,
    state: NDArray[np.int64],
    links: NDArray[np.int64],
    interfaces: NDArray[np.int64],
    records: Rows,
) -> int:
    """Fill *records* from ``state[POSITION]`` on; return how it ended. *links* counts packets by link type."""
    position = state[POSITION]
    rows, status = 0, FULL
    while rows < records.shape[0]:
        status = MORE
        if position + 12 > end:
            break
        kind = word(words, position, state[SWAPPED])
        if kind == SECTION_HEADER:
            order = section_order(buffer, position)
            if order < 0:
                status = BAD_ORDER
                break
            state[SWAPPED] = order
        total = check_block(words, position, end, kind, state)
        if total <= 0:
            status = -total
            break
        if kind in PACKET_BLOCKS:
            status = read_packet(words, position, total, kind, state, interfaces, records, rows)
            if status != MORE:
                break
            links[np.int64(records[rows]["link"])] += 1
            rows += 1
        elif rows > 0 and kind in NUMBERED:
            status = FULL  # the frame numbers of a batch are consecutive
            break
        else:
            status = read_other(buffer, position, total, state, interfaces)
            if status != MORE:
                break
        position += total
        status = FULL
    state[POSITION], state[ROWS] = position, rows
    state[FRAME] += rows
    state[PACKETS] += rows
    return status
