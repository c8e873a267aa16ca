"""DTLS datagrams in, ClientHellos out: whole ones, and those that were sent in fragments, in whatever order.

RFC 6347 section 4.2 (handshake messages and their fragments). A client that is asked for a cookie sends its hello
again: the first counts. RDP over UDP carries TLS instead where it makes up for losses itself; of that, too, the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24
from kwel.kernel.rows import Stage
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols import rdpudp, tls
from kwel.protocols.dtls import RECORD_HANDSHAKE, RECORD_HEADER, carrier_size, looks_like_dtls
from kwel.protocols.hello import DTLS_HEADER, FOUND, HANDSHAKE_CLIENT_HELLO, MORE, read_client_hello
from kwel.streams.hellos import note_client_hello
from kwel.streams.room import STREAM_BUDGET
from kwel.streams.slots import HELLO_ROW, free_slot, keep, take_slot

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.streams.room import Tables

MAX_FRAGMENTS = 200
"""Fragments of one direction's hello that are looked at."""
DONE = int(Stage.DONE)
A_DTLS, N_DTLS = int(Application.DTLS), int(NameSource.DTLS_SNI)
A_TLS, N_TLS = int(Application.TLS), int(NameSource.TLS_SNI)


@helper
def find_record(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the offset of what may be a record, behind what carries it."""
    size = carrier_size(data, at, end)
    return at + (size if size else rdpudp.header_size(data, at, end))


@helper
def is_tls_hello(data: NDArray[np.uint8], at: int, packet: Any) -> bool:
    """Return whether a ClientHello of TLS stands at *at*, carried by something."""
    return packet.payload < at < packet.end - tls.RECORD_HEADER and tls.looks_like_hello(data, at, packet.end)


@helper
def begins_handshake(data: NDArray[np.uint8], packet: Any, t: Tables) -> bool:
    """Return whether a datagram begins DTLS, or TLS that something carries, that tells something still."""
    at = find_record(data, packet.payload, packet.end)
    if not looks_like_dtls(data, at, packet.end):
        return is_tls_hello(data, at, packet) and t.halves[2 * packet.flow + packet.side].stage != DONE
    if u8(data, at) == RECORD_HANDSHAKE:
        return t.halves[2 * packet.flow + packet.side].stage != DONE
    return t.runs[packet.flow].application != A_DTLS


@helper
def read_handshake(data: NDArray[np.uint8], packet: Any, t: Tables) -> int:
    """Read the records of a datagram in search of a ClientHello."""
    half = t.halves[2 * packet.flow + packet.side]
    at = find_record(data, packet.payload, packet.end)
    if is_tls_hello(data, at, packet):
        t.runs[packet.flow].application = A_TLS
        hello = read_client_hello(data, at + tls.RECORD_HEADER, packet.end, False)
        note_client_hello(data, hello, N_TLS, 0, packet, t)
        half.stage = DONE
        return 0
    t.runs[packet.flow].application = A_DTLS
    while half.stage != DONE and looks_like_dtls(data, at, packet.end) and u8(data, at) == RECORD_HANDSHAKE:
        record = at + RECORD_HEADER
        at = record + u16(data, record - 2)
        if u16(data, record - RECORD_HEADER + 3) == 0:  # of the first epoch, which is in the clear
            read_messages(data, record, min(at, packet.end), packet, half, t)
    return 0


@helper
def read_messages(data: NDArray[np.uint8], at: int, end: int, packet: Any, half: Any, t: Tables) -> int:
    """Read the handshake messages of one record as far as they are pieces of a ClientHello."""
    while half.stage != DONE and at + DTLS_HEADER <= end and u8(data, at) == HANDSHAKE_CLIENT_HELLO:
        whole, offset, size = u24(data, at + 1), u24(data, at + 6), u24(data, at + 9)
        if offset + size > whole or DTLS_HEADER + whole > STREAM_BUDGET:
            return 0
        behind = at + DTLS_HEADER + size
        if size == whole and (behind <= end or packet.cut):
            note_client_hello(data, read_client_hello(data, at, min(behind, end), True), N_DTLS, 0, packet, t)
            half.stage = DONE
            return free_slot(half, t)
        read_fragment(data, at, min(behind, end), packet, half, t)
        at = behind
    return 0


@helper
def read_fragment(data: NDArray[np.uint8], at: int, end: int, packet: Any, half: Any, t: Tables) -> int:
    """Keep a piece of a ClientHello, and read what lies in one piece from its start."""
    whole, number = u24(data, at + 1), u16(data, at + 4)
    if half.slot == 0 or half.base != number or half.taken != whole:
        free_slot(half, t)
        take_slot(packet, half, t)
        half.base, half.taken = number, whole
        keep(data, at, at + DTLS_HEADER, np.int64(half.slot) - 1, 0, t)
    slot = np.int64(half.slot) - 1
    have = keep(data, at + DTLS_HEADER, end, slot, DTLS_HEADER + u24(data, at + 6), t)
    half.looks += 1
    base = slot * STREAM_BUDGET
    hello = read_client_hello(t.held, base, base + have, True)
    if have > DTLS_HEADER:
        t.ready[HELLO_ROW + slot] = note_client_hello(t.held, hello, N_DTLS, t.ready[HELLO_ROW + slot], packet, t)
    if hello.outcome == FOUND or half.looks >= MAX_FRAGMENTS:
        half.stage = DONE
        free_slot(half, t)
    return MORE
