"""Messages of FINS in, the model and the version that an Omron controller gives out.

Omron's Specification W227 (FINS commands), section 5-3-17: CONTROLLER DATA READ; W421 section 7-4 for FINS over TCP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC, TCP_HEADER, HEADER = b"FINS", 16, 10
IS_RESPONSE, CONTROLLER_DATA = 0x40, 0x0501
FIELD = 20


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an answer to a CONTROLLER DATA READ, over UDP or TCP."""
    at = TCP_HEADER if data[:4] == MAGIC else 0
    return len(data) > at + 12 and data[at] & IS_RESPONSE != 0 and data[at + 10 : at + 12] == b"\x05\x01"


def size_of(data: bytes) -> int | None:
    """Return how long the message over TCP is that *data* begins with."""
    if len(data) < 8:
        return None
    return 8 + int.from_bytes(data[4:8], "big") if data[:4] == MAGIC else 0


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the controller's node (``fins/10``), model and version."""
    while len(r):
        if len(r) > 4 and r.ahead(0).take(4) == MAGIC:
            r.skip(4)
            with r.block(int.from_bytes(r.take(4), "big")) as frame:
                frame.skip(8)  # command, error
                if len(frame):
                    yield from _message(frame)
        else:
            yield from _message(r)
            return


def _message(r: Reader) -> Iterator[Saying]:
    if not r.u8() & IS_RESPONSE:
        raise Malformed("a question")
    r.skip(6)
    node = r.u8()
    r.skip(2)
    if r.u16() != CONTROLLER_DATA or r.u16() & 0x7F3F:
        return
    yield Saying("role", "server")
    yield Saying("protocol", f"fins/{node}")
    if model := _field(r):
        yield Saying("product", model)
    if version := _field(r):
        yield Saying("firmware", version)


def _field(r: Reader) -> str:
    raw = r.take(FIELD).split(b"\0")[0]
    return text(raw) if raw.isascii() else ""
