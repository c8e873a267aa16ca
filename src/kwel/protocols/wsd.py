"""WS-Discovery datagrams in, what cameras, printers and computers say that they are out.

OASIS Standard, Web Services Dynamic Discovery Version 1.1, the Specification of Hello (section 4.1) and ProbeMatches
(5.3); ONVIF Core Specification section 7.3.2 (scopes that name, place and describe a camera). The XML is not parsed,
only searched within bounds: nothing of it is resolved or expanded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

DISCOVERY = (b"/ws/2005/04/discovery", b"/ws-dd/ns/discovery")
TELLING = (b"Hello", b"ProbeMatches", b"ResolveMatches")
MOST_WORDS = 64
ADDRESS = re.compile(rb"<[\w-]{0,16}:?Address>\s*(urn:uuid:[0-9A-Fa-f-]{32,40}|uuid:[0-9A-Fa-f-]{32,40})\s*<")
SCOPES: dict[bytes, FactKind] = {
    b"name": "description", b"hardware": "product", b"location": "location", b"mac": "identity", b"model": "product",
    b"manufacturer": "vendor",
}  # fmt: skip
ONVIF = re.compile(rb"onvif://www\.onvif\.org/([\w-]{1,32})/([^\s<]{1,200})", re.IGNORECASE)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is XML that names WS-Discovery."""
    return data[:1] == b"<" and any(name in data for name in DISCOVERY)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield identifier, types, addresses and scopes of who greets or answers. A probe says nothing of who sends it."""
    data = r.rest()
    if not looks_like(data):
        raise Malformed("no message of WS-Discovery")
    body = data.partition(b"Body")[2]
    if not any(b":" + word in body[:200] or b"<" + word in body[:200] for word in TELLING):
        return
    if found := ADDRESS.search(body):
        yield Saying("identity", text(found[1]))
    for name in _words(body, b"Types"):
        yield Saying("service", name.rpartition(":")[2])
    for address in _words(body, b"XAddrs"):
        yield Saying("uri", address)
    for number, scope in enumerate(ONVIF.finditer(body)):
        kind = SCOPES.get(scope[1].lower())
        if kind and number < MOST_WORDS and (value := text(unquote_to_bytes(scope[2].rpartition(b"/")[2]))):
            yield Saying(kind, value)


def _words(body: bytes, element: bytes) -> Iterator[str]:
    """Yield the words of an element's text."""
    found = re.search(rb"<[\w-]{0,16}:?" + element + rb"(?:\s[^>]{0,400})?>([^<]{1,2000})<", body)
    for word in found[1].split()[:MOST_WORDS] if found else ():
        if value := text(word):
            yield value
