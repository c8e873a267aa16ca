"""BACnet/IP payloads in, what a device says of itself out: its instance, name, vendor, model and firmware.

Specification: ANSI/ASHRAE 135, annex J (BVLL), clause 6.2 (NPDU), clause 20.1 (APDU), 20.2 (encoding), 16.10 (I-Am),
15.5 (ReadProperty), 21 (property and object numbers). What comes through a router is of a device behind it, not of the
sender, and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.dissect.sayings import Saying, text
from kwel.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.kinds import FactKind
    from kwel.wire import Reader

BVLL, FORWARDED = 0x81, 0x04
CARRYING = (0x04, 0x09, 0x0A, 0x0B)
"""Functions that carry an NPDU: forwarded, distributed, to one, to all."""
NETWORK_MESSAGE, HAS_DESTINATION, HAS_SOURCE = 0x80, 0x20, 0x08
UNCONFIRMED, COMPLEX_ACK = 1, 3
SEGMENTED = 0x08
I_AM, READ_PROPERTY = 0, 12
DEVICE = 8
PROPERTIES: dict[int, FactKind] = {77: "hostname", 121: "vendor", 70: "product", 44: "firmware"}
OBJECT, TEXT, OPENING, CLOSING = 12, 7, 6, 7
UTF8, LATIN1 = 0, 5
EXTENDED = 5


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a datagram of BACnet/IP that carries a message."""
    return len(data) >= 6 and data[0] == BVLL and data[1] in CARRYING and int.from_bytes(data[2:4], "big") == len(data)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what the sender, a device, says of itself."""
    r.skip(1)
    function = r.u8()
    r.skip(2)
    if function == FORWARDED:
        return  # of the device whose address comes first, not of the sender
    if (version := r.u8()) != 1:
        raise Malformed(f"NPDU version {version}, not 1")
    control = r.u8()
    if control & (NETWORK_MESSAGE | HAS_SOURCE):
        return
    if control & HAS_DESTINATION:
        r.skip(2)
        r.skip(r.u8() + 1)  # address, hop count
    kind = r.u8()
    if kind >> 4 == UNCONFIRMED and r.u8() == I_AM:
        yield from _i_am(r)
    elif kind >> 4 == COMPLEX_ACK and not kind & SEGMENTED:
        r.skip(1)  # invoke id
        if r.u8() == READ_PROPERTY:
            yield from _read_property(r)


def _i_am(r: Reader) -> Iterator[Saying]:
    number, _, size = _tag(r)
    value = int.from_bytes(r.take(size), "big")
    if number != OBJECT or size != 4 or value >> 22 != DEVICE:
        raise Malformed("I-Am does not begin with a device")
    yield Saying("identity", f"bacnet/{value & 0x3FFFFF}")


def _read_property(r: Reader) -> Iterator[Saying]:
    _, _, size = _tag(r)
    owner = int.from_bytes(r.take(size), "big") >> 22
    _, _, size = _tag(r)
    wanted = int.from_bytes(r.take(size), "big")
    number, _, opening = _tag(r)
    if number == 2:  # an index into an array
        r.skip(opening)
        _tag(r)
    number, is_context, size = _tag(r)
    if owner != DEVICE or wanted not in PROPERTIES or is_context or number != TEXT:
        return
    with r.block(size) as value:
        charset = value.u8()
        raw = value.rest()
    if charset not in (UTF8, LATIN1):
        return
    if said := text(raw if charset == UTF8 else raw.decode("latin-1").encode()):
        yield Saying(PROPERTIES[wanted], said)


def _tag(r: Reader) -> tuple[int, bool, int]:
    """Return a tag's number, whether it is of the context, and the size of its value; 0 of one that opens or closes."""
    first = r.u8()
    number = r.u8() if first >> 4 == 15 else first >> 4
    is_context, size = bool(first & 8), first & 7
    if is_context and size in (OPENING, CLOSING):
        return number, True, 0
    if size == EXTENDED:
        size = r.u8()
        if size == 254:
            size = r.u16()
    return number, is_context, size
