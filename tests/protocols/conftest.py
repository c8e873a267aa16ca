"""The hex samples beside this file. Lines that start with # say where a sample is from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).with_name("samples")


def _bytes(file: Path) -> bytes:
    return bytes.fromhex("".join(line for line in file.read_text().splitlines() if not line.startswith("#")))


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    """Return a function that reads one sample, ``dhcp.ack``."""
    return lambda name: _bytes(SAMPLES / f"{name}.hex")


@pytest.fixture(scope="session")
def samples_of() -> Callable[[str], list[bytes]]:
    """Return a function that reads all samples of one dissector, once: each is damaged hundreds of times."""
    return cache(lambda name: [_bytes(file) for file in sorted(SAMPLES.glob(f"{name}.*.hex"))])
