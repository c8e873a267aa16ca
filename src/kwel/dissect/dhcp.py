"""DHCP messages in, host names, vendor classes and leases out.

RFC 2131 section 2 (message), RFC 2132 (options 12, 50, 53, 54, 60), RFC 3396 (long options), RFC 4702
(option 81). Everything said is about the owner of the client hardware address, whoever sent or relayed it.
"""

from __future__ import annotations

import enum
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.dissect.sayings import Binding, Saying, own_mac, text
from kwel.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC_COOKIE = bytes.fromhex("63825363")
FIXED_LENGTH = 236
HARDWARE_ETHERNET = 1
FQDN_IN_WIRE_FORMAT = 0x04
UNSPECIFIED = bytes(4)


class Option(enum.IntEnum):
    """RFC 2132 section 3 to 9; the ones that are read here."""

    PAD = 0
    HOST_NAME = 12
    REQUESTED_ADDRESS = 50
    MESSAGE_TYPE = 53
    SERVER_IDENTIFIER = 54
    VENDOR_CLASS = 60
    CLIENT_FQDN = 81
    END = 255


class MessageType(enum.IntEnum):
    """RFC 2132 section 9.6; the two that bind an address."""

    REQUEST = 3
    ACK = 5


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of a DHCP message that identify a client."""

    mac: int | None
    client_address: bytes
    your_address: bytes
    options: dict[int, bytes]

    @property
    def type(self) -> int:
        """Return the message type, 0 for plain BOOTP."""
        raw = self.options.get(Option.MESSAGE_TYPE, b"\0")
        return raw[0] if len(raw) == 1 else 0


def looks_like(data: bytes) -> bool:
    """Return whether *data* holds a BOOTP header and the DHCP cookie behind it."""
    return data[FIXED_LENGTH : FIXED_LENGTH + 4] == MAGIC_COOKIE


def observe(r: Reader) -> Iterator[Saying | Binding]:
    """Yield what the client calls itself, and its lease where one is granted or in use."""
    message = read_message(r)
    if message.mac is None:
        return
    options = message.options
    for name in (text(options.get(Option.HOST_NAME, b"")), _fqdn(options.get(Option.CLIENT_FQDN, b""))):
        if name:
            yield Saying("hostname", name, mac=message.mac)
    if vendor_class := text(options.get(Option.VENDOR_CLASS, b"")):
        yield Saying("product", vendor_class, mac=message.mac)
    address = _bound_address(message)
    if address != UNSPECIFIED:
        yield Binding(message.mac, socket.inet_ntoa(address))


def read_message(r: Reader) -> Message:
    """Read one message."""
    r.skip(1)  # op: the message type says more
    hardware, hardware_length = r.u8(), r.u8()
    r.skip(9)  # hops, transaction, seconds, flags
    client_address, your_address = r.take(4), r.take(4)
    r.skip(8)  # next server, relay agent
    hardware_address = r.take(16)
    r.skip(192)  # server name, boot file
    if r.take(4) != MAGIC_COOKIE:
        raise Malformed("no DHCP cookie")
    is_ethernet = hardware == HARDWARE_ETHERNET and hardware_length == 6
    mac = own_mac(hardware_address[:6]) if is_ethernet else None
    return Message(mac, client_address, your_address, _read_options(r))


def _read_options(r: Reader) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    while len(r):
        code = r.u8()
        if code == Option.PAD:
            continue
        if code == Option.END:
            break
        options[code] = options.get(code, b"") + r.take(r.u8())  # RFC 3396: repeated options are one long one
    return options


def _bound_address(message: Message) -> bytes:
    """Return the address that the message proves to be the client's.

    A REQUEST after an offer (it names the server) is about to be granted, and one that renews already holds
    its address. One that asks for the address of a former network may be refused (RFC 2131 section 4.3.2).
    """
    if message.type == MessageType.ACK:
        return message.your_address if message.your_address != UNSPECIFIED else message.client_address
    if message.type != MessageType.REQUEST:
        return UNSPECIFIED
    requested = message.options.get(Option.REQUESTED_ADDRESS, UNSPECIFIED)
    if Option.SERVER_IDENTIFIER in message.options and len(requested) == 4:
        return requested
    return message.client_address


def _fqdn(raw: bytes) -> str:
    """Return the name of RFC 4702: three bytes of flags, then a name in DNS or in plain spelling."""
    if len(raw) < 4:
        return ""
    r = Reader(raw)
    flags = r.u8()
    r.skip(2)  # result codes, obsolete
    if not flags & FQDN_IN_WIRE_FORMAT:
        return text(r.rest()).rstrip(".")
    labels = []
    while len(r) and (length := r.u8()):  # a partial name lacks the final root label (RFC 4702 section 2.3.1)
        labels.append(text(r.take(length)))
    return ".".join(labels)
