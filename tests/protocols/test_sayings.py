from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.protocols.sayings import MAX_TEXT, own_mac, text


def test_direction_marks_and_escape_sequences_cannot_act() -> None:
    assert text("plc\u202egnp.exe".encode()) == "plc\\u202egnp.exe"
    assert text(b"plc\x1b]0;owned\x07") == "plc\\x1b]0;owned\\x07"


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    assert text(b"S\xfcd-PLC") == "S\\xfcd-PLC"


def test_padding_and_line_breaks_are_folded() -> None:
    assert text(b"  HMI  7\r\nhall 2 \0\0\0") == "HMI 7 hall 2"


@given(raw=st.binary(max_size=2000))
def test_every_text_is_printable_and_short(raw: bytes) -> None:
    said = text(raw)

    assert said.isprintable()
    assert len(said) <= MAX_TEXT


@pytest.mark.parametrize("raw", [b"", bytes(6), bytes.fromhex("ffffffffffff"), bytes.fromhex("01005e0000fb"), b"short"])
def test_no_host_owns_a_group_address_or_none_at_all(raw: bytes) -> None:
    assert own_mac(raw) is None


def test_a_station_owns_its_address() -> None:
    assert own_mac(bytes.fromhex("286336100011")) == 0x286336100011
