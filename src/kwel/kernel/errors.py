"""ICMP errors among decoded packets in, the flows that they quote marked out.

RFC 792 (destination unreachable), RFC 4443 section 3.1. An attempt that is answered so was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.duplicates import ALIAS
from kwel.kernel.flowtable import ERROR, find_quoted
from kwel.kernel.fragments import OFFSET
from kwel.kernel.loads import u8, u16
from kwel.kernel.network import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP, ipv4_header, ipv6_header
from kwel.kernel.rows import PACKET, RUN, Stop
from kwel.native import helper, kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

ICMP_UNREACHABLE, ICMPV6_UNREACHABLE = 3, 1
S_USED, S_FRAGMENT = int(Stop.USED), int(Stop.FRAGMENT)


@helper
def read_error(
    data: NDArray[np.uint8],
    packet: Any,
    quoted: Any,
    runs: Rows,
    index: NDArray[np.uint64],
    aliases: Rows,
    alias_heads: NDArray[np.uint32],
) -> int:
    """Mark the flow that an error quotes; return its row, or -1."""
    at, end = packet.payload, packet.end
    if at + 8 > end:
        return -1
    kind, is_later = u8(data, at), False
    if packet.transport == IP_ICMP and kind == ICMP_UNREACHABLE:
        stop, protocol, above, end = ipv4_header(data, at + 8, end, quoted)
        is_later = stop == S_FRAGMENT and u16(data, at + 14) & OFFSET != 0
    elif packet.transport == IP_ICMPV6 and kind == ICMPV6_UNREACHABLE:
        stop, protocol, above, end = ipv6_header(data, at + 8, end, quoted)
        is_later = stop == S_FRAGMENT and u16(data, above - 6) >> 3 != 0
    else:
        return -1
    if stop not in (S_USED, S_FRAGMENT) or is_later or protocol not in (IP_TCP, IP_UDP) or above + 4 > end:
        return -1
    addresses = (quoted.source_hi, quoted.source_lo, quoted.destination_hi, quoted.destination_lo)
    ports = (u16(data, above), u16(data, above + 2))
    row = find_quoted(packet, addresses, ports, protocol, runs, index, aliases, alias_heads)
    if row >= 0:
        runs[row].notes |= ERROR
    return row


@kernel(np.uint8, PACKET, int, RUN, np.uint64, ALIAS, np.uint32, PACKET)
def note_errors(
    data: NDArray[np.uint8],
    packets: Rows,
    count: int,
    runs: Rows,
    index: NDArray[np.uint64],
    aliases: Rows,
    alias_heads: NDArray[np.uint32],
    quoted: Rows,
) -> int:
    """Let every ICMP error among *count* packets mark its flow; *quoted* is room for one packet."""
    for i in range(count):
        packet = packets[i]
        if packet.stop == S_USED and packet.transport in (IP_ICMP, IP_ICMPV6):
            read_error(data, packet, quoted[0], runs, index, aliases, alias_heads)
    return count
