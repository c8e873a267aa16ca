"""Small captures made by hand: frames in, what kwel hears in them out."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from kwel.analysis.stages import Options, read_traffic

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kwel.model.traffic import Traffic

CLIENT, SERVER = "10.20.1.5", "198.51.100.7"
_idents = itertools.count()
MAC_A, MAC_B = bytes.fromhex("001b1b100021"), bytes.fromhex("00090faa0001")


def write_pcap(path: Path, frames: Iterable[bytes], *, link: int = 1, snaplen: int = 262144, step: int = 1000) -> Path:
    """Write frames *step* microseconds apart; each is cut at *snaplen*."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link))
        for i, frame in enumerate(frames):
            kept = frame[:snaplen]
            seconds, rest = divmod(i * step, 1_000_000)
            file.write(struct.pack("<IIII", 1_700_000_000 + seconds, rest, len(kept), len(frame)) + kept)
    return path


def hear(folder: Path, frames: Iterable[bytes], **how: int) -> Traffic:
    """Return the traffic of a capture that holds *frames*."""
    max_flows = how.pop("max_flows", 1 << 16)
    return read_traffic([str(write_pcap(folder / "made.pcap", frames, **how))], Options(max_flows=max_flows))


def names(traffic: Traffic) -> list[tuple[int, str]]:
    """Return (source, name) of every name seen."""
    return [(int(row["source"]), traffic.names[int(row["name"])]) for row in traffic.named]


def ip4(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def ethernet(payload: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    return MAC_B + MAC_A + tags + struct.pack(">H", kind) + payload


def ipv4(
    payload: bytes, protocol: int, source: str = CLIENT, destination: str = SERVER, options: bytes = b"",
    ident: int | None = None, ttl: int = 64,
) -> bytes:  # fmt: skip
    """Return a packet; every one has an identification of its own unless it is given one."""
    header = 20 + len(options)
    number = next(_idents) % 0xFFFF + 1 if ident is None else ident
    return (
        struct.pack(">BBHHHBBH", 0x40 | header // 4, 0, header + len(payload), number, 0, ttl, protocol, 0)
        + ip4(source) + ip4(destination) + options + payload
    )  # fmt: skip


def ipv6(payload: bytes, following: int, source: bytes, destination: bytes, hops: int = 64) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(payload), following, hops) + source + destination + payload


def udp(payload: bytes, source: int = 40000, destination: int = 53) -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def tcp(
    payload: bytes, seq: int, flags: int = 0x18, source: int = 40000, destination: int = 443, ack: int = 1
) -> bytes:
    return struct.pack(">HHIIBBHHH", source, destination, seq & 0xFFFFFFFF, ack, 0x50, flags, 65535, 0, 0) + payload


class Talk:
    """One TCP connection, told segment by segment."""

    def __init__(self, port: int = 443, isn: int = 1000, client_port: int = 40000) -> None:
        self.port, self.isn, self.client_port = port, isn, client_port

    def handshake(self) -> list[bytes]:
        return [self.up(b"", -1, 0x02), self.down(b"", -1, 0x12), self.up(b"", 0, 0x10)]

    def up(self, payload: bytes, offset: int, flags: int = 0x18) -> bytes:
        """Return a frame from the client; *offset* counts from its first byte of data."""
        segment = tcp(payload, self.isn + 1 + offset, flags, self.client_port, self.port)
        return ethernet(ipv4(segment, 6))

    def down(self, payload: bytes, offset: int, flags: int = 0x18) -> bytes:
        """Return a frame from the server."""
        segment = tcp(payload, 7001 + offset, flags, self.port, self.client_port)
        return ethernet(ipv4(segment, 6, SERVER, CLIENT))


def hello_message(name: str, padding: int = 0, *, name_last: bool = False) -> bytes:
    """Return a ClientHello message (RFC 8446 section 4.1.2), without its record."""
    host = name.encode()
    entry = b"\0" + struct.pack(">H", len(host)) + host
    listed = struct.pack(">H", len(entry)) + entry
    server_name = struct.pack(">HH", 0, len(listed)) + listed
    filler = struct.pack(">HH", 21, padding) + bytes(padding)
    extensions = filler + server_name if name_last else server_name + filler
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\x01" + b"\1\0" + struct.pack(">H", len(extensions)) + extensions
    return b"\1" + len(body).to_bytes(3, "big") + body


def records(message: bytes, size: int = 16384) -> bytes:
    """Return a message as TLS records of at most *size* bytes each."""
    parts = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(b"\x16\3\1" + struct.pack(">H", len(part)) + part for part in parts)


def hello(name: str, padding: int = 0, *, name_last: bool = False) -> bytes:
    return records(hello_message(name, padding, name_last=name_last))


def dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def dns_question(name: str, kind: int = 1) -> bytes:
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + dns_name(name) + struct.pack(">HH", kind, 1)


def dns_answer(name: str, address: str, chain: Iterable[str] = ()) -> bytes:
    """Return a response: CNAME records along *chain*, and an A record at its end."""
    owner, answers = name, []
    for alias in chain:
        target = dns_name(alias)
        answers.append(dns_name(owner) + struct.pack(">HHIH", 5, 1, 60, len(target)) + target)
        owner = alias
    answers.append(dns_name(owner) + struct.pack(">HHIH", 1, 1, 60, 4) + ip4(address))
    question = dns_name(name) + struct.pack(">HH", 1, 1)
    return struct.pack(">HHHHHH", 7, 0x8180, 1, len(answers), 0, 0) + question + b"".join(answers)


def resolver_says(name: str, address: str, chain: Iterable[str] = (), client: str = CLIENT) -> list[bytes]:
    """Return a question and its answer as frames."""
    resolver = "10.20.0.1"
    return [
        ethernet(ipv4(udp(dns_question(name), 50000, 53), 17, client, resolver)),
        ethernet(ipv4(udp(dns_answer(name, address, chain), 53, 50000), 17, resolver, client)),
    ]


def dns_record(owner: bytes, kind: int, data: bytes, ttl: int = 60) -> bytes:
    """Return a resource record; *owner* as on the wire, ``QUESTION`` for the name asked for."""
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


QUESTION = b"\xc0\x0c"


def dns_response(
    name: str, kind: int, answers: Iterable[bytes] = (), added: Iterable[bytes] = (), code: int = 0, flags: int = 0x8180
) -> bytes:
    """Return a response with these records."""
    answers, added = list(answers), list(added)
    header = struct.pack(">HHHHHH", 7, flags | code, 1, len(answers), 0, len(added))
    return header + dns_name(name) + struct.pack(">HH", kind, 1) + b"".join(answers) + b"".join(added)


def says(message: bytes, client: str = CLIENT, resolver: str = "10.20.0.1") -> bytes:
    """Return a response as a frame."""
    return ethernet(ipv4(udp(message, 53, 50000), 17, resolver, client))


def ech_config(public_name: str, version: int = 0xFE0D) -> bytes:
    """Return an ECHConfigList (RFC 9849 section 4) with one configuration."""
    name = public_name.encode()
    key = b"\x07\x00\x20" + struct.pack(">H", 32) + bytes(32)
    contents = key + struct.pack(">H", 4) + b"\0\1\0\1" + b"\x40" + bytes([len(name)]) + name + b"\0\0"
    config = struct.pack(">HH", version, len(contents)) + contents
    return struct.pack(">H", len(config)) + config


def service(target: str, *parameters: tuple[int, bytes], priority: int = 1) -> bytes:
    """Return the data of an SVCB or HTTPS record (RFC 9460 section 2.2); an empty *target* is the owner."""
    name = dns_name(target) if target else b"\0"
    listed = b"".join(struct.pack(">HH", key, len(value)) + value for key, value in parameters)
    return struct.pack(">H", priority) + name + listed


def der(tag: int, *content: bytes) -> bytes:
    """Return one element of DER (ITU-T X.690)."""
    body = b"".join(content)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + size + body


def distinguished(name: str, organisation: str = "") -> bytes:
    parts = [(b"\x55\x04\x0a", organisation), (b"\x55\x04\x03", name)]
    return der(0x30, *(der(0x31, der(0x30, der(6, kind), der(12, value.encode()))) for kind, value in parts if value))


def certificate(subject: str, names: Iterable[str] = (), issuer: str = "Test CA", padding: int = 600) -> bytes:
    """Return an X.509 certificate (RFC 5280) without a real key or signature, of about *padding* bytes more."""
    algorithm = der(0x30, der(6, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"))
    validity = der(0x30, der(23, b"240101000000Z"), der(23, b"340101000000Z"))
    key = der(0x30, algorithm, der(3, b"\0" + bytes(padding)))
    listed = der(0x30, *(der(0x82, name.encode()) for name in names))
    extension = der(0x30, der(6, b"\x55\x1d\x11"), der(4, listed))
    tbs = der(
        0x30, der(0xA0, der(2, b"\2")), der(2, b"\7"), algorithm, distinguished("", issuer), validity,
        distinguished(subject), key, der(0xA3, der(0x30, extension)),
    )  # fmt: skip
    return der(0x30, tbs, algorithm, der(3, b"\0" + bytes(64)))


def handshake(kind: int, body: bytes) -> bytes:
    """Return one handshake message (RFC 5246 section 7.4), without its record."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def server_hello(version: int = 0x0303) -> bytes:
    """Return a ServerHello message."""
    extension = struct.pack(">HHH", 43, 2, version) if version > 0x0303 else struct.pack(">HHB", 0xFF01, 1, 0)
    return handshake(2, b"\3\3" + bytes(32) + b"\0\xc0\x2f\0" + struct.pack(">H", len(extension)) + extension)


def certificate_message(*certificates: bytes) -> bytes:
    """Return a Certificate message of TLS 1.2."""
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in certificates)
    return handshake(11, len(listed).to_bytes(3, "big") + listed)
