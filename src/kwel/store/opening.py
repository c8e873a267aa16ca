"""A store as a crash left it in, a store whose manifest and folders agree out; and lines that say what was done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kwel.store import folder
from kwel.store.files import Damaged
from kwel.store.manifest import ALL
from kwel.store.parts import Level, Part, runs_of, sum_known, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kwel.store.files import Disk
    from kwel.store.folder import Said
    from kwel.store.manifest import Manifest

FOLDERS = {Level.WINDOW: "windows", Level.HOUR: "hours", Level.DAY: "days", Level.MONTH: "months"}
QUOTAS = ("size", "age")
"""Why something was removed on purpose."""
WRITING = "writing"
ASIDE = "aside"


def place_of(root: Path, part: Part) -> Path:
    """Return the folder of a part."""
    return root / FOLDERS[part.level] / part.id


def part_of(place: Path, said: Said, level: Level) -> Part:
    """Return the part that a folder's head tells of."""
    window, coverage = said["window"], said["coverage"]
    losses = window["losses"]
    return Part(
        level=level,
        sensor=window["sensor"],
        source=window["source"],
        sequences=runs_of((int(first), int(last)) for first, last in said["sequences"]),
        opened=window["opened"],
        closed=window["closed"],
        lasted=window["lasted"],
        packets=coverage["packets"],
        frames=sum(loss[1] for loss in losses),
        dropped=sum(loss[2] for loss in losses),
        missed=sum_known(loss[3] if len(loss) > 3 else None for loss in losses) if losses else None,
        grade=window["grade"],
        files=(*said["files"], folder.head_file(place)),
        left_out=tuple(said["left_out"]),
    )


class Mending:
    """Makes manifest and folders agree. Nothing that may be all there is of a window is removed: it is set aside."""

    def __init__(self, root: Path, manifest: Manifest, disk: Disk) -> None:
        self._root, self._manifest, self._disk = root, manifest, disk
        self.told: list[str] = []
        self._whole_ones: dict[tuple[Level, str], bool] = {}

    def mend(self) -> list[str]:
        """Do it, and return one line for each sort of thing that was amiss."""
        self._tell(self._manifest.torn, "line of the manifest was not whole", "lines of the manifest were not whole")
        self._tell(self._manifest.missing_lines, "line of the manifest is gone", "lines of the manifest are gone")
        half = self._clear(self._root / WRITING)
        self._tell(half, "window was not written to its end: removed", "windows were not written to their end: removed")
        self._adopt()
        self._look_at_parts()
        if self._manifest.torn or self._manifest.missing_lines:
            self._manifest.rewrite()
        return self.told

    def _tell(self, count: int, one: str, many: str) -> None:
        if count:
            self.told.append(f"{count} {one if count == 1 else many}")

    def _clear(self, place: Path) -> int:
        """Remove what is in a folder that only a process that is no more wrote to."""
        there = list(place.iterdir()) if place.is_dir() else []
        for one in there:
            self._disk.remove(one)
        return len(there)

    def _folders(self) -> Iterator[tuple[Level, Path]]:
        """Yield folders of windows, those that stand for most first: they may replace the others."""
        for level in reversed(Level):
            home = self._root / FOLDERS[level]
            for place in sorted(home.iterdir()) if home.is_dir() else []:
                yield level, place

    def _adopt(self) -> None:
        """Take in whole windows that the manifest does not know of, and put away what else lies there."""
        adopted = replaced = aside = 0
        for level, place in list(self._folders()):
            known = self._manifest.parts.get(place.name)
            if known and known.level is level:
                continue
            try:
                part = self._whole(place, level)
            except (Damaged, KeyError, ValueError, TypeError, FileNotFoundError, NotADirectoryError):
                self._set_aside(place)
                aside += 1
                continue
            olds = self._manifest.holds(part.source, part.sequences)
            there = [old for old in olds if not self._is_gone(old)]
            if self._is_held(part, there):
                self._disk.remove(place)
                replaced += 1
            elif all(_is_inside(old, part) for old in there):
                self._take_in(part, [old for old in olds if _is_inside(old, part)])
                adopted += 1
            else:  # it holds some windows of a part of which not all is whole
                self._set_aside(place)
                aside += 1
        self._tell(adopted, "window was whole and not in the manifest: taken in", "windows were not in it: taken in")
        self._tell(replaced, "folder was replaced before: removed", "folders were replaced before: removed")
        self._tell(aside, "folder was damaged: set aside", "folders were damaged: set aside")

    def _whole(self, place: Path, level: Level) -> Part:
        """Return the part that a folder holds, without the tiers that a quota removed.

        Raises:
            Damaged: something of it is not what was written.
        """
        part = part_of(place, folder.read_head(place), level)
        if part.id != place.name:
            raise Damaged(f"{place}: it holds {part.id}")
        wrong = folder.faults(place, part.files)
        gone = {file.tier for file, _ in wrong}
        if any((place / tier).exists() for tier in gone):
            raise Damaged(f"{place / wrong[0][0].name} {wrong[0][1]}")
        return replace(part, gone=frozenset(gone))

    def _is_gone(self, part: Part) -> bool:
        """Return whether nothing shows any more what the folder of a part held."""
        heads = [file for file in part.files if file.tier == folder.HEAD]
        return bool(folder.faults(place_of(self._root, part), heads, hashes=False))

    def _is_whole(self, part: Part) -> bool:
        """Return whether every byte of a part is what was written."""
        key = part.level, part.id
        if key not in self._whole_ones:
            self._whole_ones[key] = not folder.faults(place_of(self._root, part), part.present)
        return self._whole_ones[key]

    def _is_held(self, part: Part, there: Sequence[Part]) -> bool:
        """Return whether every window of a folder is in another that is whole, or was removed on purpose."""
        held = [run for other in there if self._is_whole(other) for run in other.sequences]
        for one in self._manifest.removed:
            on_purpose = one.source == part.source and one.tier == ALL and one.reason in QUOTAS
            held += one.sequences if on_purpose else ()
        return not without(part.sequences, runs_of(held))

    def _take_in(self, part: Part, olds: Sequence[Part]) -> None:
        """Have the manifest name a part that is whole, in the place of those whose windows it holds."""
        said = {"do": "swap", "old": [old.id for old in olds]} if olds else {"do": "add"}
        self._manifest.write({**said, "part": part.said()})
        for old in olds:
            if _tiers(old) <= _tiers(part):
                self._disk.remove(place_of(self._root, old))
            else:
                self._set_aside(place_of(self._root, old))

    def _look_at_parts(self) -> None:
        """Finish what was removed half, and note what is gone or damaged."""
        gone = damaged = 0
        lost: list[Part] = []
        for part in list(self._manifest.parts.values()):
            place = place_of(self._root, part)
            for tier in part.gone:
                self._disk.remove(place / tier)
            tiers = {file.tier for file, _ in folder.faults(place, part.present, hashes=False)}
            if folder.HEAD in tiers:
                lost.append(part)
            elif tiers:
                self._lose_tiers(part, tiers)
                damaged += 1
        for part in lost:
            gone += self._lose(part, lost)
        self._tell(gone, "window is gone", "windows are gone")
        self._tell(damaged, "window was damaged: what of it is whole is kept", "windows were damaged: the rest is kept")

    def look_closely(self, part: Part) -> list[str]:
        """Read every byte of a part, set aside what is not what was written, and return a line for each such file."""
        place = place_of(self._root, part)
        wrong = folder.faults(place, part.present)
        tiers = {file.tier for file, _ in wrong}
        if folder.HEAD in tiers:
            self._lose(part, [part])
        else:
            self._lose_tiers(part, tiers)
        return [f"{place / file.name} {what}: set aside" for file, what in wrong]

    def _lose_tiers(self, part: Part, tiers: Iterable[str]) -> None:
        for tier in sorted(tiers):
            self._set_aside(place_of(self._root, part) / tier)
            size = sum(file.size for file in part.files if file.tier == tier)
            self._manifest.write({"do": "remove", "id": part.id, "tier": tier, "bytes": size, "reason": "damaged"})

    def _lose(self, part: Part, lost: Sequence[Part]) -> bool:
        """Have the manifest forget a part; return whether windows went with it that no part but the *lost* holds."""
        others = [one for one in self._manifest.holds(part.source, part.sequences) if one not in lost]
        left = without(part.sequences, runs_of(run for one in others for run in one.sequences))
        said = {"do": "remove", "id": part.id, "tier": ALL, "bytes": part.bytes, "reason": "damaged"}
        self._manifest.write(said if left == part.sequences else {**said, "sequences": left})
        self._set_aside(place_of(self._root, part))
        return bool(left)

    def _set_aside(self, place: Path) -> None:
        """Move a folder out of the way, for somebody to look at."""
        if not place.exists():
            return
        home = self._root / ASIDE
        self._disk.make_folder(home)
        name = "-".join(place.relative_to(self._root).parts)
        self._disk.remove(home / name)
        self._disk.rename(place, home / name)
        self._disk.sync_folder(place.parent)


def _is_inside(part: Part, other: Part) -> bool:
    """Return whether *other* holds all windows of a part."""
    return not without(part.sequences, other.sequences)


def _tiers(part: Part) -> set[str]:
    return {file.tier for file in part.present}
