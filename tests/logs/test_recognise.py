from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.logs import PROBES, recognise


@pytest.mark.parametrize(
    ("head", "probe"),
    [
        (b"#separator \\x09\n#set_separator\t,\n", "zeek"),
        (b"#fields\tts\tuid\n", "zeek"),
        (b'{"ts":1795523384.1,"uid":"C1"}\n', "zeek"),
        (b'{"_path":"conn","ts": "2026-11-26T01:00:00Z"}\n', "zeek"),
        (b'{"timestamp":"2026-11-26T01:00:00+0000","event_type":"stats"}\n', "eve"),
        (struct.pack("<HH", 0xA50C, 2), "nfdump"),
        (struct.pack(">HHIIIHH", 10, 28, 0, 0, 0, 2, 12) + bytes(8), "ipfix"),
        (struct.pack(">HHIIIIHH", 9, 1, 0, 0, 0, 0, 0, 12) + bytes(8), "netflow"),
        (b'{"name": "devices"}', None),
        (b"# Notes\n", None),
        (b"\0" * 64, None),
        (b"", None),
    ],
)
def test_a_log_is_told_by_its_first_bytes(head: bytes, probe: str | None) -> None:
    assert recognise(head) == probe


@given(st.binary(max_size=200))
def test_anything_may_be_looked_at(head: bytes) -> None:
    assert recognise(head) in (*PROBES, None)
