"""Compiled code: bounds-checked, found again only for the same sources, kept whole or not at all."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.kernel.build import jit
from kwel.kernel.fragments import new_store
from kwel.kernel.layers import decode
from kwel.kernel.rows import PACKET, Stop
from kwel.model.records.columns import RECORD
from tests.conftest import ROOT, SAMPLES

if TYPE_CHECKING:
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
    for name in jit.KERNEL_MODULES:
        importlib.import_module(name)
    importlib.import_module("kwel.analysis.stages")
    for file in (ROOT / "src" / "kwel").rglob("*.py"):
        if "@kernel(" in file.read_text():
            importlib.import_module(str(file.relative_to(ROOT / "src").with_suffix("")).replace(os.sep, "."))
    defined = {made.function.__module__ for made in jit._kernels}
    reached = {name for name in sys.modules if name.startswith("kwel")}

    assert defined <= reached
    symbols = [made.symbol for made in jit._kernels]
    assert len(symbols) == len(set(symbols))


def test_running_from_the_cache_imports_no_compiler_and_no_pandas() -> None:
    script = (
        "import sys; from kwel.analysis.stages import read_traffic; "
        f"t = read_traffic({str(SAMPLES / 'mixed_plant.pcapng')!r}); assert len(t.flows); "
        "print(sorted({'numba', 'llvmlite.binding', 'pandas', 'scapy', 'jinja2'} & set(sys.modules)))"
    )
    jit.load()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_process_that_helps_to_compile_runs_nothing_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hashlib.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    with jit._child("no kernel") as child:
        assert child.communicate()[0] == ""
    assert child.returncode == 0
    assert not (tmp_path / "ran").exists()
