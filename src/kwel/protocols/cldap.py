"""A domain controller's answer to an LDAP ping in, its name, its domain and its site out.

MS-ADTS section 6.3.1.9 (NETLOGON_SAM_LOGON_RESPONSE_EX) and 6.3.3.2, of Microsoft's Open Specifications; RFC 4511
section 4.5.2 for the message around it. The user that was asked for is stepped over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.protocols.mdns import labels_at
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTRIBUTE = b"netlogon"
RESPONSE_EX, USER_UNKNOWN_EX = 23, 25
BEFORE_NAMES, SHORTEST = 24, 32
FOREST, DOMAIN, HOST, SHORT_DOMAIN, SHORT_HOST, USER, SITE = range(7)


def looks_like(data: bytes) -> bool:
    """Return whether *data* is an LDAP message with the attribute that an LDAP ping asks for."""
    return data[:1] == b"\x30" and ATTRIBUTE in data.lower()


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what the controller says of itself."""
    raw = r.rest()
    place = raw.lower().find(ATTRIBUTE)
    r = Reader(raw, place + len(ATTRIBUTE) if place >= 0 else len(raw))
    answer = Reader(_value(r))
    if len(answer) < SHORTEST:
        return  # a question
    data = answer.rest()
    if int.from_bytes(data[:2], "little") not in (RESPONSE_EX, USER_UNKNOWN_EX):
        raise Malformed("an answer of another version")
    names: list[str] = []
    at = BEFORE_NAMES
    for _ in range(SITE + 1):
        labels, at = labels_at(data, at)
        names.append(text(b".".join(labels)))
    yield Saying("role", "domain controller")
    for kind, value in (("hostname", names[HOST]), ("hostname", names[SHORT_HOST].lstrip("\\"))):
        if value:
            yield Saying(kind, value)  # type: ignore[arg-type]
    for value in dict.fromkeys((names[DOMAIN], names[SHORT_DOMAIN])):
        if value:
            yield Saying("domain", value)
    if names[SITE]:
        yield Saying("location", names[SITE])


def _value(r: Reader) -> bytes:
    """Return the first value of an attribute: a SET with one OCTET STRING."""
    if len(r) < 4:
        return b""
    for tag in (0x31, 0x04):
        if r.u8() != tag:
            return b""
        size = r.u8()
        if size & 0x80:
            size = int.from_bytes(r.take(size & 0x7F), "big") if size & 0x7F <= 4 else 1 << 30
    return r.take(size)
