"""Frames of cleartext HTTP/2 in, the host that a request is for out.

RFC 9113 sections 3.4 (preface), 4.1 (frames), 6.2 (HEADERS), 8.3.1 (``:authority``). A segment is read from its start:
frames that began in an earlier one are not followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.hosts import host_of
from kwel.protocols.hpack import hosts
from kwel.protocols.sayings import Named, Spoken
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER, HEADERS, LAST_TYPE = 9, 1, 9
PADDED, PRIORITY = 0x08, 0x20
MOST_FRAMES = 64


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with the preface, or with a frame of a known type on a stream or on none."""
    if data.startswith(PREFACE):
        return True
    return len(data) >= FRAME_HEADER and data[0] == 0 and data[3] <= LAST_TYPE and not data[5] & 0x80


def observe(r: Reader) -> Iterator[Named | Spoken]:
    """Yield the hosts that requests are for."""
    start = r.take(min(len(r), len(PREFACE)))
    if start == PREFACE:
        yield Spoken(Application.HTTP2)
    else:
        r.rewind(len(start))
    for _ in range(MOST_FRAMES):
        if not len(r):
            return
        size, kind, flags = r.u24(), r.u8(), r.u8()
        r.skip(4)  # stream
        with r.block(size) as frame:
            if kind == HEADERS:
                padding = frame.u8() if flags & PADDED else 0
                if flags & PRIORITY:
                    frame.skip(5)
                if padding > len(frame):
                    raise Malformed("more padding than frame")
                with frame.block(len(frame) - padding) as fields:
                    for value in hosts(fields):
                        if host := host_of(value):
                            yield Named(NameSource.HTTP2_AUTHORITY, host)
