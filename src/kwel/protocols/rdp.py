"""The first message of an RDP client that does not encrypt in, the name of its computer and its build out.

MS-RDPBCGR section 2.2.1.3, of Microsoft's Open Specifications: the core data in the Connect Initial PDU of T.125. The
user's name comes later, and its cookie in the request before: neither is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.protocols.sayings import Saying, Spoken, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_INITIAL = b"\x7f\x65"
CORE_DATA = b"\x01\xc0"
MARK = b"Duca"
"""Stands before the data of the client (T.124 section 8.7, h221NonStandard)."""
BEFORE_BUILD, NAME_SIZE = 16, 32


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a TPKT with a Connect Initial PDU."""
    return data[:1] == b"\x03" and data[7:9] == CONNECT_INITIAL


def observe(r: Reader) -> Iterator[Saying | Spoken]:
    """Yield what the client's computer is called, and which Windows it says to be."""
    _, found, rest = r.rest().partition(MARK)
    place = rest.find(CORE_DATA, 0, 16)
    if not found or place < 0:
        raise Malformed("no core data of a client")
    data = Reader(rest, place)
    data.skip(4 + BEFORE_BUILD)  # header; version, width, height, colours, sequence, keyboard
    yield Spoken(Application.RDP)
    build = int.from_bytes(data.take(4), "little")
    name, _, _ = data.take(NAME_SIZE).decode("utf-16-le", "replace").partition("\0")
    if computer := text(name.encode()):
        yield Saying("hostname", computer)
    if build:
        yield Saying("system", f"RDP client build {build}")
