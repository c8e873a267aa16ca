"""What a ClientHello says, read by the compiled reader as plain Python."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.records.columns import Ech
from kwel.protocols.hello import FOUND, MORE, Hello, highest_version, is_grease, join_protocols, read_client_hello
from tests.protocols.hellos import alpn, client_hello, extension, server_name, versions


def read(message: bytes, *, is_dtls: bool = False) -> Hello:
    data = np.frombuffer(message, np.uint8)
    return read_client_hello(data, 0, len(data), is_dtls)


def name_of(message: bytes, *, is_dtls: bool = False) -> bytes:
    hello = read(message, is_dtls=is_dtls)
    return message[hello.name : hello.name_end]


def protocols_of(message: bytes) -> bytes:
    data, text = np.frombuffer(message, np.uint8), np.zeros(512, np.uint8)
    hello = read(message)
    return text[: join_protocols(data, hello.alpn, hello.alpn_end, text)].tobytes()


def test_name_protocols_and_version_are_read_in_one_pass() -> None:
    message = client_hello(server_name("plant.example"), alpn("h2", "http/1.1"), versions(0x0304, 0x0303))
    hello = read(message)

    assert (hello.outcome, hello.is_sound, hello.version, hello.ech) == (FOUND, True, 0x0304, Ech.NONE)
    assert name_of(message) == b"plant.example"
    assert protocols_of(message) == b"h2,http/1.1"


def test_values_that_mean_nothing_are_passed_over() -> None:
    message = client_hello(extension(0x0A0A), alpn("\x1a\x1a", "h2"), versions(0xFAFA, 0x0303, 0x0304))

    assert protocols_of(message) == b"h2"
    assert read(message).version == 0x0304
    assert [value for value in range(65536) if is_grease(value)] == [0x1010 * i + 0x0A0A for i in range(16)]


def test_the_newest_version_of_dtls_is_the_lowest_number() -> None:
    data = np.frombuffer(struct.pack(">HHH", 0xFEFD, 0xFEFC, 0xFEFF), np.uint8)

    assert highest_version(data, 0, 6) == 0xFEFC


def test_without_a_list_of_versions_the_old_field_counts() -> None:
    assert read(client_hello(server_name("plant.example"), legacy=0x0301)).version == 0x0301


def test_a_hello_without_extensions_is_whole_and_sound() -> None:
    hello = read(client_hello())

    assert (hello.outcome, hello.is_sound, hello.has_name, hello.version) == (FOUND, True, False, 0x0303)


@pytest.mark.parametrize("kind", [0xFE0D, 0xFE08, 0xFFCE, 0xFF02])
def test_encrypted_hellos_and_their_drafts_are_seen(kind: int) -> None:
    assert read(client_hello(extension(kind, b"\0rest"))).ech == Ech.OFFERED


def test_the_inner_form_is_told_apart() -> None:
    assert read(client_hello(extension(0xFE0D, b"\1"))).ech == Ech.INNER


def test_a_cookie_stands_before_the_ciphers_of_dtls() -> None:
    message = client_hello(server_name("plant.example"), cookie=b"c" * 20)

    assert name_of(message, is_dtls=True) == b"plant.example"
    assert name_of(message) == b""


@pytest.mark.parametrize("kind", [1, 255])
def test_a_name_that_is_no_host_name_is_none(kind: int) -> None:
    entry = bytes([kind]) + struct.pack(">H", 3) + b"abc"

    assert not read(client_hello(extension(0, struct.pack(">H", len(entry)) + entry))).name_end


def test_a_hello_that_stops_short_says_what_it_can_and_how_much_is_missing() -> None:
    message = client_hello(server_name("plant.example"), extension(21, bytes(400)), versions(0x0304))
    for size in range(len(message)):
        hello = read(message[:size])
        assert hello.outcome == MORE
        assert hello.missing == (len(message) - size if size >= 4 else 4)
        assert hello.version in (0, 0x0304)
        assert message[hello.name : hello.name_end] in (b"", b"plant.example")
    assert name_of(message[:200]) == b"plant.example"


def test_lists_that_end_elsewhere_than_they_say_are_not_sound() -> None:
    message = bytearray(client_hello(server_name("plant.example")))
    at = message.index(b"plant.example") - 7
    message[at : at + 2] = struct.pack(">H", 900)

    hello = read(bytes(message))
    assert (hello.outcome, hello.is_sound) == (FOUND, False)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_within_their_bounds(data: bytes, is_dtls: bool) -> None:
    hello = read(b"\1" + data, is_dtls=is_dtls)

    assert 0 <= hello.name <= hello.name_end <= len(data) + 1
    assert hello.alpn_end <= len(data) + 1
    assert hello.signatures_end <= len(data) + 1


@given(st.data())
def test_a_damaged_hello_is_read_within_its_bounds(data: st.DataObject) -> None:
    message = bytearray(
        client_hello(server_name("plant.example"), alpn("h2"), versions(0x0304), extension(13, b"\0\2\4\3"))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    hello = read(bytes(message))

    assert hello.name_end <= len(message)
    protocols_of(bytes(message))
