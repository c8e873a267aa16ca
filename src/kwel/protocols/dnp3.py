"""Frames of DNP3 in, link addresses, roles and the attributes of a device out.

The DNP3 Specification, IEEE 1815-2012: clause 9.2 (link frame: blocks of 16 bytes, each with a checksum), 8.2
(transport), 4.2 (application header), 11.3 and annex A.1 (object headers; group 0: device attributes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind

START, HEADER, BLOCK, CHECKSUM = b"\x05\x64", 10, 16, 2
FROM_MASTER, PRIMARY = 0x80, 0x40
RESPONSE, UNSOLICITED = 129, 130
FIRST, BROADCAST = 0x40, 0xFFF0
ATTRIBUTES, VISIBLE_STRING = 0, 1
KINDS: dict[int, FactKind] = {
    252: "vendor", 250: "product", 248: "serial", 247: "station", 245: "location", 242: "firmware",
}  # fmt: skip
"""Variations of group 0: manufacturer, product and model, serial number, name, place, software version."""
RANGES = {0x00: 2, 0x01: 4, 0x07: 1, 0x08: 2, 0x17: 1, 0x28: 2}
"""Qualifier of an object header, and how many bytes its range has; those of group 0."""
MOST_OBJECTS = 32


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a link frame."""
    return len(data) >= HEADER and data[:2] == START and data[2] >= 5


def size_of(data: bytes) -> int | None:
    """Return how long the frame is that *data* begins with."""
    if len(data) < 3:
        return None
    size = data[2] - 5
    return HEADER + size + CHECKSUM * -(-size // BLOCK) if data[:2] == START and size >= 0 else 0


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the sender's link address (``dnp3/4``), its role, and what it says that it is."""
    while len(r):
        if r.take(2) != START:
            raise Malformed("no frame of DNP3")
        length, control = r.u8(), r.u8()
        r.skip(2)
        source = int.from_bytes(r.take(2), "little")
        r.skip(CHECKSUM)
        if length < 5:
            raise Malformed(f"a frame of {length} bytes")
        if source < BROADCAST:
            yield Saying("protocol", f"dnp3/{source}")
        yield Saying("role", "client" if control & FROM_MASTER else "server")
        yield from _user_data(Reader(_without_checksums(r, length - 5)))


def _without_checksums(r: Reader, size: int) -> bytes:
    out = b""
    while size:
        part = min(size, BLOCK)
        out += r.take(part)
        r.skip(CHECKSUM)
        size -= part
    return out


def _user_data(r: Reader) -> Iterator[Saying]:
    """Read the first fragment of a response: a device's attributes fit in one frame, or are read one by one."""
    if len(r) < 7 or not r.u8() & FIRST:
        return
    r.skip(1)
    if r.u8() not in (RESPONSE, UNSOLICITED):
        return
    r.skip(2)  # internal indications
    for _ in range(MOST_OBJECTS):
        if len(r) < 3:
            return
        group, variation, qualifier = r.u8(), r.u8(), r.u8()
        if group != ATTRIBUTES or qualifier not in RANGES:
            return
        r.skip(RANGES[qualifier])
        if qualifier == 0x17:
            r.skip(1)  # the set's number stands before its value
        kind = r.u8()
        with r.block(r.u8()) as value:
            if kind == VISIBLE_STRING and variation in KINDS and (said := text(value.rest())):
                yield Saying(KINDS[variation], said)
