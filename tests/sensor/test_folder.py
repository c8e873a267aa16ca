"""A writer that appends in random pieces and rotates, and a reader that is killed at random: every frame once."""

from __future__ import annotations

import base64
import gzip
import json
import random
import shutil
import struct
from typing import TYPE_CHECKING, Any

import pytest

from kwel.sensor.folder import FolderSource

if TYPE_CHECKING:
    from pathlib import Path

ETHERNET = bytes.fromhex("00112233445500aabbccddee0800")
HEADER = {
    "pcap": struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1),
    "pcapng": struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    + struct.pack("<IIHHIHHHHI", 1, 28, 1, 0, 65535, 9, 1, 9, 0, 28),
}


def frame(number: int, form: str) -> bytes:
    """Return a record that holds a frame which bears its number; times grow with it."""
    data = ETHERNET + struct.pack(">I", number) + bytes(number % 90)
    if form == "pcap":
        return struct.pack("<IIII", 1_795_500_000 + number, number % 1_000_000, len(data), len(data)) + data
    time = (1_795_500_000 + number) * 10**9
    padded = data + bytes(-len(data) % 4)
    size = 32 + len(padded)
    return (
        struct.pack("<IIIIIII", 6, size, 0, time >> 32, time & 0xFFFF_FFFF, len(data), len(data))
        + padded
        + struct.pack("<I", size)
    )


def numbers(batch: Any) -> list[int]:
    starts = batch.records["start"].tolist()
    return [int.from_bytes(batch.buffer[start + 14 : start + 18].tobytes()) for start in starts]


class Writer:
    """Writes captures as tcpdump, dumpcap and logrotate do."""

    def __init__(self, folder: Path, form: str, chance: random.Random, rotations: str) -> None:
        self.folder, self.form, self.chance, self.rotations = folder, form, chance, rotations
        self.count = self.files = 0
        self.pending = b""
        self._open()

    def _open(self) -> None:
        self.files += 1
        self.path = self.folder / f"ring_{self.files:05d}.{self.form}"
        self.file = open(self.path, "ab", buffering=0)  # noqa: SIM115
        self.pending = HEADER[self.form]

    def step(self) -> None:
        for _ in range(self.chance.randrange(30)):
            self.pending += frame(self.count, self.form)
            self.count += 1
        cut = self.chance.randrange(len(self.pending) + 1)
        self.file.write(self.pending[:cut])
        self.pending = self.pending[cut:]
        if self.chance.random() < 0.2:
            self.rotate(self.chance.choice(self.rotations.split()))

    def flush(self) -> None:
        self.file.write(self.pending)
        self.pending = b""

    def rotate(self, how: str) -> None:
        self.flush()
        if how == "truncate":
            shutil.copyfile(self.path, self.path.with_suffix(f".{self.files}.old"))
            self.file.truncate(0)
            self.files += 1
            self.pending = HEADER[self.form]
            return
        self.file.close()
        if how == "rename":
            self.path.rename(self.path.with_suffix(".1"))
        elif how == "pack":
            packed = self.path.with_suffix(".pack.gz")
            packed.write_bytes(gzip.compress(self.path.read_bytes()))
            self.path.unlink()
        self._open()


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("rotations", ["new", "new rename", "truncate", "new rename truncate pack"])
@pytest.mark.parametrize("seed", range(4))
def test_every_frame_comes_once_whatever_happens(form: str, rotations: str, seed: int, tmp_path: Path) -> None:
    chance = random.Random(f"{form} {rotations} {seed}")
    writer = Writer(tmp_path, form, chance, rotations)
    kept, open_window = list[int](), list[int]()
    state: dict[str, Any] | None = None
    rounds = 0
    while rounds < 120:
        source = FolderSource(tmp_path, resume=state, sleep=lambda _: None)
        for batch in source.batches():
            if batch is not None:
                told = numbers(batch)
                back = chance.randrange(len(told) + 1) if chance.random() < 0.5 else 0
                open_window += told[: len(told) - back]
                if chance.random() < 0.4:  # a window ends within the batch
                    state = json.loads(json.dumps(source.position(back)))
                    kept += open_window
                    open_window = []
                open_window += told[len(told) - back :]
            else:
                rounds += 1
                writer.step()
            if rounds >= 120 or chance.random() < 0.05:
                break  # killed: the open window is lost, and read again
        open_window = []
    writer.flush()
    writer.file.close()
    last = FolderSource(tmp_path, resume=state, once=True, sleep=lambda _: None)
    for batch in last.batches():
        kept += numbers(batch) if batch is not None else []

    assert sorted(kept) == list(range(writer.count))
    assert last.facts["vanished"] == 0
    assert last.facts["cut"] == 0


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_what_another_release_knew_of_a_file_loses_no_frame_and_counts_none_twice(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{form}"
    file.write_bytes(HEADER[form] + b"".join(frame(number, form) for number in range(3)))
    source = FolderSource(tmp_path, sleep=lambda _: None)
    told = [numbers(batch) for batch in [next(source.batches())] if batch]
    state = json.loads(json.dumps(source.position(1)))
    state["files"][0]["state"] = base64.b85encode(bytes(8)).decode()
    with file.open("ab") as more:
        more.write(frame(3, form))

    source = FolderSource(tmp_path, resume=state, once=True, sleep=lambda _: None)
    for batch in source.batches():
        told += [numbers(batch)] if batch else []
    assert told == [[0, 1, 2], [2, 3]]
    assert source.facts["unread"] == 0
    assert FolderSource(tmp_path, resume=source.position(), once=True).position() == source.position()


def test_a_record_half_written_waits(tmp_path: Path) -> None:
    file = tmp_path / "a.pcap"
    whole = HEADER["pcap"] + frame(0, "pcap") + frame(1, "pcap")
    file.write_bytes(whole[:-5])
    source = FolderSource(tmp_path, sleep=lambda _: None)
    batches = source.batches()

    first, nothing = next(batches), next(batches)
    file.write_bytes(whole)
    then = next(batches)

    assert nothing is None
    assert first is not None
    assert then is not None
    assert (numbers(first), numbers(then)) == ([0], [1])
    assert then.first_frame == 2


def test_what_vanishes_before_it_is_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes(HEADER["pcap"] + frame(0, "pcap") + frame(1, "pcap")[:-3])
    source = FolderSource(tmp_path, sleep=lambda _: None)
    batches = source.batches()
    next(batches)
    file.unlink()

    assert [next(batches) for _ in range(3)] == [None] * 3
    assert source.facts["vanished"] == 1


def test_what_is_no_capture_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of interest\n" * 9000)
    (tmp_path / "a.pcap").write_bytes(HEADER["pcap"] + frame(0, "pcap"))
    source = FolderSource(tmp_path, once=True, sleep=lambda _: None)

    found = [numbers(batch) for batch in source.batches() if batch is not None]

    assert found == [[0]]
    assert [line.partition(":")[0] for line in source.problems] == ["notes.txt"]
    assert source.losses().frames == 1
    assert source.losses().frames == 0


def test_files_come_in_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(HEADER["pcap"] + frame(7, "pcap"))
    (tmp_path / "z.pcap").write_bytes(HEADER["pcap"] + frame(3, "pcap"))

    source = FolderSource(tmp_path, once=True, sleep=lambda _: None)

    assert [numbers(batch) for batch in source.batches() if batch is not None] == [[3], [7]]
