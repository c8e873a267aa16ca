"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from kwel.capture.formats import Index, open_index
from tests.capture.making import pcap, section


@pytest.mark.parametrize(("head", "name"), [(pcap(), "pcap"), (pcap(order=">"), "pcap"), (section(), "pcapng")])
def test_captures_are_known_by_their_first_bytes(head: bytes, name: str) -> None:
    index = open_index(head)

    assert isinstance(index, Index)
    assert index.format == name


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "is empty"),
        (b"\xd4\xc3", "not a capture: it begins with the bytes d4 c3"),
        (pcap()[:23], "is cut off in the file header: 23 of 24 bytes"),
        (b"# A plant in Zeeland\r\n", "not a capture: it begins with text"),
        (bytes(24), "not a capture: it begins with zeros"),
        (b"snoop\0\0\0\0\0\0\2", "not a capture kwel reads: snoop"),
        (b"\x04\x22\x4d\x18", "not a capture kwel reads: lz4 (unpack it first)"),
    ],
)
def test_anything_else_is_named_in_one_line_that_says_what_to_do(head: bytes, words: str) -> None:
    problem = open_index(head)

    assert isinstance(problem, str)
    assert problem.startswith(words)
    assert "\n" not in problem
    assert ";" in problem
