"""Tracked UDP packets in, the names that QUIC clients ask for out: a kernel beside ``listen``, over the same batch.

Only the first packets of a connection tell anything; once a direction's hello was read, its packets cost one look at
a byte. See ``dissect.quic`` and ``dissect.gquic`` for what is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper, kernel
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.loads import u8, u24, u32
from kwel.kernel.namepool import ARENA, NAMES, Pool
from kwel.kernel.network import IP_UDP
from kwel.kernel.rows import HALF, PACKET, RUN
from kwel.model.kinds import Application
from kwel.model.records.columns import HELLO, NAME, Direction, NameSource
from kwel.protocols.gquic import (
    CHLO,
    LAST_CLEAR,
    LAST_PUBLIC,
    clear_version,
    find_google_name,
    find_hello,
    version_number,
)
from kwel.protocols.hello import FOUND, MORE, read_client_hello
from kwel.protocols.ja4 import Shapes
from kwel.protocols.quic import (
    BAD,
    FIXED,
    FRAMES,
    GUESSES,
    K_INITIAL,
    K_RETRY,
    LEAST_DATAGRAM,
    LEAST_ID,
    LONG,
    MAX_HELLO,
    SAMPLE,
    SAMPLE_AT,
    TOO_MANY,
    UNKNOWN,
    derive_keys,
    holds_hello,
    is_google,
    lists_versions,
    open_packet,
    read_frames,
    read_header,
    salt_of,
)
from kwel.streams.crypto import (
    C_GIVEN_UP,
    C_UNREAD,
    C_UNREADABLE,
    DONE,
    begin_slot,
    free_slot,
    load_keys,
    place_of,
    put,
    ready,
    slot_of,
    take_slot,
)
from kwel.streams.hellos import note_client_hello
from kwel.streams.room import C_HELLOS, C_NAMED, L_ARENA, L_HELLOS, L_NAMED, L_NAMES, note_name

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows

MAX_INITIALS = 32
"""Initials of one direction that are looked at."""
LEAST = 21
"""Bytes of the shortest datagram that is looked at."""
N_QUIC = int(NameSource.QUIC_SNI)
A_UNKNOWN, A_QUIC, A_GQUIC = int(Application.UNKNOWN), int(Application.QUIC), int(Application.GQUIC)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)
NOTHING, READ, WAITS = 0, 1, 2
"""What came of an Initial: not decrypted, or nonsense; a hello; a part of one, or none."""


class Quic(NamedTuple):
    """What is read and written beside the packets. The first fields are those that ``room`` writes names to."""

    runs: Rows
    named: Rows
    pool: Pool
    hellos: Rows
    shapes: Shapes
    text: NDArray[np.uint8]
    counters: NDArray[np.int64]
    limits: NDArray[np.int64]
    halves: Rows
    own: NDArray[np.int64]
    """The counters of ``crypto.Desk``, and the rest of it."""
    work: NDArray[np.int64]
    plain: NDArray[np.uint8]
    slots: NDArray[np.int64]


@helper
def fits_one_more(t: Any) -> bool:
    """Return whether every table has room for what one datagram can add."""
    return (
        t.counters[C_NAMED] <= t.limits[L_NAMED]
        and t.pool.counters[NAMES] <= t.limits[L_NAMES]
        and t.pool.counters[ARENA] <= t.limits[L_ARENA]
        and t.counters[C_HELLOS] <= t.limits[L_HELLOS]
    )


@helper
def note_client(application: int, packet: Any, t: Any) -> int:
    """Keep that a client's hello was read: neither direction tells more."""
    run = t.runs[packet.flow]
    run.application = application
    if run.direction == D_UNKNOWN:
        set_initiator(run, packet.side, D_REQUEST)
    t.halves[2 * packet.flow + packet.side].initials = DONE
    t.halves[2 * packet.flow + 1 - packet.side].initials = DONE
    return 0


@helper
def read_hello(data: NDArray[np.uint8], at: int, end: int, packet: Any, t: Any) -> bool:
    """Read a ClientHello, or Google's hello; return whether it was one."""
    if end - at >= 4 and u32(data, at) == CHLO:
        outcome, start, stop = find_google_name(data, at, end)
        if outcome != FOUND:
            return False
        note_name(data, start, stop, N_QUIC, 0, packet, t)
        note_client(A_GQUIC, packet, t)
        return True
    hello = read_client_hello(data, at, end, False)
    if hello.outcome == MORE and (packet.cut == 0 or hello.name == 0):
        return False
    note_client_hello(data, hello, N_QUIC, 0, packet, t)
    note_client(A_QUIC, packet, t)
    return True


@helper
def looks_like_hello(data: NDArray[np.uint8], at: int, size: int) -> bool:
    """Return whether the first bytes of a CRYPTO stream begin a client's hello."""
    if size < 4:
        return True
    return u32(data, at) == CHLO or (u8(data, at) == 1 and u24(data, at + 1) <= MAX_HELLO - 4)


@helper
def read_packet(
    data: NDArray[np.uint8], first: int, number: int, end: int, salt: int, is_kept: bool, packet: Any, t: Any
) -> int:
    """Decrypt an Initial under the keys at KEYS and take in what its CRYPTO frames hold.

    *is_kept*: the keys are those of the direction's slot, whose bytes go on; else a connection begins.
    """
    work, plain, owner = t.work, t.plain, 2 * packet.flow + packet.side
    half = t.halves[owner]
    if not open_packet(data, first, number, end, packet.end, work):
        return NOTHING
    count = read_frames(data, plain, is_google(salt), packet.cut != 0, work)
    if count == BAD:
        return NOTHING
    if count == TOO_MANY:
        t.own[C_GIVEN_UP] += 1
        half.initials = DONE
        free_slot(owner, half, t.slots, t.own)
        return WAITS
    if count == 0:
        return WAITS
    at, end = work[FRAMES + 1], work[FRAMES + 1] + work[FRAMES + 2]
    if count > 1 or work[FRAMES] or not holds_hello(plain, FRAMES, work):
        outcome, at, end = join_frames(count, salt, is_kept, owner, half, t)
        if outcome != READ and (end - at < 4 or not packet.cut):
            return outcome
    if read_hello(plain, at, end, packet, t):
        free_slot(owner, half, t.slots, t.own)
        return READ
    return WAITS if packet.cut else NOTHING


@helper
def join_frames(count: int, salt: int, is_kept: bool, owner: int, half: Any, t: Any) -> tuple[int, int, int]:
    """Put *count* CRYPTO frames into the direction's slot; return READ if the hello is whole, and where it lies."""
    for i in range(FRAMES, FRAMES + 3 * count, 3):
        if t.work[i] == 0 and not looks_like_hello(t.plain, t.work[i + 1], t.work[i + 2]):
            return NOTHING, 0, 0
    slot = slot_of(owner, half, t.slots)
    if slot < 0:
        slot = take_slot(owner, half, t.slots, t.own)
        is_kept = False
    if not is_kept:
        begin_slot(slot, salt, t.slots, t.work)
    for i in range(FRAMES, FRAMES + 3 * count, 3):
        if not put(t.plain, t.work[i + 1], t.work[i + 2], t.work[i], slot, t.slots):
            t.own[C_GIVEN_UP] += 1
            half.initials = DONE
            free_slot(owner, half, t.slots, t.own)
            return WAITS, 0, 0
    at, have = place_of(slot), ready(slot, t.slots)
    is_whole = have >= 4 and (u32(t.plain, at) == CHLO or 4 + u24(t.plain, at + 1) <= have)
    return (READ if is_whole else WAITS), at, at + have


@helper
def read_initial(
    data: NDArray[np.uint8], at: int, version: int, identity: int, size: int, number: int, end: int,
    packet: Any, t: Any,
) -> int:  # fmt: skip
    """Read one Initial, by the keys of the connection under way, else by those of its own connection id."""
    owner = 2 * packet.flow + packet.side
    half = t.halves[owner]
    if half.initials == DONE or number + SAMPLE_AT + SAMPLE > packet.end or (end > packet.end and not packet.cut):
        return WAITS
    half.initials += 1
    if half.initials > MAX_INITIALS:
        half.initials = DONE
        t.own[C_GIVEN_UP] += 1
        return free_slot(owner, half, t.slots, t.own)
    slot = slot_of(owner, half, t.slots)
    if slot < 0 and slot_of(owner ^ 1, t.halves[owner ^ 1], t.slots) >= 0:
        return WAITS  # the server's side of a connection whose hello is not complete
    salt = salt_of(version)
    tries = 1
    if salt == UNKNOWN:
        if size < LEAST_ID or packet.end - packet.payload < LEAST_DATAGRAM:
            return NOTHING  # no client begins like that: something else, with a header that looks long
        tries = GUESSES
    for trial in range(-1 if slot >= 0 else 0, tries):
        if trial < 0:
            guess = load_keys(slot, t.slots, t.work)
        else:
            guess = trial if salt == UNKNOWN else salt
            derive_keys(data, identity, size, guess, t.work)
        outcome = read_packet(data, at, number, end, guess, trial < 0, packet, t)
        if outcome != NOTHING:
            note_quic(guess, packet, t)
            return outcome
    if salt == UNKNOWN:
        t.own[C_UNREAD] += 1
    elif packet.source_port > packet.destination_port:  # a server's, seen first, needs the client's to be read
        t.own[C_UNREADABLE] += 1
    return NOTHING


@helper
def note_quic(salt: int, packet: Any, t: Any) -> int:
    """Let the flow be QUIC by its versions, whether a name is found or not."""
    run = t.runs[packet.flow]
    if run.application == A_UNKNOWN:
        run.application = A_GQUIC if is_google(salt) else A_QUIC
    return 0


@helper
def read_long(data: NDArray[np.uint8], packet: Any, t: Any) -> int:
    """Read the packets with a long header in one datagram (RFC 9000 section 12.2)."""
    at = packet.payload
    while packet.end - at >= LEAST and u8(data, at) & LONG:
        kind, version, identity, size, place, end = read_header(data, at, packet.end)
        if kind == BAD:
            return 0
        if version == 0:
            if lists_versions(data, place, packet.end):
                note_quic(0, packet, t)
            return 0
        if u8(data, at) & FIXED == 0:
            return 0
        salt = salt_of(version)
        if salt != UNKNOWN:
            note_quic(salt, packet, t)
        if kind == K_INITIAL:
            read_initial(data, at, version, identity, size, place, end, packet, t)
        elif kind == K_RETRY:
            return 0
        at = end
    return 0


@helper
def read_clear(data: NDArray[np.uint8], at: int, packet: Any, t: Any) -> int:
    """Read Google's hello where it stands in the clear, behind its packet's version."""
    half = t.halves[2 * packet.flow + packet.side]
    if half.initials >= MAX_INITIALS:
        return 0
    half.initials += 1
    run = t.runs[packet.flow]
    if run.application == A_UNKNOWN:
        run.application = A_GQUIC
    hello = find_hello(data, at, packet.end)
    if hello >= 0:
        read_hello(data, hello, packet.end, packet, t)
    return 0


@kernel(
    np.uint8, int, int, PACKET, np.int64, RUN, HALF, NAME, np.uint8, np.int64, np.int64, np.uint64, np.int64, HELLO,
    np.uint64, np.int64, np.uint8, np.uint8, np.int64, np.int64, np.int64, np.int64, np.uint8, np.int64,
)  # fmt: skip
def read_initials(
    data: NDArray[np.uint8], index: int, count: int, packets: Rows, early: NDArray[np.int64],
    runs: Rows, halves: Rows, named: Rows,
    arena: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64],
    name_slots: NDArray[np.uint64], name_counters: NDArray[np.int64], hellos: Rows,
    shape_index: NDArray[np.uint64], shape_places: NDArray[np.int64], shape_arena: NDArray[np.uint8],
    text: NDArray[np.uint8],
    counters: NDArray[np.int64], limits: NDArray[np.int64], own: NDArray[np.int64], work: NDArray[np.int64],
    plain: NDArray[np.uint8], slots: NDArray[np.int64],
) -> int:  # fmt: skip
    """Look at the *early* packets from *index* to *count*; return where a table ran short of room, or *count*."""
    pool = Pool(arena, starts, lengths, name_slots, name_counters)
    shapes = Shapes(shape_index, shape_places, shape_arena)
    t = Quic(runs, named, pool, hellos, shapes, text, counters, limits, halves, own, work, plain, slots)
    while index < count:
        packet = packets[early[index]]
        if (
            packet.transport == IP_UDP
            and halves[2 * packet.flow + packet.side].initials != DONE
            and packet.end - packet.payload >= LEAST
        ):
            at = packet.payload
            is_long = u8(data, at) >= LONG | FIXED or (u8(data, at) >= LONG and u32(data, at + 1) == 0)
            if is_long or clear_version(data, at, packet.end):
                if not fits_one_more(t):
                    return index
                if is_long and not LAST_PUBLIC < version_number(u32(data, at + 1)) <= LAST_CLEAR:
                    read_long(data, packet, t)
                else:
                    read_clear(data, at + 5, packet, t)
        index += 1
    return index
