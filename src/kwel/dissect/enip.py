"""EtherNet/IP payloads in, what a device says of itself in answer to a List Identity out.

The EtherNet/IP Specification, CIP Networks Library volume 2, sections 2-3 (encapsulation header) and 2-4.4
(ListIdentity, the CIP Identity item).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from kwel.dissect.sayings import Saying, text
from kwel.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.wire import Reader

LIST_IDENTITY, IDENTITY_ITEM = 0x63, 0x0C
HEADER = struct.Struct("<HHII8sI")  # command, length, session, status, the sender's own words, options
IDENTITY = struct.Struct("<H16sHHHBBHI")
"""Version, socket address, vendor, device type, product, revision: major, minor; status, serial number."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an answer to a List Identity."""
    return len(data) > HEADER.size + 2 and data[:2] == b"\x63\0" and data[2:4] != b"\0\0" and data[8:12] == bytes(4)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield product name and revision."""
    command, length, *_ = HEADER.unpack(r.take(HEADER.size))
    if command != LIST_IDENTITY:
        raise Malformed(f"command {command}, not {LIST_IDENTITY}")
    with r.block(length) as body:
        for _ in range(int.from_bytes(body.take(2), "little")):
            kind, size = struct.unpack("<HH", body.take(4))
            with body.block(size) as item:
                if kind != IDENTITY_ITEM:
                    item.rest()
                    continue
                *_, major, minor, _, _ = IDENTITY.unpack(item.take(IDENTITY.size))
                yield Saying("role", "server")
                if name := text(item.take(item.u8())):
                    yield Saying("product", name)
                yield Saying("firmware", f"{major}.{minor:03}")
                item.rest()
