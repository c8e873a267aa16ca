"""A capture as a whole: batches, what is said of it afterwards, and damage of any kind."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.capture.file import CaptureFile, Reading
from kwel.capture.formats import ROWS
from tests.capture.making import (
    FRAME,
    SECOND,
    block,
    frames,
    interface,
    names,
    option,
    packet,
    pcap,
    record,
    section,
    snoop,
    snoop_record,
    statistics,
    write,
)

SAMPLES = [
    *sorted((Path(__file__).parents[2] / "sample_pcaps").glob("*.pcap*")),
]
HEADS = [path.read_bytes()[:20_000] for path in SAMPLES]
HEADS.append(section() + interface() + packet() * 20 + section(">") + interface(order=">") + packet(order=">") * 20)
HEADS.append(snoop(*[snoop_record(FRAME[:n]) for n in range(60)]))
HEADS.append(
    section()
    + interface()
    + names(("192.0.2.1", b"a.example\0b.example\0"), ("2001:db8::1", b"c.example\0")) * 3
    + packet()
    + block(0xBAD, bytes(8))
    + statistics(0, option(5, bytes(8)))
    + packet()
)


def test_a_batch_holds_whole_frames_and_the_next_one_follows_it(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(*[record(bytes([n % 251]) * (n % 1500)) for n in range(5000)]))
    expected = 1
    for batch in Reading(path).batches():
        assert batch.first_frame == expected
        for offset, row in enumerate(batch.records):
            number = expected - 1 + offset
            start = int(row["start"])
            assert batch.buffer[start : start + int(row["captured"])].tobytes() == bytes([number % 251]) * (
                number % 1500
            )
        expected += len(batch.records)

    assert expected == 5001


def test_a_batch_has_at_most_as_many_rows_as_the_table(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(*[record(b"")] * (ROWS + 1)))

    assert [len(batch.records) for batch in Reading(path).batches()] == [ROWS, 1]


def test_a_description_says_what_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(record(time=(5, 0)), record(time=(3, 1)), record(time=(9, 0)), link=127))
    capture = CaptureFile("plant.pcap", path, hash_file=True)
    frames(capture)
    about = capture.describe()

    assert (about.name, about.format, about.packets) == ("plant.pcap", "pcap", 3)
    assert (about.first, about.last) == (3 * SECOND + 1000, 9 * SECOND)
    assert about.links == (("IEEE 802.11 with radiotap header", 3),)
    assert (about.bytes, about.unread_bytes) == (path.stat().st_size, 0)
    assert about.sha256 is not None
    assert about.dropped is None
    assert about.problem is None


def test_a_description_can_be_had_before_anything_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(record()))
    about = CaptureFile("plant.pcap", path).describe()

    assert (about.packets, about.bytes, about.first) == (0, path.stat().st_size, None)


def test_a_capture_without_frames_is_in_order(tmp_path: Path) -> None:
    capture = CaptureFile("x", write(tmp_path, pcap()))

    assert frames(capture) == []
    assert capture.problem is None
    assert capture.describe().format == "pcap"


@pytest.mark.parametrize("content", [b"", b"minutes of the meeting\n", bytes(100_000), pcap()[:20]])
def test_what_is_no_capture_has_a_problem_and_no_frames(tmp_path: Path, content: bytes) -> None:
    capture = CaptureFile("x", write(tmp_path, content), hash_file=True)

    assert frames(capture) == []
    assert capture.problem is not None
    assert capture.describe().format == "unknown"
    assert capture.describe().unread_bytes == len(content)


def test_a_capture_can_be_read_again(tmp_path: Path) -> None:
    capture = CaptureFile("x", write(tmp_path, pcap(record(), record())))

    assert frames(capture) == frames(capture)
    assert capture.describe().packets == 2


def test_a_reader_may_stop_in_the_middle(tmp_path: Path) -> None:
    capture = CaptureFile("x", write(tmp_path, pcap(*[record(b"")] * (ROWS + 1))), hash_file=True)
    for _ in capture.batches():
        break

    assert capture.describe().sha256 is None


@pytest.mark.parametrize("chunk", [64, 1000, 4096])
@pytest.mark.parametrize("head", HEADS)
def test_where_the_buffer_ends_makes_no_difference(tmp_path: Path, head: bytes, chunk: int) -> None:
    path = write(tmp_path, head)

    whole, pieces = Reading(path), Reading(path, chunk=chunk)

    assert frames(pieces) == frames(whole)
    assert pieces.problem == whole.problem


@given(
    st.sampled_from(HEADS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=4),
    st.floats(0, 1),
    st.sampled_from([64, 1000, 0x100000]),
)
def test_damage_never_raises_and_frames_stay_within_the_buffer(
    head: bytes, damage: list[tuple[float, bytes]], cut: float, chunk: int
) -> None:
    data = bytearray(head)
    for place, value in damage:
        at = int(place * place * (len(data) - len(value)))
        data[at : at + len(value)] = value
    with TemporaryDirectory() as folder:
        path = write(Path(folder), bytes(data[: len(data) - int(cut**4 * len(data))]))
        capture, reading = CaptureFile("x", path), Reading(path, chunk=chunk)
        found = frames(capture)
        assert found == frames(reading)
        assert capture.problem == reading.problem

    about = capture.describe()
    assert about.packets == len(found) == sum(count for _, count in about.links)
    assert sum(len(frame.data) for frame in found) <= len(data)
    assert about.problem is None or "\n" not in about.problem


def test_the_frame_used_by_these_tests_is_a_whole_ethernet_frame() -> None:
    assert len(FRAME) == 60
