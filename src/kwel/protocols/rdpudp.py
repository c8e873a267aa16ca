"""A datagram of RDP over UDP in, where the TLS or DTLS that it carries begins out.

[MS-RDPEUDP] sections 2.2.2.1 (header), 2.2.2.7 (acknowledgements), 2.2.2.4 (source packets); [MS-RDPEUDP2] section
2.2.1: there the first and the eighth byte have changed places, and numbers are little-endian. By content, never by
port: what this takes for a header counts only where a record follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHORTEST = 20
# version 1
HEADER, SOURCE_HEADER = 8, 8
ACK, DATA, ACK_OF_ACKS = 0x0004, 0x0008, 0x0100
WITH_DATA = ACK | DATA | ACK_OF_ACKS | 0x0020 | 0x0040 | 0x0400  # congestion notified, window reset, delayed
# version 2
PREFIX_AT, DATA_PREFIX = 7, 0xE0  # a packet of data that is at least seven bytes long
ACK_2, DATA_2, ACK_OF_ACKS_2, OVERHEAD_2, DELAY_2 = 0x001, 0x004, 0x010, 0x040, 0x100
WITH_DATA_2 = ACK_2 | DATA_2 | ACK_OF_ACKS_2 | OVERHEAD_2 | DELAY_2
FIXED_2, SEQUENCE_2, CHANNEL_2, DELAYED_AT = 3, 2, 2, 9


@helper
def header_size(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return how many bytes stand before what a datagram carries; 0 where it is none that carries data."""
    if at + SHORTEST > end:
        return 0
    prefix = u8(data, at + PREFIX_AT)
    if prefix == DATA_PREFIX:
        return header_size_2(data, at)
    flags = u8(data, at + PREFIX_AT - 1) << 8 | prefix
    if flags & DATA == 0 or flags & ~WITH_DATA:
        return 0
    size = HEADER + SOURCE_HEADER
    if flags & ACK:
        size += (2 + u16(data, at + HEADER) + 3) & ~3
    return size + (4 if flags & ACK_OF_ACKS else 0)


@helper
def header_size_2(data: NDArray[np.uint8], at: int) -> int:
    """Return the same for version 2.

    A client's first packets have no vector of acknowledgements, and a header longer than seven bytes: so the byte that
    changed places is part of it, and what it carries lies in one piece.
    """
    flags = u8(data, at + 1) | (u8(data, at + 2) & 15) << 8
    if flags & DATA_2 == 0 or flags & ~WITH_DATA_2:
        return 0
    size = FIXED_2 + SEQUENCE_2 + CHANNEL_2
    if flags & ACK_2:
        size += 7 + (u8(data, at + DELAYED_AT) & 15)
    if flags & OVERHEAD_2:
        size += 1
    if flags & DELAY_2:
        size += 3
    if flags & ACK_OF_ACKS_2:
        size += 2
    return size if size > PREFIX_AT else 0
