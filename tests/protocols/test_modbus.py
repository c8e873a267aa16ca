from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.protocols import modbus
from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed, Reader, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_device_says_who_made_it(sample: Callable[[str], bytes]) -> None:
    assert list(modbus.observe(Reader(sample("modbus.device_identification")))) == [
        Saying("protocol", "modbus/1"),
        Saying("role", "server"),
        Saying("vendor", "ACME"),
        Saying("product", "PLC-1"),
        Saying("firmware", "1.2"),
    ]


@pytest.mark.parametrize(
    ("name", "role"),
    [("modbus.read_request", "client"), ("modbus.read_response", "server"), ("modbus.exception", "server")],
)
def test_the_role_shows_in_the_shape_of_a_message(sample: Callable[[str], bytes], name: str, role: str) -> None:
    assert Saying("role", role) in list(modbus.observe(Reader(sample(name))))


@pytest.mark.parametrize(
    ("pdu", "role"),
    [
        ("03 0000 000a", "client"),
        ("03 14 0001000200030004000500060007000800090010", "server"),
        ("01 03 010203", None),  # three bytes of coils, or a request for 515 coils from 0x0301
        ("06 0001 0003", None),  # echoed
        ("10 0001 0001 02 0003", "client"),
        ("10 0001 0001", "server"),
        ("17 0000 0001 0000 0001 02 0001", "client"),
        ("17 02 0001", "server"),
        ("07", "client"),
        ("07 6d", "server"),
        ("11", "client"),
        ("2b 0e 01 00", "client"),
        ("83 02", "server"),
        ("5a 0002", None),  # vendor's own
    ],
)
def test_a_role_is_told_only_where_one_shape_fits(pdu: str, role: str | None) -> None:
    function, *body = bytes.fromhex(pdu)

    assert modbus.role_of(function, bytes(body)) == role


def test_two_messages_in_one_segment_are_both_read() -> None:
    raw = bytes.fromhex("0001 0000 0006 11 03 0000 0001") + bytes.fromhex("0002 0000 0006 12 03 0000 0001")

    units = [said.value for said in modbus.observe(Reader(raw)) if said.kind == "protocol"]
    assert units == ["modbus/17", "modbus/18"]


@pytest.mark.parametrize("head", ["0001 0001 0006", "0001 0000 0001", "0001 0000 00ff"])
def test_a_wrong_header_is_malformed(head: str) -> None:
    with pytest.raises(Malformed):
        list(modbus.observe(Reader(bytes.fromhex(head + "11 03 0000 0001"))))


@given(cut=st.integers(1, 31))
def test_every_proper_prefix_is_truncated(sample: Callable[[str], bytes], cut: int) -> None:
    whole = sample("modbus.device_identification")

    with pytest.raises(Truncated):
        list(modbus.observe(Reader(whole[:cut])))
