"""A buffer of a pcapng file in, a table of its frames out.

Layout: draft-ietf-opsawg-pcapng section 4 (blocks) and appendix A (the obsolete Packet Block). Frames are numbered
as Wireshark numbers them (wiretap/pcapng.c): besides packets, custom blocks, systemd journal entries and Sysdig
events take a number there, although they are no packets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.capture.interfaces import (
    LINK,
    LONGEST,
    SNAP,
    WIDTH,
    close_section,
    nanoseconds,
    read_interface,
    read_statistics,
)
from kwel.capture.records import (
    ASIDE,
    BAD_BLOCK,
    BAD_ORDER,
    BAD_TRAILER,
    BAD_VERSION,
    CLAIM,
    CUSTOM,
    FIRST,
    FRAME,
    FULL,
    GROW,
    HELD,
    INTERFACES,
    JOURNAL,
    LAST,
    MORE,
    NAME_BLOCKS,
    NO_INTERFACE,
    PACKETS,
    POSITION,
    ROWS,
    SCANNED,
    SECRETS,
    SWAPPED,
    TIME,
    TOO_LONG,
    TOO_MANY_INTERFACES,
    UNKNOWN,
    u16,
    u32,
    word,
)
from kwel.kernel.build.jit import helper, kernel
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

# Block types.
SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
PACKET = 2
SIMPLE_PACKET = 3
NAME_RESOLUTION = 4
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
DECRYPTION_SECRETS = 10
CUSTOM_BLOCKS = (0xBAD, 0x40000BAD)
PACKET_BLOCKS = (ENHANCED_PACKET, SIMPLE_PACKET, PACKET)
NUMBERED = (0x9, 0xBAD, 0x40000BAD, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222)
"""Journal export, two custom blocks, six sorts of Sysdig event: a frame number in Wireshark, but no packet."""

BYTE_ORDER = 0x1A2B3C4D
VERSION = 1

MOST_INTERFACES = 0x1_0000
"""``RECORD.interface`` has 16 bits."""

LONGEST_BLOCK = 0x100_0000
"""Of any block but a packet's. 16 MiB, as Wireshark (MAX_BLOCK_SIZE)."""

ROOM = 0x40
"""Bytes of a block beside the frame that must be at hand: no fixed part is longer."""


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
    elif kind == INTERFACE_STATISTICS:
        interface = u32(buffer, position + 8, swapped)
        if total >= 24 and interface < count:
            read_statistics(buffer, position + 20, stop, swapped, interfaces, interface * WIDTH)
    elif kind == NAME_RESOLUTION:
        state[NAME_BLOCKS] += 1
        if state[SCANNED] > 0:
            return ASIDE
    else:
        pass_over(kind, state)
    return MORE


@helper
def pass_over(kind: int, state: NDArray[np.int64]) -> None:
    """Count a block that is not read. Of decryption secrets not a byte is looked at."""
    if kind in NUMBERED:
        state[FRAME] += 1
    if kind in CUSTOM_BLOCKS:
        state[CUSTOM] += 1
    elif kind in NUMBERED:
        state[JOURNAL] += 1
    elif kind == DECRYPTION_SECRETS:
        state[SECRETS] += 1
    else:
        state[UNKNOWN] += 1


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
