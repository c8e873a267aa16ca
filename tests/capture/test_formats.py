"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from kwel.capture.formats import Index, open_index
from tests.capture.making import pcap, section, snoop, snoop_record


@pytest.mark.parametrize(
    ("head", "name"), [(pcap(), "pcap"), (pcap(order=">"), "pcap"), (section(), "pcapng"), (snoop(), "snoop")]
)
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
        (snoop()[:15], "is cut off in the file header: 15 of 16 bytes"),
        (snoop(version=6), "is a snoop file of version 6, kwel reads 2 to 5"),
        (snoop(datalink=7), "is a snoop file of datalink type 7, which kwel does not read"),
        (pcap(link=0x0100_0000), "is no sound pcap file: its link type is 0x01000000"),
        (b"\x02\x21\x4c\x18", "not a capture kwel reads: lz4 of before 2013 (unpack it first)"),
    ],
)
def test_anything_else_is_named_in_one_line_that_says_what_to_do(head: bytes, words: str) -> None:
    problem = open_index(head)

    assert isinstance(problem, str)
    assert problem.startswith(words)
    assert "\n" not in problem
    assert ";" in problem


def test_shomiti_has_link_types_of_its_own_and_is_known_by_its_trailer() -> None:
    assert isinstance(open_index(snoop(snoop_record(padding=16), datalink=10)), Index)
    assert isinstance(open_index(snoop(snoop_record(), datalink=10)), str)
