"""Tracked packets in, how hosts open and accept TCP connections out: a kernel beside ``listen``, over the same batch.

RFC 9293 sections 3.1 and 3.2 (options), RFC 7323 sections 2 and 3 (window scale, timestamps), RFC 2018 section 2
(selective acknowledgement). A stack writes each of its SYNs alike, which tells it from others, and stamps them by one
clock. Some of each host are kept, from its first on: a flood must not crowd out the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.flowtable import SYN
from kwel.kernel.hashing import mix
from kwel.kernel.loads import u8, u16, u32
from kwel.kernel.network import IP_TCP
from kwel.kernel.rows import PACKET, Stop
from kwel.model.records.syn import OPENING, Option, Shape

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MOST_OPENINGS = 1 << 17
"""Rows of all hosts together."""
MOST_OF_ONE = 256
"""Rows of one host in one part, as client or as server."""
PLACES = 1 << 16
"""Counters of hosts. Two that share one have together what one has."""
SEED = np.uint64(0x6B77656C)
"""Known to all, so that the same capture is read alike each time. Whoever makes hosts collide hides himself."""

KEPT, REFUSED = 0, 1
"""Indices into the counters: rows, and SYNs for which there was no room."""
S_USED = int(Stop.USED)
ACK, ECN_BITS = 16, 0xC0
HEADER, LONGEST = 20, 60
ANSWER, DF, NUMBERED = int(Shape.ANSWER), int(Shape.DF), int(Shape.NUMBERED)
ECN, DAMAGED = int(Shape.ECN), int(Shape.DAMAGED)
END, NOP, OTHER = int(Option.END), int(Option.NOP), int(Option.OTHER)
MSS, SCALE, STAMP = int(Option.MSS), int(Option.SCALE), int(Option.STAMP)
MOST_OPTIONS = 16
NO_SCALE = 255
U48 = np.uint64(48)


class Openings(NamedTuple):
    """The arrays that hold all openings."""

    rows: Rows
    """Of ``openings.OPENING``."""
    hosts: NDArray[np.uint16]
    counters: NDArray[np.int64]

    def found(self) -> Rows:
        """Return what was noted."""
        rows: Rows = self.rows[: self.counters[KEPT]]
        return rows

    def notes(self) -> dict[str, int]:
        """Count what there was no room for."""
        return {"openings-not-kept": int(self.counters[REFUSED])}


def new_openings() -> Openings:
    """Return room for all openings. The system gives memory only to what is written."""
    return Openings(np.zeros(MOST_OPENINGS, OPENING), np.zeros(2 * PLACES, np.uint16), np.zeros(2, np.int64))


@helper
def tcp_header(data: NDArray[np.uint8], packet: Any) -> int:
    """Return where the TCP header of a packet begins, -1 where the capture does not hold all of it.

    Above it the packet's payload begins; how long it is, it says itself.
    """
    size = HEADER
    while size <= LONGEST:
        at = packet.payload - size
        if at < 0:
            return -1
        if u8(data, at + 12) >> 4 << 2 == size and u32(data, at + 4) == packet.sequence:
            is_it = u16(data, at) == packet.source_port and u16(data, at + 2) == packet.destination_port
            if is_it and u8(data, at + 13) == packet.flags:
                return at
        size += 4
    return -1


@helper
def read_options(data: NDArray[np.uint8], at: int, end: int, row: Any) -> int:
    """Read the options of a SYN into its row (RFC 9293 section 3.1)."""
    options, shift = np.uint64(0), np.uint64(0)
    for _ in range(MOST_OPTIONS):
        if at >= end:
            break
        kind = u8(data, at)
        size = 1
        if kind > 1:
            size = u8(data, at + 1) if at + 1 < end else 0
            if size < 2 or at + size > end:
                row.notes |= DAMAGED
                break
        code = END if kind == 0 else NOP if kind == 1 else kind if kind < OTHER else OTHER
        options |= np.uint64(code) << shift
        shift += np.uint64(4)
        if kind == 0:
            break
        if kind == MSS and size == 4:
            row.segment = u16(data, at + 2)
        elif kind == SCALE and size == 3:
            row.scale = u8(data, at + 2)
        elif kind == STAMP and size == 10:
            row.stamp = u32(data, at + 2)
        at += size
    row.options = options
    return at


@helper
def has_df(data: NDArray[np.uint8], at: int, packet: Any) -> bool:
    """Return whether the IPv4 header in front of a TCP header forbids fragments; one with options is not looked at."""
    if packet.version != 4 or at < HEADER or u8(data, at - HEADER) != 0x45:
        return False
    return u8(data, at - 14) & 0x40 != 0


@helper
def note_opening(data: NDArray[np.uint8], at: int, packet: Any, row: Any) -> int:
    """Fill a row with what a SYN shows."""
    row.source_hi, row.source_lo = packet.source_hi, packet.source_lo
    row.peer_hi, row.peer_lo = packet.destination_hi, packet.destination_lo
    row.time, row.frame, row.capture, row.vlan = packet.time, packet.frame, packet.capture, packet.vlan
    row.source_port, row.peer_port = packet.source_port, packet.destination_port
    row.window, row.hops, row.version = u16(data, at + 14), packet.hops, packet.version
    row.segment, row.scale, row.stamp = 0, NO_SCALE, 0
    row.notes = np.uint8(
        (ANSWER if packet.flags & ACK else 0)
        | (DF if has_df(data, at, packet) else 0)
        | (NUMBERED if packet.trace >> U48 else 0)
        | (ECN if packet.flags & ECN_BITS else 0)
    )
    return read_options(data, at + HEADER, packet.payload, row)


@kernel(np.uint8, PACKET, int, OPENING, np.uint16, np.int64)
def note_openings(
    data: NDArray[np.uint8], packets: Rows, count: int, rows: Rows, hosts: NDArray[np.uint16],
    counters: NDArray[np.int64],
) -> int:  # fmt: skip
    """Note the SYNs among *count* packets; return how many are kept."""
    for i in range(count):
        packet = packets[i]
        if packet.flags & SYN == 0 or packet.transport != IP_TCP or packet.stop != S_USED:
            continue
        hashed = mix(mix(SEED, packet.source_lo, SEED), packet.source_hi ^ np.uint64(packet.vlan), SEED)
        place = 2 * (np.int64(hashed & np.uint64(0x7FFFFFFF)) % PLACES) + (1 if packet.flags & ACK else 0)
        at = tcp_header(data, packet) if hosts[place] < MOST_OF_ONE else -1
        if at < 0:
            continue
        if counters[KEPT] >= len(rows):
            counters[REFUSED] += 1
            continue
        hosts[place] += np.uint16(1)
        note_opening(data, at, packet, rows[counters[KEPT]])
        counters[KEPT] += 1
    return counters[KEPT]
