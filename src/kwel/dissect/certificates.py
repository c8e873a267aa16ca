"""The DER bytes of a certificate in, whom it names and who issued it out.

X.509 version 3 as RFC 5280 profiles it: sections 4.1 (certificate), 4.1.2.4 (names), 4.2.1.6 (subject alternative
name); ITU-T X.690 for the encoding. Whoever shows a certificate sends it in clear up to TLS 1.2. Nothing is verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
from typing import TYPE_CHECKING

from kwel.dissect.sayings import text
from kwel.model import Certificate
from kwel.wire import Malformed, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
VERSION, EXTENSIONS, DNS_NAME, IP_ADDRESS = 0xA0, 0xA3, 0x82, 0x87
BMP_STRING, UNIVERSAL_STRING = 30, 28
COMMON_NAME, ORGANISATION, ALTERNATIVE_NAME = bytes.fromhex("550403"), bytes.fromhex("55040a"), bytes.fromhex("551d11")
MOST_NAMES = 256
"""Alternative names that are kept of one certificate."""

HOST_NAME = re.compile(
    r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?\.?", re.IGNORECASE
)


def read_certificate(der: bytes) -> Certificate:
    """Return what a certificate says.

    Raises:
        WireError: it is no certificate.
    """
    certificate = _only(Reader(der), SEQUENCE)
    r = _only(certificate, SEQUENCE)
    tag, _ = _element(r)
    if tag == VERSION:
        tag, _ = _element(r)
    if tag != INTEGER:
        raise Malformed("a certificate without a serial number")
    _only(r, SEQUENCE)  # signature algorithm
    issuer = _name(_only(r, SEQUENCE))
    _only(r, SEQUENCE)  # validity
    subject = _name(_only(r, SEQUENCE))
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
    return next((name for name in candidates if len(name) <= 253 and HOST_NAME.fullmatch(name)), None)


def _element(r: Reader) -> tuple[int, Reader]:
    """Return the tag and the content of the next element. Lengths of more than 24 bits stand in no message."""
    tag, size = r.u8(), r.u8()
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 3:
            raise Malformed("a length that DER does not allow, or that no certificate has")
        size = int.from_bytes(r.take(octets), "big")
    return tag, Reader(r.take(size))


def _only(r: Reader, wanted: int) -> Reader:
    tag, content = _element(r)
    if tag != wanted:
        raise Malformed(f"tag {tag:#x} where {wanted:#x} must stand")
    return content


def _name(r: Reader) -> dict[bytes, str]:
    """Return the common name and the organisation of a distinguished name; of several, the first."""
    found: dict[bytes, str] = {}
    while len(r):
        part = _only(r, SET)
        while len(part):
            attribute = _only(part, SEQUENCE)
            kind = _only(attribute, OID).rest()
            if kind in (COMMON_NAME, ORGANISATION):
                tag, value = _element(attribute)
                found.setdefault(kind, _string(tag, value.rest()))
    return found


def _string(tag: int, raw: bytes) -> str:
    wide = {BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be"}.get(tag)
    return text(raw.decode(wide, "replace").encode() if wide else raw)


def _alternative_names(r: Reader) -> list[str]:
    while len(r):
        tag, content = _element(r)
        if tag != EXTENSIONS:  # unique identifiers may stand before
            continue
        extensions = _only(content, SEQUENCE)
        while len(extensions):
            extension = _only(extensions, SEQUENCE)
            if _only(extension, OID).rest() != ALTERNATIVE_NAME:
                continue
            tag, value = _element(extension)
            if tag != OCTET_STRING:  # whether it is critical
                value = _only(extension, OCTET_STRING)
            return list(_general_names(_only(value, SEQUENCE)))
    return []


def _general_names(r: Reader) -> Iterator[str]:
    for _ in range(MOST_NAMES):
        if not len(r):
            return
        tag, value = _element(r)
        raw = value.rest()
        if tag == DNS_NAME and raw:
            yield text(raw)
        elif tag == IP_ADDRESS and len(raw) in (4, 16):
            yield socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)
