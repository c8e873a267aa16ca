"""IP fragments in, whole datagrams out, laid behind the batch so that decoding goes on where they lie.

RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722 (overlaps), RFC 1858 (tiny fragments: ports are read only where a
datagram is whole, or in a first fragment that holds them). A datagram has a slot until it is whole, too old, or crowded
out by the next ones. A slot that is done is kept: what comes again with the same bytes is a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.hashing import U0, U1, U32, mix, new_seed
from kwel.kernel.loads import u16, u32
from kwel.kernel.ring import add, new_ring, newest
from kwel.kernel.rows import Stop
from kwel.model.records.columns import MIRROR

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

    Store = tuple[Rows, NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint64], Rows, NDArray[np.int64]]
    """The members of a `Memory` but its stops."""

SLOTS = 512
"""Datagrams that may be incomplete at a time, a power of two."""
HEADER_ROOM = 256
STRIDE = HEADER_ROOM + 0x1_0000
"""Bytes of a slot: its header, and its data."""
WORDS = 0x1_0000 // 8 // 64
"""Words of a slot's map: a bit for every eight bytes, the unit of fragment offsets."""
MOST_AT_ONCE = 4 * STRIDE
"""What one frame may fill of it: fragments inside of fragments, four deep."""
TIMEOUT = 30_000_000_000
"""Nanoseconds that a datagram is waited for: what Linux grants; RFC 8200 section 4.5 says 60 s."""
COPY_WINDOW = 100_000_000
"""Nanoseconds within which the same bytes of a whole datagram are a copy, not a datagram that bears the same number."""
TELLING = 128
"""Bytes of a first fragment that are enough to tell its flow: a shorter one may not reach to the end of a tunnel."""
LONGEST = 0xFFFF - 20
MORE_FRAGMENTS, OFFSET = 0x2000, 0x1FFF

SLOT = np.dtype(
    [
        ("digest", np.uint64),
        ("back", np.uint64),
        ("source_hi", np.uint64),
        ("source_lo", np.uint64),
        ("destination_hi", np.uint64),
        ("destination_lo", np.uint64),
        ("path", np.uint64),  # VLAN and tunnel
        ("key", np.uint64),  # identification, protocol and version
        ("first", np.int64),  # time of the fragment that came first
        ("wire", np.int64),  # frame bytes of the fragments that no flow has counted yet
        ("frames", np.int64),  # and their number
        ("have", np.int64),  # units that are there
        ("total", np.int64),  # bytes of the whole; 0 while the last fragment is missing
        ("top", np.int64),  # offset behind the last byte that is there
        ("readable", np.int64),  # bytes from the start up to where a capture cut a fragment
        ("header", np.int64),  # bytes of the header; 0 while the first fragment is missing
        ("state", np.int64),
    ],
    align=True,
)
"""A datagram under way."""

FREE, OPEN, DONE, DISTRUSTED = 0, 1, 2, 3

# indices into the counters
TAIL, SEED, SLOT_NOW, INCOMPLETE, CROWDED_OUT = 0, 1, 2, 3, 4
MIRRORS, MIRROR_LAST, MIRRORS_LOST = 5, 6, 7
COUNTERS = 8

MOST_MIRRORS = 64

S_USED, S_FRAGMENT, S_BAD_NETWORK = int(Stop.USED), int(Stop.FRAGMENT), int(Stop.BAD_NETWORK)
S_DUPLICATE, S_OVERLAP = int(Stop.DUPLICATE), int(Stop.FRAGMENT_OVERLAP)


class Memory(NamedTuple):
    """What decoding remembers from one packet to the next."""

    stops: NDArray[np.int64]
    slots: Rows
    slot_heads: NDArray[np.uint32]
    held: NDArray[np.uint8]
    """Bytes of the slots, end to end."""
    covered: NDArray[np.uint64]
    """Which of them are there."""
    mirrors: Rows
    """Mirror sessions, of ``columns.MIRROR``."""
    counters: NDArray[np.int64]


def new_store() -> Store:
    """Return an empty store. The system gives memory only to slots that are used."""
    (slots, heads), counters = new_ring(SLOTS, SLOT), np.zeros(COUNTERS, np.int64)
    slots["readable"] = LONGEST
    counters[SEED] = new_seed() >> U1
    return (
        slots, heads, np.zeros(SLOTS * STRIDE, np.uint8), np.zeros(SLOTS * WORDS, np.uint64),
        np.zeros(MOST_MIRRORS, MIRROR), counters,
    )  # fmt: skip


def incomplete(store: Store) -> int:
    """Return how many datagrams never became whole."""
    return int(store[-1][INCOMPLETE] + (store[0]["state"] == OPEN).sum())


@helper
def clear_slot(slot: Any, index: int, memory: Memory) -> int:
    """Make a slot free."""
    if slot.state == OPEN:
        memory.counters[INCOMPLETE] += 1
    for word in range(index * WORDS, index * WORDS + ((slot.top + 511) >> 9)):
        memory.covered[np.uint64(word)] = U0
    slot.state, slot.first = FREE, 0
    slot.wire = slot.frames = slot.have = slot.total = slot.top = slot.header = 0
    slot.readable = LONGEST
    return index


@helper
def digest_of(packet: Any, key: Any, path: Any, memory: Memory) -> Any:
    """Return 64 well-mixed bits of what tells a datagram."""
    seed = np.uint64(memory.counters[SEED])
    hashed = mix(mix(mix(mix(seed, packet.source_lo, seed), packet.destination_lo, seed), key, seed), path, seed)
    return mix(mix(hashed, packet.source_hi, seed), packet.destination_hi, seed)


@helper
def find_slot(digest: Any, packet: Any, key: Any, path: Any, memory: Memory) -> int:
    """Return the slot of the packet's datagram, or -1."""
    index = newest(digest, memory.slots, memory.slot_heads)
    if index < 0:
        return -1
    slot = memory.slots[index]
    is_same = (
        slot.state != FREE and slot.key == key and slot.path == path
        and slot.source_lo == packet.source_lo and slot.destination_lo == packet.destination_lo
        and slot.source_hi == packet.source_hi and slot.destination_hi == packet.destination_hi
    )  # fmt: skip
    if is_same and abs(packet.time - slot.first) > TIMEOUT:
        clear_slot(slot, index, memory)
        return -1
    return index if is_same else -1


@helper
def open_slot(digest: Any, packet: Any, key: Any, path: Any, memory: Memory) -> int:
    """Return a slot for the packet's datagram, that of the oldest one."""
    index = add(digest, memory.slots, memory.slot_heads)
    slot = memory.slots[index]
    if slot.state == OPEN and abs(packet.time - slot.first) <= TIMEOUT:
        memory.counters[CROWDED_OUT] += 1
    clear_slot(slot, index, memory)
    slot.key, slot.path, slot.state, slot.first = key, path, OPEN, packet.time
    slot.source_hi, slot.source_lo = packet.source_hi, packet.source_lo
    slot.destination_hi, slot.destination_lo = packet.destination_hi, packet.destination_lo
    return index


@helper
def compare(data: NDArray[np.uint8], at: int, offset: int, size: int, have: int, index: int, memory: Memory) -> int:
    """Return how many units of a fragment are new, or -1 where it says other bytes than an earlier one.

    *have*: bytes of the fragment that the capture holds.
    """
    fresh = 0
    bound = min(offset + have, memory.slots[index].readable)
    for unit in range(offset >> 3, (offset + size + 7) >> 3):
        word, bit = np.uint64(index * WORDS + (unit >> 6)), np.uint64(unit & 63)
        if (memory.covered[word] >> bit) & U1 == U0:
            fresh += 1
            continue
        for place in range(unit << 3, min((unit << 3) + 8, bound)):
            if memory.held[np.uint64(index * STRIDE + HEADER_ROOM + place)] != data[np.uint64(at + place - offset)]:
                return -1
    return fresh


@helper
def store(data: NDArray[np.uint8], at: int, offset: int, size: int, have: int, index: int, memory: Memory) -> int:
    """Copy a fragment's bytes to its slot."""
    slot = memory.slots[index]
    base = index * STRIDE + HEADER_ROOM + offset
    for i in range(have):
        memory.held[np.uint64(base + i)] = data[np.uint64(at + i)]
    for unit in range(offset >> 3, (offset + size + 7) >> 3):
        memory.covered[np.uint64(index * WORDS + (unit >> 6))] |= U1 << np.uint64(unit & 63)
    slot.top = max(slot.top, offset + size)
    if have < size:
        slot.readable = min(slot.readable, offset + have)
    return index


@helper
def lay_out(data: NDArray[np.uint8], index: int, packet: Any, memory: Memory) -> tuple[int, int]:
    """Write a whole datagram behind the batch, as if it had never been fragmented; return its start and end."""
    slot = memory.slots[index]
    start, header = memory.counters[TAIL], slot.header
    base = index * STRIDE
    size = min(slot.total, slot.readable)
    for i in range(header):
        data[np.uint64(start + i)] = memory.held[np.uint64(base + i)]
    for i in range(size):
        data[np.uint64(start + header + i)] = memory.held[np.uint64(base + HEADER_ROOM + i)]
    length, place, flags = header + slot.total, start + 2, start + 6
    if packet.version == 6:
        length, place, flags = length - 40, start + 4, start + header - 6
    if length > 0xFFFF:
        length = 0  # then the end bounds it
    data[np.uint64(place)], data[np.uint64(place + 1)] = length >> 8, length & 0xFF
    data[np.uint64(flags)] = data[np.uint64(flags + 1)] = 0
    memory.counters[TAIL] = start + header + size
    if size < slot.total:
        packet.cut = 1
    return start, start + header + size


@helper
def take_in(
    data: NDArray[np.uint8], start: int, at: int, end: int, protocol: int, packet: Any, memory: Memory
) -> tuple[int, int, int]:
    """Put a fragment to the others of its datagram; return (stop, start, end), of the whole datagram for a stop of 0.

    *start* is the offset of the IP header, *at* that of the fragment's bytes, *end* where the frame ends.
    """
    if packet.version == 4:
        word, length = u16(data, start + 6), start + u16(data, start + 2) - at
        key = np.uint64(u16(data, start + 4) | (protocol << 32) | (4 << 40))
    else:
        word, length = u16(data, at - 6), start + 40 + u16(data, start + 4) - at
        word = (word >> 3) | ((word & 1) << 13)
        key = np.uint64(u32(data, at - 4) | (6 << 40))
    offset, header, have = (word & OFFSET) << 3, at - start, min(length, end - at)
    is_last = word & MORE_FRAGMENTS == 0
    if have < 0 or length <= 0 or offset + length > LONGEST or (length & 7 and not is_last):
        return S_BAD_NETWORK, 0, 0
    if header > HEADER_ROOM or memory.counters[TAIL] + STRIDE > len(data):
        return S_FRAGMENT, 0, 0
    path = np.uint64(packet.vlan) | (np.uint64(packet.tunnel) << U32)
    digest = digest_of(packet, key, path, memory)
    index, fresh = find_slot(digest, packet, key, path, memory), (length + 7) >> 3
    if index >= 0:
        units = compare(data, at, offset, length, have, index, memory)
        if memory.slots[index].state != DONE:
            fresh = units
        elif units == 0 and abs(packet.time - memory.slots[index].first) <= COPY_WINDOW:
            return S_DUPLICATE, 0, 0
        else:
            index = -1  # the number was used again
    if index < 0:
        index = open_slot(digest, packet, key, path, memory)
    stop, whole, bound = note_piece(data, start, at, offset, length, have, fresh, is_last, index, packet, memory)
    if stop == S_FRAGMENT and offset == 0 and have >= TELLING and not is_extension(protocol):
        memory.counters[SLOT_NOW] = index
        packet.fragment = 1
    return stop, whole, bound


@helper
def note_piece(
    data: NDArray[np.uint8], start: int, at: int, offset: int, length: int, have: int, fresh: int, is_last: bool,
    index: int, packet: Any, memory: Memory,
) -> tuple[int, int, int]:  # fmt: skip
    """Keep a fragment whose slot is known, and lay the datagram out if it is whole now; return as `take_in` does."""
    slot = memory.slots[index]
    beyond = (slot.total > 0 and offset + length > slot.total) or (
        is_last and (slot.top > offset + length or (slot.total > 0 and slot.total != offset + length))
    )
    if slot.state == DISTRUSTED or fresh < 0 or beyond:
        slot.state = DISTRUSTED
        memory.stops[S_FRAGMENT] -= slot.frames
        memory.stops[S_OVERLAP] += slot.frames
        slot.frames = slot.wire = 0
        return S_OVERLAP, 0, 0
    if fresh == 0:
        return S_DUPLICATE, 0, 0
    store(data, at, offset, length, have, index, memory)
    slot.have += fresh
    if is_last:
        slot.total = offset + length
    if offset == 0:
        slot.header = at - start
        for i in range(slot.header):
            memory.held[np.uint64(index * STRIDE + i)] = data[np.uint64(start + i)]
    if slot.total == 0 or slot.header == 0 or slot.have < (slot.total + 7) >> 3:
        slot.frames += np.int64(packet.frames)
        slot.wire += packet.wire
        return S_FRAGMENT, 0, 0
    slot.state = DONE
    slot.first = packet.time
    memory.stops[S_FRAGMENT] -= slot.frames
    packet.frames += slot.frames
    packet.wire += slot.wire
    slot.frames = slot.wire = 0
    start, end = lay_out(data, index, packet, memory)
    return S_USED, start, end


@helper
def settle(stop: int, packet: Any, memory: Memory) -> int:
    """Let the flow of a first fragment have it at once, without its payload; return its stop.

    A datagram that never becomes whole still shows between whom it went. Where the fragment holds too little to tell,
    it waits for the others.
    """
    if stop != S_USED:
        return S_FRAGMENT
    slot = memory.slots[memory.counters[SLOT_NOW]]
    slot.frames -= np.int64(packet.frames)
    slot.wire -= packet.wire
    packet.payload = packet.end
    return S_USED


@helper
def is_extension(protocol: int) -> bool:
    """Return whether a protocol number is an IPv6 extension header's."""
    return protocol in (0, 43, 60, 135)


@helper
def note_mirror(packet: Any, memory: Memory) -> int:
    """Count a frame for the two ends of the tunnel that it was mirrored through."""
    rows, counters = memory.mirrors, memory.counters
    row = counters[MIRROR_LAST]
    for i in range(counters[MIRRORS] + 1):  # the one found last is tried first
        place = row if i == 0 else i - 1
        mirror = rows[place]
        if (
            place < counters[MIRRORS]
            and mirror.tunnel == packet.tunnel and mirror.vlan == packet.vlan
            and mirror.source_lo == packet.source_lo and mirror.collector_lo == packet.destination_lo
            and mirror.source_hi == packet.source_hi and mirror.collector_hi == packet.destination_hi
        ):  # fmt: skip
            mirror.frames += np.uint64(packet.frames)
            counters[MIRROR_LAST] = place
            return place
    if counters[MIRRORS] >= len(rows):
        counters[MIRRORS_LOST] += 1
        return -1
    row = counters[MIRRORS]
    mirror = rows[row]
    mirror.source_hi, mirror.source_lo = packet.source_hi, packet.source_lo
    mirror.collector_hi, mirror.collector_lo = packet.destination_hi, packet.destination_lo
    mirror.tunnel, mirror.vlan, mirror.frames = packet.tunnel, packet.vlan, packet.frames
    mirror.first_frame, mirror.capture = packet.frame, packet.capture
    counters[MIRROR_LAST] = row
    counters[MIRRORS] += 1
    return row
