"""Answers of CODESYS 3's name service in, what a node, its device and its vendor are called out.

No Specification is published: the layout is as nmap's script codesys-plc-info and its library codesys3 read it from
devices, and is graded as any saying. ``channels`` tells a packet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind

BLOCK, BLOCK_HEADER = bytes.fromhex("000117e8"), 8
PACKET, ANSWER = 0xC5, 4
IDENTIFICATION, VERSION = 0xC280, 0x0400
HEADER = 6
LONGEST_NAME = 128
NAMES: tuple[FactKind, ...] = ("station", "product", "vendor")
"""In the order of the message: node, device, vendor."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a packet, with or without the block driver's header."""
    return data[:4] == BLOCK or (len(data) >= HEADER and data[0] == PACKET)


def size_of(data: bytes) -> int | None:
    """Return how long the block over TCP is that *data* begins with."""
    if len(data) < BLOCK_HEADER:
        return None
    return int.from_bytes(data[4:8], "little") if data[:4] == BLOCK else 0


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the sender's names, serial number and version."""
    if len(r) >= BLOCK_HEADER and r.ahead(0).take(4) == BLOCK:
        r.skip(4)
        size = _le(r, 4)
        if size < BLOCK_HEADER:
            raise Malformed(f"a block of {size} bytes")
        r = Reader(r.take(size - BLOCK_HEADER))
    if r.u8() != PACKET:
        raise Malformed("no packet of CODESYS")
    words = r.u8() & 7
    r.skip(1)
    service = r.u8()
    r.skip(1)
    lengths = r.u8()
    size = 2 * (words + (lengths & 0xF) + (lengths >> 4))
    if size < HEADER:
        raise Malformed(f"a header of {words} words")
    r.skip(size + size % 4 - HEADER)
    if service == ANSWER and (_le(r, 2), _le(r, 2)) == (IDENTIFICATION, VERSION):
        yield from _identification(r)


def _identification(r: Reader) -> Iterator[Saying]:
    r.skip(4 + 2 + 1 + 1)  # number of the question, channels, byte order, address
    parent = _le(r, 2)
    lengths = [_le(r, 2) for _ in NAMES]
    r.skip(8)  # type and number of the device
    version = r.take(4)[::-1]
    r.skip(4)  # flags
    serial, _, _ = r.u8(), r.u8(), r.u8()
    r.skip(9)
    r.skip(parent)
    yield Saying("role", "server")
    yield Saying("protocol", "codesys")
    for kind, length in zip(NAMES, lengths, strict=True):
        if length > LONGEST_NAME:
            raise Malformed(f"a name of {length} letters")
        name = r.take(2 * length).decode("utf-16-le", "replace")
        r.skip(2)
        if said := text(name.encode()):
            yield Saying(kind, said)
    if any(version):
        yield Saying("firmware", ".".join(map(str, version)))
    if said := text(r.take(serial)):
        yield Saying("serial", said)


def _le(r: Reader, size: int) -> int:
    return int.from_bytes(r.take(size), "little")
