"""DHCP messages in, host names, vendor classes, identifiers and leases out.

RFC 2131 section 2 (message), RFC 2132 (options 12, 50, 53, 54, 55, 60, 61), RFC 3396 (long options), RFC 4702
(option 81). Everything said is about the owner of the client hardware address, whoever sent or relayed it.
"""

from __future__ import annotations

import enum
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.records.columns import mac_text
from kwel.protocols.sayings import Binding, Saying, own_mac, text
from kwel.protocols.wire import Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC_COOKIE = bytes.fromhex("63825363")
FIXED_LENGTH = 236
HARDWARE_ETHERNET = 1
FQDN_IN_WIRE_FORMAT = 0x04
UNSPECIFIED = bytes(4)
MOST_PARAMETERS, SHORTEST_IDENTIFIER = 64, 2


class Option(enum.IntEnum):
    """RFC 2132 section 3 to 9; the ones that are read here."""

    PAD = 0
    HOST_NAME = 12
    REQUESTED_ADDRESS = 50
    MESSAGE_TYPE = 53
    SERVER_IDENTIFIER = 54
    PARAMETERS = 55
    VENDOR_CLASS = 60
    CLIENT_IDENTIFIER = 61
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
    problem: WireError | None = None
    """Why the options are missing, or end too early. Plain BOOTP (RFC 951) has none."""

    @property
    def type(self) -> int:
        """Return the message type, 0 for plain BOOTP."""
        raw = self.options.get(Option.MESSAGE_TYPE, b"\0")
        return raw[0] if len(raw) == 1 else 0


def looks_like(data: bytes) -> bool:
    """Return whether *data* holds a BOOTP header and the DHCP cookie behind it, or begins as one for Ethernet does."""
    return data[FIXED_LENGTH : FIXED_LENGTH + 4] == MAGIC_COOKIE or data[:3] in (b"\1\1\6", b"\2\1\6")


def observe(r: Reader) -> Iterator[Saying | Binding]:
    """Yield what the client calls itself, and its lease where one is granted or in use."""
    message = read_message(r)
    if message.mac is None:
        if message.problem:
            raise message.problem
        return
    options = message.options
    names = (text(options.get(Option.HOST_NAME, b"")), _fqdn(options.get(Option.CLIENT_FQDN, b"")))
    yield from (Saying("hostname", name, mac=message.mac) for name in names if name)
    if vendor_class := text(options.get(Option.VENDOR_CLASS, b"")):
        yield Saying("vendor-class", vendor_class, mac=message.mac)
    if parameters := options.get(Option.PARAMETERS, b""):
        yield Saying("parameters", ",".join(map(str, parameters[:MOST_PARAMETERS])), mac=message.mac)
    identifier = _identifier(options.get(Option.CLIENT_IDENTIFIER, b""))
    if identifier and identifier != mac_text(message.mac):
        yield Saying("identity", identifier, mac=message.mac)
    address = _bound_address(message)
    if address != UNSPECIFIED:
        yield Binding(message.mac, socket.inet_ntoa(address))
    elif not (any(names) or vendor_class or parameters or identifier):
        yield Saying("identity", mac_text(message.mac), mac=message.mac)  # as a server knows it then
    if message.problem:
        raise message.problem


def read_message(r: Reader) -> Message:
    """Read one message. The hardware address stands first: a message that is cut behind it still tells whose it is."""
    r.skip(1)  # op: the message type says more
    hardware, hardware_length = r.u8(), r.u8()
    r.skip(9)  # hops, transaction, seconds, flags
    client_address, your_address = r.take(4), r.take(4)
    r.skip(8)  # next server, relay agent
    hardware_address = r.take(16)
    is_ethernet = hardware == HARDWARE_ETHERNET and hardware_length == 6
    mac = own_mac(hardware_address[:6]) if is_ethernet else None
    options: dict[int, bytes] = {}
    problem: WireError | None = None
    try:
        r.skip(192)  # server name, boot file
        if r.take(4) == MAGIC_COOKIE:
            _read_options(r, options)
    except WireError as error:
        problem = error
    return Message(mac, client_address, your_address, options, problem)


def _read_options(r: Reader, options: dict[int, bytes]) -> None:
    while len(r):
        code = r.u8()
        if code == Option.PAD:
            continue
        if code == Option.END:
            break
        options[code] = options.get(code, b"") + r.take(r.u8())  # RFC 3396: repeated options are one long one


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


def _identifier(raw: bytes) -> str:
    """Return a client identifier: a text if its type says so (0), else its bytes; RFC 2132 section 9.14, RFC 4361."""
    if len(raw) < SHORTEST_IDENTIFIER:
        return ""
    if raw[0] == 0 and raw[1:].rstrip(b"\0").isascii() and raw[1:].rstrip(b"\0").decode("ascii").isprintable():
        return text(raw[1:])
    if raw[0] == HARDWARE_ETHERNET and len(raw) == 7:
        return mac_text(int.from_bytes(raw[1:], "big"))
    return raw[:64].hex(":")


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
