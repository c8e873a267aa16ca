"""pcapng: sections, interfaces, clocks, every block that holds a packet, and blocks that lie."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import CaptureFile, Reading
from kwel.capture.records import FOREVER, HELD
from tests.capture.making import (
    FRAME,
    SECOND,
    Frame,
    block,
    frames,
    interface,
    option,
    packet,
    section,
    statistics,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, *blocks: bytes) -> tuple[list[Frame], str | None]:
    reading = Reading(write(tmp_path, b"".join(blocks)))
    return frames(reading), reading.problem


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_sort_of_packet_block_is_a_frame(tmp_path: Path, order: str) -> None:
    old = struct.pack(order + "HHIIII", 0, 0xFFFF, 0, 2_000_000, 60, 1500) + FRAME
    simple = struct.pack(order + "I", 60) + FRAME

    found, problem = read(
        tmp_path,
        section(order),
        interface(order=order),
        packet(units=1_000_000, wire=90, order=order),
        block(2, old, order),
        block(3, simple, order),
    )

    assert problem is None
    assert found == [
        Frame(1, SECOND, 90, 1, 0, FRAME),
        Frame(2, 2 * SECOND, 1500, 1, 0, FRAME),
        Frame(3, 2 * SECOND, 60, 1, 0, FRAME),
    ]


def test_each_interface_has_its_own_link_type_and_clock(tmp_path: Path) -> None:
    found, _ = read(
        tmp_path,
        section(),
        interface(link=1),
        interface(option(9, b"\x09"), link=113),
        packet(units=5, on=0),
        packet(units=5, on=1),
    )

    assert [(frame.time, frame.link, frame.interface) for frame in found] == [(5000, 1, 0), (5, 113, 1)]


@pytest.mark.parametrize(
    ("resolution", "units", "nanoseconds"),
    [
        (0, 7, 7 * SECOND),
        (3, 5500, 5_500_000_000),
        (6, 1_700_000_000_000_000, 1_700_000_000 * SECOND),
        (9, 1_700_000_000_000_000_001, 1_700_000_000_000_000_001),
        (12, 7_000_000_000_123, 7_000_000_000),
        (127, 1 << 62, 4),
        (0x80 | 0, 7, 7 * SECOND),
        (0x80 | 10, 7 * 1024 + 512, 7_500_000_000),
        (0x80 | 32, 7 << 32 | 1 << 31, 7_500_000_000),
        (0x80 | 40, 7 << 40 | 1 << 39, 7_500_000_000),
        (0x80 | 62, 1 << 62 | 1 << 61, 1_500_000_000),
        (0x80 | 127, 1 << 62, 0),
        (6, 1 << 62, FOREVER),
        (9, 1 << 63, FOREVER),
        (0x80 | 10, 1 << 62, FOREVER),
    ],
)
def test_a_clock_may_count_in_powers_of_ten_or_of_two(
    tmp_path: Path, resolution: int, units: int, nanoseconds: int
) -> None:
    found, _ = read(tmp_path, section(), interface(option(9, bytes([resolution]))), packet(units=units))

    assert found[0].time == nanoseconds


@pytest.mark.parametrize(("seconds", "time"), [(1000, 1002 * SECOND), (-1, SECOND), (1 << 62, 4_000_000_002 * SECOND)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_clock_may_be_offset(tmp_path: Path, seconds: int, time: int, order: str) -> None:
    moved = interface(option(14, struct.pack(order + "q", seconds), order), order=order)

    found, _ = read(tmp_path, section(order), moved, packet(units=2_000_000, order=order))

    assert found[0].time == time


def test_sections_may_differ_in_byte_order_and_begin_their_interfaces_anew(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        section("<")
        + interface(link=1)
        + interface(link=113)
        + packet(on=1)
        + section(">")
        + interface(link=101, order=">")
        + packet(on=0, order=">")
        + section("<")
        + interface(link=276)
        + packet(),
    )
    capture = CaptureFile("x", path)

    assert [(frame.number, frame.link) for frame in frames(capture)] == [(1, 113), (2, 101), (3, 276)]
    assert capture.describe().links == (("raw IP", 1), ("Linux cooked v1", 1), ("Linux cooked v2", 1))


def test_the_last_count_of_lost_packets_is_taken_of_each_interface_of_each_section(tmp_path: Path) -> None:
    def lost(on: int, count: int, code: int = 5) -> bytes:
        return statistics(on, option(4, bytes(8)), option(code, struct.pack("<Q", count)))

    both = interface() + interface()
    path = write(
        tmp_path,
        section() + both + lost(0, 3) + lost(1, 10) + lost(0, 5) + section() + both + lost(1, 100, 7) + lost(9, 1),
    )
    capture = CaptureFile("x", path)
    frames(capture)

    assert capture.describe().dropped == 115


def test_an_absurd_count_of_lost_packets_is_not_known(tmp_path: Path) -> None:
    path = write(tmp_path, section() + interface() + statistics(0, option(5, b"\xff" * 8)))
    capture = CaptureFile("x", path)
    frames(capture)

    assert capture.describe().dropped is None


def test_frames_are_numbered_as_wireshark_numbers_them(tmp_path: Path) -> None:
    custom = block(0xBAD, b"\0\0\0\1abcd")
    journal = block(9, b"__REALTIME_TIMESTAMP=1\n")
    unknown = block(0x77, b"abcd")

    found, _ = read(
        tmp_path, section(), custom, interface(), packet(), unknown, packet(), custom, journal, packet(), custom
    )

    assert [frame.number for frame in found] == [2, 3, 6]


def test_a_simple_packet_ends_at_the_snap_length(tmp_path: Path) -> None:
    found, problem = read(
        tmp_path, section(), interface(snap=40), block(3, struct.pack("<I", 60) + FRAME[:40]), packet()
    )

    assert [(frame.wire, len(frame.data)) for frame in found] == [(60, 40), (60, 60)]
    assert problem is None


def test_a_length_that_is_no_multiple_of_four_is_rounded_up(tmp_path: Path) -> None:
    whole = packet(FRAME + b"123")
    odd = struct.pack("<I", len(whole) - 1)

    found, problem = read(tmp_path, section(), interface(), whole[:4] + odd + whole[8:-4] + odd, packet())

    assert [len(frame.data) for frame in found] == [63, 60]
    assert problem is None


def test_more_interfaces_than_the_table_has_room_for_enlarge_it(tmp_path: Path) -> None:
    found, problem = read(tmp_path, section(), *[interface(link=n) for n in range(100)], packet(on=99), packet(on=3))

    assert [frame.link for frame in found] == [99, 3]
    assert problem is None


def test_interfaces_have_an_end(tmp_path: Path) -> None:
    found, problem = read(tmp_path, section(), interface() * 0x10000, packet(on=0xFFFF), interface(), packet())

    assert [frame.interface for frame in found] == [0xFFFF]
    assert problem is not None
    assert "65537th interface" in problem


@pytest.mark.parametrize("options", [b"\x09\x00\xff\xff", b"\x09\x00\x01\x00", b"\x09", b"\x09\0\x08\0" + bytes(8)])
def test_damaged_options_leave_the_usual_clock(tmp_path: Path, options: bytes) -> None:
    found, problem = read(tmp_path, section(), interface(options), packet(units=5))

    assert [frame.time for frame in found] == [5000]
    assert problem is None


def test_a_big_block_that_holds_no_packet_is_passed_over(tmp_path: Path) -> None:
    found, problem = read(tmp_path, section(), interface(), packet(), block(4, bytes(5_000_000)), packet())

    assert [frame.number for frame in found] == [1, 2]
    assert problem is None


def test_a_long_usb_frame_is_passed_over_and_the_next_one_is_found(tmp_path: Path) -> None:
    found, problem = read(tmp_path, section(), interface(link=249), packet(bytes(2_000_000)), packet())

    assert [len(frame.data) for frame in found] == [HELD, 60]
    assert problem is None


HOSTILE = {
    "length below 12": (struct.pack("<III", 6, 8, 8), "does not fit its length (8)"),
    "length of 4 GiB": (struct.pack("<III", 6, 0xFFFFFFFC, 0), "claims 4294967292 bytes"),
    "16 MiB without a packet": (struct.pack("<III", 4, 0x1000010, 0), "claims 16777232 bytes"),
    "lengths differ": (packet()[:-4] + b"abcd", "two lengths that differ"),
    "undescribed interface": (packet(on=1), "frame 2 at byte 140 is of interface 1, which the file does not"),
    "packet longer than its block": (packet()[:20] + struct.pack("<I", 61) + packet()[24:], "claims 61 bytes"),
    "packet block too short": (block(6, bytes(8)), "does not fit its length (20)"),
    "simple packet too short": (block(3, b""), "does not fit its length (12)"),
    "section without byte order": (block(0x0A0D0D0A, bytes(16)), "has no byte order"),
    "section too short": (block(0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)), "does not fit its length"),
    "section of version 2": (section(version=2), "is pcapng version 2, kwel reads version 1"),
    "interface too short": (block(1, b""), "does not fit its length"),
    "cut in the block": (packet()[:-1], "is cut off after frame 1, at byte 140"),
    "cut in the block's header": (packet()[:7], "is cut off after frame 1, at byte 140"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_block_that_lies_ends_the_reading_with_its_place(tmp_path: Path, case: str) -> None:
    bad, expected = HOSTILE[case]

    found, problem = read(tmp_path, section(), interface(), packet(), bad, b"" if "cut" in case else packet())

    assert len(found) == 1
    assert problem is not None
    assert expected in problem
    assert "read up to there" in problem
    assert "\n" not in problem
