"""Bytes in, files that survive a power cut out: written beside, synced, renamed, and their folder synced after them.

Everything that the store does to a disk goes through ``Disk``: tests put one in its place that fails, or dies, at any
of its calls.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
"""What an operating system says when there is no room: the device is full, or the user's share of it."""
CHUNK = 1 << 20


class Damaged(ValueError):
    """What is stored is not what was written. The message is one line: what, and what is wrong with it."""

    def __init__(self, message: str) -> None:
        """*message*: also of a library, which may write several lines."""
        super().__init__(" ".join(message.split("\n")).strip())


def is_full(error: OSError) -> bool:
    """Return whether there was no room, which passes; anything else that goes wrong with a disk does not."""
    return error.errno in FULL


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Disk:
    """What may be done to files. Each method returns once it would survive a power cut, but for ``rename``."""

    def put(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of *data* at the end of an open file."""
        rest = memoryview(data)
        while len(rest):
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        """Wait until an open file, or folder, is on the disk."""
        os.fsync(descriptor)

    def write(self, path: Path, pieces: Iterable[bytes | memoryview]) -> tuple[int, str]:
        """Write a new file; return its size and SHA-256."""
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            for piece in pieces:
                self.put(descriptor, piece)
                digest.update(piece)
                size += len(piece)
            self.sync(descriptor)
        finally:
            os.close(descriptor)
        return size, digest.hexdigest()

    def copy(self, sources: Iterable[Path], path: Path) -> tuple[int, str]:
        """Write a new file that holds *sources*, one behind the other; return its size and SHA-256."""
        return self.write(path, _pieces(sources))

    def append(self, path: Path, data: bytes) -> None:
        """Write at the end of a file; where that fails, the file is as long as before, if the disk lets it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            before = os.fstat(descriptor).st_size
            try:
                self.put(descriptor, data)
                self.sync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)

    def cut(self, path: Path, size: int) -> None:
        """Make a file shorter."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, size)
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, path: Path) -> None:
        """Make a folder, and those above it, where they are not there yet."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        with suppress(FileExistsError):
            os.mkdir(path, 0o750)
        self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, path: Path, destination: Path) -> None:
        """Give a file or folder its name. Call ``sync_folder`` when it has to last."""
        os.rename(path, destination)

    def remove(self, path: Path) -> None:
        """Remove a file or a folder with all that is in it; one that is not there is no error."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _pieces(sources: Iterable[Path]) -> Iterable[bytes]:
    for source in sources:
        with source.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece
