from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.protocols import s7comm
from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable


def status_list(kind: int, *items: bytes) -> bytes:
    """Build the answer to a Read SZL request."""
    body = bytes(6) + kind.to_bytes(2, "big") + bytes(2) + len(items[0]).to_bytes(2, "big")
    data = b"\xff\x09" + body[:2] + body[6:] + len(items).to_bytes(2, "big") + b"".join(items)
    parameters = bytes.fromhex("000112 08 12 84 01 00 00 00 0000")
    lengths = len(parameters).to_bytes(2, "big") + len(data).to_bytes(2, "big")
    message = bytes.fromhex("02f080 32 07 0000 0100") + lengths + parameters + data
    return b"\3\0" + (4 + len(message)).to_bytes(2, "big") + message


def test_a_controller_says_its_order_number_and_firmware(sample: Callable[[str], bytes]) -> None:
    assert list(s7comm.observe(Reader(sample("s7comm.module_identification")))) == [
        Saying("protocol", "s7comm"),
        Saying("role", "server"),
        Saying("order-number", "6ES7 315-2EH14-0AB0"),
        Saying("firmware", "V3.2.6"),
    ]


def test_a_controller_says_its_name_and_type() -> None:
    station = b"\0\1" + b"Packer 2".ljust(32, b"\0")
    module = b"\0\7" + b"CPU 315-2 PN/DP".ljust(32, b"\0")
    copyright_entry = b"\0\4" + b"Original".ljust(32, b"\0")

    said = list(s7comm.observe(Reader(status_list(0x1C, station, copyright_entry, module))))
    assert said[2:] == [Saying("hostname", "Packer 2"), Saying("product", "CPU 315-2 PN/DP")]


@pytest.mark.parametrize(("name", "role"), [("s7comm.setup_request", "client"), ("s7comm.setup_response", "server")])
def test_the_role_shows_in_the_kind_of_message(sample: Callable[[str], bytes], name: str, role: str) -> None:
    assert Saying("role", role) in list(s7comm.observe(Reader(sample(name))))


def test_another_protocol_on_the_same_transport_is_not_claimed() -> None:
    mms = bytes.fromhex("0300 0009 02f080 0d 00")

    assert not s7comm.looks_like(mms)
    assert not list(s7comm.observe(Reader(mms)))


def test_an_empty_list_ends_at_once() -> None:
    raw = bytearray(status_list(0x11, b""))
    raw[-2:] = b"\xff\xff"  # 65,535 items of no bytes

    assert [said.kind for said in s7comm.observe(Reader(bytes(raw)))] == ["protocol", "role"]


def test_a_list_that_promises_more_items_than_it_holds_is_truncated_after_what_it_says() -> None:
    raw = bytearray(status_list(0x1C, b"\0\1" + b"A".ljust(32, b"\0")))
    raw[-36:-34] = b"\0\2"
    said: list[Saying] = []

    with pytest.raises(Truncated):
        said.extend(s7comm.observe(Reader(bytes(raw))))
    assert said[-1] == Saying("hostname", "A")


def test_a_wrong_transport_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(s7comm.observe(Reader(bytes.fromhex("0400 0009 02f080 32 01"))))
    with pytest.raises(Malformed):
        list(s7comm.observe(Reader(bytes.fromhex("0300 0003"))))
