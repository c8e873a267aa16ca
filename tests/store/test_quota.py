from __future__ import annotations

import os
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kwel.store import Store
from kwel.store.manifest import Manifest
from kwel.store.quota import Quota, enforce, scarce, share, used
from tests.store.windows import BEGIN, LENGTH, PLANT, few, tables_of, window

if TYPE_CHECKING:
    from pathlib import Path

NO_FRESH = 2 * LENGTH


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ten")
    with Store(folder, write=True) as store:
        for number in range(1, 11):
            store.add(window(number), {"dependencies": tables_of()["dependencies"]}, PLANT)
    return folder


@pytest.fixture
def copy(ten: Path, tmp_path: Path) -> Path:
    return shutil.copytree(ten, tmp_path / "store")


def left(store: Store) -> dict[int, str]:
    """What is left of each window: e, w, t."""
    return {
        part.sequences[0][0]: "".join(sorted({file.tier[0] for file in part.present if "/" in file.name}))
        for part in store.windows()
    }


def test_evidence_goes_first_then_the_wire_then_the_tables_and_of_old_windows_first(copy: Path) -> None:
    seen = []
    with Store(copy, write=True) as store:
        total = used(store)
        for share in range(9, 0, -1):
            enforce(store, Quota(bytes=total * share // 10, fresh=NO_FRESH))
            assert used(store) <= total * share // 10 + 4_000  # the record of it
            seen.append(left(store))
        assert store.check() == []

    order = ["", "t", "tw", "etw"]
    for state in seen:
        old = [state.get(number, "") for number in range(1, 9)]
        assert old == sorted(old, key=order.index)
        assert len({*old}) <= 2
    assert seen[0][10] == "etw"
    assert seen[-1].keys() < set(range(1, 11))


def test_the_record_of_what_was_removed_stays(copy: Path) -> None:
    with Store(copy, write=True) as store:
        enforce(store, Quota(bytes=1))
        assert store.windows() == []
        (source,) = store.account().sources
        numbers = {number for one in source.removed if one.tier == "all" for number, _ in one.sequences}
        assert numbers == set(range(1, 11))
        assert not source.missing
        store.manifest.rewrite()
    with Store(copy, write=True) as store:
        (source,) = store.account().sources
        (whole,) = [one for one in source.removed if one.tier == "all"]
        assert whole.sequences == ((1, 10),)
        assert whole.opened == BEGIN + LENGTH
        assert store.mended == []
        assert store.next_sequence("span0") == 11
        assert store.add(window(4), {}).already


def test_age_is_what_was_heard_since_so_that_a_wrong_clock_removes_nothing(copy: Path) -> None:
    with Store(copy, write=True) as store:
        store.add(window(11, opened=BEGIN + 10**18, traffic=few()), {}, PLANT)
        enforce(store, Quota(evidence=3 * LENGTH, wire=6 * LENGTH, tables=8 * LENGTH))
        found = left(store)

    assert found == {3: "t", 4: "t", 5: "tw", 6: "tw", 7: "tw", 8: "etw", 9: "etw", 10: "etw", 11: "ew"}


def disk_of(monkeypatch: pytest.MonkeyPatch, blocks: int, free: int) -> None:
    space = SimpleNamespace(f_blocks=blocks, f_bavail=free, f_frsize=1)
    monkeypatch.setattr("kwel.store.quota.os", SimpleNamespace(statvfs=lambda _: space))


def test_a_folder_that_vanishes_while_the_store_is_measured_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spool is renamed and emptied by other processes all the time."""
    for name in ("a/stays", "b/.writing-1/wire", "c/stays"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(bytes(10))

    def scandir(folder: str) -> object:
        if str(folder).endswith("wire"):
            shutil.rmtree(tmp_path / "b/.writing-1")
        return os.scandir(folder)

    monkeypatch.setattr("kwel.store.quota.os", SimpleNamespace(scandir=scandir))
    with Store(tmp_path / "store", write=True) as store:
        store.root = tmp_path
        assert used(store) == 20


def test_where_nobody_says_a_tenth_of_the_disk_stays_free(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_of(monkeypatch, 1000, 300)
    assert share(copy, 500) == 500 + 300 - 100
    disk_of(monkeypatch, 1000, 20)
    assert share(copy, 500) == 500 + 20 - 100
    disk_of(monkeypatch, 1000, 0)
    assert share(copy, 150) == 100, "others fill the disk, and do not drive the store out"


def test_without_a_limit_nothing_goes(copy: Path) -> None:
    with Store(copy, write=True) as store:
        assert enforce(store, Quota()) <= 0
        assert set(left(store).values()) == {"etw"}


def test_what_was_removed_stays_so_when_the_manifest_is_made_again(copy: Path) -> None:
    with Store(copy, write=True) as store:
        enforce(store, Quota(evidence=3 * LENGTH, wire=6 * LENGTH))
        before = left(store)
    (copy / "manifest.jsonl").unlink()

    with Store(copy, write=True) as store:
        assert left(store) == before
        assert store.check() == []


def test_the_journal_is_written_anew_when_most_of_it_is_of_the_past(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kwel.store.manifest.SPARE_LINES", 0)
    with Store(copy, write=True) as store:
        enforce(store, Quota(bytes=1))
        enforce(store, Quota(bytes=1))
        assert not store.manifest.is_long
        lines = (copy / "manifest.jsonl").read_text().splitlines()
        assert len(lines) <= 4
        assert Manifest(copy / "manifest.jsonl", store.disk).removed == store.manifest.removed


def test_what_was_set_aside_goes_before_any_window(copy: Path) -> None:
    (copy / "windows/span0-0000000001/window.json").write_bytes(b"")
    with Store(copy, write=True) as store:
        assert len(store.windows()) == 9
        enforce(store, Quota(bytes=used(store) - 10))
        assert set(left(store).values()) == {"etw"}
    assert not list((copy / "aside").iterdir())


def test_what_the_store_leaves_free_by_itself_is_never_few() -> None:
    for disk in (10**9, 8 * 10**9, 10**10, 10**12):
        assert 0 < scarce(disk, 1 << 30) <= disk // 20
        assert scarce(disk, 1 << 30) <= 1 << 30
