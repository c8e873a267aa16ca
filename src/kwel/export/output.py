"""A destination in, a file that is whole or not there at all out: written beside, then renamed."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

STDOUT = "-"


@contextmanager
def open_output(destination: str) -> Iterator[BinaryIO]:
    """Yield a binary file for *destination*; ``-`` is standard output.

    A regular file appears only once everything is written: an error leaves what was there before. A device or
    pipe is written straight.

    Raises:
        OSError: the folder is not writable, the disk is full.
    """
    if destination == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(destination))
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as out:
            yield out
        return
    if path.is_dir():
        raise IsADirectoryError(f"{destination} is a folder")
    with _beside(path) as out:
        yield out


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    name = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, _mode_of(path))
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _mode_of(path: Path) -> int:
    """Return the permissions of the file that is replaced, else those that a new file gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
