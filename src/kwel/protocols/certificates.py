"""The DER bytes of a certificate in, whom it names and who issued it out.

X.509 version 3 as RFC 5280 profiles it: sections 4.1 (certificate), 4.1.2.4 (names), 4.2.1.6 (subject alternative
name); ITU-T X.690 for the encoding. Whoever shows a certificate sends it in clear up to TLS 1.2. Nothing is verified.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from kwel.model.traffic import Certificate
from kwel.protocols.der import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, element, only
from kwel.protocols.hosts import is_host_name
from kwel.protocols.sayings import text
from kwel.protocols.wire import Malformed, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION, EXTENSIONS, DNS_NAME, IP_ADDRESS = 0xA0, 0xA3, 0x82, 0x87
BMP_STRING, UNIVERSAL_STRING = 30, 28
COMMON_NAME, ORGANISATION, ALTERNATIVE_NAME = bytes.fromhex("550403"), bytes.fromhex("55040a"), bytes.fromhex("551d11")
MOST_NAMES = 256
"""Alternative names that are kept of one certificate."""


def read_certificate(der: bytes) -> Certificate:
    """Return what a certificate says.

    Raises:
        WireError: it is no certificate.
    """
    import hashlib  # many captures hold no certificate

    certificate = only(Reader(der), SEQUENCE)
    r = only(certificate, SEQUENCE)
    tag, _ = element(r)
    if tag == VERSION:
        tag, _ = element(r)
    if tag != INTEGER:
        raise Malformed("a certificate without a serial number")
    only(r, SEQUENCE)  # signature algorithm
    issuer = _name(only(r, SEQUENCE))
    only(r, SEQUENCE)  # validity
    subject = _name(only(r, SEQUENCE))
    names: list[str] = []
    with contextlib.suppress(WireError):  # who it is for stands before the extensions
        names = _alternative_names(r)
    return Certificate(
        subject=subject.get(COMMON_NAME, ""),
        names=tuple(dict.fromkeys(names)),
        issuer=issuer.get(ORGANISATION) or issuer.get(COMMON_NAME, ""),
        sha256=hashlib.sha256(der).hexdigest(),
    )


def server_name(certificate: Certificate) -> str | None:
    """Return the host that a certificate is for: its first alternative name, else a common name that can be a host."""
    candidates = (*certificate.names, certificate.subject)
    return next((name for name in candidates if is_host_name(name.encode())), None)


def _name(r: Reader) -> dict[bytes, str]:
    """Return the common name and the organisation of a distinguished name; of several, the first."""
    found: dict[bytes, str] = {}
    while len(r):
        part = only(r, SET)
        while len(part):
            attribute = only(part, SEQUENCE)
            kind = only(attribute, OID).rest()
            if kind in (COMMON_NAME, ORGANISATION):
                tag, value = element(attribute)
                found.setdefault(kind, _string(tag, value.rest()))
    return found


def _string(tag: int, raw: bytes) -> str:
    wide = {BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be"}.get(tag)
    return text(raw.decode(wide, "replace").encode() if wide else raw)


def _alternative_names(r: Reader) -> list[str]:
    while len(r):
        tag, content = element(r)
        if tag != EXTENSIONS:  # unique identifiers may stand before
            continue
        extensions = only(content, SEQUENCE)
        while len(extensions):
            extension = only(extensions, SEQUENCE)
            if only(extension, OID).rest() != ALTERNATIVE_NAME:
                continue
            tag, value = element(extension)
            if tag != OCTET_STRING:  # whether it is critical
                value = only(extension, OCTET_STRING)
            return list(_general_names(only(value, SEQUENCE)))
    return []


def _general_names(r: Reader) -> Iterator[str]:
    for _ in range(MOST_NAMES):
        if not len(r):
            return
        tag, value = element(r)
        raw = value.rest()
        if tag == DNS_NAME and raw:
            yield text(raw)
        elif tag == IP_ADDRESS and len(raw) in (4, 16):
            yield socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
