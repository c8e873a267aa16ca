"""ClientHellos built field by field (RFC 8446 section 4.1.2), and their JA4 reckoned another way than kwel does."""

from __future__ import annotations

import hashlib
import struct

GREASE = {0x1010 * i + 0x0A0A for i in range(16)}


def extension(kind: int, data: bytes = b"") -> bytes:
    return struct.pack(">HH", kind, len(data)) + data


def server_name(name: str) -> bytes:
    entry = b"\0" + struct.pack(">H", len(name)) + name.encode()
    return extension(0, struct.pack(">H", len(entry)) + entry)


def alpn(*protocols: str) -> bytes:
    listed = b"".join(bytes([len(protocol)]) + protocol.encode("latin-1") for protocol in protocols)
    return extension(16, struct.pack(">H", len(listed)) + listed)


def versions(*numbers: int) -> bytes:
    return extension(43, bytes([2 * len(numbers)]) + struct.pack(f">{len(numbers)}H", *numbers))


def signatures(*numbers: int) -> bytes:
    return extension(13, struct.pack(f">H{len(numbers)}H", 2 * len(numbers), *numbers))


def client_hello(
    *extensions: bytes, ciphers: tuple[int, ...] = (0x1301,), legacy: int = 0x0303, cookie: bytes | None = None
) -> bytes:
    """Return a ClientHello message; one with a cookie is DTLS, in one piece."""
    listed = b"".join(extensions)
    body = struct.pack(">H", legacy) + bytes(32) + b"\0"
    if cookie is not None:
        body += bytes([len(cookie)]) + cookie
    body += struct.pack(f">H{len(ciphers)}H", 2 * len(ciphers), *ciphers) + b"\1\0"
    if extensions:
        body += struct.pack(">H", len(listed)) + listed
    size = len(body).to_bytes(3, "big")
    return b"\1" + size + (b"" if cookie is None else bytes(5) + size) + body


def reckon_ja4(message: bytes, transport: str = "t") -> str:
    """Return the JA4 of a whole, sound ClientHello, straight from its bytes and the published description."""
    at = (12 if transport == "d" else 4) + 2 + 32
    at += 1 + message[at]
    if transport == "d":
        at += 1 + message[at]
    size = int.from_bytes(message[at : at + 2], "big")
    ciphers = [message[i : i + 2].hex() for i in range(at + 2, at + 2 + size, 2)]
    at += 2 + size
    at += 1 + message[at]
    found: list[tuple[str, bytes]] = []
    at += 2
    while at < len(message):
        size = int.from_bytes(message[at + 2 : at + 4], "big")
        found.append((message[at : at + 2].hex(), message[at + 4 : at + 4 + size]))
        at += 4 + size
    grease = {f"{value:04x}" for value in GREASE}
    ciphers = sorted(cipher for cipher in ciphers if cipher not in grease)
    kinds = [kind for kind, _ in found if kind not in grease]
    data = dict(found)
    offered = [message[12:14].hex() if transport == "d" else message[4:6].hex()]
    if "002b" in data:
        listed = data["002b"][1:].hex()
        offered = [listed[i : i + 4] for i in range(0, len(listed), 4) if listed[i : i + 4] not in grease]
    newest = min(offered) if transport == "d" else max(offered)
    spelt = {
        "0304": "13",
        "0303": "12",
        "0302": "11",
        "0301": "10",
        "0300": "s3",
        "feff": "d1",
        "fefd": "d2",
        "fefc": "d3",
    }
    protocol = data.get("0010", b"")[3 : 3 + (data.get("0010", b"\0\0\0") + b"\0\0\0")[2]]
    ends = "00"
    if protocol:
        plain = protocol[:1] + protocol[-1:]
        ends = plain.decode() if plain.isalnum() else plain.hex()[0] + plain.hex()[-1]
    hashes = data.get("000d", b"")[2:].hex()
    algorithms = [hashes[i : i + 4] for i in range(0, len(hashes), 4) if hashes[i : i + 4] not in grease]
    told = ",".join(sorted(kind for kind in kinds if kind not in ("0000", "0010")))
    head = (
        f"{transport}{spelt.get(newest, '00')}{'d' if '0000' in kinds else 'i'}{len(ciphers):02}{len(kinds):02}{ends}"
    )
    tail = "_".join([told, ",".join(algorithms)]) if algorithms else told
    return "_".join([head, _twelve(",".join(ciphers)), _twelve(tail) if told else "0" * 12])


def _twelve(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12
