"""Answers of ROC Plus in, the address of a flow computer and its type out.

The Specification is Emerson's D301180X012 (ROC Plus Protocol, October 2022), opcode 6, as ICSNPP's parser and an open
client have it; it was not read itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

HEADER, CHECKSUM = 6, 2
SYSTEM_CONFIGURATION, SHORTEST = 6, 19
TYPES = {
    1: "ROCPAC ROC300", 2: "FloBoss 407", 3: "FlashPAC ROC300", 4: "FloBoss 503", 5: "FloBoss 504", 6: "ROC800",
    11: "DL8000",
}  # fmt: skip
HAS_SERIES, SERIES = 6, {0: "Series 2", 1: "Series 1"}
"""The subtype of a ROC800."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an answer of the system's configuration."""
    return len(data) >= HEADER + SHORTEST and data[4] == SYSTEM_CONFIGURATION and data[5] >= SHORTEST


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    return HEADER + data[5] + CHECKSUM if len(data) >= HEADER else None


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the sender's address (``roc/1.2``: unit, group) and what type it is of."""
    while len(r):
        r.skip(2)  # to whom
        unit, group, opcode = r.u8(), r.u8(), r.u8()
        with r.block(r.u8() + CHECKSUM) as body:
            if opcode != SYSTEM_CONFIGURATION or len(body) < SHORTEST + CHECKSUM:
                continue
            body.skip(6)  # mode, port, access, compatibility, revision
            subtype = body.u8()
            body.skip(11)
            kind = body.u8()
            yield Saying("role", "server")
            yield Saying("protocol", f"roc/{unit}.{group}")
            if name := TYPES.get(kind):
                series = f" {SERIES[subtype]}" if kind == HAS_SERIES and subtype in SERIES else ""
                yield Saying("product", name + series)
