"""A request for a Kerberos ticket in, the realm out, and the host that asks where it is one; never a user's name.

RFC 4120 sections 5.4.1 (KDC-REQ), 7.2.2 (over TCP with a length before it). A host's own account ends in ``$``
(MS-KILE section 3.3.5.1.1, of Microsoft's Open Specifications).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from kwel.protocols.der import SEQUENCE, element, only
from kwel.protocols.sayings import Named, Saying, Spoken, text
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_REQUEST, TGS_REQUEST = 0x6A, 0x6C
BODY, CLIENT, REALM = 0xA4, 0xA1, 0xA2
NAME_STRINGS, GENERAL_STRING = 0xA1, 0x1B


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a request for a ticket, with or without a length before it."""
    return data[:1] in (b"\x6a", b"\x6c") or (data[:1] == b"\0" and data[4:5] in (b"\x6a", b"\x6c"))


def observe(r: Reader) -> Iterator[Saying | Named | Spoken]:
    """Yield the realm, and the host that asks."""
    raw = r.rest()
    outer = Reader(raw, 4 if raw[:1] == b"\0" else 0)
    tag, request = element(outer)
    if tag not in (AS_REQUEST, TGS_REQUEST):
        raise Malformed("no request for a ticket")
    yield Spoken(Application.KERBEROS)
    fields = only(request, SEQUENCE)
    tag, content = element(fields)
    while tag != BODY:
        tag, content = element(fields)
    body = only(content, SEQUENCE)
    while len(body):
        tag, content = element(body)
        if tag == CLIENT:
            account = _first_string(content)
            if account.endswith(b"$") and text(account[:-1]):
                yield Saying("hostname", text(account[:-1]))
        elif tag == REALM:
            if realm := only(content, GENERAL_STRING).rest():
                yield Named(NameSource.KERBEROS, realm)
            return


def _first_string(r: Reader) -> bytes:
    """Return the first component of a principal's name."""
    name = only(r, SEQUENCE)
    while len(name):
        tag, content = element(name)
        if tag == NAME_STRINGS:
            strings = only(content, SEQUENCE)
            return only(strings, GENERAL_STRING).rest() if len(strings) else b""
    return b""
