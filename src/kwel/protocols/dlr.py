"""Frames of EtherNet/IP's Device Level Ring in, the address that their sender holds and its part in the ring out.

Specification: ODVA, CIP volume 2, Device Level Ring; layout as Wireshark 4.0 reads it: ring subtype, version, type of
frame, port, and the sender's IPv4 address.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Binding, Saying
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

RING, VERSION, BEACON = 2, 1, 1


def looks_like(data: bytes) -> bool:
    """Return whether a frame of a ring comes first."""
    return data[:2] == bytes([RING, VERSION])


def observe(r: Reader) -> Iterator[Saying | Binding]:
    """Yield who supervises the ring, and the sender's address."""
    if (r.u8(), r.u8()) != (RING, VERSION):
        raise Malformed("no frame of a ring")
    frame = r.u8()
    r.skip(1)  # port
    yield Saying("role", "ring-supervisor" if frame == BEACON else "ring-node")
    address = ipaddress.IPv4Address(r.take(4))
    if not (address.is_unspecified or address.is_multicast or address.is_reserved):
        yield Binding(None, str(address))
