"""Counters and table sizes in, whether one more message fits out; and the rows that messages leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kwel.kernel.build.jit import helper
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.namepool import ARENA, NAMES, intern
from kwel.model.records.columns import Direction, NameSource
from kwel.protocols.dns import ANSWERS, MAX_RECORDS, MAX_ROWS
from kwel.protocols.hello import MAX_NAME

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from kwel.kernel.namepool import Pool
    from kwel.model.records.columns import Rows
    from kwel.protocols.claims import Claims
    from kwel.protocols.dns import Answers
    from kwel.protocols.ja4 import Shapes

STREAM_BUDGET = 16384
"""Bytes of each TCP direction that are read in search of a name."""

# indices into the counters
C_NAMED, C_MARKS, C_NEXT_SLOT, C_EVICTED, C_MALFORMED, C_LATE, C_CUT, C_FREE_SLOTS = 0, 1, 2, 3, 4, 5, 6, 7
C_HELLOS = 8
C_SHOWN, C_CERTIFICATES_CUT = 9, 10
C_QUESTIONS, C_QUESTIONS_REFUSED = 11, 12
C_OT_UNREAD = 13
COUNTERS = 14

# indices into the limits, and the most that one message adds beyond them
L_NAMED, L_ANSWERS, L_NAMES, L_ARENA, L_MARKS, L_HELLOS = 0, 1, 2, 3, 4, 5
MESSAGE_ADDS = (4, MAX_ROWS + 1, 3 * MAX_RECORDS + 4, (3 * MAX_RECORDS + 36) * 256 + STREAM_BUDGET, 4, 1)

N_SNI = int(NameSource.TLS_SNI)
D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)


class Tables(NamedTuple):
    """Everything that the kernel reads and writes beside the packets."""

    runs: Rows
    """Flows under way, of ``kernel.rows.RUN``."""
    halves: Rows
    """Their directions, of ``kernel.rows.HALF``."""
    flow_index: NDArray[np.uint64]
    named: Rows
    """Names seen, of ``columns.NAME``."""
    questions: Rows
    """DNS questions, of ``columns.QUESTION``."""
    answers: Answers
    claims: Claims
    marks: Rows
    """Payloads for the Python dissectors, of ``kernel.rows.MARK``."""
    pool: Pool
    hellos: Rows
    """ClientHellos seen, of ``columns.HELLO``."""
    shapes: Shapes
    """Their distinct shapes."""
    certificates: Pool
    """Distinct certificates, see ``flights``."""
    shown: Rows
    """Where they were shown, of ``columns.SHOWN``."""
    counters: NDArray[np.int64]
    limits: NDArray[np.int64]
    """How full each table may be before one more message."""
    text: NDArray[np.uint8]
    """For one name out of the DNS."""
    joined: NDArray[np.uint8]
    """For one handshake message out of its records."""
    held: NDArray[np.uint8]
    """Bytes of the reassembly slots, end to end."""
    covered: NDArray[np.uint8]
    """Which of them are there."""
    ready: NDArray[np.int64]
    owners: NDArray[np.int64]
    """See ``slots``."""
    heard: NDArray[np.uint64]
    """See ``heads``."""


@helper
def has_room(t: Tables) -> bool:
    """Return whether every table has room for the most that one message can add."""
    return (
        t.counters[C_NAMED] <= t.limits[L_NAMED]
        and t.answers.counters[ANSWERS] <= t.limits[L_ANSWERS]
        and t.pool.counters[NAMES] <= t.limits[L_NAMES]
        and t.pool.counters[ARENA] <= t.limits[L_ARENA]
        and t.counters[C_MARKS] <= t.limits[L_MARKS]
        and t.counters[C_HELLOS] <= t.limits[L_HELLOS]
    )


@helper
def note_name(data: NDArray[np.uint8], start: int, end: int, source: int, port: int, packet: Any, t: Tables) -> int:
    """Keep a name read from a flow's initiator, and let the flow bear it if it has none from a better source."""
    number = intern(data, start, end, t.pool) if end - start <= MAX_NAME else 0  # longer is no host
    if number == 0:
        return 0
    run = t.runs[packet.flow]
    if run.direction == D_UNKNOWN:
        set_initiator(run, packet.side, D_REQUEST)
    if run.name_source == 0 or source < run.name_source:
        run.name, run.name_source, run.name_frame = number, source, packet.frame
    if run.asked == number and source != N_SNI:
        return number  # the same host again on a kept-alive connection, or the same segment
    run.asked = number
    note_row(number, source, port, 1, packet, t)
    return number


@helper
def note_row(number: int, source: int, port: int, from_initiator: int, packet: Any, t: Tables) -> int:
    """Append one row to the names seen."""
    row = t.named[t.counters[C_NAMED]]
    row.time, row.flow, row.frame, row.capture = packet.time, packet.flow, packet.frame, packet.capture
    row.name, row.port, row.source, row.from_initiator = number, port, source, from_initiator
    t.counters[C_NAMED] += 1
    return 0


@helper
def note_mark(kind: int, start: int, end: int, packet: Any, t: Tables) -> int:
    """Ask for a Python dissector to read a payload."""
    mark = t.marks[t.counters[C_MARKS]]
    mark.kind, mark.start, mark.end, mark.packet, mark.frame = kind, start, end, packet.index, packet.frame
    mark.time, mark.flow, mark.side = packet.time, packet.flow, packet.side
    t.counters[C_MARKS] += 1
    return 0


@helper
def note_hello(
    name: int, alpn: int, fingerprint: int, version: int, source: int, ech: int, packet: Any, t: Tables
) -> int:
    """Append one row to the ClientHellos seen."""
    row = t.hellos[t.counters[C_HELLOS]]
    row.time, row.flow, row.frame, row.capture = packet.time, packet.flow, packet.frame, packet.capture
    row.name, row.alpn, row.fingerprint, row.version, row.source, row.ech = (
        name,
        alpn,
        fingerprint,
        version,
        source,
        ech,
    )
    t.counters[C_HELLOS] += 1
    return 0


def grown(table: NDArray, size: int) -> NDArray:
    """Return a copy of *table* with room for *size* rows."""
    larger = np.zeros(size, table.dtype)
    larger[: len(table)] = table
    return larger
