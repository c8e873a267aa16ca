"""The table of ClientHellos: one row a hello, however it comes and however much of it the capture holds."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest

from kwel.model.kinds import Application
from kwel.model.records.columns import Ech, NameSource
from tests.protocols.hellos import alpn, client_hello, extension, reckon_ja4, server_name, signatures, versions
from tests.streams.making import Talk, hear, names, records

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.traffic import Traffic

NAME = server_name("plant.example")
MESSAGE = client_hello(
    extension(0x5A5A), extension(21, bytes(1500)), extension(0xFE0D, b"\0" * 20), alpn("h2", "http/1.1"),
    signatures(0x0403, 0x0804), versions(0x1A1A, 0x0304, 0x0303), NAME, ciphers=(0x2A2A, 0x1301, 0x1302),
)  # fmt: skip
SNI = (NameSource.TLS_SNI, "plant.example")


def told(traffic: Traffic) -> list[tuple[str, str, int, int, str, int]]:
    return [
        (
            traffic.names[int(row["name"])],
            traffic.names[int(row["alpn"])],
            int(row["version"]),
            int(row["ech"]),
            traffic.fingerprints[int(row["fingerprint"])],
            int(row["partial"]),
        )
        for row in traffic.hellos
    ]


WHOLE = [("plant.example", "h2,http/1.1", 0x0304, Ech.OFFERED, reckon_ja4(MESSAGE), 0)]


def segments(talk: Talk, data: bytes, size: int) -> list[bytes]:
    return [talk.up(data[i : i + size], i) for i in range(0, len(data), size)]


@pytest.mark.parametrize("size", [16384, 1460, 200])
@pytest.mark.parametrize("record", [16384, 700, 40])
def test_a_hello_is_one_row_however_it_is_cut_up(tmp_path: Path, size: int, record: int) -> None:
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), *segments(talk, records(MESSAGE, record), size)])

    assert told(traffic) == WHOLE
    assert names(traffic) == [SNI]
    assert "hellos-partial" not in traffic.coverage.notes


@pytest.mark.parametrize(("record", "size"), [(16384, 1), (1, 1460), (1, 1)])
def test_pieces_of_one_byte_are_joined(tmp_path: Path, record: int, size: int) -> None:
    talk, message = Talk(), client_hello(alpn("h2"), versions(0x0304), NAME)
    traffic = hear(tmp_path, [*talk.handshake(), *segments(talk, records(message, record), size)])

    assert told(traffic) == [("plant.example", "h2", 0x0304, 0, reckon_ja4(message), 0)]


@pytest.mark.parametrize("seed", range(8))
def test_five_segments_shuffled_and_sent_again_are_one_hello(tmp_path: Path, seed: int) -> None:
    talk, data, order = Talk(), records(MESSAGE, 500), random.Random(seed)
    frames = segments(talk, data, len(data) // 5 + 1)
    assert len(frames) == 5
    sent = frames + order.choices(frames, k=3)
    order.shuffle(sent)

    traffic = hear(tmp_path, [*talk.handshake(), *sent])
    assert told(traffic) == WHOLE
    assert names(traffic) == [SNI]


def test_a_hello_whose_end_never_comes_is_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    talk, message = Talk(), client_hello(NAME, versions(0x0304), extension(21, bytes(2000)))
    traffic = hear(tmp_path, [*talk.handshake(), *segments(talk, records(message), 1000)[:2]])

    assert told(traffic) == [("plant.example", "", 0x0304, 0, "", 1)]
    assert names(traffic) == [SNI]
    assert traffic.coverage.notes["hellos-partial"] == 1
    assert traffic.flows["application"][0] == Application.TLS


def test_a_hello_that_the_capture_cuts_is_kept_as_far_as_it_goes(tmp_path: Path) -> None:
    talk, message = Talk(), client_hello(NAME, extension(21, bytes(900)), versions(0x0304))
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(records(message), 0)], snaplen=300)

    assert told(traffic) == [("plant.example", "", 0, 0, "", 1)]
    assert traffic.coverage.notes["hellos-partial"] == 1


def test_a_hello_longer_than_is_read_of_a_stream_is_partial(tmp_path: Path) -> None:
    talk, message = Talk(), client_hello(NAME, extension(21, bytes(30000)))
    traffic = hear(tmp_path, [*talk.handshake(), *segments(talk, records(message), 1460)])

    assert told(traffic) == [("plant.example", "", 0, 0, "", 1)]


def test_a_hello_of_exactly_what_is_read_of_a_stream_is_whole(tmp_path: Path) -> None:
    talk, short = Talk(), client_hello(NAME, extension(21))
    message = client_hello(NAME, extension(21, bytes(16384 - 5 - len(short))))
    traffic = hear(tmp_path, [*talk.handshake(), *segments(talk, records(message), 1460)])

    assert len(records(message)) == 16384
    assert told(traffic) == [("plant.example", "", 0x0303, 0, reckon_ja4(message), 0)]


def test_a_hello_without_a_name_is_a_row_too(tmp_path: Path) -> None:
    talk, message = Talk(), client_hello(versions(0x0304))
    traffic = hear(tmp_path, [talk.up(records(message), 0)])

    assert told(traffic) == [("", "", 0x0304, 0, reckon_ja4(message), 0)]
    assert traffic.flows["application"][0] == Application.TLS


@pytest.mark.parametrize("version", [0x0002, 0x0301])
def test_the_hello_of_ssl_2_is_recognised(tmp_path: Path, version: int) -> None:
    body = b"\1" + struct.pack(">HHHH", version, 9, 0, 16) + bytes(9) + bytes(range(16))
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(struct.pack(">H", 0x8000 | len(body)) + body, 0)])

    assert told(traffic) == [("", "", version, 0, "", 0)]
    assert traffic.flows["application"][0] == Application.TLS


def test_bytes_that_only_begin_like_ssl_2_are_none(tmp_path: Path) -> None:
    body = b"\1" + struct.pack(">HHHH", 0x0002, 9, 0, 17) + bytes(9) + bytes(range(16))
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(struct.pack(">H", 0x8000 | len(body)) + body, 0)])

    assert len(traffic.hellos) == 0


def test_a_damaged_hello_has_a_row_and_no_fingerprint(tmp_path: Path) -> None:
    damaged = bytearray(client_hello(alpn("h2"), NAME))
    damaged[44:46] = b"\xff\xff"  # the length of the extensions
    talk = Talk()
    traffic = hear(tmp_path, [*talk.handshake(), talk.up(records(bytes(damaged)), 0)])

    assert [(row["fingerprint"], row["partial"]) for row in traffic.hellos] == [(0, 0)]


def test_every_flow_with_the_same_client_software_has_the_same_fingerprint(tmp_path: Path) -> None:
    frames = []
    for i in range(300):
        talk = Talk(client_port=20000 + i)
        message = client_hello(server_name(f"host{i}.example"), alpn("h2"), versions(0x0304))
        frames += [*talk.handshake(), talk.up(records(message), 0)]
    traffic = hear(tmp_path, frames)

    assert len(traffic.hellos) == 300
    assert tuple(traffic.fingerprints) == ("", reckon_ja4(client_hello(NAME, alpn("h2"), versions(0x0304))))
