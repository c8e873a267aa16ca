"""Greetings of servers for mail and files in, the names of both ends and the program out.

RFC 5321 sections 4.1.1.1 (EHLO) and 4.2 (replies); RFC 959 section 5.4 (FTP: 220, and 215 that names the system).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.hosts import is_host_name
from kwel.protocols.sayings import Named, Saying, Spoken, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

MAX_LINE = 512  # RFC 5321 section 4.5.3.1.5
HELLO = (b"EHLO ", b"HELO ", b"LHLO ")
READY = (b"220 ", b"220-", b"215 ")
SYSTEM = b"215 "
DATE = re.compile(rb"[;,]?\s*(?:ready at\s+)?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? .*")
"""When it was said: another each time."""
FILES = (b"FTP", b"FILEZILLA")


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with the greeting of a client, or of a server for mail or files."""
    return data[:5].upper() in HELLO or data[:4] in READY


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield what either end calls itself. Servers for files greet with the same number, and name their program."""
    line = r.rest()[:MAX_LINE].partition(b"\n")[0].strip()
    words = line[4:].split()
    if line[:5].upper() in HELLO:
        yield Spoken(Application.SMTP)
        if words and is_host_name(words[0]):
            yield Saying("hostname", text(words[0]))
    elif b"SMTP" in line.upper() or b"MAIL" in line.upper().split(b".")[0]:
        yield Spoken(Application.SMTP)
        if words and is_host_name(words[0]):
            yield Named(NameSource.SMTP, words[0], from_initiator=False)
        yield from _program(words[1:])
    elif line.startswith(SYSTEM):
        if said := text(b" ".join(words)):
            yield Saying("system", said)
    elif any(word in line.upper() for word in FILES):
        yield Spoken(Application.FTP)
        yield from _program(words)


def _program(words: list[bytes]) -> Iterator[Saying]:
    """Yield what a greeting says behind the name; the word for the protocol alone says nothing."""
    said = DATE.sub(b"", b" ".join(words))
    if re.sub(rb"(?i)\b(e?smtp|ftp|ready|server|service)\b|[\W_]", b"", said):
        yield Saying("software", text(said))
