from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.protocols import dhcp
from kwel.protocols.sayings import Binding, Saying
from kwel.protocols.wire import Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

MAC = 0x0090E8100032


def message(kind: int, *options: tuple[int, bytes], ciaddr: str = "0.0.0.0", yiaddr: str = "0.0.0.0") -> bytes:
    """Build a message of a client with *MAC*."""
    header = bytes([1, 1, 6, 0]) + bytes(8) + _address(ciaddr) + _address(yiaddr) + bytes(8)
    fields = MAC.to_bytes(6, "big") + bytes(10) + bytes(192) + dhcp.MAGIC_COOKIE
    coded = b"".join(bytes([code, len(value)]) + value for code, value in ((53, bytes([kind])), *options))
    return header + fields + coded + b"\xff"


def _address(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def bindings(raw: bytes) -> list[Binding]:
    return [said for said in dhcp.observe(Reader(raw)) if isinstance(said, Binding)]


def test_a_request_tells_name_vendor_class_and_the_address_about_to_be_granted(
    sample: Callable[[str], bytes],
) -> None:
    assert list(dhcp.observe(Reader(sample("dhcp.request")))) == [
        Saying("hostname", "moxa-gw-line1", mac=MAC),
        Saying("vendor-class", "MoxaUC8200", mac=MAC),
        Saying("parameters", "1,3,6,12,15,28,42", mac=MAC),
        Binding(MAC, "10.20.9.130"),
    ]


def test_an_acknowledgement_binds_the_address_that_it_grants(sample: Callable[[str], bytes]) -> None:
    assert bindings(sample("dhcp.ack")) == [Binding(MAC, "10.20.9.130")]


@pytest.mark.parametrize("kind", [1, 2, 4, 6, 7])
def test_other_messages_bind_nothing(kind: int) -> None:
    assert not bindings(message(kind, (50, _address("10.0.0.9")), ciaddr="10.0.0.9", yiaddr="10.0.0.9"))


def test_asking_for_the_address_of_a_former_network_proves_nothing() -> None:
    assert not bindings(message(3, (50, _address("192.168.1.77"))))


def test_renewing_proves_the_address_in_use() -> None:
    assert bindings(message(3, ciaddr="10.0.0.9")) == [Binding(MAC, "10.0.0.9")]


def test_an_acknowledged_inform_binds_the_address_that_the_client_gave() -> None:
    assert bindings(message(5, ciaddr="10.0.0.9")) == [Binding(MAC, "10.0.0.9")]


@pytest.mark.parametrize(
    "option",
    [b"\0\0\0plc7.plant.example.", b"\4\0\0\4plc7\5plant\7example\0", b"\4\0\0\4plc7\5plant\7example"],
)
def test_the_domain_name_is_read_in_both_spellings(option: bytes) -> None:
    assert Saying("hostname", "plc7.plant.example", mac=MAC) in list(dhcp.observe(Reader(message(3, (81, option)))))


def test_a_long_option_in_two_parts_is_one() -> None:
    raw = message(3, (12, b"line1-"), (12, b"hmi"))

    assert Saying("hostname", "line1-hmi", mac=MAC) in list(dhcp.observe(Reader(raw)))


def test_a_client_without_an_ethernet_address_says_nothing() -> None:
    raw = bytearray(message(3, (12, b"name")))
    raw[1] = 32  # InfiniBand

    assert not list(dhcp.observe(Reader(bytes(raw))))


def test_plain_bootp_tells_who_asks() -> None:
    raw = message(3, (12, b"name")).replace(dhcp.MAGIC_COOKIE, bytes(4))

    assert dhcp.looks_like(raw)
    assert list(dhcp.observe(Reader(raw))) == [Saying("identity", "00:90:e8:10:00:32", mac=MAC)]


@given(cut=st.integers(0, 239))
def test_a_cut_header_is_truncated_and_tells_the_address_that_stands_first(cut: int) -> None:
    said, rest = [], dhcp.observe(Reader(message(3)[:cut]))
    if cut >= 44:
        said.append(next(rest))

    with pytest.raises(Truncated):
        next(rest)
    assert said == ([Saying("identity", "00:90:e8:10:00:32", mac=MAC)] if cut >= 44 else [])


@pytest.mark.parametrize(
    ("raw", "identifier"),
    [
        (b"\1\0\x90\xe8\x10\0\x32", None),  # the card's own MAC is no news
        (b"\0gateway-7", "gateway-7"),
        (b"\xff\0\0\0\1\0\3\0\1\0\x90\xe8\x10\0\x32", "ff:00:00:00:01:00:03:00:01:00:90:e8:10:00:32"),
        (b"\1", None),
    ],
)
def test_a_client_identifier_is_an_identity(raw: bytes, identifier: str | None) -> None:
    said = list(dhcp.observe(Reader(message(1, (61, raw), (55, bytes([1, 3, 6]))))))

    assert Saying("parameters", "1,3,6", mac=MAC) in said
    assert [one.value for one in said if isinstance(one, Saying) and one.kind == "identity"] == (
        [identifier] if identifier else []
    )


@pytest.mark.parametrize("kind", [1, 2])
def test_a_message_that_says_nothing_else_tells_of_a_client(kind: int) -> None:
    assert list(dhcp.observe(Reader(message(kind)))) == [Saying("identity", "00:90:e8:10:00:32", mac=MAC)]
