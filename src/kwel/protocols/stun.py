"""A STUN message in, the software that sent it out: RFC 8489 sections 5 (header) and 14.14 (SOFTWARE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

COOKIE = bytes.fromhex("2112a442")
SOFTWARE, HEADER, MOST = 0x8022, 20, 32


def looks_like(data: bytes) -> bool:
    """Return whether *data* has STUN's header."""
    return len(data) >= HEADER and data[0] < 0x40 and data[4:8] == COOKIE


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the software, if the message names one."""
    r.skip(HEADER)
    for _ in range(MOST):
        if len(r) < 4:
            return
        kind, size = r.u16(), r.u16()
        value = r.take(size)
        r.skip(min(-size % 4, len(r)))
        if kind == SOFTWARE and (name := text(value)):
            yield Saying("software", name)
            return
