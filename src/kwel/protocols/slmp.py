"""Answers of SLMP (MELSEC 3E and 4E frames) in, the type name that a controller gives out.

Mitsubishi's Specification SH-080956 (SLMP reference), "Read Type Name", command 0101: 16 letters and a code. An answer
does not repeat the command; that it has this size and letters alone, or that the question was seen, tells it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

ANSWERS = {0xD000: 0, 0xD400: 4}
"""Subheader of an answer, and how many bytes of a serial number follow it."""
SIZE, NAME = 20, 16
TYPE_NAME = re.compile(rb"[A-Z][A-Z0-9]+[A-Z0-9/_+-]* *\0*")


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an answer of this size."""
    at = ANSWERS.get(int.from_bytes(data[:2], "big"))
    return at is not None and data[at + 7 : at + 9] == SIZE.to_bytes(2, "little")


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the type name."""
    kind = r.u16()
    r.skip(ANSWERS.get(kind, 0) + 5)  # network, station, module
    size, code = int.from_bytes(r.take(2), "little"), r.u16()
    if size != SIZE or code:
        return
    name = r.take(NAME)
    if TYPE_NAME.fullmatch(name):
        yield Saying("role", "server")
        yield Saying("product", text(name))
