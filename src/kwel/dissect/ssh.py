"""The first line of an SSH side in, what it speaks and with which software out: RFC 4253 section 4.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.dissect.sayings import Saying, Spoken, text
from kwel.kinds import Application
from kwel.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.wire import Reader

MAX_LINE = 255


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with an identification string."""
    return data.startswith((b"SSH-2.", b"SSH-1."))


def observe(r: Reader) -> Iterator[Saying | Spoken]:
    """Yield the protocol, and the software's own name and version."""
    line, end, _ = r.rest()[:MAX_LINE].partition(b"\n")
    parts = line.split(b"-", 2)
    if not end or len(parts) < 3:
        raise Malformed("an identification without its end")
    yield Spoken(Application.SSH)
    if software := text(parts[2].partition(b" ")[0]):
        yield Saying("protocol", f"ssh/{software}")
