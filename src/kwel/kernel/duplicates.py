"""Packets in, whether each was captured before out: a second copy of a packet is no second packet.

A mirror of several ports shows a packet where it comes in and where it goes out, before and after routing, on one VLAN
and on the next. What a router leaves alone tells a packet from all others: addresses, ports, the identification that
RFC 6864 lets nobody use again while a packet lives, lengths, and the checksum over its content. How long a copy may
come after the first depends on how sure that is (docs/adr/0008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.hashing import ROW, U0, U32, mix
from kwel.kernel.ring import add, newest

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

RECENT = np.dtype(
    [("digest", np.uint64), ("time", np.int64), ("path", np.uint64), ("hops", np.uint32), ("back", np.uint32)]
)
"""A packet captured a short while ago."""
MOST_RECENT = 2048
"""Packets among which a copy is sought: 64 KiB, which stays in the processor's cache."""
ALIAS = np.dtype([("digest", np.uint64), ("path", np.uint64), ("back", np.uint64)])
"""A pair of flow and path, by their hash, that is known to be another path's."""
MOST_ALIASES = 4096

NUMBERED_ELSEWHERE, NUMBERED_HERE = 100_000_000, 20_000_000
"""Nanoseconds for a copy that bears an IP identification: with another path or hop limit, or with the same."""
PLAIN_ELSEWHERE, PLAIN_HERE = 5_000_000, 500_000
"""The same without one: IPv6, and IPv4 whose sender sets none because it is never fragmented (RFC 6864 section 4.1)."""
COMMON = 8
"""Copies that say little are believed where at least one packet in so many was a copy beyond doubt."""

FIN_SYN, TCP = 3, 6
U24, U48 = np.uint64(24), np.uint64(48)

# indices into the flow table's counters
SEEN, COPIES, ALIASED, ALIASES_LOST = 8, 9, 10, 11

NO, MAYBE, SURE = 0, 1, 2


@helper
def is_group(hi: Any, lo: Any) -> bool:
    """Return whether an address is multicast or the limited broadcast (RFC 5771, RFC 4291 section 2.7, RFC 919)."""
    if hi == U0 and lo >> U32 == np.uint64(0xFFFF):
        top = lo & ROW
        return (top >> np.uint64(28)) == np.uint64(0xE) or top == ROW
    return hi >> np.uint64(56) == np.uint64(0xFF)


@helper
def is_linked(packet: Any) -> bool:
    """Return whether a packet stays on its link: on another VLAN the same bytes are another packet."""
    local = np.uint64(0x3FA)  # fe80::/10
    shift = np.uint64(54)
    return (
        is_group(packet.destination_hi, packet.destination_lo)
        or packet.source_hi >> shift == local or packet.destination_hi >> shift == local
    )  # fmt: skip


@helper
def digest_of(ends: Any, packet: Any, seed: Any) -> Any:
    """Return 64 bits of what a router leaves alone. *ends*: hash of addresses, ports and transport."""
    place = (np.uint64(packet.sequence) << U32) | np.uint64(packet.acknowledgement)
    return mix(mix(ends, packet.trace | (np.uint64(packet.side) << U24), seed), place, seed)


@helper
def resembles(packet: Any, path: Any, first: Any) -> int:
    """Return how sure it is that a packet is a copy of *first*, a recent one with its digest: SURE, or less.

    MAYBE is a bare acknowledgement, a reset, or a datagram with the content of the last: each may well be sent twice.
    """
    age = abs(packet.time - first.time)
    if age > NUMBERED_ELSEWHERE:
        return NO
    is_elsewhere = path != first.path
    if is_elsewhere and is_linked(packet):
        return NO
    is_elsewhere = is_elsewhere or packet.hops != first.hops
    if packet.trace >> U48 != U0:
        return SURE if is_elsewhere or age <= NUMBERED_HERE else NO
    if is_elsewhere:
        return SURE if age <= PLAIN_ELSEWHERE else NO
    if age > PLAIN_HERE:
        return NO
    is_told = packet.transport == TCP and (packet.end > packet.payload or packet.flags & FIN_SYN)
    return SURE if is_told else MAYBE


@helper
def is_copy(packet: Any, path: Any, first: Any, counters: NDArray[np.int64]) -> bool:
    """Return whether a packet with the digest of *first*, a recent one, is a copy of it."""
    likeness = resembles(packet, path, first)
    if likeness == SURE:
        counters[COPIES] += 1
        return True
    return likeness == MAYBE and counters[COPIES] * COMMON >= counters[SEEN]


@helper
def find_copy(
    digest: Any, path: Any, packet: Any, recent: Rows, heads: NDArray[np.uint32], counters: NDArray[np.int64]
) -> int:
    """Return the place of the packet that this one is a copy of, or -1."""
    counters[SEEN] += 1
    place = newest(digest, recent, heads)
    return place if place >= 0 and is_copy(packet, path, recent[place], counters) else -1


@helper
def remember(digest: Any, path: Any, packet: Any, recent: Rows, heads: NDArray[np.uint32]) -> int:
    """Keep a packet among the recent ones."""
    row = recent[add(digest, recent, heads)]
    row.time, row.path, row.hops = packet.time, path, packet.hops
    return 0


@helper
def alias_of(ends: Any, path: Any, seed: Any, aliases: Rows, heads: NDArray[np.uint32]) -> Any:
    """Return the path under which a flow's packets are kept that come on *path*."""
    place = newest(mix(ends, path, seed), aliases, heads)
    return aliases[place].path if place >= 0 else path


@helper
def note_alias(
    ends: Any, path: Any, first: Any, seed: Any, aliases: Rows, heads: NDArray[np.uint32], counters: NDArray[np.int64]
) -> int:
    """Keep that packets of a flow that come on *path* are the same as those on path *first*."""
    digest = mix(ends, path, seed)
    place = newest(digest, aliases, heads)
    if place < 0:
        counters[ALIASED] += 1
        counters[ALIASES_LOST] += counters[ALIASED] > len(aliases)
        place = add(digest, aliases, heads)
    aliases[place].path = first
    return 0
