"""Classic pcap: byte orders, resolutions, odd variants, and lengths that lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import Reading
from kwel.capture.records import HELD
from tests.capture.making import FRAME, SECOND, Frame, frames, pcap, record, write

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, data: bytes) -> tuple[list[Frame], str | None]:
    reading = Reading(write(tmp_path, data))
    return frames(reading), reading.problem


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "nanoseconds"), [(0xA1B2C3D4, 250_000), (0xA1B23C4D, 250)])
def test_a_frame_is_read_in_either_byte_order_and_resolution(
    tmp_path: Path, order: str, magic: int, nanoseconds: int
) -> None:
    data = pcap(record(order=order, time=(7, 250), wire=1500), order=order, magic=magic, link=101)

    assert read(tmp_path, data) == ([Frame(1, 7 * SECOND + nanoseconds, 1500, 101, 0, FRAME)], None)


def test_records_of_the_modified_format_have_eight_bytes_more(tmp_path: Path) -> None:
    one = record()
    longer = one[:16] + bytes(8) + one[16:]

    found, problem = read(tmp_path, pcap(longer, longer, magic=0xA1B2CD34))

    assert [frame.data for frame in found] == [FRAME, FRAME]
    assert problem is None


@pytest.mark.parametrize("version", [(2, 2), (2, 3), (543, 0)])
def test_versions_before_2_4_may_have_the_length_on_the_wire_first(tmp_path: Path, version: tuple[int, int]) -> None:
    one = record(wire=1500)
    swapped = one[:8] + one[12:16] + one[8:12] + one[16:]

    found, _ = read(tmp_path, pcap(swapped, version=version))

    assert [(frame.wire, frame.data) for frame in found] == [(1500, FRAME)]


def test_the_length_of_the_check_sequence_is_no_part_of_the_link_type(tmp_path: Path) -> None:
    found, _ = read(tmp_path, pcap(record(), link=0x2400_0001))

    assert found[0].link == 1


@pytest.mark.parametrize("wire", [0, 20])
def test_a_length_on_the_wire_below_the_captured_one_is_kept_as_wireshark_shows_it(tmp_path: Path, wire: int) -> None:
    found, problem = read(tmp_path, pcap(record(wire=wire), record()))

    assert [(frame.wire, len(frame.data)) for frame in found] == [(wire, 60), (60, 60)]
    assert problem is None


@pytest.mark.parametrize("size", [0, 128])
def test_frames_cut_by_the_snap_length_keep_their_length_on_the_wire(tmp_path: Path, size: int) -> None:
    found, problem = read(tmp_path, pcap(*[record(bytes([7]) * size, wire=1500)] * 3))

    assert [(frame.wire, len(frame.data)) for frame in found] == [(1500, size)] * 3
    assert problem is None


def test_an_absurd_length_ends_the_reading_with_its_place(tmp_path: Path) -> None:
    bad = record()[:8] + b"\xff" * 8 + FRAME

    found, problem = read(tmp_path, pcap(record(), bad, record()))

    assert len(found) == 1
    assert problem == "record 2 at byte 100 claims 4294967295 bytes; read up to there"


def test_256_kib_are_the_longest_frame(tmp_path: Path) -> None:
    found, problem = read(tmp_path, pcap(record(bytes(HELD)), record(bytes(HELD + 1))))

    assert [len(frame.data) for frame in found] == [HELD]
    assert problem is not None
    assert "claims 262145 bytes" in problem


def test_a_long_usb_frame_is_passed_over_and_the_next_one_is_found(tmp_path: Path) -> None:
    found, problem = read(tmp_path, pcap(record(bytes(3_000_000)), record(), link=249))

    assert [(frame.wire, len(frame.data)) for frame in found] == [(3_000_000, HELD), (60, 60)]
    assert problem is None


def test_a_long_usb_frame_whose_tail_is_missing_is_a_cut_file(tmp_path: Path) -> None:
    _, problem = read(tmp_path, pcap(record(bytes(3_000_000)), link=249)[:-1])

    assert problem is not None
    assert problem.startswith("is cut off")


@pytest.mark.parametrize("cut", [1, 59, 60, 75])
def test_a_file_cut_in_a_record_keeps_what_comes_before(tmp_path: Path, cut: int) -> None:
    found, problem = read(tmp_path, pcap(record(), record())[:-cut])

    assert len(found) == 1
    assert problem == "is cut off after frame 1, at byte 100; read up to there; copy the file again"


def test_a_hole_in_the_file_is_not_a_run_of_empty_records(tmp_path: Path) -> None:
    found, problem = read(tmp_path, pcap(record()) + bytes(100_000))

    assert len(found) == 1
    assert problem == "record 2 at byte 100 and what follows are zeros, a hole in the file; read up to there"


def test_a_few_empty_records_are_records(tmp_path: Path) -> None:
    found, problem = read(tmp_path, pcap(bytes(16 * 20), record()))

    assert [len(frame.data) for frame in found] == [0] * 20 + [60]
    assert problem is None
