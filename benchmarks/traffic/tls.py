"""A host name in, TLS messages out: RFC 8446, RFC 5246, RFC 6066 section 3 (SNI), RFC 8701 (GREASE).

The hellos look like a browser's: GREASE, extensions in a random order after the first, three in ten with a
post-quantum key share and an encrypted-hello extension, which no longer fit one segment; two in ten offer
TLS 1.2 alone.
"""

from __future__ import annotations

import datetime
import enum
import struct
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from random import Random


class Content(enum.IntEnum):
    """Record content types (RFC 8446 appendix B.1)."""

    CHANGE_CIPHER_SPEC = 20
    HANDSHAKE = 22
    APPLICATION_DATA = 23


class Message(enum.IntEnum):
    """Handshake messages (RFC 8446 appendix B.3, RFC 5246 appendix A.4)."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    SERVER_HELLO_DONE = 14
    CLIENT_KEY_EXCHANGE = 16


class Extension(enum.IntEnum):
    """Extensions, by IANA's TLS ExtensionType registry."""

    SERVER_NAME = 0
    STATUS_REQUEST = 5
    GROUPS = 10
    POINT_FORMATS = 11
    SIGNATURES = 13
    ALPN = 16
    CERTIFICATE_TIMESTAMP = 18
    PADDING = 21
    EXTENDED_SECRET = 23
    TICKET = 35
    VERSIONS = 43
    KEY_MODES = 45
    KEY_SHARE = 51
    ENCRYPTED_HELLO = 0xFE0D
    RENEGOTIATION = 0xFF01


TLS_1_0, TLS_1_2, TLS_1_3 = 0x0301, 0x0303, 0x0304
GREASE, GREASE_VERSION = 0x2A2A, 0x3A3A
X25519, X25519_MLKEM768 = 29, 0x11EC
MLKEM_SHARE = 1216
"""Bytes of an X25519MLKEM768 client share (draft-ietf-tls-ecdhe-mlkem)."""

CIPHERS_1_3 = bytes.fromhex("2a2a130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035")
CIPHERS_1_2 = bytes.fromhex("c02bc02fc02cc030cca9cca8c013c014009c009d002f0035000a")
SESSION_ID = bytes(range(32))
"""The same everywhere: the server's flight is stored once and has to echo what the client sent."""
HELLO_SIZE = 512
"""Short hellos are padded to this size (RFC 7685)."""

CERTIFICATE_NAMES = 90
CERTIFICATE_FROM, CERTIFICATE_UNTIL = datetime.datetime(2023, 1, 1), datetime.datetime(2027, 1, 1)


def counted(body: bytes, width: int) -> bytes:
    """Return *body* after its length, which takes *width* bytes."""
    return len(body).to_bytes(width, "big") + body


def record(content: int, body: bytes, version: int = TLS_1_2) -> bytes:
    """Return one TLS record."""
    return struct.pack(">BH", content, version) + counted(body, 2)


def handshake(kind: int, body: bytes) -> bytes:
    """Return one handshake message."""
    return bytes([kind]) + counted(body, 3)


def extension(kind: int, body: bytes) -> bytes:
    """Return one extension."""
    return struct.pack(">H", kind) + counted(body, 2)


def _server_name(name: str) -> bytes:
    return extension(Extension.SERVER_NAME, counted(b"\0" + counted(name.encode(), 2), 2))


def _common_extensions(name: str) -> list[bytes]:
    signatures = bytes.fromhex("04030804040105030805050108060601")
    return [
        _server_name(name),
        extension(Extension.EXTENDED_SECRET, b""),
        extension(Extension.RENEGOTIATION, b"\0"),
        extension(Extension.POINT_FORMATS, b"\1\0"),
        extension(Extension.TICKET, b""),
        extension(Extension.ALPN, counted(b"\x02h2\x08http/1.1", 2)),
        extension(Extension.STATUS_REQUEST, b"\1\0\0\0\0"),
        extension(Extension.SIGNATURES, counted(signatures, 2)),
        extension(Extension.CERTIFICATE_TIMESTAMP, b""),
    ]


def _key_share(group: int, key: bytes) -> bytes:
    return struct.pack(">H", group) + counted(key, 2)


def _extensions_1_3(name: str, random: Random, *, post_quantum: bool) -> list[bytes]:
    shares = _key_share(GREASE, b"\0")
    extensions = _common_extensions(name)
    if post_quantum:
        shares += _key_share(X25519_MLKEM768, random.randbytes(MLKEM_SHARE))
        outer = (
            b"\0\0\1\0\1" + random.randbytes(1) + counted(random.randbytes(32), 2) + counted(random.randbytes(176), 2)
        )
        extensions.append(extension(Extension.ENCRYPTED_HELLO, outer))
    shares += _key_share(X25519, random.randbytes(32))
    extensions += [
        extension(Extension.KEY_SHARE, counted(shares, 2)),
        extension(Extension.KEY_MODES, b"\1\1"),
        extension(Extension.VERSIONS, counted(struct.pack(">3H", GREASE_VERSION, TLS_1_3, TLS_1_2), 1)),
        extension(Extension.GROUPS, counted(struct.pack(">5H", GREASE, X25519_MLKEM768, X25519, 23, 24), 2)),
    ]
    random.shuffle(extensions)
    return [extension(GREASE, b""), *extensions]


def _hello_body(nonce: bytes, session: bytes, ciphers: bytes, extensions: bytes) -> bytes:
    return (
        struct.pack(">H", TLS_1_2)
        + nonce
        + counted(session, 1)
        + counted(ciphers, 2)
        + b"\1\0"
        + counted(extensions, 2)
    )


def client_hello(name: str, random: Random, *, modern: bool = True, post_quantum: bool = False) -> bytes:
    """Return a ClientHello without a record around it.

    Args:
        name: the host that is asked for.
        random: where nonces and keys come from.
        modern: offer TLS 1.3; else TLS 1.2 alone.
        post_quantum: add the 1,216-byte key share that makes a hello outgrow one segment.
    """
    nonce = random.randbytes(32)
    if not modern:
        groups = extension(Extension.GROUPS, counted(struct.pack(">4H", X25519, 23, 24, 25), 2))
        extensions = b"".join([*_common_extensions(name), groups])
        return handshake(Message.CLIENT_HELLO, _hello_body(nonce, b"", CIPHERS_1_2, extensions))
    extensions = b"".join(_extensions_1_3(name, random, post_quantum=post_quantum))
    message = handshake(Message.CLIENT_HELLO, _hello_body(nonce, SESSION_ID, CIPHERS_1_3, extensions))
    missing = HELLO_SIZE - len(message) - 4
    if missing < 0:
        return message
    extensions += extension(Extension.PADDING, bytes(missing))
    return handshake(Message.CLIENT_HELLO, _hello_body(nonce, SESSION_ID, CIPHERS_1_3, extensions))


def _certificate() -> bytes:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))  # its signatures need no random number
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    names = [x509.DNSName(f"h{number}.example.com") for number in range(CERTIFICATE_NAMES)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(CERTIFICATE_FROM)
        .not_valid_after(CERTIFICATE_UNTIL)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, None)
        .public_bytes(Encoding.DER)
    )


def server_flight_1_2(random: Random) -> bytes:
    """Return ServerHello, Certificate, ServerKeyExchange and ServerHelloDone."""
    extensions = extension(Extension.RENEGOTIATION, b"\0") + extension(Extension.POINT_FORMATS, b"\1\0")
    hello = struct.pack(">H", TLS_1_2) + random.randbytes(32) + b"\0\xc0\x2b\0" + counted(extensions, 2)
    exchange = b"\3\0\x1d" + counted(random.randbytes(32), 1) + b"\x08\x07" + counted(random.randbytes(64), 2)
    messages = (
        handshake(Message.SERVER_HELLO, hello),
        handshake(Message.CERTIFICATE, counted(counted(_certificate(), 3), 3)),
        handshake(Message.SERVER_KEY_EXCHANGE, exchange),
        handshake(Message.SERVER_HELLO_DONE, b""),
    )
    return b"".join(record(Content.HANDSHAKE, message) for message in messages)


def server_flight_1_3(random: Random) -> bytes:
    """Return ServerHello and the encrypted rest: extensions, certificate, verification."""
    share = extension(Extension.KEY_SHARE, _key_share(X25519, random.randbytes(32)))
    extensions = extension(Extension.VERSIONS, struct.pack(">H", TLS_1_3)) + share
    hello = struct.pack(">H", TLS_1_2) + random.randbytes(32) + counted(SESSION_ID, 1) + b"\x13\x01\0"
    encrypted = (record(Content.APPLICATION_DATA, random.randbytes(size)) for size in (40, 3100, 53))
    return b"".join(
        [
            record(Content.HANDSHAKE, handshake(Message.SERVER_HELLO, hello + counted(extensions, 2))),
            record(Content.CHANGE_CIPHER_SPEC, b"\1"),
            *encrypted,
        ]
    )


def client_finish_1_2(random: Random) -> bytes:
    """Return ClientKeyExchange, ChangeCipherSpec and the encrypted Finished."""
    exchange = handshake(Message.CLIENT_KEY_EXCHANGE, counted(random.randbytes(32), 1))
    return (
        record(Content.HANDSHAKE, exchange)
        + record(Content.CHANGE_CIPHER_SPEC, b"\1")
        + record(Content.HANDSHAKE, random.randbytes(40))
    )


def client_finish_1_3(random: Random) -> bytes:
    """Return ChangeCipherSpec and the encrypted Finished."""
    return record(Content.CHANGE_CIPHER_SPEC, b"\1") + record(Content.APPLICATION_DATA, random.randbytes(53))
