"""A syslog datagram in, the host that it says to come from out: RFC 5424 section 6, RFC 3164 section 4.1.

What is logged is nobody's business here. A relay keeps the name of the host that it heard it from (RFC 5424 section
6.2.4), so it is what the sender is called towards a service, no name of a host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.protocols.wire import Reader

PRIORITY = rb"<\d{1,3}>"
NAME = rb"([A-Za-z0-9][A-Za-z0-9._:-]{0,253})"
RFC5424 = re.compile(PRIORITY + rb"1 \d{4}-\d\d-\d\dT[0-9:.+Z-]{8,24} " + NAME + rb" ([\x21-\x7e]{1,48}) ")
RFC3164 = re.compile(PRIORITY + rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) " + NAME + rb" [\x21-\x7e]")


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a priority."""
    return re.match(PRIORITY, data) is not None


def observe(r: Reader) -> Iterator[Saying]:
    """Yield the host's name. An address instead of it names nobody."""
    line = r.rest()[:512]
    found = RFC5424.match(line) or RFC3164.match(line)
    if found is None:
        raise Malformed("no time and host behind the priority")
    name = text(found[1])
    if re.search("[A-Za-z]", name) and ":" not in name:
        yield Saying("identity", name)
