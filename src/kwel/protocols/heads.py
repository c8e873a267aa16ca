"""The head of an HTTP or RTSP message in, what its sender's program or device is called out; never who logs in.

RFC 9110 sections 10.1.5 (User-Agent), 10.2.4 (Server), 11.6.1 (WWW-Authenticate) and 7.6.3 (Via); RFC 7826 section 18
(RTSP, which has the same form); RFC 6265 section 4.1 (cookies: of their values only the server that some name, as F5's
article K6917 writes it; everything else may be a secret). Of a body that follows at once two are read: UPnP Device
Architecture 2.0 section 2.3 (device description) and RFC 8011 section 5.4 (what a printer says of itself).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from typing import TYPE_CHECKING

from kwel.protocols import ntlm
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.kinds import FactKind
    from kwel.protocols.sayings import Binding, Named, Spoken

VERSIONS = (b"HTTP/1.", b"RTSP/1.", b"RTSP/2.", b"HTTP/0.")
FIELD = re.compile(
    rb"^(user-agent|server|via|x-forwarded-for|(?:www|proxy)-authenticate|(?:proxy-)?authorization)[ \t]*:"
    rb"[ \t]*([^\r\n]*)\r?\n",
    re.IGNORECASE | re.MULTILINE,
)
"""A whole line: what a segment cuts is not read."""
SET_COOKIE = re.compile(
    rb"^set-cookie[ \t]*:[ \t]*([\x21-\x3a\x3c\x3e-\x7e]{1,80})=([^;\r\n]*)", re.IGNORECASE | re.MULTILINE
)
MOST_COOKIES = 8
SERVER_OF_COOKIE = re.compile(rb"(\d{1,10})\.(\d{1,5})\.0000")
"""An IPv4 address and a port as decimal numbers, their bytes in reverse order: what has this form is no secret."""
LOGINS = (b"www-authenticate", b"authorization", b"proxy-authenticate", b"proxy-authorization")
MAX_HEAD = 16384
REALM = re.compile(rb'realm\s*=\s*"([^"\r\n]{1,200})"', re.IGNORECASE)
LOGIN = re.compile(rb"(?:NTLM|Negotiate)\s+([A-Za-z0-9+/]{16,8192}={0,2})", re.IGNORECASE)
DEVICE = b"urn:schemas-upnp-org:device"
DESCRIBED: dict[bytes, FactKind] = {
    b"friendlyName": "description", b"manufacturer": "vendor", b"modelName": "product", b"modelNumber": "product",
    b"modelDescription": "description", b"serialNumber": "serial", b"UDN": "identity",
}  # fmt: skip
"""Elements of a device description. What is called friendly is what its owner calls it."""
PRINTER: dict[bytes, FactKind] = {
    b"printer-make-and-model": "product", b"printer-firmware-string-version": "firmware",
    b"printer-location": "location", b"printer-info": "description", b"printer-dns-sd-name": "description",
}  # fmt: skip
NO_VALUE = 0x10
"""Value tags from here to 0x1F say that there is none (RFC 8011 section 5.1, RFC 8010 section 3.5.2)."""


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a status line or a request line, or holds a field as if a head went on."""
    return _begins(data) or FIELD.search(data[:MAX_HEAD]) is not None


def _begins(data: bytes) -> bool:
    line = data[:2048].partition(b"\n")[0].rstrip(b"\r")
    return line.startswith(VERSIONS) or line[-8:-1] in VERSIONS


def observe_passed(r: Reader) -> Iterator[Saying | Binding | Named | Spoken]:
    """Yield what a head tells that a proxy passes on: whose program wrote it is not known."""
    return observe(r, is_own=False)


def observe(r: Reader, *, is_own: bool = True) -> Iterator[Saying | Binding | Named | Spoken]:
    """Yield the programs that speak, and what servers call the place that one logs in to."""
    head, body = _split(r.rest())
    fields = {name.lower(): value.rstrip() for name, value in FIELD.findall(head)}
    if not fields and not _begins(head):
        raise Malformed("no line that begins a message, and no field")
    # a head that was passed on tells of whoever wrote it, not of who sent it
    is_own = is_own and b"via" not in fields and b"x-forwarded-for" not in fields
    if via := text(fields.get(b"via", b"")):
        yield Saying("via", via)
    yield from _cookies(head)
    if is_own and (program := text(fields.get(b"user-agent", b""))):
        yield Saying("software", program)
    if program := text(fields.get(b"server", b"")):
        yield Saying("software", program) if is_own else Saying("service", f"http by {program}, passed on")
    for name in LOGINS if is_own else ():
        if value := fields.get(name, b""):
            yield from _login(value, is_challenge=name.endswith(b"authenticate"))
    if is_own and body and head.startswith(VERSIONS):
        yield from _described(body)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return the whole lines of the head, and what follows it."""
    for mark in (b"\r\n\r\n", b"\n\n"):
        head, end, body = raw.partition(mark)
        if end:
            return head[:MAX_HEAD] + b"\r\n", body
    return raw[:MAX_HEAD], b""


def _cookies(head: bytes) -> Iterator[Saying]:
    """Yield what the cookies are called that a server sets, and which server behind it they name."""
    for name, value in SET_COOKIE.findall(head)[:MOST_COOKIES]:
        server = SERVER_OF_COOKIE.fullmatch(value.strip())
        number, port = (int(server[1]), int(server[2])) if server else (0, 0)
        named = ""
        if server and number < 1 << 32 and port < 1 << 16:
            address = ".".join(str(part) for part in number.to_bytes(4, "little"))
            named = f" {address}:{int.from_bytes(port.to_bytes(2, 'little'), 'big')}"
        yield Saying("cookie", f"{text(name)}{named}")


def _login(value: bytes, *, is_challenge: bool) -> Iterator[Saying | Named | Spoken]:
    """Yield the realm that a challenge names, and the hosts that an NTLM message names."""
    if is_challenge and (realm := REALM.search(value)) and (name := text(realm[1])):
        yield Saying("description", name)
    if found := LOGIN.search(value):
        with contextlib.suppress(binascii.Error, WireError):  # what was said before it stands
            raw = base64.b64decode(found[1])
            if ntlm.looks_like(raw):
                yield from ntlm.observe(Reader(raw))


def _described(body: bytes) -> Iterator[Saying]:
    """Yield what a device description or a printer's attributes say."""
    if DEVICE in body:
        for name, kind in DESCRIBED.items():
            found = re.search(rb"<" + name + rb">\s*([^<>]{1,255}?)\s*</" + name + rb">", body)
            if found and (value := text(found[1])):
                yield Saying(kind, value)
    for name, kind in PRINTER.items() if b"printer-" in body else ():
        # an attribute: tag, length of the name, name, length of the value, value
        before, found_name, after = body.partition(len(name).to_bytes(2, "big") + name)
        if found_name and before and before[-1] >= NO_VALUE + 0x10:
            with contextlib.suppress(WireError):
                r = Reader(after)
                if value := text(r.take(r.u16())):
                    yield Saying(kind, value)
