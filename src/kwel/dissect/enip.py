"""EtherNet/IP messages in, what a device says of itself out: List Identity, and the Identity object of CIP.

The EtherNet/IP Specification, CIP Networks Library volume 2, sections 2-3 (encapsulation header) and 2-4.4
(ListIdentity, the CIP Identity item); volume 1, sections 5A-2 (Identity object), 3-5.5 (Unconnected Send) and appendix
C-1 (paths). A module that is reached over a port of the sender with an IP address is said to have that address; one in
the same chassis has none of its own, and speaks for the chassis.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.dissect.sayings import Saying, ipv4, text
from kwel.dissect.vendors import named_vendor
from kwel.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.dissect.talk import Talk

LIST_IDENTITY, SEND_RR, SEND_UNIT, IDENTITY_ITEM = 0x63, 0x6F, 0x70, 0x0C
CONNECTED, UNCONNECTED = 0xB1, 0xB2
HEADER = struct.Struct("<HHII8sI")  # command, length, session, status, the sender's own words, options
IDENTITY = struct.Struct("<H16sHHHBBHI")
"""Version, socket address, vendor, device type, product, revision: major, minor; status, serial number."""
OBJECT = struct.Struct("<HHHBBHI")
"""The Identity object's attributes 1 to 6."""
REPLY = 0x80
GET_ALL, GET_LIST, GET_SINGLE, UNCONNECTED_SEND = 0x01, 0x03, 0x0E, 0x52
IDENTITY_CLASS, MANAGER_CLASS = 0x01, 0x06
VENDOR, REVISION, SERIAL, NAME = 1, 4, 6, 7
SIZES = {VENDOR: 2, 2: 2, 3: 2, REVISION: 2, 5: 2, SERIAL: 4}
MOST_ATTRIBUTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about an Identity object."""

    service: int
    attribute: int | None
    address: str | None
    """Of the module that is meant, where it is not the one addressed or in its chassis."""


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
            yield from _message(item, number, talk)


def _message(r: Reader, number: int | bytes, talk: Talk | None) -> Iterator[Saying]:
    service = r.u8()
    if service & REPLY == 0:
        asked = _question(service, r, None)
        if asked and talk:
            talk.ask(number, asked)
        return
    r.skip(1)
    status = r.u8()
    r.skip(2 * r.u8())
    asked = talk.answered(number) if talk else None
    if status:
        return
    address = asked.address if asked else None
    if service == GET_ALL | REPLY and len(r) > OBJECT.size:
        yield from _whole_object(r, address, certain=asked is not None)
    elif asked and service == asked.service | REPLY:
        if service == GET_SINGLE | REPLY and asked.attribute:
            yield from _attribute(asked.attribute, r, address)
        elif service == GET_LIST | REPLY:
            yield from _attributes(r, address)


def _question(service: int, r: Reader, address: str | None) -> Asked | None:
    """Read a request; return what it asks of an Identity object."""
    with r.block(2 * r.u8()) as path:
        parts = _path(path)
    if service == UNCONNECTED_SEND and parts.get("class") == MANAGER_CLASS:
        r.skip(2)  # tick time, ticks
        with r.block(_le(r, 2)) as inner:
            return _question(inner.u8(), inner, _far_address(r, inner))
    if parts.get("class") != IDENTITY_CLASS or service not in (GET_ALL, GET_LIST, GET_SINGLE):
        return None
    return Asked(service, parts.get("attribute"), address)


def _far_address(r: Reader, inner: Reader) -> str | None:
    """Return the IP address that a route, behind the message *inner* of *r*, ends at."""
    route = r.ahead(len(inner) + len(inner) % 2)
    size = route.u8() if len(route) else 0
    if not size:
        return None
    route.skip(1)
    address = None
    with route.block(2 * size) as hops:
        while len(hops):
            kind = hops.u8()
            if kind & 0xE0 or kind == 0:
                return address
            length = hops.u8() if kind & 0x10 else 1
            if kind & 0xF == 0xF:
                hops.skip(2)
            link = hops.take(length)
            hops.skip(length % 2 if kind & 0x10 else 0)
            address = ipv4(link) or address
    return address


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


def _whole_object(r: Reader, address: str | None, *, certain: bool) -> Iterator[Saying]:
    vendor, _, _, major, minor, _, serial = OBJECT.unpack(r.take(OBJECT.size))
    size = r.u8()
    if not certain and not 0 <= len(r) - size <= 8:
        raise Malformed("not the attributes of an Identity object")
    name = r.take(size)
    if not certain and not (name.isascii() and text(name) and text(name).isascii() and "\\" not in text(name)):
        return
    yield Saying("role", "server")
    yield from _identity(vendor, major, minor, serial, text(name), address)


def _attributes(r: Reader, address: str | None) -> Iterator[Saying]:
    for _ in range(min(_le(r, 2), MOST_ATTRIBUTES)):
        number, status = _le(r, 2), _le(r, 2)
        if status or (number not in SIZES and number != NAME):
            return
        with r.block(r.ahead(0).u8() + 1 if number == NAME else SIZES[number]) as value:
            yield from _attribute(number, value, address)


def _attribute(number: int, r: Reader, address: str | None) -> Iterator[Saying]:
    if number == VENDOR:
        yield from named_vendor("cip", _le(r, 2), address=address)
    elif number == REVISION:
        yield Saying("firmware", f"{r.u8()}.{r.u8():03}", address=address)
    elif number == SERIAL:
        yield Saying("serial", f"{_le(r, 4):08x}", address=address)
    elif number == NAME and (name := text(r.take(r.u8()))):
        yield Saying("product", name, address=address)


def _identity(vendor: int, major: int, minor: int, serial: int, name: str, address: str | None) -> Iterator[Saying]:
    yield from named_vendor("cip", vendor, address=address)
    if name:
        yield Saying("product", name, address=address)
    yield Saying("firmware", f"{major}.{minor:03}", address=address)
    if serial:
        yield Saying("serial", f"{serial:08x}", address=address)


def _le(r: Reader, size: int) -> int:
    return int.from_bytes(r.take(size), "little")
