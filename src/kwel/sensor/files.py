"""Bytes and a path in, a file that is either the old one or the new one out, whatever happens meanwhile."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, content: bytes, *, lasting: bool = True, mode: int | None = None) -> None:
    """Write a file beside the old one and put it in its place.

    Args:
        path: of the file.
        content: all of it.
        lasting: whether it must survive a power cut from now on; what is written anew each second need not.
        mode: who may read it; by default whoever the process lets.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if lasting:
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    if lasting:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_number(path: Path) -> int:
    """Return the number that a file holds; 0 where there is none, or none that can be read."""
    try:
        return int(path.read_bytes()[:20])
    except (OSError, ValueError):
        return 0
