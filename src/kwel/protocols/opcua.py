"""Messages of OPC UA in, what an application says of itself out: its URI, product, name, certificate and security.

OPC UA Specification, OPC 10000-6 sections 5.2 (binary encoding), 6.7.2 (chunks) and 7.1.2 (HEL, OPN, MSG); OPC 10000-4
sections 5.4 to 5.6 (FindServers, GetEndpoints, RegisterServer, CreateSession) and 7.2, 7.14 (descriptions); OPC 10000-5
section 12.10 (ServerStatus, BuildInfo). What is encrypted is not read.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.protocols.certificates import read_certificate
from kwel.protocols.sayings import Saying, text
from kwel.protocols.wire import Malformed, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kwel.model.kinds import FactKind

OPEN, MESSAGE, FINAL = b"OPN", b"MSG", b"F"
KINDS = (b"HEL", b"ACK", b"ERR", b"RHE", OPEN, MESSAGE, b"CLO")
HEADER = 8
FIND_SERVERS, GET_ENDPOINTS, REGISTER, CREATE_REQUEST, CREATE_RESPONSE, READ, REGISTER_2 = (
    425, 431, 437, 461, 464, 634, 12211,
)  # fmt: skip
"""Numbers of the messages' types in namespace 0 (OPC 10000-6 annex A)."""
STATUS = bytes.fromhex("0100600301")
"""How a value of ServerStatusDataType begins: its type, i=864, and that a body follows."""
SERVER, CLIENT, BOTH, DISCOVERY = 0, 1, 2, 3
MODES = {1: "None", 2: "Sign", 3: "SignAndEncrypt"}
ANONYMOUS = 0
MOST_ITEMS = 64
"""Items of one list that are read."""
DEEPEST = 8
"""Of diagnostics within diagnostics."""


@dataclass(frozen=True, slots=True)
class Described:
    """An application, as an ApplicationDescription has it."""

    uri: str
    product_uri: str
    name: str
    kind: int
    urls: tuple[str, ...]


def looks_like(data: bytes) -> bool:
    """Return whether *data* begins with a message of the binary connection protocol."""
    return len(data) >= HEADER and data[:3] in KINDS and data[3:4] in (FINAL, b"C", b"A")


def size_of(data: bytes) -> int | None:
    """Return how long the message is that *data* begins with."""
    if not looks_like(data):
        return None if len(data) < HEADER else 0
    return max(HEADER, int.from_bytes(data[4:8], "little"))


def observe(r: Reader) -> Iterator[Saying]:
    """Yield what the messages say of who sent them."""
    while len(r):
        kind, chunk = r.take(3), r.take(1)
        size = _u32(r)
        if kind not in KINDS or size < HEADER:
            raise Malformed("no message of OPC UA")
        is_whole = size - HEADER <= len(r)
        with r.block(min(size - HEADER, len(r))) as body:
            if kind == OPEN:
                yield from _open(body)
            elif kind == MESSAGE and chunk != b"A":
                yield from _message(body)
            if not is_whole:  # what there is was read
                body.take(size)


def _open(r: Reader) -> Iterator[Saying]:
    """Read how a channel is secured, and the certificate of who opens or answers."""
    r.skip(4)  # channel
    policy = text(_bytes(r))
    certificate = _bytes(r)
    if name := policy.rpartition("#")[2]:
        yield Saying("protocol", f"opcua/{name}")
    if certificate:
        yield from _certificate(certificate, "identity")


def _message(r: Reader) -> Iterator[Saying]:
    r.skip(16)  # channel, token, sequence, request
    kind = _node(r)
    if kind not in READERS:
        return
    (_request_header if kind in (REGISTER, REGISTER_2, CREATE_REQUEST) else _response_header)(r)
    yield from READERS[kind](r)


def _endpoints(r: Reader) -> Iterator[Saying]:
    seen = set()
    for _ in range(_count(r)):
        _bytes(r)  # the URL: as the client wrote it
        server = _description(r)
        if server not in seen:
            seen.add(server)
            yield from _application(server)
        if certificate := _bytes(r):
            yield from _certificate(certificate, "certificate")
        mode, policy = MODES.get(_u32(r), ""), text(_bytes(r)).rpartition("#")[2]
        if mode and policy:
            yield Saying("protocol", f"opcua/{policy} {mode}" if mode != policy else f"opcua/{policy}")
        for _ in range(_count(r)):
            _bytes(r)
            if _u32(r) == ANONYMOUS:
                yield Saying("protocol", "opcua/anonymous login")
            for _ in range(3):
                _bytes(r)
        _bytes(r)
        r.skip(1)


def _found_servers(r: Reader) -> Iterator[Saying]:
    """Read the servers that a server knows: itself, or, if it is one of discovery, others."""
    servers = [_description(r) for _ in range(_count(r))]
    is_directory = any(server.kind == DISCOVERY for server in servers)
    for server in servers:
        if server.kind == DISCOVERY or not is_directory:
            yield from _application(server)
        else:
            yield Saying("service", text(f"{server.uri} at {' '.join(server.urls) or 'no address'}".encode()))


def _registered(r: Reader) -> Iterator[Saying]:
    uri, product = text(_bytes(r)), text(_bytes(r))
    names = [_localized(r) for _ in range(_count(r))]
    yield from _application(Described(uri, product, next(iter(names), ""), SERVER, ()))


def _session_request(r: Reader) -> Iterator[Saying]:
    yield from _application(_description(r))
    for _ in range(4):
        _bytes(r)  # server URI, endpoint, name of the session, nonce
    if certificate := _bytes(r):
        yield from _certificate(certificate, "identity")


def _session_response(r: Reader) -> Iterator[Saying]:
    _node(r)
    _node(r)
    r.skip(8)  # how long the session lasts
    _bytes(r)
    if certificate := _bytes(r):
        yield from _certificate(certificate, "certificate")
    yield from _endpoints(r)


def _values(r: Reader) -> Iterator[Saying]:
    """Find the status of a server among the values that were read: it holds what the server was built as."""
    raw = r.rest()
    at = raw.find(STATUS)
    if at < 0:
        return
    status = Reader(raw, at + len(STATUS))
    status.skip(4 + 8 + 8 + 4)  # length, start, now, state
    kinds: tuple[FactKind, ...] = ("uri", "vendor", "product", "firmware")
    for kind in kinds:
        if (value := text(_bytes(status))) and kind != "uri":
            yield Saying(kind, value)


READERS: dict[int, Callable[[Reader], Iterator[Saying]]] = {
    FIND_SERVERS: _found_servers,
    GET_ENDPOINTS: _endpoints,
    REGISTER: _registered,
    REGISTER_2: _registered,
    CREATE_REQUEST: _session_request,
    CREATE_RESPONSE: _session_response,
    READ: _values,
}


def _application(one: Described) -> Iterator[Saying]:
    yield Saying("role", "client" if one.kind == CLIENT else "server")
    if one.uri:
        yield Saying("uri", one.uri)
    if one.product_uri:
        yield Saying("software", one.product_uri)
    if one.name:
        yield Saying("description", one.name)


def _certificate(der: bytes, kind: FactKind) -> Iterator[Saying]:
    """Say whom a certificate names. It may stand before those that vouch for it."""
    with contextlib.suppress(WireError):
        subject = read_certificate(der).subject
        if subject:
            yield Saying(kind, subject)


def _description(r: Reader) -> Described:
    uri, product, name, kind = text(_bytes(r)), text(_bytes(r)), _localized(r), _u32(r)
    _bytes(r)
    _bytes(r)
    return Described(uri, product, name, kind, tuple(text(_bytes(r)) for _ in range(_count(r))))


def _request_header(r: Reader) -> None:
    _node(r)
    r.skip(8 + 4 + 4)  # time, handle, diagnostics
    _bytes(r)
    r.skip(4)
    _extension(r)


def _response_header(r: Reader) -> None:
    r.skip(8 + 4)  # time, handle
    if _u32(r) & 0x80000000:
        raise Malformed("a service that failed")
    _diagnostics(r)
    for _ in range(_count(r)):
        _bytes(r)
    _extension(r)


def _extension(r: Reader) -> None:
    _node(r)
    if r.u8():
        _bytes(r)


def _diagnostics(r: Reader, depth: int = 0) -> None:
    mask = r.u8()
    r.skip(4 * (mask & 0xF).bit_count())
    if mask & 0x10:
        _bytes(r)
    if mask & 0x20:
        r.skip(4)
    if mask & 0x40:
        if depth >= DEEPEST:
            raise Malformed("diagnostics without end")
        _diagnostics(r, depth + 1)


def _localized(r: Reader) -> str:
    mask = r.u8()
    if mask & 1:
        _bytes(r)
    return text(_bytes(r)) if mask & 2 else ""


def _node(r: Reader) -> int | None:
    """Return the number of a node in namespace 0; None of another (OPC 10000-6 section 5.2.2.9)."""
    form = r.u8()
    number = None
    if form & 0x3F == 0:
        number = r.u8()
    elif form & 0x3F == 1:
        space, number = r.u8(), int.from_bytes(r.take(2), "little")
        number = None if space else number
    elif form & 0x3F == 2:
        space, number = int.from_bytes(r.take(2), "little"), _u32(r)
        number = None if space else number
    elif form & 0x3F in (3, 5):
        r.skip(2)
        _bytes(r)
    elif form & 0x3F == 4:
        r.skip(18)
    else:
        raise Malformed(f"a node of form {form}")
    if form & 0x80:
        _bytes(r)
    r.skip(4 if form & 0x40 else 0)
    return number


def _bytes(r: Reader) -> bytes:
    """Return a text or bytes with their length before them; -1 is none."""
    size = int.from_bytes(r.take(4), "little", signed=True)
    return r.take(size) if size > 0 else b""


def _count(r: Reader) -> int:
    size = int.from_bytes(r.take(4), "little", signed=True)
    if size > MOST_ITEMS:
        raise Malformed(f"a list of {size}")
    return max(0, size)


def _u32(r: Reader) -> int:
    return int.from_bytes(r.take(4), "little")
