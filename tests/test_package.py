"""What ``import kwel`` offers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

import kwel
from kwel.analysis import stages
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_library_is_the_pipeline_and_is_imported_when_it_is_used() -> None:
    probe = "import sys, kwel; print('numpy' in sys.modules); kwel.analyse; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
    assert kwel.analyse is stages.analyse
    assert kwel.Options is stages.Options


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        getattr(kwel, "analyze")  # noqa: B009


MOST_BYTES = 12_000_000
"""Of the wheel: it is carried into plants by hand."""


@pytest.mark.slow
def test_the_wheel_holds_the_rules_and_stays_small(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)
    for name in ("src", "rules"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(tree)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if "setuptools" in done.stderr and done.returncode:
        pytest.skip("no registry to build with")
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    rules = {f"kwel/{path.relative_to(ROOT)}" for path in (ROOT / "rules").rglob("*") if path.suffix in RULES}

    assert done.returncode == 0, done.stderr
    assert wheel.stat().st_size < MOST_BYTES
    assert rules
    assert rules <= held
    assert {"kwel/py.typed", "kwel/report/html/catalogue.toml", "kwel/rules/data/asn.mmdb"} <= held


RULES = {".toml", ".mmdb", ".tsv"}
