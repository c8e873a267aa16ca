from __future__ import annotations

import errno
import json
import os
import shutil
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.cli.app import run
from kwel.store import Lost, Store, StoreError
from kwel.store import folder as folders
from kwel.store.store import MANIFEST
from tests.store.disks import Full
from tests.store.windows import BEGIN, LENGTH, PLANT, assert_same, tables_of, tiny, traffic_of, window

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def joins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for ``kwel.merge``: the traffic of the first part, with the captures of all."""
    from dataclasses import replace

    def join(parts: Any) -> Any:
        return replace(parts[0], captures=tuple(one for part in parts for one in part.captures))

    monkeypatch.setattr("kwel.merge.join", join, raising=False)


def test_a_window_comes_back_as_it_was(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        added = store.add(window(1), tables_of(), PLANT)

    traffic = Store(tmp_path).read()

    assert added.part
    assert added.left_out == ()
    assert_same(traffic, window(1).traffic, but=("captures", "observed"))
    (capture,) = traffic.captures
    evidence = tmp_path / "windows" / added.part.id / "evidence" / capture.name
    assert evidence.read_bytes() == PLANT.read_bytes()
    assert (capture.bytes, len(capture.sha256 or "")) == (PLANT.stat().st_size, 64)


def test_frames_that_are_not_kept_are_cited_nowhere(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(window(1), {})
        traffic = store.read()

    assert not traffic.flows["first_frame"].any()
    assert not any(one.where.frame for one in traffic.observed)
    assert traffic.observed


def test_the_tables_are_those_of_the_command_line(tmp_path: Path) -> None:
    from pyarrow import parquet

    with Store(tmp_path, write=True) as store:
        part = store.add(window(1), tables_of(), PLANT).part
        assert part
        table = parquet.read_table(store.place(part) / "tables" / "dependencies.parquet")

    frame = tables_of()["dependencies"]
    assert table.column_names == list(frame.columns)
    assert table.column("host").to_pylist() == frame["host"].tolist()
    assert table.column("evidence").to_pylist() == frame["evidence"].tolist()


def test_a_window_that_is_there_is_not_stored_twice(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(window(1), {})
        assert store.add(window(1), {}).already
        assert len(store.windows()) == 1
        assert store.next_sequence("span0") == 2


def test_a_number_that_another_window_has_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(tiny(1), {})
        with pytest.raises(StoreError, match="go on from 2"):
            store.add(window(1, opened=BEGIN * 2, traffic=tiny(1).traffic), {})


def test_there_is_one_writer_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(tiny(1), {})
        with pytest.raises(StoreError, match="another process"):
            Store(tmp_path, write=True)
        assert len(Store(tmp_path).windows()) == 1
        with pytest.raises(StoreError, match="reading"):
            Store(tmp_path).add(tiny(2), {})
    Store(tmp_path, write=True).close()


def test_what_is_no_store_is_refused_in_one_line(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(StoreError, match="store"):
            Store(folder)


def test_windows_are_ordered_by_number_whatever_the_clock_showed(tmp_path: Path, joins: None) -> None:
    """The clock is set back by an hour before the fourth, and forward by a day before the sixth."""
    moments = [0, 5, 10, -45, -40, 1400, 1405]
    with Store(tmp_path, write=True) as store:
        for number, minute in enumerate(moments, 1):
            store.add(window(number, opened=BEGIN + minute * 60 * 10**9, traffic=tiny(1).traffic), {})
        found = [part.sequences[0][0] for part in store.windows()]
        recent = store.windows(since=BEGIN + 1000 * 60 * 10**9)
        overlapping = store.windows(since=BEGIN - 60 * 60 * 10**9, until=BEGIN + 20 * 60 * 10**9)

        assert found == [1, 2, 3, 4, 5, 6, 7]
        assert [part.sequences[0][0] for part in recent] == [6, 7]
        assert [part.sequences[0][0] for part in overlapping] == [1, 2, 3, 4, 5]
        assert len(store.read().captures) == 7


def test_each_source_is_numbered_for_itself(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for source in ("span0/0", "span0/1"):
            for number in (1, 2):
                store.add(tiny(number, source), {})

        found = [(part.source, part.sequences[0][0]) for part in store.windows()]
        assert found == [("span0/0", 1), ("span0/1", 1), ("span0/0", 2), ("span0/1", 2)]
        assert len(store.windows(sources=["span0/1"])) == 2


def test_a_lost_window_is_told_of_once(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for _ in range(2):
            store.lose(Lost("s", "span0", 3, 1, 2, 99, "disk-full"))

    assert Store(tmp_path).manifest.lost == [Lost("s", "span0", 3, 1, 2, 99, "disk-full")]


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_a_full_disk_leaves_out_evidence_then_the_wire_then_the_window_and_goes_on_by_itself(tmp_path: Path) -> None:
    disk = Full(10**9)
    with Store(tmp_path, write=True, disk=disk) as store:
        disk.whole = PLANT.stat().st_size - 1
        first = store.add(window(1), tables_of(), PLANT)
        disk.whole, disk.room = 10**9, size_of(tmp_path / "windows" / "span0-0000000001") - 5_000
        second = store.add(window(2), tables_of(), PLANT)
        disk.room = 300
        third = store.add(window(3), tables_of(), PLANT)
        disk.room = 10**9
        fourth = store.add(window(4), tables_of(), PLANT)

    assert first.left_out == ("evidence",)
    assert second.left_out == ("evidence", "wire")
    assert third.part is None
    assert fourth.left_out == ()
    again = Store(tmp_path, write=True)
    assert again.mended == []
    assert [part.sequences[0][0] for part in again.windows()] == [1, 2, 4]
    assert [one.sequence for one in again.manifest.lost] == [3]
    assert not list((tmp_path / "writing").iterdir())
    again.close()


def remembered(store: Store) -> Any:
    return [part.said() for part in store.windows()]


def test_the_manifest_can_be_made_again_of_the_folders(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for number in (1, 2, 3):
            store.add(tiny(number), {}, PLANT)
        before = remembered(store)
    (tmp_path / MANIFEST).unlink()

    with Store(tmp_path, write=True) as store:
        assert remembered(store) == before
        assert "3 windows were not in it: taken in" in store.mended[0]
    with Store(tmp_path, write=True) as store:
        assert store.mended == []


@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_a_damaged_line_of_the_manifest_loses_no_window(line: int, tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for number in range(1, 5):
            store.add(tiny(number), {})
        before = remembered(store)
    lines = (tmp_path / MANIFEST).read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"span0", b"spam0")
    (tmp_path / MANIFEST).write_bytes(b"".join(lines))

    with Store(tmp_path, write=True) as store:
        assert remembered(store) == before
        assert store.mended[0] == "1 line of the manifest was not whole"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three windows."""
    folder = tmp_path_factory.mktemp("three")
    with Store(folder, write=True) as store:
        for number in range(1, 4):
            store.add(tiny(number), {})
    return folder


@given(cut=st.integers(0, 5_000), junk=st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_a_manifest_that_was_cut_anywhere_is_mended(cut: int, junk: bytes, three: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(three, folder)
    data = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(data[: max(0, len(data) - cut)] + junk)

    with Store(folder, write=True) as store:
        assert remembered(store) == remembered(Store(three))
        store.add(tiny(4), {})
    with Store(folder, write=True) as store:
        assert store.mended == []
        assert len(store.windows()) == 4


def test_a_folder_that_is_damaged_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        for number in (1, 2, 3):
            store.add(tiny(number), {}, PLANT)
    (tmp_path / "windows/span0-0000000001/window.json").write_bytes(b"{}")
    (tmp_path / "windows/span0-0000000002/evidence/span0-0000000002.pcapng").unlink()
    shutil.rmtree(tmp_path / "windows/span0-0000000003")

    with Store(tmp_path, write=True) as store:
        assert [(part.id, sorted(part.gone)) for part in store.windows()] == [("span0-0000000002", ["evidence"])]
        assert not store.read().flows["first_frame"].any()
        assert {one.reason for one in store.manifest.removed} == {"damaged"}
        assert len(store.mended) == 2
        assert not store.add(tiny(1), {}).already
    assert (tmp_path / "aside/windows-span0-0000000001").is_dir()


def test_every_line_of_the_manifest_is_json(tmp_path: Path) -> None:
    with Store(tmp_path, write=True) as store:
        store.add(tiny(1), {})
        store.add(tiny(2), {})
    lines = [json.loads(line) for line in (tmp_path / MANIFEST).read_text().splitlines()]

    assert all(later["n"] == earlier["n"] + 1 for earlier, later in pairwise(lines))
    assert [line["do"] for line in lines] == ["add", "add"]
    assert traffic_of().captures[0].packets == window(1).traffic.captures[0].packets
    assert lines[1]["part"]["closed"] == BEGIN + 3 * LENGTH


def test_a_folder_that_goes_away_as_its_head_is_read_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_head = folders.read_head

    def removed_first(place: Path) -> Any:
        if place.name.endswith("1") and place.is_dir():
            store.remove(store.windows()[0], None, "age")
        return read_head(place)

    with Store(tmp_path, write=True) as store:
        for number in (1, 2):
            store.add(tiny(number), {})
        reader = Store(tmp_path)
        monkeypatch.setattr(folders, "read_head", removed_first)
        (source,) = reader.account().sources

    assert source.damaged == 0
    assert source.sequences == ((2, 2),)


def test_what_this_user_may_not_look_at_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path, write=True) as store:
        for number in (1, 2):
            store.add(tiny(number), {})
    before = (tmp_path / MANIFEST).read_bytes()

    def refused(path: Path) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(folders, "os", SimpleNamespace(stat=refused))
        with pytest.raises(StoreError, match=r"flows\.parquet: this user may not look at it.*chown"):
            Store(tmp_path, write=True)
        patch.undo()
        patch.setattr(folders, "read_table", refused)
        with pytest.raises(PermissionError):
            Store(tmp_path).read()

    assert (tmp_path / MANIFEST).read_bytes() == before
    with Store(tmp_path, write=True) as store:
        assert store.mended == []
        assert len(store.windows()) == 2


def test_root_compacts_as_the_one_whose_store_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the sensor could not read what root made of its windows."""
    with Store(tmp_path, write=True) as store:
        store.add(tiny(1), {})
    became: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "kwel.cli.stores.os",
        SimpleNamespace(
            path=os.path,
            geteuid=lambda: 0,
            getegid=lambda: 3,
            stat=lambda _: SimpleNamespace(st_uid=7, st_gid=8),
            setegid=lambda group: became.append(("group", group)),
            seteuid=lambda user: became.append(("user", user)),
        ),
    )

    assert run(["store", "compact", "--store", str(tmp_path)]) == 0
    assert became == [("group", 8), ("user", 7), ("user", 0), ("group", 3)]
    assert run(["store", "list", "--store", str(tmp_path)]) == 0
    assert len(became) == 4


def test_reading_begins_again_where_a_folder_went_away_meanwhile(tmp_path: Path, joins: None) -> None:
    with Store(tmp_path, write=True) as store:
        for number in (1, 2):
            store.add(tiny(number), {})
        reader = Store(tmp_path)
        store.manifest.write({"do": "remove", "id": "span0-0000000001", "tier": "all", "bytes": 1, "reason": "age"})
        shutil.rmtree(tmp_path / "windows/span0-0000000001")

        assert reader.read().captures[0].name == "span0-0000000002.pcapng"
