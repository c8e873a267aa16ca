"""The hello of Niagara Fox in, the station, its host, its versions and its brand out.

Tridium publishes no Specification of Fox: the lines of a hello are as Zeek's and nmap's readers of it show them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, ipv4, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.wire import Reader

MAGIC, HELLO = b"fox ", b"fox hello"
LINE = re.compile(rb"^([A-Za-z.]{2,32})=[a-z]:(.{1,255})$", re.MULTILINE)
KINDS: dict[bytes, FactKind] = {
    b"station.name": "station", b"hostName": "hostname", b"app.version": "firmware", b"app.name": "software",
    b"brandId": "vendor", b"hostId": "serial",
}  # fmt: skip
SYSTEM, SYSTEM_VERSION = b"os.name", b"os.version"
MOST_LINES = 64


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a message of Fox."""
    return data.startswith(MAGIC)


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what a hello tells; what else a session holds is not read."""
    raw = r.rest()
    head, _, body = raw.partition(b"\n")
    if not head.startswith(MAGIC):
        raise Malformed("no message of Fox")
    yield Saying("protocol", "fox")
    if HELLO not in head:
        return
    lines = dict(LINE.findall(body)[:MOST_LINES])
    for name, kind in KINDS.items():
        value = text(lines.get(name, b""))
        if value and not (kind == "hostname" and ipv4(value.encode())):
            yield Saying(kind, value)
    if system := text(lines.get(SYSTEM, b"") + b" " + lines.get(SYSTEM_VERSION, b"")):
        yield Saying("system", system)
