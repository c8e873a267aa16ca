"""A SIP message in, the host that a request is for and the phone's program out; never a user's name.

RFC 3261 sections 7.1 and 19.1 (requests), 20.35 and 20.41 (Server, User-Agent).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.hosts import host_of
from kwel.protocols.sayings import Named, Saying, Spoken, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

METHODS = (
    b"INVITE", b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"REGISTER", b"PRACK", b"SUBSCRIBE", b"NOTIFY", b"PUBLISH",
    b"INFO", b"REFER", b"MESSAGE", b"UPDATE",
)  # fmt: skip
VERSION = b"SIP/2.0"
MAX_LINE, MAX_HEAD = 2048, 4096
PROGRAM = re.compile(rb"^(?:User-Agent|Server)[ \t]*:[ \t]*([^\r\n]{1,255})\r?$", re.IGNORECASE | re.MULTILINE)


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a request or a response of SIP."""
    return data.startswith(VERSION) or data[:16].partition(b" ")[0] in METHODS


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield the program, and the host of the request's URI. A response names nobody."""
    message = r.rest()
    for found in PROGRAM.finditer(message[:MAX_HEAD]):
        if program := text(found[1]):
            yield Saying("software", program)
    line, end, _ = message[:MAX_LINE].partition(b"\n")
    words = line.split()
    if words[:1] == [VERSION]:
        yield Spoken(Application.SIP)
        return
    if not end or len(words) != 3 or words[2] != VERSION:
        raise Malformed("no request line")
    yield Spoken(Application.SIP)
    scheme, _, rest = words[1].partition(b":")
    if scheme.lower() in (b"sip", b"sips"):
        authority = rest.partition(b";")[0].partition(b"?")[0]
        host = host_of(authority.rpartition(b"@")[2])
        if host and (b"." in host or b":" in host):  # a word without a dot may be a user, or a telephone number
            yield Named(NameSource.SIP, host)
