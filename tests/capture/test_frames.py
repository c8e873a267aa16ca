"""Frames that are written are the frames that are read, by us and by Wireshark."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.capture.frames import FRAME_COSTS, read_frames, within, write_frames
from kwel.model.records.columns import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows


def laid_out(frames: Sequence[bytes], links: Sequence[int] = ()) -> tuple[Rows, NDArray[np.uint8]]:
    rows, at = np.zeros(len(frames), RECORD), 0
    for i, frame in enumerate(frames):
        rows[i] = (1_700_000_000_123_456_789 + i, at, len(frame), len(frame) + 9, links[i] if links else 1, 0)
        at += len(frame)
    return rows, np.frombuffer(b"".join(frames), np.uint8)


@given(st.lists(st.binary(min_size=0, max_size=3000), min_size=1, max_size=20), st.data())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, frames: list[bytes], data: st.DataObject
) -> None:
    links = data.draw(st.lists(st.sampled_from([1, 113, 276]), min_size=len(frames), max_size=len(frames)))
    path = tmp_path_factory.mktemp("f") / "x.pcapng"
    rows, content = laid_out(frames, links)
    write_frames(path, rows, content, "span0", "of a test")
    again, read, problem = read_frames(path)

    assert problem is None
    for name in ("time", "captured", "wire", "link"):
        assert again[name].tolist() == rows[name].tolist(), name
    assert [bytes(read[r["start"] : r["start"] + r["captured"]]) for r in again] == frames


def test_no_frames_at_all(tmp_path: Path) -> None:
    write_frames(tmp_path / "x.pcapng", *laid_out([]), "span0")

    assert len(read_frames(tmp_path / "x.pcapng")[0]) == 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.pcapng").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        write_frames(tmp_path / "x.pcapng", *laid_out([]), "span0")


def test_wireshark_reads_the_same(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    frames = [bytes(12) + b"\x88\xb5" + bytes([i]) * (50 + i) for i in range(7)]
    write_frames(tmp_path / "x.pcapng", *laid_out(frames), "span0", "what kwel cites")
    fields = ("frame.number", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_name")
    command = [require_tool("tshark"), "-r", str(tmp_path / "x.pcapng"), "-T", "fields"]
    told = subprocess.run([*command, *(f"-e{field}" for field in fields)], capture_output=True, text=True, check=True)

    assert [line.split("\t") for line in told.stdout.splitlines()] == [
        [str(i + 1), f"1700000000.{123456789 + i}", str(64 + i), str(73 + i), "span0"] for i in range(7)
    ]


@given(st.lists(st.integers(14, 1500), max_size=40), st.data())
def test_the_wanted_stay_first(sizes: list[int], data: st.DataObject) -> None:
    rows, _ = laid_out([bytes(size) for size in sizes])
    wanted = sorted(data.draw(st.sets(st.integers(1, max(len(sizes), 1)), max_size=len(sizes)))) if sizes else []
    budget = data.draw(st.integers(0, 30_000))
    kept = within(rows, wanted, budget).tolist()

    assert sum(sizes[number - 1] + FRAME_COSTS for number in kept) <= budget
    assert kept == sorted(set(kept))
    if not set(wanted) <= set(kept):
        assert set(kept) <= set(wanted), "others give way first"
