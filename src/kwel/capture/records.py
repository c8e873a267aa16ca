"""A buffer of a classic pcap or of a snoop file in, a table of its frames out.

pcap: draft-ietf-opsawg-pcap sections 4 and 5. Its variants with longer record headers, the swapped lengths of versions
before 2.3, and the limits on a record's length are those that Wireshark reads by (wiretap/libpcap.c, wiretap/wtap.h).
snoop: RFC 1761, where a record says itself how long it is, padding included.

All arithmetic is signed 64-bit: in numba a signed and an unsigned operand give a float. Every read is checked
against *end* before it is made. What a kernel knows is kept in one array, *state*, between calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.loads import le16, le32
from kwel.kernel.loads import u16 as be16
from kwel.kernel.loads import u32 as be32
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

# How a call ended.
MORE = 0
"""The next record is not all here: bring more bytes, from ``state[POSITION]`` on."""
FULL = 1
"""The table is full, or the next block takes a frame number and is no frame: take the rows, call again."""
GROW = 2
"""The table of interfaces is full: enlarge it, call again."""
ASIDE = 3
"""A name resolution block lies at ``state[POSITION]``, as far as a buffer holds it: read it, pass it, call again."""
TOO_LONG = 10
HOLE = 11
BAD_BLOCK = 12
BAD_TRAILER = 13
BAD_ORDER = 14
BAD_VERSION = 15
NO_INTERFACE = 16
TOO_MANY_INTERFACES = 17

# Indices into ``state``.
POSITION = 0
"""Where the next record begins in the buffer. Beyond its end where a record's tail has yet to be skipped."""
ROWS = 1
"""Rows that the last call filled."""
FRAME = 2
"""Frame numbers given out so far."""
PACKETS = 3
FIRST = 4
LAST = 5
SWAPPED = 6
"""1 where the file is big-endian."""
CLAIM = 7
"""The value that a status above 9 complains about."""
FINAL = 8
"""1 when nothing follows the buffer."""
SCALE = 9
"""pcap: nanoseconds in a unit of the time stamp's fraction."""
HEADER = 10
"""pcap: bytes before a frame."""
LAYOUT = 11
"""One of the layouts of a record's header, below."""
LINK = 12
LONGEST = 13
"""pcap, snoop: the longest frame that a sound file can hold."""
INTERFACES = 14
"""pcapng: interfaces described in this section."""
TIME = 15
"""pcapng: the last time stamp, lent to blocks that carry none."""
LOST = 16
"""pcapng: packets lost in the sections that are over; snoop: so far; -1 where none says."""
SCANNED = 17
"""pcapng: name resolution blocks that may still be read."""
CUSTOM = 18
SECRETS = 19
JOURNAL = 20
UNKNOWN = 21
NAME_BLOCKS = 22
"""pcapng: blocks passed over, by what they are. ``formats.PASSED_OVER`` names them."""
STATE = 23

# Layouts: where a record's header has the captured length, and which length that is.
PCAP = 0
EITHER = 1
"""pcap 2.3: the smaller length is the captured one."""
SWAPPED_LENGTHS = 2
"""pcap before 2.3: the captured length comes last."""
SNOOP = 3
"""Length on the wire, captured length, length of the record, packets lost so far, seconds, microseconds."""

FOREVER = 0x7FFF_FFFF_FFFF_FFFF
"""A time that no 64-bit count of nanoseconds holds becomes this one, in the year 2262."""

HELD = 0x4_0000
"""Bytes of a frame that are kept. A sound frame is longer for three link types only, none of which kwel reads into."""

PADDING = 0x1000
"""What may follow the frame in a snoop record: RFC 1761 aligns it to four bytes, some writers add a trailer."""

ZEROS = 0x1000
"""So many zero bytes where a record should begin are a hole in the file: no writer leaves 256 empty records of 1970."""

LONG_FRAMES = ((231, 0x800_0000), (249, 0x800_0000), (279, 0x200_0000))
"""LINKTYPE_DBUS, _USBPCAP, _EBHSCR: their frames may exceed 256 KiB (Wireshark: wtap_max_snaplen_for_encap)."""


@helper
def u16(buffer: NDArray[np.uint8], at: int, swapped: int) -> int:
    """Return the unsigned 16-bit integer at *at*."""
    return be16(buffer, at) if swapped else le16(buffer, at)


@helper
def u32(buffer: NDArray[np.uint8], at: int, swapped: int) -> int:
    """Return the unsigned 32-bit integer at *at*."""
    return be32(buffer, at) if swapped else le32(buffer, at)


@helper
def word(words: NDArray[np.uint32], at: int, swapped: int) -> int:
    """Return the unsigned 32-bit integer at byte *at*, a multiple of four: one access where ``u32`` makes four."""
    a = np.int64(words[np.uint64(at >> 2)])
    if swapped:
        a = a >> 24 | (a >> 8 & 0xFF00) | (a << 8 & 0xFF_0000) | (a << 24 & 0xFF00_0000)
    return a


@helper
def longest_frame(link: int) -> int:
    """Return how many bytes a frame of this link type may have in a sound file."""
    for kind, size in LONG_FRAMES:
        if link == kind:
            return size
    return HELD


@helper
def leading_zeros(buffer: NDArray[np.uint8], start: int, end: int) -> int:
    """Return how many bytes from *start* on are zero, at most ``ZEROS``."""
    stop = min(start + ZEROS, end)
    at = start
    while at < stop and buffer[at] == 0:
        at += 1
    return at - start


@kernel(np.uint8, int, np.int64, np.int64, np.int64, RECORD)
def index_records(
    buffer: NDArray[np.uint8],
    end: int,
    state: NDArray[np.int64],
    links: NDArray[np.int64],
    interfaces: NDArray[np.int64],
    records: Rows,
) -> int:
    """Fill *records* from ``state[POSITION]`` on; return how it ended. *links* counts packets by link type."""
    position, swapped, layout = state[POSITION], state[SWAPPED], state[LAYOUT]
    header, scale, longest = state[HEADER], state[SCALE], state[LONGEST]
    first, last = state[FIRST], state[LAST]
    padded = layout == SNOOP
    rows, status = 0, FULL
    while rows < records.shape[0]:
        status = MORE
        if position + header > end:
            break
        if padded:
            seconds, fraction = u32(buffer, position + 16, swapped), u32(buffer, position + 20, swapped)
            captured, wire = u32(buffer, position + 4, swapped), u32(buffer, position, swapped)
        else:
            seconds, fraction = u32(buffer, position, swapped), u32(buffer, position + 4, swapped)
            captured, wire = u32(buffer, position + 8, swapped), u32(buffer, position + 12, swapped)
            if layout == SWAPPED_LENGTHS or (layout == EITHER and captured > wire):
                captured, wire = wire, captured
        if captured == 0 and wire == 0 and seconds == 0:
            zeros = leading_zeros(buffer, position, end)
            if zeros == ZEROS:
                status = HOLE
                break
            if position + zeros == end and state[FINAL] == 0:
                break
        length = header + captured
        if captured > longest:
            state[CLAIM] = captured
            status = TOO_LONG
            break
        if padded:
            length = u32(buffer, position + 8, swapped)
            if length < header + captured or length > header + captured + PADDING:
                state[CLAIM] = length
                status = TOO_LONG
                break
            state[LOST] = max(state[LOST], u32(buffer, position + 12, swapped))
        if position + header + min(captured, HELD) > end:
            break
        time = seconds * 1_000_000_000 + fraction * scale
        first, last = min(first, time), max(last, time)
        row = records[rows]
        row["time"] = time
        row["start"] = position + header
        row["captured"] = min(captured, HELD)
        row["wire"] = wire
        row["link"] = state[LINK]
        row["interface"] = 0
        rows += 1
        position += length
        status = FULL
    state[POSITION], state[ROWS], state[FIRST], state[LAST] = position, rows, first, last
    state[FRAME] += rows
    state[PACKETS] += rows
    links[state[LINK]] += rows
    return status
