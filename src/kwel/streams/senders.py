"""Tracked packets in, which MAC sent packets of which address out: a kernel beside ``listen``, over the same batch.

Whoever sends on a segment puts its own MAC in front, a router among them: a MAC that sends for one address is a host,
or translates; one that sends for many is a router. It proves no MAC to be an address's own, but for one sort of packet:
to all on the link (224.0.0.0/24, RFC 5771 section 4; ff02::/16, RFC 4291 section 2.7), which no router passes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.carriers import ETHER_IPV4, ETHER_IPV6, ETHER_VLAN
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, mix, new_index
from kwel.kernel.loads import expect, u16, u32, u64
from kwel.kernel.rows import HALF, PACKET
from kwel.model.records.bindings import SENDER
from kwel.model.records.columns import MAPPED
from kwel.protocols.claims import is_station, read_mac

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MOST_SENDERS = 65536
"""Pairs of MAC and address that are kept."""
MOST_OF_ONE = 256
"""Addresses that are kept of one MAC: the router to the internet has a million, and shows with these what it is."""
MOST_STATIONS = 65536
TAGS = 2
"""VLAN tags that are stepped over."""
ETHER_SERVICE = 0x88A8
ON_LINK4 = np.uint64(MAPPED | 0xE0000000)
OCTET = np.uint64(0xFF)
ON_LINK6 = np.uint64(0xFF02)
HALF_WORD, U32_MASK = np.uint64(48), np.uint64(0xFFFFFFFF)

SENDERS, STATIONS, REFUSED = 0, 1, 2
"""Indices into the counters: rows, MACs, directions of flows for whose sender there was no room in all."""
PASSED_OVER = 0xFFFFFFFF
"""Of a half whose sender is not kept, instead of a row."""
AHEAD = 8
"""Packets between the one that is looked at and the one that is prepared for."""
ROUTERS = 256
"""Places for the hashes of MACs that have shown to be routers: these send every second packet, and are passed over."""
ROUTER_BITS = np.uint64(40)

STATION = np.dtype([("mac", np.uint64), ("vlan", np.uint32), ("addresses", np.uint32)], align=True)
"""How many addresses a MAC sent for."""


class Senders(NamedTuple):
    """The arrays that hold all senders."""

    rows: Rows
    """Of ``ownership.SENDER``."""
    slots: NDArray[np.uint64]
    """An index, see ``kernel.hashing``."""
    stations: Rows
    station_slots: NDArray[np.uint64]
    routers: NDArray[np.uint64]
    counters: NDArray[np.int64]

    def found(self) -> Rows:
        """Return what was noted."""
        rows: Rows = self.rows[: self.counters[SENDERS]]
        return rows

    def notes(self) -> dict[str, int]:
        """Count what there was no room for."""
        return {"senders-not-kept": int(self.counters[REFUSED])}


def new_senders() -> Senders:
    """Return room for all senders. The system gives memory only to what is written."""
    return Senders(
        np.zeros(MOST_SENDERS, SENDER), new_index(2 * MOST_SENDERS), np.zeros(MOST_STATIONS, STATION),
        new_index(2 * MOST_STATIONS), np.zeros(ROUTERS, np.uint64), np.zeros(3, np.int64),
    )  # fmt: skip


@helper
def is_of_frame(data: NDArray[np.uint8], packet: Any) -> bool:
    """Return whether a packet stands right behind its Ethernet header: then the MAC is that of who sent it here."""
    at = np.int64(packet.ethernet)
    if at < 0:
        return False
    above = at + 14
    if above + 20 > packet.payload:
        return False
    kind = u16(data, at + 12)
    for _ in range(TAGS):
        if kind in (ETHER_VLAN, ETHER_SERVICE) and above + 24 <= packet.payload:
            kind, above = u16(data, above + 2), above + 4
    if packet.version == 4:
        return kind == ETHER_IPV4 and np.uint64(u32(data, above + 12)) == packet.source_lo & U32_MASK
    if kind != ETHER_IPV6 or above + 40 > packet.payload:
        return False
    return u64(data, above + 8) == packet.source_hi and u64(data, above + 16) == packet.source_lo


@helper
def is_to_the_link(packet: Any) -> bool:
    """Return whether a packet is for all on the link alone, and was sent there: none that was passed on has its TTL."""
    if packet.hops != 255 and packet.hops != 1:
        return False
    if packet.version == 4:
        return packet.destination_lo | OCTET == ON_LINK4 | OCTET
    return packet.destination_hi >> HALF_WORD == ON_LINK6


@helper
def station_of(hashed: Any, mac: Any, vlan: int, s: Senders) -> int:
    """Return the row of a MAC, a new one if need be; -1 where there is no room."""
    mask = np.uint64(len(s.station_slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while s.station_slots[slot] != U0:
        if s.station_slots[slot] & TAG == tag:
            row = np.int64((s.station_slots[slot] & ROW) - U1)
            if s.stations[row].mac == mac and s.stations[row].vlan == vlan:
                return row
        slot = (slot + U1) & mask
    row = s.counters[STATIONS]
    if row >= len(s.stations):
        return -1
    s.stations[row].mac, s.stations[row].vlan = mac, vlan
    s.station_slots[slot] = tag | (np.uint64(row) + U1)
    s.counters[STATIONS] = row + 1
    return row


@helper
def sender_of(mac: Any, packet: Any, s: Senders) -> int:
    """Return the row of a MAC and the source of a packet, a new one if need be; -1 where there is no room."""
    seed = s.slots[len(s.slots) - 1]
    by_mac = mix(mix(seed, mac, seed), np.uint64(packet.vlan), seed)
    of_station = by_mac * MULTIPLIER
    router = of_station >> ROUTER_BITS & np.uint64(ROUTERS - 1)
    if s.routers[router] == of_station:
        return -1
    hashed = mix(mix(by_mac, packet.source_lo, seed), packet.source_hi, seed) * MULTIPLIER
    mask = np.uint64(len(s.slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while s.slots[slot] != U0:
        if s.slots[slot] & TAG == tag:
            row = np.int64((s.slots[slot] & ROW) - U1)
            known = s.rows[row]
            if (
                known.mac == mac and known.address_lo == packet.source_lo
                and known.address_hi == packet.source_hi and known.vlan == packet.vlan
            ):  # fmt: skip
                return row
        slot = (slot + U1) & mask
    return new_sender(slot, tag, of_station, mac, packet, s)


@helper
def new_sender(slot: Any, tag: Any, of_station: Any, mac: Any, packet: Any, s: Senders) -> int:
    """Return a new row for a MAC and the source of a packet; -1 where there is no room."""
    station = station_of(of_station, mac, packet.vlan, s)
    row = s.counters[SENDERS]
    if station < 0 or row >= len(s.rows):
        s.counters[REFUSED] += 1
        return -1
    if s.stations[station].addresses >= MOST_OF_ONE:
        s.routers[of_station >> ROUTER_BITS & np.uint64(ROUTERS - 1)] = of_station
        return -1
    s.stations[station].addresses += 1
    new = s.rows[row]
    new.mac, new.address_hi, new.address_lo, new.vlan = mac, packet.source_hi, packet.source_lo, packet.vlan
    new.time, new.frame, new.capture = packet.time, packet.frame, packet.capture
    s.slots[slot] = tag | (np.uint64(row) + U1)
    s.counters[SENDERS] = row + 1
    return row


@helper
def row_of(data: NDArray[np.uint8], packet: Any, half: Any, s: Senders) -> int:
    """Return the row of who sends a direction, which its first packet tells; -1 where it is not kept."""
    if half.sender == 0:
        row = -1
        if is_of_frame(data, packet):
            mac = read_mac(data, np.int64(packet.ethernet) + 6)
            row = sender_of(mac, packet, s) if is_station(mac) else -1
        half.sender = row + 1 if row >= 0 else PASSED_OVER
    return -1 if half.sender == PASSED_OVER else np.int64(half.sender) - 1


@helper
def begins_with(hops: int) -> int:
    """Return which TTL a system began with: 0 is 32, 1 is 64, 2 is 128, 3 is 255. See ``assets.systems``."""
    return 0 if hops <= 32 else 1 if hops <= 64 else 2 if hops <= 128 else 3


@kernel(np.uint8, PACKET, np.int64, int, HALF, SENDER, np.uint64, STATION, np.uint64, np.uint64, np.int64)
def note_senders(
    data: NDArray[np.uint8], packets: Rows, early: NDArray[np.int64], count: int, halves: Rows, rows: Rows,
    slots: NDArray[np.uint64], stations: Rows, station_slots: NDArray[np.uint64], routers: NDArray[np.uint64],
    counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Note who sent *count* early packets; return how many pairs of MAC and address are known."""
    s = Senders(rows, slots, stations, station_slots, routers, counters)
    for i in range(count):
        if i + AHEAD < count:
            coming = packets[early[i + AHEAD]]
            known_as = np.int64(halves[2 * coming.flow + coming.side].sender) - 1
            expect(rows, known_as if 0 <= known_as < counters[SENDERS] else 0)
        packet = packets[early[i]]
        row = row_of(data, packet, halves[2 * packet.flow + packet.side], s)
        if row < 0:
            continue
        known, begins = rows[row], begins_with(np.int64(packet.hops))
        known.last = max(known.last, packet.time)
        if is_to_the_link(packet):
            if known.link_frame == 0:
                known.link_frame, known.link_time, known.link_capture = packet.frame, packet.time, packet.capture
            continue
        if known.packets[begins] == 0 or packet.hops < known.lowest[begins]:
            known.lowest[begins] = packet.hops
        known.highest[begins] = max(known.highest[begins], packet.hops)
        known.packets[begins] += np.uint32(1)
    return counters[SENDERS]
