"""BACnet messages in, what a device says of itself out: its instance, name, vendor, model, firmware, place and objects.

Specification: ANSI/ASHRAE 135, annex J (BVLL), clause 6.2 (NPDU), 6.4 (messages of the network), 20.1 (APDU), 20.2
(encoding), 16.9 and 16.10 (I-Have, I-Am), 15.5 and 15.7 (ReadProperty, ReadPropertyMultiple), 21 (property and object
numbers). What a broadcast device forwards is of the device whose address it bears. What comes through a router is of a
device behind it, and is said of the router as that of a unit: ``bacnet/2:5 device 1001``, network 2, station 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, ipv4, text
from kwel.protocols.vendors import named_vendor
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind

BVLL, FORWARDED = 0x81, 0x04
CARRYING = (0x04, 0x09, 0x0A, 0x0B)
"""Functions that carry an NPDU: forwarded, distributed, to one, to all."""
NETWORK_MESSAGE, HAS_DESTINATION, HAS_SOURCE = 0x80, 0x20, 0x08
I_AM_ROUTER = 0x01
UNCONFIRMED, COMPLEX_ACK = 1, 3
SEGMENTED = 0x08
I_AM, I_HAVE, READ_PROPERTY, READ_MULTIPLE = 0, 1, 12, 14
DEVICE = 8
NAME, VENDOR_NUMBER = 77, 120
PROPERTIES: dict[int, FactKind] = {
    NAME: "hostname", 121: "vendor", 70: "product", 44: "firmware", 12: "software", 28: "description", 58: "location",
    372: "serial",
}  # fmt: skip
UNSIGNED, TEXT, OBJECT, OPENING, CLOSING = 2, 7, 12, 6, 7
ENCODINGS = {0: "utf-8", 3: "utf-32-be", 4: "utf-16-be", 5: "latin-1"}
EXTENDED = 5
OBJECTS = {
    0: "analog-input", 1: "analog-output", 2: "analog-value", 3: "binary-input", 4: "binary-output", 5: "binary-value",
    6: "calendar", 10: "file", 12: "loop", 13: "multi-state-input", 14: "multi-state-output", 15: "notification-class",
    16: "program", 17: "schedule", 19: "multi-state-value", 20: "trend-log",
}  # fmt: skip
MOST_ITEMS = 64


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who a message is of: its sender, the host of *address*, or a unit behind one of both."""

    address: str | None = None
    unit: str | None = None

    def say(self, kind: FactKind, value: str) -> Saying:
        """Return one statement, of a unit as one about what is behind the sender."""
        if self.unit is None:
            return Saying(kind, value, address=self.address)
        word = {"hostname": "name", "product": "model"}.get(kind, kind)
        return Saying("protocol", text(f"bacnet/{self.unit} {word} {value}".encode()), address=self.address)

    def vendor(self, number: int) -> Iterator[Saying]:
        """Say a vendor's number, and its name where it is known."""
        for said in named_vendor("bacnet", number):
            yield self.say(said.kind, said.value)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a datagram of BACnet/IP that carries a message."""
    return len(data) >= 6 and data[0] == BVLL and data[1] in CARRYING and int.from_bytes(data[2:4], "big") == len(data)


def looks_like_message(data: bytes) -> bool:
    """Return whether *data* is a message of the network layer, as it stands in frames without IP."""
    return len(data) >= 4 and data[0] == 1


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what a device says of itself in a datagram of BACnet/IP."""
    r.skip(1)
    function = r.u8()
    r.skip(2)
    address = None
    if function == FORWARDED:
        address = ipv4(r.take(4))
        r.skip(2)
        if address is None:
            return
    yield from observe_message(r, address)


def observe_message(r: Reader, address: str | None = None) -> Iterator[Saying]:
    """Yield what a device says of itself, or one that it speaks for, in a message of the network layer."""
    if (version := r.u8()) != 1:
        raise Malformed(f"NPDU version {version}, not 1")
    control, unit = r.u8(), None
    if control & HAS_DESTINATION:
        r.skip(2)
        r.skip(r.u8())
    if control & HAS_SOURCE:
        network = r.u16()
        station = r.take(r.u8())
        unit = f"{network}:{int.from_bytes(station, 'big') if len(station) == 1 else station.hex()}"
    if control & HAS_DESTINATION:
        r.skip(1)  # hop count
    speaker = Speaker(address, unit)
    if control & NETWORK_MESSAGE:
        if r.u8() == I_AM_ROUTER and unit is None:
            for _ in range(min(len(r) // 2, MOST_ITEMS)):
                yield speaker.say("protocol", f"bacnet/routes network {r.u16()}")
        return
    kind = r.u8()
    if kind >> 4 == UNCONFIRMED:
        service = r.u8()
        if service == I_AM:
            yield from _i_am(r, speaker)
        elif service == I_HAVE:
            yield from _i_have(r, speaker)
    elif kind >> 4 == COMPLEX_ACK:
        r.skip(1)  # invoke id
        if kind & SEGMENTED:
            if r.u8() != 0:
                return  # the middle of something
            r.skip(1)
        service = r.u8()
        if service == READ_PROPERTY:
            yield from _read_property(r, speaker)
        elif service == READ_MULTIPLE:
            yield from _read_multiple(r, speaker)


def _i_am(r: Reader, speaker: Speaker) -> Iterator[Saying]:
    kind, instance = _object(r)
    if kind != DEVICE:
        raise Malformed("I-Am does not begin with a device")
    yield _instance(instance, speaker)
    for _ in range(2):  # longest message, segmentation
        r.skip(_tag(r)[2])
    number, _, size = _tag(r)
    if number == UNSIGNED:
        yield from speaker.vendor(int.from_bytes(r.take(size), "big"))


def _i_have(r: Reader, speaker: Speaker) -> Iterator[Saying]:
    kind, instance = _object(r)
    if kind == DEVICE:
        yield _instance(instance, speaker)
    owner = _object(r)
    yield from _property(owner, NAME, r, speaker)


def _instance(instance: int, speaker: Speaker) -> Saying:
    if speaker.unit is None:
        return speaker.say("identity", f"bacnet/{instance}")
    return Saying("protocol", f"bacnet/{speaker.unit} device {instance}", address=speaker.address)


def _read_property(r: Reader, speaker: Speaker) -> Iterator[Saying]:
    owner = _object(r)
    wanted = int.from_bytes(r.take(_tag(r)[2]), "big")
    number, _, opening = _tag(r)
    if number == 2:  # an index into an array
        r.skip(opening)
        _tag(r)
    yield from _property(owner, wanted, r, speaker)


def _read_multiple(r: Reader, speaker: Speaker) -> Iterator[Saying]:
    """Read the results object by object; a property that could not be read has an error in its place."""
    while len(r):
        owner = _object(r)
        _expect(r, 1, OPENING)
        for _ in range(MOST_ITEMS * MOST_ITEMS):
            number, size = _mark(r)
            if (number, size) == (1, CLOSING):
                break
            wanted = int.from_bytes(r.take(size), "big")
            number, size = _mark(r)
            if number == 3:  # an index into an array
                r.skip(size)
                number, size = _mark(r)
            if size != OPENING:
                raise Malformed("a property without a value")
            if number == 4:
                yield from _property(owner, wanted, r.ahead(0), speaker)
            _skip_to_closing(r)


def _property(owner: tuple[int, int], wanted: int, r: Reader, speaker: Speaker) -> Iterator[Saying]:
    """Read one value of an object: what a device is, or what another of its objects is called."""
    kind, instance = owner
    number, is_context, size = _tag(r)
    if is_context:
        return
    if kind == DEVICE and wanted == VENDOR_NUMBER and number == UNSIGNED:
        yield from speaker.vendor(int.from_bytes(r.take(size), "big"))
        return
    if number != TEXT or (wanted not in PROPERTIES if kind == DEVICE else wanted != NAME):
        return
    with r.block(size) as value:
        encoding = ENCODINGS.get(value.u8())
        raw = value.rest()
    said = text(raw.decode(encoding, "backslashreplace").encode("utf-8", "backslashreplace")) if encoding else ""
    if not said:
        return
    if kind == DEVICE:
        if wanted == NAME:
            yield _instance(instance, speaker)
        yield speaker.say(PROPERTIES[wanted], said)
    else:
        yield speaker.say("service", text(f"{OBJECTS.get(kind, f'object {kind}')} {instance}: {said}".encode()))


def _object(r: Reader) -> tuple[int, int]:
    """Return type and instance of an object identifier."""
    _, _, size = _tag(r)
    if size != 4:
        raise Malformed("no object identifier")
    value = int.from_bytes(r.take(4), "big")
    return value >> 22, value & 0x3FFFFF


def _expect(r: Reader, number: int, mark: int) -> None:
    if _mark(r) != (number, mark):
        raise Malformed("lists of properties do not stand in their brackets")


def _mark(r: Reader) -> tuple[int, int]:
    """Return a context tag's number, and OPENING, CLOSING or the size of its value, at most 4."""
    first = r.u8()
    if not first & 8 or first >> 4 == 15:
        raise Malformed("a value where a tag of the context must stand")
    return first >> 4, first & 7


def _skip_to_closing(r: Reader) -> None:
    """Step behind the value that an opening tag began."""
    depth = 1
    while depth:
        first = r.ahead(0).u8()
        if first & 8 and first & 7 in (OPENING, CLOSING):
            depth += 1 if first & 7 == OPENING else -1
            _tag(r)
            continue
        number, is_context, size = _tag(r)
        r.skip(0 if number == 1 and not is_context else size)  # a boolean is its own size


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
        elif size == 255:
            size = r.u16() << 16 | r.u16()
    return number, is_context, size
