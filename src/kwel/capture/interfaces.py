"""Interface blocks of a pcapng file in, each interface's link type, clock and losses out.

Layout: draft-ietf-opsawg-pcapng sections 4.2 (Interface Description Block) and 4.6 (Interface Statistics Block).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.capture.records import FOREVER, INTERFACES, LOST, longest_frame, u16, u32
from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
def next_option(buffer: NDArray[np.uint8], at: int, stop: int, swapped: int) -> tuple[int, int, int]:
    """Return (code, offset, size) of the option whose header is at *at*; END where there is none, or not all of it."""
    if at + 4 > stop:
        return END, at, 0
    code, size = u16(buffer, at, swapped), u16(buffer, at + 2, swapped)
    return (code if at + 4 + size <= stop else END), at + 4, size


@helper
def behind_option(at: int, size: int) -> int:
    """Return the offset behind an option, which is padded to 32 bits."""
    return at + ((size + 3) & ~3)


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
    code, at, size = next_option(buffer, start + 8, stop, swapped)
    while code != END:
        if code == RESOLUTION and size == 1:
            set_resolution(interfaces, row, u8(buffer, at))
        elif code == TIME_OFFSET and size == 8:
            seconds = u64(buffer, at, swapped)
            interfaces[row + OFFSET] = max(-4_000_000_000, min(seconds, 4_000_000_000)) * 1_000_000_000
        code, at, size = next_option(buffer, behind_option(at, size), stop, swapped)


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
    code, at, size = next_option(buffer, start, stop, swapped)
    while code != END:
        if size == 8 and code in STATISTICS_LOST:
            count = u64(buffer, at, swapped)
            if 0 <= count < BELIEVED:
                lost += count
                said = 1
        code, at, size = next_option(buffer, behind_option(at, size), stop, swapped)
    if said:
        interfaces[row + DROPPED] = max(lost, interfaces[row + DROPPED])


@helper
def close_section(state: NDArray[np.int64], interfaces: NDArray[np.int64]) -> None:
    """Add up what the interfaces of a section lost, and forget them."""
    for row in range(0, state[INTERFACES] * WIDTH, WIDTH):
        if interfaces[row + DROPPED] >= 0:
            state[LOST] = max(state[LOST], 0) + interfaces[row + DROPPED]
    state[INTERFACES] = 0
