"""Decoded frames without IP in, who speaks what to whom out: a kernel beside ``listen``, over the same batch.

What tells what a device is, is marked for a Python dissector: each saying of a station once, however often it is sent.
Which one was marked before is known by a digest of what identifies, without counters and times. The last ``MOST_SAID``
digests are kept; a saying that was forgotten meanwhile, or was last marked an hour ago, is marked again.

A mirror of several ports shows many frames twice. Frames without IP pass no router: a second copy comes with the same
addresses in the same VLAN, within half a millisecond (docs/adr/0008). Where each frame bears a number or a time, or is
sent every few seconds, a copy is beyond doubt; what is sent over and over is believed to be one only where others are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.carriers import ETHER_ARP, ETHER_LLDP
from kwel.kernel.duplicates import COMMON, PLAIN_HERE
from kwel.kernel.hashing import MULTIPLIER, ROW, TAG, U0, U1, U32, mix, new_index
from kwel.kernel.lan import DCP_ASK, DCP_HEAD, DCP_SET
from kwel.kernel.loads import u8, u16, u32, u64
from kwel.kernel.ring import add, new_ring, newest
from kwel.kernel.rows import MARK, PACKET, Mark, Stop
from kwel.model.kinds import Lan, LanSide
from kwel.model.records.columns import LAN
from kwel.protocols.telling import network_tells

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MOST_LAN = 1 << 18
"""Pairs of stations and protocols that are kept. Frames of others are set aside as those of flows without room."""
MOST_SAID = 1 << 18
"""Sayings that are remembered."""
MOST_HASHED = 1600
"""Bytes of a saying that tell it from others: a whole frame of Ethernet."""
AGAIN = 3_600_000_000_000
"""Nanoseconds after which a saying is marked again: what is still said is still so."""
DIGEST = np.dtype([("digest", np.uint64), ("time", np.int64), ("back", np.uint32)], align=True)

MOST_RECENT = 1024
"""Frames among which a copy is sought."""

PAIRS, REFUSED, MARKED, REPEATED, SEEN, COPIES = 0, 1, 2, 3, 4, 5
"""Indices into the counters: rows, frames without room, payloads marked in the batch, sayings heard before; frames, and
copies beyond doubt among them."""
COUNTERS = 6

S_DISCOVERY, S_LAN, S_TABLE_FULL = int(Stop.DISCOVERY), int(Stop.LAN), int(Stop.TABLE_FULL)
S_DUPLICATE = int(Stop.DUPLICATE)
P_LLDP, P_CDP, P_DCP = int(Lan.LLDP), int(Lan.CDP), int(Lan.PROFINET_DCP)
P_GOOSE, P_SV, P_POWERLINK, P_DLR = int(Lan.GOOSE), int(Lan.SV), int(Lan.POWERLINK), int(Lan.DLR)
M_LLDP, M_CDP, M_DCP, M_GOOSE = int(Mark.LLDP), int(Mark.CDP), int(Mark.PROFINET_DCP), int(Mark.GOOSE)
M_SV, M_POWERLINK, M_DLR = int(Mark.SV), int(Mark.POWERLINK), int(Mark.DLR)
P_BACNET, M_BACNET = int(Lan.BACNET_LAN), int(Mark.BACNET_LAN)
P_ETHERCAT, P_SERCOS, P_CCLINK, P_GSE = int(Lan.ETHERCAT), int(Lan.SERCOS), int(Lan.CCLINK_IE), int(Lan.GSE)
SERVER, MASTER = int(LanSide.SERVER), int(LanSide.MASTER)
POWERLINK_ASND, POWERLINK_IDENT = 6, 1
SV_LEAD = 40  # of a message with one ASDU: its tags and lengths, and the longest id there is


class LanTables(NamedTuple):
    """What is kept of one analysis."""

    rows: Rows
    """Of ``columns.LAN``."""
    slots: NDArray[np.uint64]
    """An index, see ``kernel.hashing``."""
    said: Rows
    said_heads: NDArray[np.uint32]
    """A ring, see ``kernel.ring``."""
    recent: Rows
    recent_heads: NDArray[np.uint32]
    """The frames heard last, in a ring."""
    counters: NDArray[np.int64]

    @classmethod
    def empty(cls) -> LanTables:
        """Return new ones. The system gives memory only to what is written."""
        return cls(
            np.zeros(MOST_LAN, LAN),
            new_index(2 * MOST_LAN),
            *new_ring(MOST_SAID, DIGEST),
            *new_ring(MOST_RECENT, DIGEST),
            np.zeros(COUNTERS, np.int64),
        )


@helper
def stations(data: NDArray[np.uint8], packet: Any) -> tuple[Any, Any]:
    """Return the MAC addresses of source and destination; 0 where the frame has no Ethernet header."""
    at = packet.ethernet
    if at < 0:
        return U0, U0
    source = (np.uint64(u16(data, at + 6)) << U32) | np.uint64(u32(data, at + 8))
    return source, (np.uint64(u16(data, at)) << U32) | np.uint64(u32(data, at + 2))


@helper
def note_pair(source: Any, destination: Any, packet: Any, rows: Rows, slots: NDArray[np.uint64], counters: Any) -> bool:
    """Count a frame from one station to another; return whether there was room."""
    seed = slots[len(slots) - 1]
    word = np.uint64(packet.transport) | (np.uint64(packet.flags) << np.uint64(8))
    path = np.uint64(packet.vlan) | (np.uint64(packet.tunnel) << U32)
    hashed = mix(mix(mix(mix(seed, source, seed), destination, seed), path, seed), word, seed) * MULTIPLIER
    mask = np.uint64(len(slots) - 2)
    slot, tag = hashed & mask, hashed & TAG
    while slots[slot] != U0:
        if slots[slot] & TAG == tag:
            row = rows[np.int64((slots[slot] & ROW) - U1)]
            if (
                row.source == source and row.destination == destination and row.vlan == packet.vlan
                and row.tunnel == packet.tunnel and row.protocol == packet.transport and row.side == packet.flags
            ):  # fmt: skip
                row.frames += U1
                row.bytes += np.uint64(packet.wire)
                row.last = max(row.last, packet.time)
                return True
        slot = (slot + U1) & mask
    number = counters[PAIRS]
    if number >= len(rows):
        counters[REFUSED] += 1
        return False
    row = rows[number]
    row.source, row.destination, row.vlan, row.tunnel = source, destination, packet.vlan, packet.tunnel
    row.protocol, row.side, row.capture, row.first_frame = packet.transport, packet.flags, packet.capture, packet.frame
    row.first = row.last = packet.time
    row.frames, row.bytes = U1, np.uint64(packet.wire)
    slots[slot] = tag | (np.uint64(number) + U1)
    counters[PAIRS] = number + 1
    return True


@helper
def saying_of(data: NDArray[np.uint8], packet: Any) -> tuple[int, int, int]:
    """Return the Mark of a frame that may tell what its sender is, and from where to where it tells that; 0 is none."""
    at, end, protocol = packet.payload, packet.end, packet.transport
    if protocol == P_LLDP:
        return M_LLDP, at, end
    if protocol == P_CDP:
        return M_CDP, at, end
    if protocol == P_DCP:
        is_set = u8(data, at + 2) == DCP_SET  # tells in its question what others do in their answers
        tells = is_set != (packet.flags == SERVER) or u16(data, at) == DCP_ASK
        return (M_DCP if tells else 0), at + DCP_HEAD, min(end, at + DCP_HEAD + u16(data, at + 10))
    if protocol == P_GOOSE:  # the reference of the control block comes first
        first = u8(data, at + 9)
        inner = at + 10 + (first & 0x7F if first & 0x80 else 0)
        return M_GOOSE, inner, min(end, inner + 2 + u8(data, inner + 1)) if inner + 2 <= end else inner
    if protocol == P_SV:
        return M_SV, at, min(end, at + SV_LEAD)
    if protocol == P_POWERLINK:
        is_ident = u8(data, at) & 0x7F == POWERLINK_ASND and u8(data, at + 3) == POWERLINK_IDENT
        return (M_POWERLINK if is_ident and packet.flags != MASTER else 0), at, end
    if protocol == P_BACNET:
        return (M_BACNET if network_tells(data, at, end) else 0), at, end
    if protocol == P_DLR:
        return M_DLR, at, min(end, at + 8)
    return 0, at, end


@helper
def digest_of(data: NDArray[np.uint8], at: int, end: int, start: Any, seed: Any) -> Any:
    """Return 64 well-mixed bits of some bytes, behind those of *start*."""
    end = min(end, at + MOST_HASHED)
    hashed = mix(start, np.uint64(end - at), seed)
    while at + 8 <= end:
        hashed = mix(hashed, u64(data, at), seed)
        at += 8
    rest = U0
    while at < end:
        rest = (rest << np.uint64(8)) | np.uint64(data[np.uint64(at)])
        at += 1
    return mix(hashed, rest, seed)


@helper
def is_cyclic(protocol: int) -> bool:
    """Return whether a protocol sends frames that may be alike, byte for byte, in each of its cycles."""
    return protocol in (P_ETHERCAT, P_POWERLINK, P_SERCOS, P_CCLINK, P_GSE, P_BACNET)


@helper
def is_copy(
    data: NDArray[np.uint8], protocol: int, source: Any, destination: Any, packet: Any, recent: Rows,
    heads: NDArray[np.uint32], seed: Any, counters: NDArray[np.int64],
) -> bool:  # fmt: skip
    """Return whether a frame was captured a moment before; else keep it."""
    path = np.uint64(packet.vlan) | (np.uint64(packet.tunnel) << U32)
    start = mix(mix(mix(seed, source, seed), destination, seed), path ^ (np.uint64(protocol) << np.uint64(16)), seed)
    digest = digest_of(data, packet.payload, packet.end, start, seed)
    counters[SEEN] += 1
    place = newest(digest, recent, heads)
    if place >= 0 and abs(packet.time - recent[place].time) <= PLAIN_HERE:
        if not is_cyclic(protocol):
            counters[COPIES] += 1
            return True
        return counters[COPIES] * COMMON >= counters[SEEN]
    place = place if place >= 0 else add(digest, recent, heads)
    recent[place].time = packet.time
    return False


@helper
def set_aside(packet: Any, stop: int, stops: NDArray[np.int64]) -> int:
    """Count a frame for another reason than it was decoded with."""
    stops[packet.stop] -= 1
    stops[stop] += 1
    packet.stop = stop
    return stop


@helper
def protocol_of(packet: Any) -> int:
    """Return the Lan of a frame; ARP, which is kept elsewhere, is none."""
    if packet.stop == S_LAN:
        return np.int64(packet.transport)
    if packet.stop != S_DISCOVERY or packet.source_port == ETHER_ARP:
        return 0
    packet.transport, packet.flags = (P_LLDP if packet.source_port == ETHER_LLDP else P_CDP), 0
    return np.int64(packet.transport)


@kernel(
    np.uint8, int, int, PACKET, LAN, np.uint64, DIGEST, np.uint32, DIGEST, np.uint32, np.int64, MARK, np.int64
)  # fmt: skip
def note_lan(
    data: NDArray[np.uint8], index: int, count: int, packets: Rows, rows: Rows, slots: NDArray[np.uint64],
    said: Rows, said_heads: NDArray[np.uint32], recent: Rows, recent_heads: NDArray[np.uint32],
    counters: NDArray[np.int64], marks: Rows, stops: NDArray[np.int64],
) -> int:  # fmt: skip
    """Keep what the frames from *index* to *count* say; return *count*, or where there was no room for a mark."""
    counters[MARKED] = 0
    seed = slots[len(slots) - 1]
    while index < count:
        packet = packets[index]
        protocol = protocol_of(packet)
        if protocol:
            if counters[MARKED] >= len(marks):
                return index
            source, destination = stations(data, packet)
            index += 1
            if is_copy(data, protocol, source, destination, packet, recent, recent_heads, seed, counters):
                set_aside(packet, S_DUPLICATE, stops)
                continue
            if not note_pair(source, destination, packet, rows, slots, counters) and packet.stop == S_LAN:
                set_aside(packet, S_TABLE_FULL, stops)
            kind, start, end = saying_of(data, packet)
            if kind:
                word = np.uint64(kind) | (np.uint64(packet.vlan) << U32)
                digest = digest_of(data, start, end, mix(mix(seed, source, seed), word, seed), seed)
                place = newest(digest, said, said_heads)
                if place >= 0 and packet.time < said[place].time + AGAIN:
                    counters[REPEATED] += 1
                else:
                    place = place if place >= 0 else add(digest, said, said_heads)
                    said[place].time = packet.time
                    mark = marks[counters[MARKED]]
                    mark.kind, mark.start, mark.end = kind, packet.payload, packet.end
                    mark.packet, mark.frame, mark.time = packet.index, packet.frame, packet.time
                    mark.flow, mark.side = -1, 0
                    counters[MARKED] += 1
        else:
            index += 1
    return index


def frames_without_ip(stops: NDArray[np.int64]) -> int:
    """Return how many frames `note_lan` has to look at so far."""
    return int(stops[Stop.LAN] + stops[Stop.DISCOVERY])


def hear_lan(
    buffer: NDArray[np.uint8],
    packets: Rows,
    count: int,
    tables: LanTables,
    marks: Rows,
    stops: NDArray[np.int64],
    on_marks: Callable[[NDArray[np.uint8], Rows, Rows], None],
) -> None:
    """Take in the frames without IP of a batch; *on_marks* gets (buffer, marks, packets) of those that tell more."""
    index = 0
    while index < count:
        index = note_lan(buffer, index, count, packets, *tables, marks, stops)
        if marked := int(tables.counters[MARKED]):
            on_marks(buffer, marks[:marked], packets)
