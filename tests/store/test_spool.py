from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kwel.store import spool
from kwel.store.files import Damaged
from kwel.store.spool import Spool, read_lost, read_window, tidy, waiting, write_window
from tests.store.disks import Full, Stops
from tests.store.windows import PLANT, assert_same, tiny, window


def frames(folder: Path) -> Path:
    return Path(shutil.copy(PLANT, folder / "frames.pcapng"))


def test_a_window_waits_until_it_is_read(tmp_path: Path) -> None:
    path = write_window(tmp_path / "spool", window(7), frames(tmp_path))

    assert waiting(tmp_path / "spool") == [path]
    again = read_window(path)
    assert_same(again.traffic, window(7).traffic, but=("captures", "observed"))
    assert again.traffic.captures[0].name == "span0-0000000007.pcapng"
    assert {one.where.capture for one in again.traffic.observed} == {"span0-0000000007.pcapng"}
    assert (again.sequence, again.losses, again.proofs) == (7, window(7).losses, window(7).proofs)
    evidence = spool.evidence_of(path)
    assert evidence
    assert evidence.read_bytes() == PLANT.read_bytes()
    assert not (tmp_path / "frames.pcapng").exists()


def test_windows_of_a_source_wait_in_their_order(tmp_path: Path) -> None:
    for number in (10, 9, 11):
        write_window(tmp_path, tiny(number), None)

    assert [read_window(path).sequence for path in waiting(tmp_path)] == [9, 10, 11]


@pytest.mark.parametrize("source", ["span0/1", "..", ".", "a b", "\N{SNOWMAN}", "x" * 60])
def test_a_source_may_be_called_anything(source: str, tmp_path: Path) -> None:
    path = write_window(tmp_path, tiny(1, source), None)

    assert path.parent == tmp_path
    assert read_window(waiting(tmp_path)[0]).source == source


def test_a_window_that_was_not_written_to_its_end_is_set_aside_and_counted(tmp_path: Path) -> None:
    for calls in range(200):
        folder = tmp_path / str(calls)
        try:
            write_window(folder, tiny(1), None, disk=Stops(calls))
        except KeyboardInterrupt:
            whole = waiting(folder)
            assert len(whole) + tidy(folder) == 1 or calls < 2
            for path in whole:
                read_window(path)
        else:
            break
    assert 20 < calls < 199


def test_only_windows_of_the_own_source_are_set_aside(tmp_path: Path) -> None:
    for source in ("span0", "span0/1"):
        path = write_window(tmp_path, tiny(10, source), None)
        path.rename(tmp_path / f"{spool.WRITING}{path.name}")

    assert tidy(tmp_path, "span0") == 1
    assert tidy(tmp_path) == 1


@pytest.mark.parametrize("which", ["window.json", "wire/flows.parquet", "wire/names.parquet"])
def test_a_damaged_window_is_never_taken_for_whole(which: str, tmp_path: Path) -> None:
    path = write_window(tmp_path, tiny(1), None)
    data = bytearray((path / which).read_bytes())
    data[len(data) // 2] ^= 1
    (path / which).write_bytes(data)

    with pytest.raises(Damaged, match=which.replace(".", r"\.")):
        read_window(path)


def test_where_there_is_no_room_evidence_is_left_out_and_then_windows_are_lost_and_told_of(tmp_path: Path) -> None:
    disk = Full(PLANT.stat().st_size - 1)
    at = Spool(tmp_path / "spool", disk)

    assert at.write(window(1), frames(tmp_path))
    disk.room = 10
    assert at.write(window(2), frames(tmp_path)) is None
    assert at.write(window(3), None) is None
    disk.room = 10**9
    assert at.write(window(4), frames(tmp_path))

    first, last = waiting(tmp_path / "spool")
    assert spool.evidence_of(first) is None
    assert spool.left_out(first) == ("evidence",)
    assert [one.sequence for one in read_lost(last)] == [2, 3]
    assert not at.lost
    assert sorted(one.name for one in tmp_path.iterdir()) == ["spool"]


def test_a_number_is_given_once(tmp_path: Path) -> None:
    write_window(tmp_path, tiny(1), None)

    with pytest.raises(FileExistsError):
        write_window(tmp_path, tiny(1), None)
