"""Compiled code is found again only for the same sources, and kept whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.kernel.build import cache as codecache

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder of the test's own, which is not there yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("KWEL_CACHE_DIR", str(folder))
    return folder


def test_code_depends_on_versions_processor_and_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = codecache.depends()
    assert codecache.depends() == before

    monkeypatch.setattr(codecache, "_processor", lambda: "another")
    another = codecache.depends()
    monkeypatch.setattr(np, "__version__", "0.0.0")
    newer = codecache.depends()
    monkeypatch.setattr(codecache, "_bytes_of", lambda path: Path(path).read_bytes() + b"#" * path.endswith("hello.py"))

    assert len({before, another, newer, codecache.depends()}) == 4


def test_a_processor_that_the_system_says_too_little_of_is_asked_by_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecache, "PROCESSOR", ("CPU implementer",))
    assert "+" in codecache._processor()


def test_code_is_found_again_and_nothing_lies_beside_it(cache: Path) -> None:
    codecache.write("all of it", b"code\n\n\0")
    assert codecache.read("all of it") == b"code\n\n\0"
    assert codecache.read("another") is None
    assert list(cache.iterdir()) == [codecache.path_for("all of it")]
    assert codecache.path_for("all of it").stat().st_mode & 0o777 == 0o644


def test_code_of_other_sources_under_the_same_name_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    codecache.write("one", b"code")
    path = codecache.path_for("one")
    monkeypatch.setattr(codecache, "path_for", lambda _: path)
    assert codecache.read("other") is None


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KWEL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    said: list[str] = []
    codecache.write("all of it", b"code", said.append)
    codecache.write("all of it", b"code")
    assert "KWEL_CACHE_DIR" in said[0]


def test_nothing_is_left_when_the_code_cannot_be_kept(cache: Path) -> None:
    said: list[str] = []
    codecache.path_for("all of it").mkdir(parents=True)
    codecache.write("all of it", b"code", said.append)
    assert list(cache.iterdir()) == [codecache.path_for("all of it")]
    assert "KWEL_CACHE_DIR" in said[0]


@pytest.mark.parametrize("damage", [lambda kept: b"", lambda kept: kept[:-1], lambda kept: kept[:9], lambda kept: b"o"])
def test_damaged_code_is_not_read(damage: Callable[[bytes], bytes]) -> None:
    path = codecache.path_for("all of it")
    assert codecache.read("all of it") is None
    codecache.write("all of it", b"code")
    path.write_bytes(damage(path.read_bytes()))
    assert codecache.read("all of it") is None
