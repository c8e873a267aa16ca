"""NTLM messages within another protocol in, hosts, domains and systems out; never a user's name, never a response.

MS-NLMP, of Microsoft's Open Specifications: sections 2.2.1.1 to 2.2.1.3 (NEGOTIATE, CHALLENGE, AUTHENTICATE), 2.2.2.1
(AV_PAIR), 2.2.2.10 (VERSION). Text protocols carry them in base64 (MS-SMTPNTLM, RFC 1734).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from kwel.model.records.columns import NameSource
from kwel.protocols.hosts import is_host_name
from kwel.protocols.sayings import Named, Saying, text
from kwel.protocols.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"NTLMSSP\0"
IN_BASE64 = re.compile(rb"TlRMTVNT[A-Za-z0-9+/]{4,8192}={0,2}")
NEGOTIATE, CHALLENGE, AUTHENTICATE = 1, 2, 3
NEGOTIATE_FLAGS, NEGOTIATE_DOMAIN, NEGOTIATE_WORKSTATION, NEGOTIATE_VERSION = 12, 16, 24, 32
TARGET_FLAGS, TARGET_INFO, CHALLENGE_VERSION = 20, 40, 48
DOMAIN, WORKSTATION, FLAGS, VERSION = 28, 44, 60, 64
"""Where a message holds the fields that are read. That of the user is not among them."""
UNICODE, HAS_DOMAIN, HAS_WORKSTATION, HAS_VERSION = 0x1, 0x1000, 0x2000, 0x02000000
AV_END, AV_COMPUTER, AV_DOMAIN, AV_DNS_COMPUTER, AV_DNS_DOMAIN = 0, 1, 2, 3, 4
MOST_PAIRS = 32
REVISION, REVISION_AT = b"\x0f", 7
"""Ends a version. Old clients set its flag and have their names in its place."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* holds an NTLM message."""
    return SIGNATURE in data or IN_BASE64.search(data) is not None


def observe(r: Reader) -> Iterator[Saying | Named]:
    """Yield what a server calls itself, or the workstation that logs in, and where both belong."""
    data = r.rest()
    _, found, rest = data.partition(SIGNATURE)
    message = found + rest
    if not found:
        coded = IN_BASE64.search(data)
        if coded is None:
            raise Malformed("no NTLM message")
        try:
            message = base64.b64decode(coded[0])
        except binascii.Error as error:
            raise Malformed("an NTLM message in wrong base64") from error
    kind = _number(message, 8, 4)
    if kind == NEGOTIATE:
        yield from _negotiate(message)
    elif kind == CHALLENGE:
        yield from _challenge(message)
    elif kind == AUTHENTICATE:
        yield from _authenticate(message)


def _negotiate(message: bytes) -> Iterator[Saying]:
    """Yield what a client says before it knows the server: most leave both names out."""
    flags = _number(message, NEGOTIATE_FLAGS, 4)
    if flags & HAS_WORKSTATION and (name := text(_field(message, NEGOTIATE_WORKSTATION)).lstrip("\\")):
        yield Saying("hostname", name)
    if flags & HAS_DOMAIN and (domain := text(_field(message, NEGOTIATE_DOMAIN))):
        yield Saying("domain", domain)
    yield from _system(message, NEGOTIATE_VERSION, flags)


def _challenge(message: bytes) -> Iterator[Saying | Named]:
    pairs = {kind: raw.decode("utf-16-le", "replace").encode() for kind, raw in _pairs(_field(message, TARGET_INFO))}
    computer = pairs.get(AV_DNS_COMPUTER, b"")
    if is_host_name(computer):
        yield Named(NameSource.NTLM, computer, from_initiator=False)
    if short := text(pairs.get(AV_COMPUTER, b"")):
        yield Saying("hostname", short)
    for kind in (AV_DNS_DOMAIN, AV_DOMAIN):
        # who belongs to none is its own domain
        if (domain := text(pairs.get(kind, b""))) and domain.casefold() not in (
            short.casefold(),
            text(computer).casefold(),
        ):
            yield Saying("domain", domain)
    yield from _system(message, CHALLENGE_VERSION, _number(message, TARGET_FLAGS, 4))


def _authenticate(message: bytes) -> Iterator[Saying]:
    flags = _number(message, FLAGS, 4)
    name = _text(_field(message, WORKSTATION), flags).lstrip("\\")
    if name:
        yield Saying("hostname", name)
    domain = _text(_field(message, DOMAIN), flags)
    if domain and domain != "." and domain.casefold() != name.casefold():
        yield Saying("domain", domain)
    yield from _system(message, VERSION, flags)


def _system(message: bytes, at: int, flags: int) -> Iterator[Saying]:
    """Yield the version of Windows; others say one without a build, or none."""
    is_one = flags & HAS_VERSION and message[at + REVISION_AT : at + REVISION_AT + 1] == REVISION
    if is_one and (build := _number(message, at + 2, 2)):
        yield Saying("system", f"Windows {message[at]}.{message[at + 1]} build {build}")


def _text(raw: bytes, flags: int) -> str:
    return text(raw.decode("utf-16-le", "replace").encode() if flags & UNICODE else raw)


def _number(message: bytes, at: int, size: int) -> int:
    return int.from_bytes(message[at : at + size], "little")


def _field(message: bytes, at: int) -> bytes:
    """Return what a field of length, room and offset points to."""
    size, start = _number(message, at, 2), _number(message, at + 4, 4)
    if at + 8 > len(message) or start + size > len(message):
        raise Truncated(start + size, len(message), at)
    return message[start : start + size]


def _pairs(raw: bytes) -> Iterator[tuple[int, bytes]]:
    r = Reader(raw)
    for _ in range(MOST_PAIRS):
        if len(r) < 4:
            return
        kind, size = (int.from_bytes(r.take(2), "little") for _ in range(2))
        if kind == AV_END:
            return
        yield kind, r.take(size)
