"""A store with damaged bytes: whatever they are, it says so in one line, mends what it can, and keeps the rest."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kwel.store import Damaged, Level, Store, StoreError
from kwel.store.compaction import compact
from tests.store.windows import PLANT, tables_of, tiny

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
    for _ in range(data.draw(st.integers(1, 3))):
        file = data.draw(st.sampled_from(files))
        if file.exists():
            damage(file, data)

    with suppress(StoreError), Store(folder) as store:
        read_all(store)
    with Store(folder, write=True) as store:
        read_all(store)
        with suppress(Damaged):
            compact(store, [Level.HOUR, Level.DAY])
        read_all(store)
        store.add(tiny(30), {})
    with Store(folder, write=True) as store:
        assert any(part.sequences[-1][1] == 30 for part in store.windows())
        assert not any("window was" in line for line in store.mended)
