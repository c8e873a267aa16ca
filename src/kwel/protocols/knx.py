"""Answers of KNXnet/IP in, the name, the individual address and the serial number of a server out.

The Specification is EN ISO 22510:2019 (KNXnet/IP core): header, SEARCH RESPONSE, DESCRIPTION RESPONSE, and the block
"device information" that both hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

HEADER = b"\x06\x10"
SEARCH, DESCRIPTION, SEARCH_EXTENDED = 0x0202, 0x0204, 0x020C
ENDPOINT, DEVICE, NAME = 8, 1, 30
MOST_BLOCKS = 16


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an answer that describes a server."""
    return data[:2] == HEADER and int.from_bytes(data[2:4], "big") in (SEARCH, DESCRIPTION, SEARCH_EXTENDED)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what the block "device information" tells."""
    if r.take(2) != HEADER:
        raise Malformed("no frame of KNXnet/IP")
    kind, size = r.u16(), r.u16()
    with r.block(max(0, size - 6)) as body:
        if kind != DESCRIPTION:
            body.skip(ENDPOINT)
        for _ in range(MOST_BLOCKS):
            if len(body) < 2:
                return
            length, block = body.u8(), body.u8()
            if length < 2:
                raise Malformed("a block of no length")
            with body.block(length - 2) as content:
                if block == DEVICE:
                    yield from _device(content)


def _device(r: Reader) -> Iterator[Saying]:
    r.skip(2)  # medium, whether it can be programmed
    individual = r.u16()
    r.skip(2)
    serial = r.take(6)
    r.skip(4)  # multicast address
    r.skip(6)  # MAC
    name = r.take(NAME).split(b"\0")[0]
    yield Saying("role", "server")
    yield Saying("protocol", f"knx/{individual >> 12}.{individual >> 8 & 15}.{individual & 255}")
    if any(serial):
        yield Saying("serial", serial.hex())
    if said := text(name.decode("latin-1").encode()):
        yield Saying("station", said)
