"""Answers to Ethernet POWERLINK's IdentRequest in, what a node says of itself out.

Specification: EPSG DS 301, IdentResponse; layout as Wireshark 4.0 reads it. Numbers have their least significant byte
first, addresses do not. What a node's vendor number stands for is not looked up.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Binding, Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

ASND, IDENT_RESPONSE, MANAGING_NODE = 6, 1, 240
BEFORE_DEVICE_TYPE = 22
"""Flags, states, versions, features and sizes of frames."""
VERSIONS = 24
"""An extension of the vendor, dates and times of configuration and software."""
HOST_NAME = 32


def looks_like(data: bytes) -> bool:
    """Return whether an asynchronous frame with an IdentResponse comes first."""
    return len(data) > 4 and data[0] & 0x7F == ASND and data[3] == IDENT_RESPONSE


def observe(r: Reader) -> Iterator[Saying | Binding]:
    """Yield a node's number, identity, host name and address."""
    kind, _, node, service = r.u8() & 0x7F, r.u8(), r.u8(), r.u8()
    if (kind, service) != (ASND, IDENT_RESPONSE):
        raise Malformed(f"message {kind}, service {service}")
    yield Saying("role", "managing-node" if node == MANAGING_NODE else f"controlled-node {node}")
    r.skip(BEFORE_DEVICE_TYPE)
    device, vendor, product, revision, serial = (int.from_bytes(r.take(4), "little") for _ in range(5))
    yield Saying("description", f"POWERLINK device type {device:#010x}, vendor {vendor:#010x}, product {product:#010x}")
    if revision:
        yield Saying("firmware", f"revision {revision:#010x}")
    if serial:
        yield Saying("serial", str(serial))
    r.skip(VERSIONS)
    address = ipaddress.IPv4Address(r.take(4))
    if address.is_private and not address.is_unspecified:
        yield Binding(None, str(address))
    r.skip(8)  # mask, gateway
    if name := text(r.take(HOST_NAME).split(b"\0")[0]):
        yield Saying("hostname", name)
