"""Tests of the store do not wait for the disk: none of them loses power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.store.files import Disk

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def without_waiting() -> Iterator[None]:
    """Have ``sync`` return at once; tests of how it is called count its calls."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Disk, "sync", lambda _self, _descriptor: None)
    yield
    patch.undo()
