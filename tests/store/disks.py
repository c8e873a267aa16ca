"""Disks that fail in every way that disks fail."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from kwel.store.files import Disk

if TYPE_CHECKING:
    from pathlib import Path


class Stops(Disk):
    """A disk whose user is killed at the n-th call."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def _call(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def put(self, descriptor: int, data: bytes | memoryview) -> None:
        self.left -= 1
        if self.left < 0:
            super().put(descriptor, memoryview(data)[: len(data) // 2])
            raise KeyboardInterrupt
        super().put(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._call()
        super().sync(descriptor)

    def cut(self, path: Path, size: int) -> None:
        self._call()
        super().cut(path, size)

    def rename(self, path: Path, destination: Path) -> None:
        self._call()
        super().rename(path, destination)

    def remove(self, path: Path) -> None:
        self._call()
        super().remove(path)


class Full(Disk):
    """A disk with room for so many bytes at a time: what was written takes none for ever."""

    def __init__(self, room: int) -> None:
        self.room = room
        """In all, of what is written in one attempt; see ``remove``."""
        self.whole = 10**12
        """For one piece."""
        self._used = 0

    def put(self, descriptor: int, data: bytes | memoryview) -> None:
        if len(data) > min(self.whole, self.room - self._used):
            super().put(descriptor, memoryview(data)[: min(len(data) // 2, 20)])
            raise OSError(errno.ENOSPC, "no space left on device")
        self._used += len(data)
        super().put(descriptor, data)

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._used = 0
