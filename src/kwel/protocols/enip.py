"""EtherNet/IP messages in, what a device says of itself out: List Identity, and the Identity object of CIP.

The EtherNet/IP Specification, CIP Networks Library volume 2, sections 2-3 (encapsulation header) and 2-4.4
(ListIdentity, the CIP Identity item); volume 1, sections 5A-2 (Identity object), 3-5.5 (Unconnected Send) and appendix
C-1 (paths). A module that is reached over a port of the sender with an IP address is said to have that address; one in
the same chassis has none of its own: what product it is, is said of the chassis, the rest as of a unit behind it
(``enip/slot 3: 1756-L61/B LOGIX5561 16.020, serial 0051823f``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, ipv4, text
from kwel.protocols.vendors import named_vendor
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.talk import Talk

LIST_IDENTITY, SEND_RR, SEND_UNIT, IDENTITY_ITEM = 0x63, 0x6F, 0x70, 0x0C
CONNECTED, UNCONNECTED = 0xB1, 0xB2
HEADER = struct.Struct("<HHII8sI")  # command, length, session, status, the sender's own words, options
IDENTITY = struct.Struct("<H16sHHHBBHI")
"""Version, socket address, vendor, device type, product, revision: major, minor; status, serial number."""
OBJECT = struct.Struct("<HHHBBHI")
"""The Identity object's attributes 1 to 6."""
REPLY = 0x80
GET_ALL, GET_LIST, GET_SINGLE, MULTIPLE, UNCONNECTED_SEND = 0x01, 0x03, 0x0E, 0x0A, 0x52
IDENTITY_CLASS, MANAGER_CLASS = 0x01, 0x06
VENDOR, REVISION, SERIAL, NAME = 1, 4, 6, 7
SIZES = {VENDOR: 2, 2: 2, 3: 2, REVISION: 2, 5: 2, SERIAL: 4}
MOST_ATTRIBUTES, MOST_SERVICES = 16, 32
BACKPLANE = 1
"""The port by which modules of a chassis reach one another (appendix C-1.4.1)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about an Identity object."""

    service: int
    attribute: int | None
    address: str | None = None
    """Of the module that is meant, where it is not the one addressed or in its chassis."""
    place: str | None = None
    """Which module of the chassis is meant, where it may not be the one addressed; empty: it is not known which."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* is encapsulated: an answer to a List Identity, or carries a message of CIP."""
    if len(data) <= HEADER.size + 2:
        return False
    command = int.from_bytes(data[:2], "little")
    is_list = command == LIST_IDENTITY and data[2:4] != b"\0\0" and data[8:12] == bytes(4)
    return is_list or command in (SEND_RR, SEND_UNIT)


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    return HEADER.size + int.from_bytes(data[2:4], "little") if len(data) >= 4 else None


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield vendor, product name, revision and serial number."""
    while len(r):
        command, length, _, _, words, _ = HEADER.unpack(r.take(HEADER.size))
        with r.block(length) as body:
            if command == LIST_IDENTITY:
                yield from _list_identity(body)
            elif command in (SEND_RR, SEND_UNIT) and len(body) > 6:
                body.skip(6)  # interface handle, timeout
                yield from _items(body, words, talk)


def _list_identity(body: Reader) -> Iterator[Saying]:
    if len(body) == 0:
        return
    for _ in range(_le(body, 2)):
        kind, size = _le(body, 2), _le(body, 2)
        with body.block(size) as item:
            if kind != IDENTITY_ITEM:
                continue
            _, _, vendor, _, _, major, minor, _, serial = IDENTITY.unpack(item.take(IDENTITY.size))
            yield Saying("role", "server")
            yield from _identity(vendor, major, minor, serial, text(item.take(item.u8())), None)


def _items(body: Reader, words: bytes, talk: Talk | None) -> Iterator[Saying]:
    """Read the message of CIP among the items. Answers bear the question's number, or the sender's own words."""
    for _ in range(min(_le(body, 2), 4)):
        kind, size = _le(body, 2), _le(body, 2)
        with body.block(size) as item:
            if kind not in (CONNECTED, UNCONNECTED) or size < 2:
                continue
            number = _le(item, 2) if kind == CONNECTED else words
            yield from _message(item, number, talk, Asked(0, None, place="") if kind == CONNECTED else None)


def _message(r: Reader, number: int | bytes, talk: Talk | None, to: Asked | None) -> Iterator[Saying]:
    """Read a message of CIP. Over a connection it may be to any module: who opened it chose."""
    service = r.u8()
    if service & REPLY == 0:
        asked = _question(service, r, to)
        if asked and talk:
            talk.ask(number, asked)
        return
    yield from _answer(service & ~REPLY, r, (talk.answered(number) if talk else None) or ())


def _answer(service: int, r: Reader, asked: tuple[Asked, ...]) -> Iterator[Saying]:
    r.skip(1)
    status = r.u8()
    r.skip(2 * r.u8())
    if service == MULTIPLE and asked:
        for at, question in zip(_offsets(r), asked, strict=False):
            part = r.ahead(at)
            inner = part.u8() & ~REPLY
            if inner != MULTIPLE:
                yield from _answer(inner, part, (question,))
        return
    if status:
        return
    one: Asked | None = asked[0] if asked else None
    if service == GET_ALL and len(r) > OBJECT.size:
        yield from _whole_object(r, one)
    elif one is not None and service == one.service:
        if service == GET_SINGLE and one.attribute:
            yield from _attribute(one.attribute, r, one)
        elif service == GET_LIST:
            yield from _attributes(r, one)


def _offsets(r: Reader) -> list[int]:
    """Return where the messages of a Multiple Service Packet begin, from its count on (section 5A-3.4)."""
    head = r.ahead(0)
    return [_le(head, 2) for _ in range(min(_le(head, 2), MOST_SERVICES))]


def _question(service: int, r: Reader, to: Asked | None = None) -> tuple[Asked, ...]:
    """Read a request; return what it asks of Identity objects, one each of those that stand in one packet."""
    with r.block(2 * r.u8()) as path:
        parts = _path(path)
    if service == UNCONNECTED_SEND and parts.get("class") == MANAGER_CLASS:
        r.skip(2)  # tick time, ticks
        with r.block(_le(r, 2)) as inner:
            inner_service, to = inner.u8(), _far(r.ahead(len(inner) + len(inner) % 2))
            return _question(inner_service, inner, to) if inner_service != UNCONNECTED_SEND else ()
    if service == MULTIPLE:
        found: list[Asked] = []
        for at in _offsets(r):
            part = r.ahead(at)
            inner_service = part.u8()
            found += (inner_service not in (MULTIPLE, UNCONNECTED_SEND) and _question(inner_service, part, to)) or (
                Asked(0, None),
            )
        return tuple(found)
    if parts.get("class") != IDENTITY_CLASS or service not in (GET_ALL, GET_LIST, GET_SINGLE):
        return ()
    return (Asked(service, parts.get("attribute"), to.address if to else None, to.place if to else None),)


def _far(route: Reader) -> Asked:
    """Return whom a route ends at: a host with an IP address, or a module in a slot."""
    size = route.u8() if len(route) else 0
    address, slot = None, None
    if size:
        route.skip(1)
        with route.block(2 * size) as hops:
            while len(hops):
                kind = hops.u8()
                if kind & 0xE0 or kind == 0:
                    break
                length = hops.u8() if kind & 0x10 else 1
                if kind & 0xF == 0xF:
                    hops.skip(2)
                link = hops.take(length)
                hops.skip(length % 2 if kind & 0x10 else 0)
                address, slot = (ipv4(link) or address, None) if length > 1 else (address, link[0])
                slot = slot if kind & 0xF == BACKPLANE else None
    return Asked(0, None, address, None if slot is None else f"slot {slot}: ")


def _path(r: Reader) -> dict[str, int]:
    """Read the logical segments of a path: class, instance and attribute."""
    names = {0: "class", 4: "instance", 16: "attribute"}
    parts: dict[str, int] = {}
    while len(r):
        kind = r.u8()
        if kind & 0xE0 != 0x20 or kind & 3 > 1:
            return parts
        if kind & 3:
            r.skip(1)
        value = _le(r, 2) if kind & 3 else r.u8()
        if name := names.get(kind & 0x1C):
            parts[name] = value
    return parts


def _whole_object(r: Reader, asked: Asked | None) -> Iterator[Saying]:
    """Read all attributes. Without the question, what has their shape passes for them, of whichever module."""
    vendor, _, _, major, minor, _, serial = OBJECT.unpack(r.take(OBJECT.size))
    size = r.u8()
    if asked is None and not 0 <= len(r) - size <= 8:
        raise Malformed("not the attributes of an Identity object")
    name = r.take(size)
    said = text(name)
    if asked is None and not (name.isascii() and said and "\\" not in said):
        return
    yield Saying("role", "server")
    if asked and asked.place is None:
        yield from _identity(vendor, major, minor, serial, said, asked.address)
        return
    address = asked.address if asked else None
    yield from named_vendor("cip", vendor, address=address)
    yield Saying("product", said or f"product of vendor {vendor}", address=address)
    place = (asked.place or "") if asked else ""
    yield Saying("protocol", f"enip/{place}{said} {major}.{minor:03}, serial {serial:08x}", address=address)


def _attributes(r: Reader, asked: Asked) -> Iterator[Saying]:
    for _ in range(min(_le(r, 2), MOST_ATTRIBUTES)):
        number, status = _le(r, 2), _le(r, 2)
        if status or (number not in SIZES and number != NAME):
            return
        with r.block(r.ahead(0).u8() + 1 if number == NAME else SIZES[number]) as value:
            yield from _attribute(number, value, asked)


def _attribute(number: int, r: Reader, asked: Asked) -> Iterator[Saying]:
    kind: FactKind | None = None
    if number == VENDOR:
        yield from named_vendor("cip", _le(r, 2), address=asked.address)
    elif number == NAME:
        kind, value = "product", text(r.take(r.u8()))
    elif number == REVISION:
        kind, value = "firmware", f"{r.u8()}.{r.u8():03}"
    elif number == SERIAL:
        kind, value = "serial", f"{_le(r, 4):08x}"
    if kind is None or not value:
        return
    if asked.place is not None and kind != "product":
        kind, value = "protocol", f"enip/{asked.place}{kind} {value}"
    yield Saying(kind, value, address=asked.address)


def _identity(vendor: int, major: int, minor: int, serial: int, name: str, address: str | None) -> Iterator[Saying]:
    yield from named_vendor("cip", vendor, address=address)
    if name:
        yield Saying("product", name, address=address)
    yield Saying("firmware", f"{major}.{minor:03}", address=address)
    if serial:
        yield Saying("serial", f"{serial:08x}", address=address)


def _le(r: Reader, size: int) -> int:
    return int.from_bytes(r.take(size), "little")
