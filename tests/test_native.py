"""Compiled code: bounds-checked, found again only for the same sources, kept whole or not at all."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel import native
from kwel.columns import RECORD
from kwel.kernel.fragments import new_store
from kwel.kernel.layers import decode
from kwel.kernel.rows import PACKET, Stop
from tests.conftest import ROOT, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def stops() -> NDArray[np.int64]:
    return np.zeros(len(Stop), np.int64)


def test_an_access_out_of_bounds_raises_and_harms_nothing() -> None:
    record = np.zeros(1, RECORD)
    record["start"], record["captured"], record["link"] = 10, 60, 1
    with pytest.raises(IndexError, match="out of bounds"):
        decode(
            np.zeros(20, np.uint8), record, 1, 1, 0, np.zeros(1, PACKET), np.zeros(len(Stop), np.int64), *new_store()
        )


def test_an_array_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="argument 1"):
        decode(
            np.zeros(20, np.uint8),
            np.zeros(1, PACKET),
            1,
            1,
            0,
            np.zeros(1, PACKET),
            np.zeros(len(Stop), np.int64),
            *new_store(),
        )


def test_every_module_with_a_kernel_is_listed() -> None:
    for name in native.KERNEL_MODULES:
        importlib.import_module(name)
    importlib.import_module("kwel.pipeline")
    for file in (ROOT / "src" / "kwel").rglob("*.py"):
        if "@kernel(" in file.read_text():
            importlib.import_module(str(file.relative_to(ROOT / "src").with_suffix("")).replace(os.sep, "."))
    defined = {made.function.__module__ for made in native._kernels}
    reached = {name for name in sys.modules if name.startswith("kwel")}

    assert defined <= reached
    symbols = [made.symbol for made in native._kernels]
    assert len(symbols) == len(set(symbols))


def test_the_key_follows_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    before = native.cache_key()
    monkeypatch.setattr(np, "__version__", "0.0.0")
    assert native.cache_key() != before


def test_running_from_the_cache_imports_neither_numba_nor_pandas() -> None:
    script = (
        "import sys; from kwel.pipeline import read_traffic; "
        f"t = read_traffic({str(SAMPLES / 'mixed_plant.pcapng')!r}); assert len(t.flows); "
        "print(sorted({'numba', 'pandas', 'scapy', 'jinja2'} & set(sys.modules)))"
    )
    native.load()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    said: list[str] = []
    monkeypatch.setattr(native, "announce", said.append)
    native._keep(tmp_path / "file" / "cache" / "code.o", b"code")
    assert "KWEL_CACHE_DIR" in said[0]


def test_nothing_is_left_beside_the_kept_code(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "code.o"
    native._keep(path, b"code\n")
    assert [each.name for each in path.parent.iterdir()] == ["code.o"]
    assert path.stat().st_mode & 0o777 == 0o644
    assert native._kept(path) == b"code\n"


def test_nothing_is_left_when_the_code_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(native, "announce", said.append)
    (tmp_path / "code.o").mkdir()
    native._keep(tmp_path / "code.o", b"code")
    assert [path.name for path in tmp_path.iterdir()] == ["code.o"]
    assert "KWEL_CACHE_DIR" in said[0]


@pytest.mark.parametrize("damage", [lambda kept: b"", lambda kept: kept[:-1], lambda kept: kept[:9], lambda kept: b"o"])
def test_damaged_code_is_not_loaded(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "code.o"
    assert native._kept(path) is None
    native._keep(path, b"code")
    path.write_bytes(damage(path.read_bytes()))
    assert native._kept(path) is None


def test_the_process_that_helps_to_compile_runs_nothing_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hashlib.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with native._child("no kernel") as child:
        assert child.communicate()[0] == ""
    assert child.returncode == 0
    assert not (tmp_path / "ran").exists()
