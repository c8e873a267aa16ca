"""Packets in, whether each was captured before out: a second copy of a packet is no second packet.

A mirror of several ports shows a packet where it comes in and where it goes out, before and after routing, on one VLAN
and on the next. What a router leaves alone tells a packet from all others: addresses, ports, the identification that
RFC 6864 lets nobody use again while a packet lives, lengths, and the checksum over its content. How long a copy may
come after the first depends on how sure that is (docs/adr/0008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.hashing import ROW, U0, U1, U32, mix
from kwel.native import helper

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.columns import Rows

SETS = 1024
"""Sets of two recent packets: 64 KiB, which stays in the processor's cache."""
RECENT = np.dtype([("digest", np.uint64), ("time", np.int64), ("path", np.uint64), ("hops", np.uint64)])
"""A packet captured a short while ago."""
ALIASES = 4096
"""Pairs of flow and path that are known to be another path's."""

NUMBERED_ELSEWHERE, NUMBERED_HERE = 100_000_000, 20_000_000
"""Nanoseconds for a copy that bears an IP identification: with another path or hop limit, or with the same."""
PLAIN_ELSEWHERE, PLAIN_HERE = 5_000_000, 500_000
"""The same without one: IPv6, and IPv4 whose sender sets none because it is never fragmented (RFC 6864 section 4.1)."""
COMMON = 8
"""Copies that say little are believed where at least one packet in so many was a copy beyond doubt."""

FIN_SYN, TCP = 3, 6
U24, U48 = np.uint64(24), np.uint64(48)
SET_MASK, ALIAS_MASK = np.uint64(SETS - 1), np.uint64(ALIASES - 1)

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
    is_elsewhere = is_elsewhere or np.uint64(packet.hops) != first.hops
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
def place_of(digest: Any) -> Any:
    """Return the first of the two places where a packet may be among the recent ones."""
    return (digest & SET_MASK) << U1


@helper
def find_copy(digest: Any, path: Any, packet: Any, recent: Rows, counters: NDArray[np.int64]) -> tuple[bool, Any]:
    """Return whether a packet is a copy, and the place of the first one, or the place for this one."""
    counters[SEEN] += 1
    place = place_of(digest)
    one, two = recent[place], recent[place + U1]
    if one.digest == digest:
        return is_copy(packet, path, one, counters), place
    if two.digest == digest:
        return is_copy(packet, path, two, counters), place + U1
    return False, (place if one.time <= two.time else place + U1)


@helper
def remember(digest: Any, path: Any, packet: Any, row: Any) -> int:
    """Keep a packet in a row of the recent ones."""
    row.digest, row.time, row.path, row.hops = digest, packet.time, path, np.uint64(packet.hops)
    return 0


@helper
def alias_of(ends: Any, path: Any, seed: Any, aliases: NDArray[np.uint64]) -> Any:
    """Return the path under which a flow's packets are kept that come on *path*."""
    hashed = mix(ends, path, seed)
    place = np.uint64(2) * (hashed & ALIAS_MASK)
    return aliases[place + np.uint64(1)] if aliases[place] == hashed else path


@helper
def note_alias(
    ends: Any, path: Any, first: Any, seed: Any, aliases: NDArray[np.uint64], counters: NDArray[np.int64]
) -> int:
    """Keep that packets of a flow that come on *path* are the same as those on path *first*."""
    hashed = mix(ends, path, seed)
    place = np.uint64(2) * (hashed & ALIAS_MASK)
    if aliases[place] != hashed:
        counters[ALIASED] += 1
        counters[ALIASES_LOST] += aliases[place] != U0
    aliases[place], aliases[place + np.uint64(1)] = hashed, first
    return 0
