"""ARP and Neighbour Discovery packets in, claims out: which MAC says that an address is its own.

RFC 826, RFC 5227 (ARP); RFC 4861 sections 4.1 to 4.4 and 4.6.1 (link-layer address options). Compiled: called by
``streams``. The Ethernet source address is never used: behind a router it is the router's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, U32, mix
from kwel.kernel.loads import u8, u16, u32, u64
from kwel.model.records.columns import MAPPED, ClaimKind

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

ARP_SIZE, ARP_ETHERNET_IPV4 = 28, 0x00010800
ND_SOLICIT_ROUTER, ND_ADVERTISE_ROUTER, ND_SOLICIT, ND_ADVERTISE = 133, 134, 135, 136
OPTION_SOURCE, OPTION_TARGET = 1, 2
ARP, ND = int(ClaimKind.ARP), int(ClaimKind.ND)
MAPPED64 = np.uint64(MAPPED)

CLAIMS, REFUSED = 0, 1
"""Indices into the counters: rows, claims for which there was no room."""


class Claims(NamedTuple):
    """The arrays that hold all claims."""

    rows: Rows
    """Of ``ownership.CLAIM``; the last one is for scratch."""
    slots: NDArray[np.uint64]
    """An index, see ``kernel.hashing``."""
    counters: NDArray[np.int64]


@helper
def note_holder(row: int, packet: Any, claims: Claims) -> int:
    """Note that whoever made the claim in *row* holds its address now, and whether another did so in between.

    Of each address there is one more slot: it leads to the claim that was made last, whatever its MAC.
    """
    rows, slots, _ = claims
    claim = rows[row]
    seed = slots[len(slots) - 1]
    hashed = mix(mix(mix(seed, claim.address_lo, seed), claim.address_hi, seed), np.uint64(claim.vlan), seed)
    hashed *= MULTIPLIER
    mask = np.uint64(len(slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            holder = np.int64((slots[slot] & ROW) - U1)
            held = rows[holder]
            if (
                held.address_lo == claim.address_lo and held.address_hi == claim.address_hi
                and held.vlan == claim.vlan
            ):  # fmt: skip
                if holder != row:
                    slots[slot] = tag | (np.uint64(row) + U1)
                return holder
        slot = (slot + U1) & mask
    slots[slot] = tag | (np.uint64(row) + U1)
    return row


@helper
def note_claim(claim: Any, packet: Any, claims: Claims) -> int:
    """Keep a claim that was not seen before; of one that was, when it was made again."""
    rows, slots, counters = claims
    claim.time, claim.frame, claim.vlan, claim.capture = packet.time, packet.frame, packet.vlan, packet.capture
    seed = slots[len(slots) - 1]
    hashed = mix(mix(seed, claim.mac, seed), claim.address_lo, seed)
    hashed = mix(mix(hashed, claim.address_hi, seed), np.uint64(claim.vlan), seed) * MULTIPLIER
    mask = np.uint64(len(slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            known = rows[np.int64((slots[slot] & ROW) - U1)]
            if (
                known.mac == claim.mac and known.address_lo == claim.address_lo
                and known.address_hi == claim.address_hi and known.vlan == claim.vlan
            ):  # fmt: skip
                known.last = max(known.last, packet.time)
                if note_holder(np.int64((slots[slot] & ROW) - U1), packet, claims) != (slots[slot] & ROW) - U1:
                    known.returns += np.uint32(1)
                    known.back, known.back_frame, known.back_capture = packet.time, packet.frame, packet.capture
                return 0
        slot = (slot + U1) & mask
    row = counters[CLAIMS]
    if row >= len(rows) - 1:  # the last row is for scratch
        counters[REFUSED] += 1
        return 0
    new = rows[row]
    new.mac, new.address_hi, new.address_lo = claim.mac, claim.address_hi, claim.address_lo
    new.time, new.frame, new.vlan = claim.time, claim.frame, claim.vlan
    new.capture, new.kind = claim.capture, claim.kind
    slots[slot] = tag | (np.uint64(row) + U1)
    counters[CLAIMS] = row + 1
    note_holder(row, packet, claims)
    return 1


@helper
def read_mac(data: NDArray[np.uint8], at: int) -> Any:
    """Return the 48 bits at *at*."""
    return (np.uint64(u16(data, at)) << U32) | np.uint64(u32(data, at + 2))


@helper
def is_station(mac: Any) -> bool:
    """Return whether a MAC address can belong to a host: neither zero nor a group address."""
    return mac != U0 and (mac >> np.uint64(40)) & U1 == U0


@helper
def read_arp(data: NDArray[np.uint8], at: int, end: int, claim: Any) -> bool:
    """Fill *claim* with the sender of an ARP packet; return whether it claims anything (a probe does not)."""
    if at + ARP_SIZE > end or u32(data, at) != ARP_ETHERNET_IPV4 or u16(data, at + 4) != 0x0604:
        return False
    address = u32(data, at + 14)
    claim.mac, claim.kind = read_mac(data, at + 8), ARP
    claim.address_hi, claim.address_lo = U0, MAPPED64 | np.uint64(address)
    return address != 0 and is_station(claim.mac)


@helper
def read_neighbour(data: NDArray[np.uint8], packet: Any, claim: Any) -> bool:
    """Fill *claim* from an ICMPv6 Neighbour Discovery message; return whether it claims anything."""
    at, end = packet.payload, packet.end
    if at + 8 > end or packet.hops != 255:  # RFC 4861 section 6.1: anything else came from off the link
        return False
    kind = u8(data, at)
    claim.kind = ND
    claim.address_hi, claim.address_lo = packet.source_hi, packet.source_lo
    wanted, option = OPTION_SOURCE, at + 8
    if kind == ND_ADVERTISE_ROUTER:
        option = at + 16
    elif kind == ND_SOLICIT:
        option = at + 24
    elif kind == ND_ADVERTISE and at + 24 <= end:
        wanted, option = OPTION_TARGET, at + 24
        claim.address_hi, claim.address_lo = u64(data, at + 8), u64(data, at + 16)
    elif kind != ND_SOLICIT_ROUTER:
        return False
    while option + 8 <= end:
        size = u8(data, option + 1) << 3
        if size == 0:
            return False
        if u8(data, option) == wanted:
            claim.mac = read_mac(data, option + 2)
            return (claim.address_hi != U0 or claim.address_lo != U0) and is_station(claim.mac)
        option += size
    return False
