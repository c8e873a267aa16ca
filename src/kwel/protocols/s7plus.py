"""The first messages of S7comm-plus in, the order number and the firmware of a controller out.

RFC 1006 section 6 (TPKT). Siemens publishes no Specification of what lies above: when a session is made, the controller
sends its order number and version as one text, ``1;6ES7 212-1BE40-0XB0;V4.2``, as Wireshark's plug-in for it shows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.iso import messages
from kwel.protocols.sayings import Saying, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

PROTOCOL = 0x72
ORDER_NUMBER = re.compile(
    rb"\d;(6[A-Z]{2}\d [0-9A-Z]{3,4}-[0-9A-Z]{5}-[0-9A-Z]{4}) ?;([VS]\d{1,3}\.\d{1,3}(?:\.\d{1,3})?)"
)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is a TPKT with a data PDU that carries S7comm-plus."""
    return len(data) > 7 and data[0] == 3 and data[5] == 0xF0 and data[7] == PROTOCOL


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the protocol, and what a controller says of itself."""
    for message in messages(r):
        raw = message.rest()
        if raw[:1] != bytes((PROTOCOL,)):
            continue
        yield Saying("protocol", "s7plus")
        if found := ORDER_NUMBER.search(raw):
            yield Saying("role", "server")
            yield Saying("order-number", text(found[1]))
            yield Saying("firmware", text(found[2]))
