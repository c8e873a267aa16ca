"""Disks that fail in every way that disks fail."""

from __future__ import annotations

import errno
import os
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


class LosesPower(Stops):
    """A disk that, when it stops, has lost all that nobody waited for: contents, new names, renames.

    The worst of what a file system may do after a power cut (https://www.usenix.org/system/files/conference/osdi14/
    osdi14-paper-pillai.pdf): what was not synced is cut short, and names that their folder was not synced for are as
    they were before.
    """

    def __init__(self, calls: int) -> None:
        super().__init__(calls)
        self._dirty: set[str] = set()
        self._renamed: list[tuple[Path, Path]] = []
        self._made: list[str] = []

    def put(self, descriptor: int, data: bytes | memoryview) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        self._dirty.add(path)
        self._made.append(path)
        super().put(descriptor, data)

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        self._dirty.discard(path)
        if os.path.isdir(path):
            self._made = [made for made in self._made if os.path.dirname(made) != path]
            self._renamed = [pair for pair in self._renamed if str(pair[1].parent) != path]

    def rename(self, path: Path, destination: Path) -> None:
        super().rename(path, destination)
        self._renamed.append((path, destination))

    def lose_power(self) -> None:
        """Undo what would not survive."""
        for path, destination in reversed(self._renamed):
            if destination.exists() and not path.exists() and path.parent.exists():
                os.rename(destination, path)
        for name in self._dirty:
            if os.path.exists(name):
                os.truncate(name, os.path.getsize(name) // 2)
        for name in self._made:
            if os.path.exists(name) and not name.endswith(".jsonl"):
                os.unlink(name)
