"""Numbers and names in, application messages out: DNS, HTTP, Modbus/TCP, S7comm, MQTT and NTP.

RFC 1035; RFC 9112; Modbus Application Protocol V1.1b3 and Messaging on TCP/IP V1.0b; RFC 1006 and ISO 8073
for what carries S7comm, whose layout is that of Wireshark's dissector; MQTT 3.1.1 section 3; RFC 5905
section 7.3.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from benchmarks.traffic.names import Host

A, CNAME, AAAA, IN = 1, 5, 28, 1
DNS_QUERY, DNS_RESPONSE = 0x0100, 0x8180
DNS_HEADER = 12
TO_QUESTION = b"\xc0\x0c"
"""A compression pointer to the first name of the message (RFC 1035 section 4.1.4)."""

MODBUS_READ_HOLDING = 3
MODBUS_REGISTERS = 16
S7_JOB, S7_ANSWER = 1, 3
S7_BYTES = 16
MQTT_CONNECT, MQTT_CONNACK, MQTT_PUBLISH = 0x10, 0x20, 0x30


def _dns_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _dns_record(owner: bytes, kind: int, ttl: int, data: bytes) -> bytes:
    return owner + struct.pack(">HHIH", kind, IN, ttl, len(data)) + data


def dns(host: Host, random: Random, *, more: list[bytes], ipv6: bool) -> tuple[bytes, bytes]:
    """Return question and answer for *host*; one host in three is an alias.

    Args:
        host: who is asked for.
        random: where the transaction number comes from.
        more: IPv4 addresses besides the host's own.
        ipv6: ask for AAAA, which has one answer.
    """
    kind = AAAA if ipv6 else A
    number = random.randrange(1 << 16)
    question = _dns_name(host.name) + struct.pack(">HH", kind, IN)
    owner, answers = TO_QUESTION, []
    alias = zlib.crc32(host.name.encode())
    if alias % 3 == 0:
        target = _dns_name(f"edge-{alias % 977}.cdn.example-cdn.net")
        answers.append(_dns_record(owner, CNAME, 300, target))
        owner = struct.pack(">H", 0xC000 | DNS_HEADER + len(question) + len(answers[0]) - len(target))
    answers += [_dns_record(owner, kind, 60, data) for data in ([host.ipv6] if ipv6 else [host.ipv4, *more])]
    return (
        struct.pack(">6H", number, DNS_QUERY, 1, 0, 0, 0) + question,
        struct.pack(">6H", number, DNS_RESPONSE, 1, len(answers), 0, 0) + question + b"".join(answers),
    )


def http_request(name: str, number: int) -> bytes:
    """Return a GET for *name*."""
    return (
        f"GET /path/{number}/index.html?id={number * 7} HTTP/1.1\r\nHost: {name}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
    ).encode()


def http_response(size: int) -> bytes:
    """Return a response of *size* bytes, header and body together."""
    header = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: {:5}\r\n\r\n"
    body = size - len(header.format(0))
    return header.format(body).encode().ljust(size, b"y")


def modbus(number: int, random: Random) -> tuple[bytes, bytes]:
    """Return the request for sixteen registers, holding or input by turns, and its response."""
    function = MODBUS_READ_HOLDING + number % 2
    request = struct.pack(">BBHH", 1, function, number * MODBUS_REGISTERS, MODBUS_REGISTERS)
    response = struct.pack(">BBB", 1, function, 2 * MODBUS_REGISTERS) + random.randbytes(2 * MODBUS_REGISTERS)
    return tuple(struct.pack(">HHH", number, 0, len(pdu)) + pdu for pdu in (request, response))  # type: ignore[return-value]


def _tpkt(body: bytes) -> bytes:
    return struct.pack(">BBH", 3, 0, 4 + len(body)) + body


def _s7(kind: int, reference: int, parameter: bytes, data: bytes = b"") -> bytes:
    header = struct.pack(">BBHHHH", 0x32, kind, 0, reference, len(parameter), len(data))
    errors = b"\0\0" if kind == S7_ANSWER else b""
    return _tpkt(b"\x02\xf0\x80" + header + errors + parameter + data)


def s7_greeting() -> tuple[bytes, bytes, bytes, bytes]:
    """Return the connection request and its confirmation, the communication setup and its answer."""
    places = bytes.fromhex("c0010ac1020100c2020102")
    setup = bytes.fromhex("f0000001000101e0")
    return (
        _tpkt(b"\x11\xe0\0\0\0\1\0" + places),
        _tpkt(b"\x11\xd0\0\1\0\2\0" + places),
        _s7(S7_JOB, 0, setup),
        _s7(S7_ANSWER, 0, setup),
    )


def s7_read(number: int, random: Random) -> tuple[bytes, bytes]:
    """Return a job that reads sixteen bytes of flags, and its answer."""
    item = bytes.fromhex("120a1002") + struct.pack(">HH", S7_BYTES, 0) + b"\x83\0\0\0"
    data = b"\xff\x04" + struct.pack(">H", 8 * S7_BYTES) + random.randbytes(S7_BYTES)
    return _s7(S7_JOB, number, b"\4\1" + item), _s7(S7_ANSWER, number, b"\4\1", data)


def mqtt() -> tuple[bytes, bytes, bytes]:
    """Return CONNECT, CONNACK and a PUBLISH."""
    connect = b"\0\4MQTT\4\2\0\x3c\0\x0asensor-001"
    topic = b"plant/line1/temp/1"
    publish = struct.pack(">H", len(topic)) + topic + b'{"v":21.34,"ts":1700000000}'
    return tuple(  # type: ignore[return-value]
        bytes([kind, len(body)]) + body
        for kind, body in ((MQTT_CONNECT, connect), (MQTT_CONNACK, b"\0\0"), (MQTT_PUBLISH, publish))
    )


def ntp(random: Random) -> tuple[bytes, bytes]:
    """Return a client's request and a stratum 1 server's reply."""
    request = bytes.fromhex("e30006ec") + bytes(36) + random.randbytes(8)
    reply = bytes.fromhex("240106ec") + bytes(8) + b"GPS\0" + random.randbytes(32)
    return request, reply
