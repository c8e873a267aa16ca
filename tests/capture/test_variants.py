"""Variants of pcap that share a magic number, told apart by their first records."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import Reading
from tests.capture.making import FRAME, frames, pcap, record, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def longer(extra: bytes) -> Callable[[str, int], bytes]:
    """Return what makes a record with *extra* between its header and its frame."""

    def make(order: str, second: int) -> bytes:
        plain = record(order=order, time=(second, 5))
        return plain[:16] + extra + plain[16:]

    return make


def kuznetzov(order: str, more: bytes = b"\0") -> bytes:
    return struct.pack(order + "IHB", 3, 0x800, 4) + more


CASES: dict[str, tuple[int, Callable[[str], bytes]]] = {
    "usual": (0xA1B2C3D4, lambda _: b""),
    "April 1999": (0xA1B2C3D4, kuznetzov),
    "September 1999": (0xA1B2CD34, lambda order: kuznetzov(order, bytes(5))),
    "October 1999": (0xA1B2CD34, kuznetzov),
    "Nokia": (0xA1B2C3D4, lambda order: struct.pack(order + "I", 0x9FBFB601)),
    "nanoseconds": (0xA1B23C4D, lambda _: b""),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [1, 2, 3, 400])
@pytest.mark.parametrize("case", CASES)
def test_a_variant_is_read_as_what_it_is(tmp_path: Path, case: str, count: int, order: str) -> None:
    magic, extra = CASES[case]
    make = longer(extra(order))
    path = write(tmp_path, pcap(*[make(order, n) for n in range(1, count + 1)], order=order, magic=magic))
    reading = Reading(path)

    found = frames(reading)

    part = 5 if case == "nanoseconds" else 5000
    assert [frame.time for frame in found] == [n * 1_000_000_000 + part for n in range(1, count + 1)]
    assert {frame.data for frame in found} == {FRAME}
    assert reading.problem is None


@pytest.mark.parametrize("tail", [b"", record()[:20], b"\xff" * 40])
def test_a_damaged_file_of_the_usual_layout_stays_one(tmp_path: Path, tail: bytes) -> None:
    found = frames(Reading(write(tmp_path, pcap(record(), record(wire=10), tail))))

    assert [frame.data for frame in found] == [FRAME, FRAME]


def test_an_aix_file_counts_nanoseconds_and_has_link_types_of_its_own(tmp_path: Path) -> None:
    lengths_first_on_the_wire = struct.pack(">IIII", 1, 999_999_999, 1500, 60) + FRAME
    path = write(tmp_path, pcap(lengths_first_on_the_wire, order=">", version=(2, 2), link=6))

    assert [(f.time, f.wire, f.link) for f in frames(Reading(path))] == [(1_999_999_999, 1500, 1)]


@pytest.mark.parametrize(("magic", "part"), [(0x1C0001AB, 5000), (0x1C0001AC, 5)])
def test_an_ixia_file_has_its_size_in_the_header(tmp_path: Path, magic: int, part: int) -> None:
    body = record(time=(1, 5))
    path = write(tmp_path, pcap(struct.pack("<I", len(body)), body, magic=magic))

    assert [frame.time for frame in frames(Reading(path))] == [1_000_000_000 + part]


@pytest.mark.parametrize("network", [1, 0x1400_0001, 0x2400_0001, 0xF400_0001])
def test_the_length_of_a_frame_check_sequence_is_no_link_type(tmp_path: Path, network: int) -> None:
    assert [frame.link for frame in frames(Reading(write(tmp_path, pcap(record(), link=network))))] == [1]
