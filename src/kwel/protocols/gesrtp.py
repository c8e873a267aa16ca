"""Messages of GE-SRTP in, roles and the name of the program that a controller runs out.

No Specification is published: the mailbox is as the paper on acquiring memory over SRTP (DFRWS 2017) and ICSNPP's
parser have it, and where a name stands in the answer is as client libraries of the family HslCommunication read it.
Which controller it is, service 0x43 answers; how, no source told, and it is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.talk import Talk
    from kwel.protocols.wire import Reader

HEADER = 56
REQUEST, ANSWER = 2, 3
SHORT_REQUEST, LONG_REQUEST, LONG_ANSWER = 0xC0, 0x80, 0x94
KIND_AT, SHORT_SERVICE_AT, LONG_SERVICE_AT = 31, 42, 50
PROGRAM_NAMES = 3
NAME_AT, NAME = 18, 16


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a mailbox message."""
    return len(data) >= HEADER and data[0] in (REQUEST, ANSWER)


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    if len(data) < 6:
        return None
    return HEADER + int.from_bytes(data[4:6], "little") if data[0] <= ANSWER else 0


def observe(r: Reader, talk: Talk | None = None) -> Iterator[Saying]:
    """Yield the sender's role, and the name of its program."""
    while len(r):
        header = r.take(HEADER)
        if header[0] not in (REQUEST, ANSWER):
            raise Malformed("no mailbox message")
        with r.block(int.from_bytes(header[4:6], "little")) as content:
            yield Saying("role", "client" if header[0] == REQUEST else "server")
            number, kind = header[2], header[KIND_AT]
            if header[0] == REQUEST:
                at = {SHORT_REQUEST: SHORT_SERVICE_AT, LONG_REQUEST: LONG_SERVICE_AT}.get(kind)
                if talk and at and header[at] == PROGRAM_NAMES:
                    talk.ask(number, PROGRAM_NAMES)
            elif talk and talk.answered(number) and kind == LONG_ANSWER:
                content.skip(NAME_AT)
                if said := text(content.take(NAME).split(b"\0")[0]):
                    yield Saying("software", said)
