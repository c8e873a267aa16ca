"""The field blocks of RFC 7541 appendix C, and the code of its appendix B."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.protocols.hpack import decode_huffman, hosts
from kwel.protocols.wire import Malformed, Reader, WireError


@pytest.mark.parametrize(
    ("coded", "plain"),
    [
        ("a8eb10649cbf", b"no-cache"),
        ("25a849e95ba97d7f", b"custom-key"),
        ("d07abe941054d444a8200595040b8166e082a62d1bff", b"Mon, 21 Oct 2013 20:13:21 GMT"),
        ("94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
         b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard_are_decoded(coded: str, plain: bytes) -> None:
    assert decode_huffman(bytes.fromhex(coded)) == plain


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("828684410f7777772e6578616d706c652e636f6d", [b"www.example.com"]),
        ("828684be58086e6f2d6361636865", []),
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", []),
        ("66 0b 7765622e6578616d706c65", [b"web.example"]),
        ("00 04 686f7374 0b 7765622e6578616d706c65", [b"web.example"]),
        ("3fe11f 41 0b 7765622e6578616d706c65", [b"web.example"]),
    ],
)
def test_hosts_are_found_in_every_representation(block: str, found: list[bytes]) -> None:
    assert list(hosts(Reader(bytes.fromhex(block)))) == found


@pytest.mark.parametrize("raw", ["ffffffff", "fffffffffffffffc"])
def test_a_code_that_is_none_is_refused(raw: str) -> None:
    with pytest.raises(Malformed):
        decode_huffman(bytes.fromhex(raw))


def test_an_integer_without_end_is_refused() -> None:
    with pytest.raises(Malformed):
        list(hosts(Reader(b"\x7f" + b"\xff" * 8)))


@given(noise=st.binary(max_size=200))
def test_noise_gives_hosts_or_a_wire_error(noise: bytes) -> None:
    with contextlib.suppress(WireError):
        list(hosts(Reader(noise)))
