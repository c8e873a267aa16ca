"""snoop: the records of RFC 1761 as Solaris and Shomiti write them, and records that lie."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from kwel.capture.file import CaptureFile, Reading
from tests.capture.making import FRAME, SECOND, Frame, frames, snoop, snoop_record, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_snoop_file_has_its_frames_and_times(tmp_path: Path) -> None:
    path = write(
        tmp_path, snoop(snoop_record(), snoop_record(FRAME[:41], time=(1_700_000_000, 999_999), wire=1500, padding=3))
    )
    capture = CaptureFile("x", path)

    assert frames(capture) == [
        Frame(1, SECOND, 60, 1, 0, FRAME),
        Frame(2, 1_700_000_000_999_999_000, 1500, 1, 0, FRAME[:41]),
    ]
    assert capture.problem is None
    assert capture.describe().format == "snoop"


@pytest.mark.parametrize(("datalink", "link"), [(0, 1), (2, 6), (4, 1), (8, 10), (18, 123), (0x80000005, 226)])
def test_a_datalink_becomes_a_link_type(tmp_path: Path, datalink: int, link: int) -> None:
    found = frames(Reading(write(tmp_path, snoop(snoop_record(), datalink=datalink))))

    assert [frame.link for frame in found] == [link]


def test_the_highest_count_of_lost_packets_is_the_loss(tmp_path: Path) -> None:
    capture = CaptureFile("x", write(tmp_path, snoop(snoop_record(), snoop_record(lost=7), snoop_record(lost=7))))
    frames(capture)

    assert capture.describe().dropped == 7


HOSTILE = {
    "record shorter than its frame": (struct.pack(">IIIIII", 60, 60, 83, 0, 1, 0) + FRAME, "claims 83 bytes"),
    "record of 4 GiB": (struct.pack(">IIIIII", 60, 60, 0xFFFFFFFC, 0, 1, 0) + FRAME, "claims 4294967292 bytes"),
    "frame of 4 GiB": (struct.pack(">IIIIII", 60, 0xFFFFFFFC, 24, 0, 1, 0) + FRAME, "claims 4294967292 bytes"),
    "cut in the frame": (snoop_record()[:-3], "is cut off after frame 1, at byte 102"),
    "cut in the padding": (snoop_record()[:-1], "is cut off after frame 2"),
    "cut in the header": (snoop_record()[:23], "is cut off after frame 1, at byte 102"),
    "a hole": (bytes(0x2000), "a hole in the file"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_record_that_lies_ends_the_reading_with_its_place(tmp_path: Path, case: str) -> None:
    bad, expected = HOSTILE[case]
    reading = Reading(write(tmp_path, snoop(snoop_record(), bad)))

    found = frames(reading)

    assert len(found) == (2 if case == "cut in the padding" else 1)
    assert reading.problem is not None
    assert expected in reading.problem
    assert "\n" not in reading.problem
