"""DHCPv6 messages in, what a client or a server is called and identified by out.

RFC 8415 sections 8 and 9 (messages, relayed ones), 11 (DUID), 21 (options); RFC 4704 (the client's name). A DUID
identifies a device; that it holds a MAC proves nothing of the address, which may be of another interface.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from kwel.model.records.columns import mac_text
from kwel.protocols.sayings import Saying, own_mac, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

FROM_CLIENT, FROM_SERVER, RELAYED = (1, 3, 4, 5, 6, 8, 9, 11), (2, 7, 10), 12
CLIENT_ID, SERVER_ID, REQUESTED, RELAY_MESSAGE, VENDOR_CLASS, CLIENT_NAME = 1, 2, 6, 9, 16, 39
DUID_TIME, DUID_LINK, ETHERNET = 1, 3, 1
MOST_OPTIONS, MOST_RELAYS, MOST_REQUESTED = 64, 4, 64


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a type of message that exists and holds an option that does."""
    return len(data) >= 8 and 1 <= data[0] <= 13


def observe(r: Reader, address: str | None = None, depth: int = 0) -> Iterator[Saying]:
    """Yield what the message says, of *address* if it was relayed for that one."""
    kind = r.u8()
    if kind == RELAYED and depth < MOST_RELAYS:
        r.skip(17)  # hops, link
        peer = socket.inet_ntop(socket.AF_INET6, r.take(16))
        for code, value in _options(r):
            if code == RELAY_MESSAGE:
                yield from observe(Reader(value), peer, depth + 1)
        return
    if kind not in (*FROM_CLIENT, *FROM_SERVER):
        return
    r.skip(3)  # transaction
    for code, value in _options(r):
        if code == (SERVER_ID if kind in FROM_SERVER else CLIENT_ID):
            if identifier := _duid(value):
                yield Saying("identity", identifier, address=address)
        elif kind in FROM_CLIENT:
            yield from _client(code, Reader(value), address)


def _client(code: int, r: Reader, address: str | None) -> Iterator[Saying]:
    """Yield what an option says of the client."""
    if code == CLIENT_NAME:
        r.skip(1)  # flags
        if name := ".".join(_labels(r)):
            yield Saying("hostname", name, address=address)
    elif code == VENDOR_CLASS:
        r.skip(4)  # enterprise number
        if value := text(r.take(r.u16())):
            yield Saying("vendor-class", value, address=address)
    elif code == REQUESTED:
        numbers = [r.u16() for _ in range(min(len(r) // 2, MOST_REQUESTED))]
        if numbers:
            yield Saying("parameters", ",".join(map(str, numbers)), address=address)


def _options(r: Reader) -> Iterator[tuple[int, bytes]]:
    for _ in range(MOST_OPTIONS):
        if not len(r):
            return
        code, size = r.u16(), r.u16()
        yield code, r.take(size)
    raise Malformed("more options than a message has")


def _labels(r: Reader) -> Iterator[str]:
    while len(r) and (length := r.u8()):
        yield text(r.take(length))


def _duid(raw: bytes) -> str:
    """Return a DUID's hexadecimal, and the MAC alone of those that are made of one."""
    r = Reader(raw)
    if len(raw) in (10, 14) and r.u16() in (DUID_TIME, DUID_LINK) and r.u16() == ETHERNET:
        r.skip(len(raw) - 10)
        if (mac := own_mac(r.take(6))) is not None:
            return f"duid {mac_text(mac)}"
    return f"duid {raw[:64].hex(':')}" if raw else ""
