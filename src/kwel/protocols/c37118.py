"""Configuration frames of synchrophasors in, the stations and identifiers of the measuring units out.

The Specification is IEEE C37.118.2-2011, section 6.2 (frame), 6.3 (header frame) and 6.4 (configuration 1 and 2). A
concentrator names every unit whose measurements it passes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

SYNC = 0xAA
HEADER_FRAME, CONFIGURATION = 1, (2, 3)
HEAD, CHECKSUM = 14, 2
NAME = 16
MOST_UNITS = 64


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a header or a configuration."""
    return len(data) >= HEAD + CHECKSUM and data[0] == SYNC and data[1] >> 4 in (HEADER_FRAME, *CONFIGURATION)


def size_of(data: bytes) -> int | None:
    """Return how long the frame is that *data* begins with."""
    if len(data) < 4:
        return None
    return int.from_bytes(data[2:4], "big") if data[0] == SYNC else 0


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the names of stations, each with its number (``c37118/7``)."""
    while len(r):
        if r.u8() != SYNC:
            raise Malformed("no frame of a synchrophasor")
        kind, size = r.u8() >> 4, r.u16()
        if size < HEAD + CHECKSUM:
            raise Malformed(f"a frame of {size} bytes")
        with r.block(size - 4) as frame:
            number = frame.u16()
            frame.skip(8)
            if kind == HEADER_FRAME and (said := text(frame.take(len(frame) - CHECKSUM))):
                yield Saying("description", said)
            elif kind in CONFIGURATION:
                yield Saying("role", "server")
                yield Saying("protocol", f"c37118/{number}")
                yield from _units(frame)


def _units(r: Reader) -> Iterator[Saying]:
    r.skip(4)  # parts of a second
    for _ in range(min(r.u16(), MOST_UNITS)):
        name, number = text(r.take(NAME)), r.u16()
        r.skip(2)
        phasors, analogues, digitals = r.u16(), r.u16(), r.u16()
        r.skip(NAME * (phasors + analogues + 16 * digitals) + 4 * (phasors + analogues + digitals) + 4)
        if name:
            yield Saying("station", name)
        yield Saying("protocol", f"c37118/{number}")
