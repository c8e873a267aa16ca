"""The first line of an SSH side in, its protocol and software as it writes them out: RFC 4253 section 4.2."""

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
    """Yield the identification string whole: what stands behind a space often names the system or the device."""
    line, end, _ = r.rest()[:MAX_LINE].partition(b"\n")
    if not end or len(line.split(b"-", 2)) < 3:
        raise Malformed("an identification without its end")
    yield Spoken(Application.SSH)
    yield Saying("software", text(line))
