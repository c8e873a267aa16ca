"""Windows as they close in, folders that wait to be stored out: whole ones, or none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kwel.store import head
from kwel.store.files import Damaged, Disk, is_full
from kwel.store.folder import (
    EVIDENCE,
    Content,
    faults,
    named_after,
    read_head,
    read_traffic,
    write_folder,
)
from kwel.store.parts import DIGITS, Lost, part_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kwel.model.window import Window

WRITING = ".writing-"
DONE = ".done-"
ASIDE = "aside"
MOST_ASIDE = 20
"""Folders that are kept for somebody to look at; older ones make room."""
DISK = Disk()


def write_window(
    folder: Path,
    window: Window,
    frames: Path | None,
    *,
    lost: Sequence[Lost] = (),
    left_out: Sequence[str] = (),
    disk: Disk = DISK,
) -> Path:
    """Write a window, and return its folder once it would survive a power cut.

    Args:
        folder: of the spool; made if it is not there.
        window: its capture gets the name of the evidence file.
        frames: its evidence, pcapng; the file is gone afterwards.
        lost: windows that were lost since the last one was written.
        left_out: tiers of ``folder.TIERS`` for which there is no room.
        disk: what writes.

    Raises:
        OSError: among others, that there is no room; nothing of it is left then but *frames*.
        FileExistsError: the source has a window of that number already.
    """
    name = part_id(window.source, window.sequence, window.sequence)
    place, final = folder / f"{WRITING}{name}", folder / name
    if final.exists():
        raise FileExistsError(f"{final}: there is a window of that number already")
    content = _content(window, name, frames, lost, left_out)
    try:
        disk.remove(place)
        write_folder(disk, place, content)
        disk.rename(place, final)
        disk.sync_folder(folder)
    except OSError:
        with suppress(OSError):
            disk.remove(place)
        raise
    if frames:
        disk.remove(frames)
    return final


def _content(window: Window, name: str, frames: Path | None, lost: Sequence[Lost], left_out: Sequence[str]) -> Content:
    """Return what goes into the folder of a window that waits."""
    from kwel.store import codec

    traffic = named_after(window.traffic, f"{name}.pcapng")
    said = {
        "window": head.say_window(window),
        "sequences": [[window.sequence, window.sequence]],
        "lost": [list(one) for one in lost],
        "left_out": list(left_out),
        **head.say_traffic(traffic),
    }
    return Content(said, codec.spell(traffic), {}, (frames,) if frames else (), f"{name}.pcapng")


def waiting(folder: Path) -> list[Path]:
    """Return the windows that wait, those of each source in their order."""
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if not one.name.startswith(".") and one.name != ASIDE)


def read_window(path: Path) -> Window:
    """Return a window that waits.

    Raises:
        Damaged: it is not what was written: ``set_aside`` it.
    """
    said = read_head(path)
    for file, what in faults(path, said["files"]):
        raise Damaged(f"{path / file.name} {what}")
    traffic, told = read_traffic(path, said)
    return head.read_window(told["window"], said["sequences"][0][0], traffic)


def evidence_of(path: Path) -> Path | None:
    """Return the evidence file of a window that waits; ``None`` where it has none."""
    return next((path / file.name for file in read_head(path)["files"] if file.tier == EVIDENCE), None)


def read_lost(path: Path) -> tuple[Lost, ...]:
    """Return the windows that were lost before the one that waits."""
    return tuple(Lost(*one) for one in read_head(path)["lost"])


def left_out(path: Path) -> tuple[str, ...]:
    """Return the tiers for which there was no room when the window was written."""
    return tuple(read_head(path)["left_out"])


def tidy(folder: Path, source: str | None = None, disk: Disk = DISK) -> int:
    """Set aside what was not written to its end, of a source or of all, and return how many windows that were.

    Call it before anything is written: what is being written looks the same.
    """
    for done in list(folder.glob(f"{DONE}*")) if folder.is_dir() else []:
        disk.remove(done)
    half = sorted(folder.glob(f"{WRITING}*")) if folder.is_dir() else []
    if source is not None:
        begun = WRITING + part_id(source, 0, 0)[:-DIGITS]
        half = [one for one in half if one.name[:-DIGITS] == begun]
    for one in half:
        set_aside(one, disk)
    return len(half)


def remove(path: Path, disk: Disk = DISK) -> None:
    """Remove a window that is stored. Call it rather than remove the folder: half of one would be taken for damaged."""
    done = path.parent / f"{DONE}{path.name}"
    disk.remove(done)
    disk.rename(path, done)
    disk.remove(done)


def set_aside(path: Path, disk: Disk = DISK) -> None:
    """Move a folder out of the way, for somebody to look at."""
    aside = path.parent / ASIDE
    disk.make_folder(aside)
    place = aside / path.name.removeprefix(WRITING)
    disk.remove(place)
    disk.rename(path, place)
    disk.sync_folder(path.parent)
    there = sorted(aside.iterdir(), key=lambda one: one.stat().st_mtime_ns)
    for old in there[:-MOST_ASIDE]:
        disk.remove(old)


class Spool:
    """The spool of one source, for the process that hears it: where there is no room, less is kept, and said so."""

    def __init__(self, folder: Path, disk: Disk = DISK) -> None:
        self._folder, self._disk = folder, disk
        self.lost: list[Lost] = []
        """Windows that were lost and are not told of yet: the next that is written bears them."""

    def write(self, window: Window, frames: Path | None) -> Path | None:
        """Write a window: with its evidence, else without, else count it as lost and return ``None``.

        Raises:
            OSError: the disk fails for another reason than that it is full.
        """
        for evidence in dict.fromkeys((frames, None)):
            try:
                left_out = () if evidence == frames else (EVIDENCE,)
                path = write_window(self._folder, window, evidence, lost=self.lost, left_out=left_out, disk=self._disk)
            except OSError as error:
                if not is_full(error):
                    raise
                continue
            self.lost.clear()
            self._forget(frames)
            return path
        packets = window.traffic.coverage.packets
        told = window.sensor, window.source, window.sequence, window.opened, window.closed, packets
        self.lost.append(Lost(*told, "disk-full"))
        self._forget(frames)
        return None

    def _forget(self, frames: Path | None) -> None:
        if frames:
            with suppress(OSError):
                self._disk.remove(frames)
