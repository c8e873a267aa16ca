"""What ClientHellos say in, names and rows of the table of hellos out: TLS over TCP, DTLS and QUIC alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.flowtable import set_initiator
from kwel.kernel.namepool import intern
from kwel.model.records.columns import Direction
from kwel.protocols.hello import FOUND, join_protocols
from kwel.protocols.ja4 import number_of_shape
from kwel.streams.room import C_HELLOS, note_hello, note_name

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from kwel.protocols.hello import Hello
    from kwel.streams.room import Tables

D_UNKNOWN, D_REQUEST = int(Direction.UNKNOWN), int(Direction.REQUEST)


@helper
def note_client_hello(data: NDArray[np.uint8], hello: Hello, source: int, row: int, packet: Any, t: Tables) -> int:
    """Keep what a ClientHello says: its name, and one row; return the number of the row, from 1.

    *row* is what this returned for the same hello when less of it was there, or 0.
    """
    if row == 0:
        note_hello(0, 0, 0, 0, source, 0, packet, t)
        row = t.counters[C_HELLOS]
        run = t.runs[packet.flow]
        if run.direction == D_UNKNOWN:
            set_initiator(run, packet.side, D_REQUEST)
    kept = t.hellos[row - 1]
    kept.time, kept.frame = packet.time, packet.frame
    if kept.name == 0 and hello.name_end > hello.name:
        kept.name = note_name(data, hello.name, hello.name_end, source, 0, packet, t)
    kept.version, kept.ech, kept.partial = hello.version, hello.ech, 1
    if hello.outcome == FOUND:
        kept.partial = 0
        kept.alpn = intern(t.text, 0, join_protocols(data, hello.alpn, hello.alpn_end, t.text), t.pool)
        if hello.is_sound:
            kept.fingerprint = number_of_shape(data, hello, source, t.shapes)
    return row
