"""JA4 fingerprints, held against the published examples and against another way of reckoning them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.model.records.columns import NameSource
from kwel.protocols import ja4
from kwel.protocols.hello import read_client_hello
from kwel.protocols.ja4 import Fingerprints, Shapes, new_shapes, number_of_shape
from tests.protocols.hellos import GREASE, alpn, client_hello, extension, reckon_ja4, server_name, signatures, versions

TLS, QUIC, DTLS = NameSource.TLS_SNI, NameSource.QUIC_SNI, NameSource.DTLS_SNI
BROWSER_CIPHERS = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
    0x009C, 0x009D, 0x002F, 0x0035,
)  # fmt: skip
BROWSER_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
BROWSER_EXTENSIONS = (0x1B, 0x33, 0x4469, 0x17, 0x2D, 0x05, 0x23, 0x12, 0xFF01, 0x0B, 0x0A, 0x15)
words = st.integers(0, 0xFFFF)


def number(message: bytes, shapes: Shapes, source: NameSource = TLS) -> int:
    data = np.frombuffer(message, np.uint8)
    with np.errstate(over="ignore"):  # hashes wrap
        return number_of_shape(data, read_client_hello(data, 0, len(data), source == DTLS), source, shapes)


def ja4_of(message: bytes, source: NameSource = TLS) -> str:
    shapes = new_shapes()
    return Fingerprints(shapes)[0] if not number(message, shapes, source) else Fingerprints(shapes)[1]


def test_the_published_example_comes_out() -> None:
    message = client_hello(
        *(extension(kind) for kind in BROWSER_EXTENSIONS[:6]),
        extension(0x3A3A), server_name("plant.example"), alpn("h2", "http/1.1"), signatures(*BROWSER_SIGNATURES),
        versions(0x7A7A, 0x0304, 0x0303), *(extension(kind) for kind in BROWSER_EXTENSIONS[6:]),
        ciphers=(0x8A8A, *BROWSER_CIPHERS),
    )  # fmt: skip

    assert ja4_of(message) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_order_of_ciphers_and_extensions_makes_no_difference() -> None:
    shapes, parts = new_shapes(), [server_name("a.example"), alpn("h2"), versions(0x0304), extension(0x17)]
    first = number(client_hello(*parts, ciphers=(0x1301, 0x1302)), shapes)

    assert number(client_hello(*reversed(parts), ciphers=(0x1302, 0x1301)), shapes) == first
    assert number(client_hello(server_name("b.example"), *parts[1:], ciphers=(0x1301, 0x1302)), shapes) == first


@pytest.mark.parametrize(
    "other",
    [
        client_hello(alpn("h2"), versions(0x0304), signatures(0x0403, 0x0804)),
        client_hello(server_name("a.example"), alpn("h3"), versions(0x0304), signatures(0x0403, 0x0804)),
        client_hello(server_name("a.example"), alpn("h2"), versions(0x0303), signatures(0x0403, 0x0804)),
        client_hello(server_name("a.example"), alpn("h2"), versions(0x0304), signatures(0x0804, 0x0403)),
        client_hello(server_name("a.example"), alpn("h2"), versions(0x0304), signatures(0x0403, 0x0804), ciphers=(1,)),
        client_hello(server_name("a.example"), alpn("h2"), versions(0x0304), signatures(0x0403, 0x0804), extension(9)),
    ],
    ids=["no name", "another protocol", "another version", "other signatures", "another cipher", "one extension more"],
)
def test_what_the_fingerprint_tells_apart_is_another_shape(other: bytes) -> None:
    shapes = new_shapes()
    first = number(
        client_hello(server_name("a.example"), alpn("h2"), versions(0x0304), signatures(0x0403, 0x0804)), shapes
    )

    assert first == 1
    assert number(other, shapes) == 2
    assert len(set(Fingerprints(shapes))) == 3


@pytest.mark.parametrize(
    ("protocol", "spelt"),
    [
        ("\xab", "ab"), ("\xab\xcd", "ad"), ("0\xab", "3b"), ("01\xab\xcd", "3d"), ("0\xab\xcd1", "01"),
        ("h", "hh"), ("http/1.1", "h1"), ("", "00"), ("\x0a\x0a", "00"),
    ],
)  # fmt: skip
def test_the_ends_of_the_first_protocol_are_spelt_as_published(protocol: str, spelt: str) -> None:
    assert ja4_of(client_hello(alpn(protocol)))[8:10] == spelt


def test_quic_and_dtls_have_fingerprints_of_their_own() -> None:
    assert ja4_of(client_hello(versions(0x0304)), QUIC).startswith("q13i0101")
    assert ja4_of(client_hello(cookie=b"", legacy=0xFEFD), DTLS).startswith("dd2i0100")


def test_without_signature_algorithms_no_underscore_is_hashed() -> None:
    kinds = (0x05, 0x0A, 0x0B, 0x0D, 0x12, 0x15, 0x17, 0x1B, 0x23, 0x2B, 0x2D, 0x33, 0x4469, 0xFF01)

    assert ja4_of(client_hello(*(extension(kind) for kind in kinds))).endswith("_6d807ffa2a79")


def test_what_is_not_there_is_twelve_zeros() -> None:
    assert ja4_of(client_hello(ciphers=())) == "t12i000000_000000000000_000000000000"
    assert ja4_of(client_hello(alpn("h2"), ciphers=(0x0A0A,))) == "t12i0001h2_000000000000_000000000000"


@settings(max_examples=200)
@given(
    st.lists(words, max_size=120),
    st.lists(words.filter(lambda kind: kind not in (0, 13, 16, 43)), max_size=120, unique=True),
    st.lists(words, max_size=20), st.lists(st.sampled_from([0x0304, 0x0303, 0x0301, *GREASE]), min_size=1, max_size=4),
)  # fmt: skip
def test_two_ways_of_reckoning_agree(
    ciphers: list[int], kinds: list[int], hashes: list[int], offered: list[int]
) -> None:
    parts = [signatures(*hashes), *map(extension, kinds), versions(*offered, 0x0302)]
    message = client_hello(server_name("plant.example"), *parts, ciphers=tuple(ciphers))

    assert ja4_of(message) == reckon_ja4(message)


def test_shapes_beyond_the_bound_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ja4, "MOST_SHAPES", 4)  # an index has a power of two of slots
    shapes = new_shapes()

    assert [number(client_hello(ciphers=(cipher,)), shapes) for cipher in (1, 2, 3, 4, 5, 1)] == [1, 2, 3, 0, 0, 1]
    assert shapes.places[ja4.REFUSED] == 2
