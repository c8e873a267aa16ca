"""What all tests share: tools that may be absent, captures, and a Hypothesis that draws the same examples always."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_pcaps"
REQUIRE_ALL = os.environ.get("KWEL_REQUIRE_ALL") == "1"

os.environ["KWEL_DATA_DIR"] = os.devnull  # what this machine has fetched must not decide what is tested

M_MMAP_THRESHOLD = -3
"""Of mallopt(3)."""
with suppress(AttributeError, OSError):  # only glibc has it
    # Each capture that is read takes a hundred large tables of zeros. glibc learns to keep their memory for the next,
    # and then writes the zeros itself: five sixths of the time that thousands of small captures take in one process.
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1_000_000)

settings.register_profile("kwel", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("deep", derandomize=True, deadline=None, database=None, max_examples=5000)
settings.load_profile(os.environ.get("KWEL_HYPOTHESIS", "kwel"))


def _require_tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed"
        if REQUIRE_ALL:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def _shared(path: str) -> Path:
    found = ROOT.parent / "shared" / path
    if not found.exists():
        pytest.skip(f"../shared/{path} is not here")
    return found


@pytest.fixture(scope="session")
def require_tool() -> Callable[[str], str]:
    """Return a function: the path of a program, else skip; with KWEL_REQUIRE_ALL=1 an absent program is a failure."""
    return _require_tool


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return a function: a file or folder of captures beside the repository, else skip."""
    return _shared


GROWN = 30 << 20
"""Bytes by which one test makes the process larger where what it left in cycles is collected at once."""


def _resident() -> int:
    """Return the bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """Collect what is in cycles again: a command turns that off, for it ends soon, and this process does not."""
    before = _resident()
    yield
    gc.enable()
    if _resident() > before + GROWN:
        gc.collect()


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of sample captures."""
    return SAMPLES
