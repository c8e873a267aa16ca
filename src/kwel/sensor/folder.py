"""A folder of rotating captures in, batches of their frames out: each once, also of files that are still written.

Works with what tcpdump (-C, -G, -W) and dumpcap (-b) leave, and with what logrotate does to it: renamed, copied and
truncated, packed. A file is told by device, inode and its first bytes: an inode is used again, a name is written over.
The folder is looked at again and again, so that network file systems work. One thread calls the methods.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.model.window import Losses
from kwel.sensor.followed import Followed, first_time, head_of, is_packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kwel.capture.file import Batch

SMALLEST: Final = 40
"""Bytes without which a file has no frame, and so nothing that tells it from others: two headers of pcap."""
SETTLED: Final = 3.0
"""Seconds that a packed file has not grown, before it is taken to be whole."""
MOST_PAST: Final = 4096
"""Files that are gone, and might come back under another name or packed."""
Key = tuple[int, int]


class FolderSource:
    """Captures in a folder, as a source of frames. Satisfies what ``sensor.watcher`` asks of one."""

    how = "folder"

    def __init__(
        self,
        folder: Path | str,
        *,
        patience: float = 0.5,
        once: bool = False,
        resume: Mapping[str, Any] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look at nothing yet.

        Args:
            folder: with all that is below it; hidden files are left alone.
            patience: seconds between two looks where nothing is new.
            once: end when everything that is there was read.
            resume: what ``position`` returned before a restart.
            sleep: waits.
        """
        self.folder, self.interface = Path(folder), str(folder)
        self.frames = self.vanished = self.cut = 0
        """Handed out; files that went before all of them was read; those that ended amid a frame."""
        self.problems: list[str] = []
        """Files that are no captures, or damaged: a line each, told once."""
        self._patience, self._once, self._sleep = patience, once, sleep
        self._told = 0
        self._files: dict[Key, Followed] = {}
        self._past: list[Followed] = []
        self._doubtful: list[Followed] = []
        """Gone with something unread: a copy may turn up at the next look."""
        self._current: Followed | None = None
        for told in (resume or {}).get("files", ()):
            known = Followed.restored(told, Path(told["path"]))
            self._files[known.identity] = known
        for told in (resume or {}).get("past", ()):
            self._past.append(Followed.restored(told, Path(told["path"])))

    def batches(self) -> Iterator[Batch | None]:
        """Yield frames, file by file in order of time; ``None`` when none came. With *once* it ends, else never."""
        while True:
            self._look()
            found = False
            for file in sorted(self._files.values(), key=lambda one: (one.first, str(one.path))):
                if file.problem is not None or file.read_at == file.size or not self._is_whole(file):
                    continue
                self._current = file
                for batch in file.batches():
                    found = True
                    self.frames += len(batch.records)
                    yield batch
                self._current = None
                if not file.gone:
                    file.read_at = file.size
                if file.problem is not None:
                    self.problems.append(f"{file.path.name}: {file.problem}")
            if found:
                continue
            if self._once and not self._doubtful:
                self._end()
                return
            self._sleep(self._patience)
            yield None

    def losses(self) -> Losses:
        """Return what became of the frames since this was asked last. What files lost themselves, they do not say."""
        frames, self._told = self.frames - self._told, self.frames
        return Losses(self.interface, frames, 0, None)

    @property
    def facts(self) -> dict[str, int]:
        """Return what happened so far, all of them counts."""
        counts = {"frames": self.frames, "files": len(self._files), "vanished": self.vanished, "cut": self.cut}
        return {**counts, "unread": len(self.problems)}

    def position(self, back: int = 0) -> dict[str, Any]:
        """Return where to go on from after a restart, as plain values: keep it with the window that ends here.

        Args:
            back: frames at the end of the batch that was yielded last which belong to the next window.
        """
        files = [file.saved(back if file is self._current else 0) for file in self._files.values()]
        return {"files": files, "past": [file.saved() for file in (*self._past, *self._doubtful)][-MOST_PAST:]}

    def _is_whole(self, file: Followed) -> bool:
        """Return whether a file may be read: packed ones only once nobody writes in them any more."""
        if not file.packed or self._once:
            return True
        try:
            return time.time() - os.stat(file.path).st_mtime > SETTLED
        except OSError:
            return False

    def _look(self) -> None:
        """Find out what is in the folder, and what became of the files that were."""
        there = dict(self._members())
        gone = [key for key in self._files if key not in there]
        missing = [self._files.pop(key) for key in gone]
        self._past += [file for file in missing if not _has_unread(file)]
        lost, self._doubtful = self._doubtful, [file for file in missing if _has_unread(file)]
        for key, (path, size, written) in there.items():
            known = self._files.get(key)
            if known is not None and (known.size, known.path, known.written) == (size, path, written):
                continue
            head = head_of(path)
            if known is not None and (size < known.size or not known.is_head_of(head)):
                del self._files[key]
                (self._doubtful if _has_unread(known) else self._past).append(known)
                known = None
            if known is None:
                known = self._meet(key, path, head, lost)
            if known is None:
                continue
            known.path, known.size, known.written = path, size, written
            known.learn(head)
        self.vanished += len(lost)  # nothing took their place since
        self._past += lost
        del self._past[:-MOST_PAST]

    def _members(self) -> Iterator[tuple[Key, tuple[Path, int, int]]]:
        for inside, folders, names in os.walk(self.folder):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for name in sorted(names):
                path = Path(inside, name)
                try:
                    state = os.lstat(path)
                except OSError:
                    continue
                if stat.S_ISREG(state.st_mode) and not name.startswith(".") and state.st_size >= SMALLEST:
                    yield (state.st_dev, state.st_ino), (path, state.st_size, state.st_mtime_ns)

    def _meet(self, key: Key, path: Path, head: bytes, lost: list[Followed]) -> Followed | None:
        """Take in a file that was not there before: a new one, or one that was read under another name."""
        if len(head) < SMALLEST or any(self._is_copy(path, head, other) for other in self._files.values()):
            return None
        file = Followed(path, key, head)
        file.packed = is_packed(path)
        for before in (self._doubtful, lost, self._past):
            same = next((one for one in before if one.is_head_of(head)), None)
            if same is not None:
                before.remove(same)
                file.take_over(same)
                break
        file.first = file.first or first_time(path)
        self._files[key] = file
        return file

    def _is_copy(self, path: Path, head: bytes, other: Followed) -> bool:
        """Return whether a file is, so far, a copy of another that is still there: its frames come from that one."""
        if other.path == path:
            return False
        if len(head) >= other.head_size:
            return other.is_head_of(head)
        theirs = head_of(other.path)
        return len(theirs) >= len(head) and theirs[: len(head)] == head

    def _end(self) -> None:
        """Count what ended amid a frame: nobody writes in it any more, as far as ``once`` is concerned."""
        self.cut += sum(1 for file in self._files.values() if _has_unread(file))


def _has_unread(file: Followed) -> bool:
    """Return whether a file had more bytes, when it was looked at last, than were read."""
    if file.problem is not None:
        return False
    return file.read_at < 0 or file.read_at < file.size or (not file.packed and file.offset < file.size)
