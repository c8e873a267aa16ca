"""Packets of Beckhoff's ADS in, AMS net identifiers, names, programs and versions out.

Beckhoff's ADS/AMS Specification: AMS/TCP header, AMS header, ReadDeviceInfo (command 1). How devices find one another
over UDP is not published; the tags of an answer are as the open library pyads reads and writes them, and are graded as
any saying. A route that is added carries a user and a password: such a packet is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

COOKIE, ANSWER = bytes.fromhex("03661471"), 0x80000001
TAG_VERSION, TAG_NAME = 3, 5
READ_DEVICE_INFO, IS_RESPONSE = 1, 1
TCP_HEADER = 6
MOST_TAGS = 16


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an AMS packet over TCP, or of the search for devices over UDP."""
    return data[:4] == COOKIE or (len(data) >= TCP_HEADER + 32 and data[:2] == b"\0\0")


def size_of(data: bytes) -> int | None:
    """Return how long the packet over TCP is that *data* begins with."""
    return TCP_HEADER + int.from_bytes(data[2:6], "little") if len(data) >= TCP_HEADER else None


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the sender's net identifier (``ads/5.18.60.2.1.1``), role, name and version."""
    if len(r) >= 4 and r.ahead(0).take(4) == COOKIE:
        yield from _found(r)
        return
    while len(r):
        r.skip(2)
        with r.block(_le(r, 4)) as packet:
            yield from _packet(packet)


def _packet(r: Reader) -> Iterator[Saying]:
    r.skip(8)  # to whom
    source = _net_id(r)
    r.skip(2)
    command, flags = _le(r, 2), _le(r, 2)
    with r.block(_le(r, 4) + 8) as body:
        body.skip(8)  # error, number of the question
        yield Saying("identity", source)
        yield Saying("role", "server" if flags & IS_RESPONSE else "client")
        if command == READ_DEVICE_INFO and flags & IS_RESPONSE and _le(body, 4) == 0:
            version = f"{body.u8()}.{body.u8()}.{_le(body, 2)}"
            if name := text(body.take(16).split(b"\0")[0]):
                yield Saying("software", f"{name} {version}")


def _found(r: Reader) -> Iterator[Saying]:
    r.skip(8)
    if _le(r, 4) != ANSWER:
        return
    yield Saying("identity", _net_id(r))
    r.skip(2)
    for _ in range(min(_le(r, 4), MOST_TAGS)):
        tag = _le(r, 2)
        with r.block(_le(r, 2)) as value:
            if tag == TAG_NAME and (name := text(value.rest().split(b"\0")[0])):
                yield Saying("hostname", name)
            elif tag == TAG_VERSION and len(value) >= 4:
                yield Saying("firmware", f"{value.u8()}.{value.u8()}.{_le(value, 2)}")


def _net_id(r: Reader) -> str:
    raw = r.take(6)
    if not any(raw):
        raise Malformed("a net identifier of zeros")
    return "ads/" + ".".join(map(str, raw))


def _le(r: Reader, size: int) -> int:
    return int.from_bytes(r.take(size), "little")
