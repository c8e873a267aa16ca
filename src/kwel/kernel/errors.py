"""ICMP errors among decoded packets in, the flows that they quote marked out.

RFC 792 (destination unreachable), RFC 4443 section 3.1. An attempt that is answered so was refused. Where the flow is
not known, the error is kept: the attempt may have been heard in an earlier window, or by another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.duplicates import ALIAS
from kwel.kernel.flowtable import ERROR, find_quoted
from kwel.kernel.fragments import OFFSET
from kwel.kernel.loads import u8, u16
from kwel.kernel.network import IP_ICMP, IP_ICMPV6, IP_TCP, IP_UDP, ipv4_header, ipv6_header
from kwel.kernel.rows import PACKET, RUN, Stop
from kwel.model.records.quoted import QUOTED

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

ICMP_UNREACHABLE, ICMPV6_UNREACHABLE = 3, 1
MOST_QUOTED = 1 << 14
"""Errors about flows that are not known that are kept."""
KEPT, REFUSED = 0, 1
"""Indices into the counters: rows, and errors for which there was no room."""
S_USED, S_FRAGMENT = int(Stop.USED), int(Stop.FRAGMENT)


@helper
def keep(packet: Any, addresses: Any, ports: Any, transport: int, unknown: Rows, counters: NDArray[np.int64]) -> int:
    """Keep an error about a flow that is not known; return -1."""
    number = counters[KEPT]
    if number >= len(unknown):
        counters[REFUSED] += 1
        return -1
    counters[KEPT] = number + 1
    row = unknown[number]
    row.source_hi, row.source_lo, row.destination_hi, row.destination_lo = addresses
    row.source_port, row.destination_port = ports
    row.transport, row.version, row.vlan, row.tunnel = transport, packet.version, packet.vlan, packet.tunnel
    row.time, row.frame, row.capture = packet.time, packet.frame, packet.capture
    return -1


@helper
def read_error(
    data: NDArray[np.uint8], packet: Any, quoted: Any, runs: Rows, index: NDArray[np.uint64],
    aliases: Rows, alias_heads: NDArray[np.uint32], unknown: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
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
    if row < 0:
        return keep(packet, addresses, ports, protocol, unknown, counters)
    runs[row].notes |= ERROR
    return row


@kernel(np.uint8, PACKET, int, RUN, np.uint64, ALIAS, np.uint32, PACKET, QUOTED, np.int64)
def note_errors(
    data: NDArray[np.uint8], packets: Rows, count: int, runs: Rows, index: NDArray[np.uint64],
    aliases: Rows, alias_heads: NDArray[np.uint32], quoted: Rows, unknown: Rows, counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Let every ICMP error among *count* packets mark its flow; *quoted* is room for one packet."""
    for i in range(count):
        packet = packets[i]
        if packet.stop == S_USED and packet.transport in (IP_ICMP, IP_ICMPV6):
            read_error(data, packet, quoted[0], runs, index, aliases, alias_heads, unknown, counters)
    return count
