"""ClientHellos of DTLS, in one datagram or in pieces."""

from __future__ import annotations

import random
import struct
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource
from tests.protocols.hellos import alpn, client_hello, extension, reckon_ja4, server_name, versions
from tests.streams.making import ethernet, hear, ipv4, names, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

SNI = [(NameSource.DTLS_SNI, "plant.example")]
MESSAGE = client_hello(
    extension(21, bytes(600)),
    alpn("webrtc"),
    versions(0xFEFC, 0xFEFD),
    server_name("plant.example"),
    cookie=b"",
    legacy=0xFEFD,
)


def record(payload: bytes, *, kind: int = 22, version: int = 0xFEFD, epoch: int = 0) -> bytes:
    return struct.pack(">BHH", kind, version, epoch) + bytes(6) + struct.pack(">H", len(payload)) + payload


def fragment(start: int, end: int, *, message: bytes = MESSAGE, number: int = 0) -> bytes:
    size, body = len(message) - 12, message[12:]
    sizes = [part.to_bytes(3, "big") for part in (size, start, end - start)]
    return b"\1" + sizes[0] + struct.pack(">H", number) + sizes[1] + sizes[2] + body[start:end]


def datagram(payload: bytes, *, port: int = 4433) -> bytes:
    return ethernet(ipv4(udp(payload, 50000, port), 17))


def told(traffic: Traffic) -> list[tuple[str, int, str, int]]:
    return [
        (
            traffic.names[int(row["alpn"])],
            int(row["version"]),
            traffic.fingerprints[int(row["fingerprint"])],
            int(row["partial"]),
        )
        for row in traffic.hellos
    ]


WHOLE = [("webrtc", 0xFEFC, reckon_ja4(MESSAGE, "d"), 0)]


@pytest.mark.parametrize("port", [4433, 443, 5684, 40001])
@pytest.mark.parametrize("version", [0xFEFF, 0xFEFD, 0xFEFC])
def test_a_hello_in_one_datagram_names_the_flow_on_any_port(tmp_path: Path, port: int, version: int) -> None:
    traffic = hear(tmp_path, [datagram(record(MESSAGE, version=version), port=port)])

    assert names(traffic) == SNI
    assert told(traffic) == WHOLE
    assert traffic.flows["application"][0] == Application.DTLS


def test_a_hello_sent_again_with_a_cookie_is_one_row(tmp_path: Path) -> None:
    again = client_hello(server_name("plant.example"), cookie=b"c" * 32, legacy=0xFEFD)
    traffic = hear(tmp_path, [datagram(record(MESSAGE)), datagram(record(again))])

    assert names(traffic) == SNI
    assert len(traffic.hellos) == 1


def test_only_the_hello_with_its_cookie_was_captured(tmp_path: Path) -> None:
    again = client_hello(server_name("plant.example"), cookie=b"c" * 32, legacy=0xFEFD)

    assert names(hear(tmp_path, [datagram(record(again))])) == SNI


@pytest.mark.parametrize("seed", range(6))
def test_fragments_may_come_in_any_order_and_overlap(tmp_path: Path, seed: int) -> None:
    order, size = random.Random(seed), len(MESSAGE) - 12
    cuts = [0, *sorted(order.sample(range(1, size), 5)), size]
    pieces = [fragment(max(0, start - order.randrange(20)), end) for start, end in pairwise(cuts)]
    order.shuffle(pieces)
    if seed % 2:
        frames = [datagram(record(piece)) for piece in pieces]
    else:
        frames = [datagram(b"".join(record(piece) for piece in pieces))]
    traffic = hear(tmp_path, frames)

    assert names(traffic) == SNI
    assert told(traffic) == WHOLE


def test_fragments_of_two_messages_are_not_mixed(tmp_path: Path) -> None:
    size = len(MESSAGE) - 12
    other = MESSAGE.replace(b"plant.example", b"other.example")
    frames = [
        datagram(record(fragment(0, 300, message=other, number=0))),
        datagram(record(fragment(0, 300, number=1))),
        datagram(record(fragment(300, size, number=1))),
    ]
    assert names(hear(tmp_path, frames)) == SNI


def test_of_a_hello_without_its_end_the_name_is_kept(tmp_path: Path) -> None:
    message = client_hello(server_name("plant.example"), extension(21, bytes(900)), cookie=b"", legacy=0xFEFD)
    traffic = hear(tmp_path, [datagram(record(fragment(0, 400, message=message)))])

    assert names(traffic) == SNI
    assert told(traffic) == [("", 0, "", 1)]


@pytest.mark.parametrize(
    "before", [struct.pack(">HH", 0x4001, len(record(MESSAGE))), b"\1\0\0\0"], ids=["turn", "capwap"]
)
def test_a_hello_behind_four_bytes_of_a_carrier_is_found(tmp_path: Path, before: bytes) -> None:
    assert names(hear(tmp_path, [datagram(before + record(MESSAGE), port=3478)])) == SNI


def test_a_hello_between_other_protocols_of_the_same_ports_is_found(tmp_path: Path) -> None:
    stun = struct.pack(">HHI", 1, 0, 0x2112A442) + bytes(12)
    traffic = hear(tmp_path, [datagram(stun), datagram(b"\x80" + bytes(40)), datagram(record(MESSAGE))])

    assert names(traffic) == SNI


def test_a_session_joined_midway_is_recognised(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [datagram(record(bytes(64), kind=23, epoch=1))])

    assert traffic.flows["application"][0] == Application.DTLS
    assert len(traffic.hellos) == 0


def test_encrypted_handshakes_are_no_hellos(tmp_path: Path) -> None:
    assert len(hear(tmp_path, [datagram(record(MESSAGE, epoch=1))]).hellos) == 0


def test_a_hello_may_end_anywhere(tmp_path: Path) -> None:
    whole = record(MESSAGE)
    frames = [ethernet(ipv4(udp(whole[:size], 40000 + size, 4433), 17)) for size in range(1, len(whole), 7)]
    traffic = hear(tmp_path, frames)

    assert len(traffic.flows) == len(frames)
    assert all(row["partial"] for row in traffic.hellos)


def rdp_1(payload: bytes, *, flags: int = 0x000C, vector: bytes = b"\0\0\0\0") -> bytes:
    """Return a packet of RDP over UDP, version 1: header, acknowledgements, source header."""
    return struct.pack(">IHH", 0x0F94EA0B, 1024, flags) + vector + struct.pack(">II", 1, 1) + payload


def rdp_2(payload: bytes, flags: int, fields: bytes) -> bytes:
    """Return the same of version 2, whose first and eighth byte change places."""
    packet = b"\xe0" + struct.pack("<H", 0xC000 | flags) + fields + b"\x64\0\1\0" + payload
    return packet[7:8] + packet[1:7] + packet[:1] + packet[8:]


HELLO_OF_TLS = b"\x16\3\1" + struct.pack(">H", len(PLAIN := client_hello(server_name("rdp.example")))) + PLAIN


@pytest.mark.parametrize(
    "packet",
    [
        rdp_1(HELLO_OF_TLS),
        rdp_1(HELLO_OF_TLS, vector=b"\0\1\x1f\0"),
        rdp_1(HELLO_OF_TLS, vector=b"\0\3\x1f\x1f\x1f\0\0\0", flags=0x002C),
        rdp_1(HELLO_OF_TLS, vector=b"\0\0\0\0\0\0\0\1", flags=0x010C),
        rdp_1(HELLO_OF_TLS, vector=b"", flags=0x0008),
        rdp_2(HELLO_OF_TLS, 0x114, b"\1\xf4\1\x64\0"),
        rdp_2(HELLO_OF_TLS, 0x014, b"\x66\0"),
        rdp_2(HELLO_OF_TLS, 0x155, b"\x64\0\xdb\5\0\0\2\7\7\x0a\1\xf4\1\x64\0"),
    ],
)
def test_tls_inside_rdp_over_udp_is_read_on_any_port(tmp_path: Path, packet: bytes) -> None:
    traffic = hear(tmp_path, [datagram(packet), datagram(packet)])

    assert names(traffic) == [(NameSource.TLS_SNI, "rdp.example")]
    assert traffic.flows["application"].tolist() == [Application.TLS]
    assert len(traffic.hellos) == 1


def test_dtls_inside_rdp_over_udp_is_read_in_fragments_too(tmp_path: Path) -> None:
    pieces = [rdp_1(record(fragment(start, end))) for start, end in pairwise((0, 300, len(MESSAGE) - 12))]
    traffic = hear(tmp_path, [datagram(piece) for piece in pieces])

    assert names(traffic) == SNI
    assert told(traffic) == WHOLE


@pytest.mark.parametrize(
    "packet",
    [
        rdp_1(HELLO_OF_TLS, flags=0x0004),
        rdp_1(HELLO_OF_TLS, flags=0x000D),
        rdp_1(HELLO_OF_TLS, flags=0x001C),
        rdp_1(HELLO_OF_TLS, vector=b"\xff\xff\0\0"),
        rdp_2(HELLO_OF_TLS, 0x010, b"\x66\0"),
        rdp_2(HELLO_OF_TLS, 0x01C, b"\x66\0"),
        rdp_2(HELLO_OF_TLS, 0x004, b""),
        rdp_2(b"\x17" + HELLO_OF_TLS[1:], 0x014, b"\x66\0"),
        HELLO_OF_TLS,
    ],
)
def test_a_hello_that_no_packet_of_rdp_carries_is_none(tmp_path: Path, packet: bytes) -> None:
    assert names(hear(tmp_path, [datagram(packet)])) == []
