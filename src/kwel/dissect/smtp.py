"""Greetings of SMTP in, the names of both ends out: RFC 5321 sections 4.1.1.1 (EHLO) and 4.2 (replies)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import NameSource
from kwel.dissect.hosts import is_host_name
from kwel.dissect.sayings import Named, Saying, Spoken, text
from kwel.kinds import Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.wire import Reader

MAX_LINE = 512  # RFC 5321 section 4.5.3.1.5
HELLO = (b"EHLO ", b"HELO ", b"LHLO ")
READY = (b"220 ", b"220-")
FILES = (b"FTP", b"FILEZILLA")


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with the greeting of a client, or of a server for mail or files."""
    return data[:5].upper() in HELLO or data[:4] in READY


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield what either end calls itself. Servers for files greet with the same number, and name themselves seldom."""
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
    elif any(word in line.upper() for word in FILES):
        yield Spoken(Application.FTP)
