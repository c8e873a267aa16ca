"""SSDP datagrams in, what a device offers, with which software and under which identifier out.

UPnP Device Architecture 2.0, Specification of the UPnP Forum, sections 1.2 (NOTIFY), 1.3.2 (M-SEARCH) and 1.3.3 (its
answer). What is searched for tells nothing of who searches.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

STARTS = (b"NOTIFY * HTTP/1.", b"M-SEARCH * HTTP/1.", b"HTTP/1.")
SEARCH = b"M-SEARCH"
MAX_LINES = 40
UUID = re.compile(rb"uuid:[0-9A-Za-z-]{8,64}", re.IGNORECASE)


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a line of SSDP."""
    return data.startswith(STARTS)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the program, the device's identifier, what it offers and where it describes that."""
    lines = r.rest().split(b"\n")[:MAX_LINES]
    if not looks_like(lines[0]):
        raise Malformed("no line of SSDP")
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields[name.strip().upper()] = value.strip()
    for field in (b"SERVER", b"USER-AGENT"):
        if program := text(fields.get(field, b"")):
            yield Saying("software", program)
    if lines[0].startswith(SEARCH):
        return
    if found := UUID.match(fields.get(b"USN", b"")):
        yield Saying("identity", text(found[0]))
    offered = fields.get(b"NT") or fields.get(b"ST") or b""
    if offered.startswith(b"urn:") and (service := text(offered)):
        yield Saying("service", service)
    if fields.get(b"LOCATION", b"").startswith(b"http") and (location := text(fields[b"LOCATION"])):
        yield Saying("uri", location)
    if friendly := text(fields.get(b"MYNAME", b"")):
        yield Saying("description", friendly)
