"""A store with damaged bytes: whatever they are, it says so in one line, mends what it can, and keeps the rest."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kwel.store import Damaged, Level, Store, StoreError
from kwel.store.compaction import compact
from tests.store.windows import PLANT, stacked, tables_of, tiny, windows_in

if TYPE_CHECKING:
    from pathlib import Path

PIECES = (b"\0" * 8, b"\xff" * 8, b'{"', b"}\n", b"PAR1", b"999999999999999999999", b"null", b"")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with Store(folder, write=True) as store:
        for number in (1, 2, 3, 20):
            store.add(tiny(number), {"assets": tables_of()["assets"]}, PLANT if number == 1 else None)
        compact(store, [Level.HOUR])
        store.add(tiny(21), {"assets": tables_of()["assets"]})
    return folder


def damage(file: Path, data: st.DataObject) -> None:
    raw = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(raw)))
    match data.draw(st.sampled_from(("cut", "put", "change", "remove"))):
        case "cut":
            del raw[at:]
        case "put":
            raw[at:at] = data.draw(st.sampled_from(PIECES))
        case "change":
            raw[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
        case _:
            file.unlink()
            return
    file.write_bytes(bytes(raw))


def read_all(store: Store) -> None:
    """Do what a reader does; what is damaged is told as that, and nothing else is raised."""
    said = []
    for read in (store.account, store.check, store.read):
        try:
            read()
        except (StoreError, Damaged) as error:
            said.append(str(error))
    assert not any("\n" in line for line in said)


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_damaged_is_told_mended_and_the_rest_kept(data: st.DataObject, whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "lock")
    touched = [data.draw(st.sampled_from(files)) for _ in range(data.draw(st.integers(1, 3)))]
    for file in touched:
        if file.exists():
            damage(file, data)
    with Store(whole) as store:
        parts = [part for part in store.windows() if not any(part.id in file.parts for file in touched)]

    with suppress(StoreError), Store(folder) as store:
        read_all(store)
    with Store(folder, write=True) as store:
        read_all(store)
        with suppress(Damaged):
            compact(store, [Level.HOUR, Level.DAY])
        compact(store, [Level.HOUR, Level.DAY])
        read_all(store)
        store.add(tiny(30), {})
    with Store(folder, write=True) as store:
        kept = windows_in(store)
        assert kept[("span0", 30)] == 1
        assert max(kept.values()) == 1
        numbers = {n for part in parts for first, last in part.sequences for n in range(first, last + 1)}
        assert {("span0", number) for number in numbers} <= set(kept)
        assert not any("window was" in line for line in store.mended)


NUMBERS = (1, 2, 3, 10, 11, 12, 202, 203, 220)
"""Of two hours of a day, which are put together, and of the next day, of which one hour is."""
EACH_ONCE = Counter({("span0", number): 1 for number in NUMBERS})


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers") / "store"
    with pytest.MonkeyPatch.context() as patch, Store(folder, write=True) as store:
        patch.setattr("kwel.merge.join", stacked)
        patch.setattr("kwel.merge.condense", lambda traffic: traffic)
        for number in NUMBERS:
            store.add(tiny(number), {})
        shutil.copytree(folder / "windows", folder.parent / "windows")
        compact(store)
        assert [part.level for part in store.windows()] == [Level.DAY, Level.HOUR, Level.WINDOW]
    return folder


def opened_anew(layers: Path, folder: Path, manifest: bytes) -> None:
    """Open a copy with another manifest: every window is in it once, nothing is set aside, nothing counts as gone."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(layers, folder, copy_function=os.link, ignore=shutil.ignore_patterns("manifest.jsonl"))
    (folder / "manifest.jsonl").write_bytes(manifest)
    with Store(folder, write=True) as store:
        assert windows_in(store) == EACH_ONCE
        assert store.manifest.removed == []
        assert len(store.windows()) == 3
        assert all(store.place(part).is_dir() for part in store.windows())
        assert not (folder / "aside").exists()
    with Store(folder, write=True) as store:
        assert store.mended == []


def test_no_line_of_the_manifest_is_all_that_keeps_a_compacted_window(layers: Path, tmp_path: Path) -> None:
    lines = (layers / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    assert sum(b'"swap"' in line for line in lines) == 4
    for at, line in enumerate(lines):
        flipped = bytearray(line)
        flipped[len(line) // 2] ^= 1
        opened_anew(layers, tmp_path / "store", b"".join([*lines[:at], bytes(flipped), *lines[at + 1 :]]))
    for at in (0, 5, 9, 10, 11, 12):
        opened_anew(layers, tmp_path / "store", b"".join([*lines[:at], lines[at][:50]]))
    swaps = [line for line in lines if b'"swap"' in line]
    for gone in (swaps, swaps[:2]):
        opened_anew(layers, tmp_path / "store", b"".join(line for line in lines if line not in gone))


@pytest.mark.parametrize("is_there", [True, False])
def test_windows_that_were_put_together_are_removed_only_where_the_whole_is_there(
    is_there: bool, layers: Path, tmp_path: Path
) -> None:
    """Killed between the switch and the removal: their folders are there yet, and the manifest names them no more."""
    folder = shutil.copytree(layers, tmp_path / "store")
    shutil.rmtree(folder / "windows")
    shutil.copytree(layers.parent / "windows", folder / "windows")
    if not is_there:
        (day,) = (folder / "days").iterdir()
        shutil.rmtree(day)

    with Store(folder, write=True) as store:
        assert windows_in(store) == EACH_ONCE
        assert store.manifest.removed == []
        assert len(store.windows()) == (3 if is_there else 8)
        assert not (folder / "aside").exists()
        assert store.check() == []
