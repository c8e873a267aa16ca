"""Windows in, files that survive a power cut out; and the windows of a span of time back again."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from kwel.store import folder, head
from kwel.store.files import Damaged, Disk, is_full
from kwel.store.folder import EVIDENCE, WIRE, Content
from kwel.store.frames import cited_in
from kwel.store.manifest import ALL, Manifest
from kwel.store.opening import FOLDERS, WRITING, Mending, part_of, place_of
from kwel.store.parts import Level, Lost, Part, part_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from kwel.model.traffic import Traffic
    from kwel.model.window import Window
    from kwel.store.account import Account

MANIFEST = "manifest.jsonl"
LOCK = "lock"
MOST_TRIES = 5
"""How often reading begins again because what was to be read was compacted meanwhile."""


class StoreError(ValueError):
    """A store cannot be used as asked. The message is one line: what, where, what to do."""


class Added(NamedTuple):
    """What became of a window that was added."""

    part: Part | None
    """``None``: it is lost, for there was no room for any of it."""
    left_out: tuple[str, ...] = ()
    """Tiers for which there was no room."""
    already: bool = False
    """The store had it before, and nothing was written."""


class Store:
    """A folder of windows. Any number of readers, and one writer, which nobody waits for."""

    def __init__(self, root: Path, *, write: bool = False, disk: Disk | None = None) -> None:
        """*write*: be the writer: take the lock, and mend what a crash left; ``mended`` tells what that was.

        Raises:
            StoreError: the folder is no store, or another process writes to it.
            OSError: it cannot be read, or not be written to.
        """
        self.root, self.disk = root, disk or Disk()
        self._lock: int | None = None
        self.mended: list[str] = []
        self.unreadable: set[str] = set()
        """Parts that ``read`` left out, for they are damaged: ``account`` tells of them."""
        if write:
            self._become_writer()
        elif not root.is_dir():
            raise StoreError(f"{root}: there is no store; `kwel sensor run` makes one")
        elif not any((root / name).exists() for name in (MANIFEST, *FOLDERS.values())):
            raise StoreError(f"{root}: this folder is no store: it has no {MANIFEST}")
        self.manifest = Manifest(root / MANIFEST, self.disk)
        if write:
            self._mend()

    def _become_writer(self) -> None:
        self.disk.make_folder(self.root)
        for name in (*FOLDERS.values(), WRITING):
            self.disk.make_folder(self.root / name)
        self._lock = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise StoreError(f"{self.root}: another process writes to this store; stop that one first") from error

    def _mend(self) -> None:
        try:
            self.mended = Mending(self.root, self.manifest, self.disk).mend()
        except PermissionError as error:
            self.close()
            raise StoreError(
                f"{error.filename or self.root}: this user may not look at it, so nothing was changed; "
                f"give all of {self.root} to the user that writes to it (chown -R)"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let another process write."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _must_write(self) -> None:
        if self._lock is None:
            raise StoreError(f"{self.root}: it was opened for reading")

    # Writing

    def add(self, window: Window, tables: Mapping[str, pd.DataFrame], evidence: Path | None = None) -> Added:
        """Store a window; one that is stored already is not stored again.

        Where there is no room, less of it is kept: no evidence, then nothing but the tables, then only that it is lost.

        Args:
            window: its frames are numbered as in *evidence*.
            tables: what was concluded, by the names of ``tables.schema``.
            evidence: a pcapng file, which stays where it is.

        Raises:
            StoreError: it has the number of another window; or the store was opened for reading.
            OSError: the disk fails for another reason than that it is full.
        """
        from kwel.store.readable import arrow_tables

        self._must_write()
        self.manifest.flush()
        if known := self._known(window):
            return Added(known, (), already=True)
        if self.manifest.was_removed(window.source, window.sequence):
            return Added(None, (), already=True)
        concluded = arrow_tables(tables)
        for without in dict.fromkeys(((), (EVIDENCE,), (EVIDENCE, WIRE))) if evidence else ((), (WIRE,)):
            try:
                part = self._put(_content(window, concluded, evidence, without))
            except OSError as error:
                if not is_full(error):
                    raise
                continue
            self.manifest.write({"do": "add", "part": part.said()})
            return Added(part, without)
        told = window.sensor, window.source, window.sequence, window.opened, window.closed
        self.lose(Lost(*told, window.traffic.coverage.packets, "disk-full"))
        return Added(None, folder.TIERS)

    def _known(self, window: Window) -> Part | None:
        for part in self.manifest.holds(window.source, ((window.sequence, window.sequence),)):
            if part.opened <= window.opened and window.closed <= part.closed and part.sensor == window.sensor:
                return part
            raise StoreError(
                f"{self.root}: window {window.sequence} of {window.source} is there already, and from another time; "
                f"let the numbers of this source go on from {self.next_sequence(window.source)}"
            )
        return None

    def next_sequence(self, source: str) -> int:
        """Return the number that the next window of a source may have: above all that the store knows of."""
        last = [part.sequences[-1][1] for part in self.manifest.parts.values() if part.source == source]
        last += [one.sequence for one in self.manifest.lost if one.source == source]
        last += [one.sequences[-1][1] for one in self.manifest.removed if one.source == source]
        return max(last, default=0) + 1

    def lose(self, lost: Lost) -> None:
        """Note a window that is lost, now or as soon as there is room; one that is noted already is not noted again."""
        self._must_write()
        here = lost.sequence, lost.sequence
        known = any(one.source == lost.source and one.sequence == lost.sequence for one in self.manifest.lost)
        if not known and not self.manifest.holds(lost.source, (here,)):
            self.manifest.write({"do": "lost", "window": list(lost)})

    def _put(self, content: Content, level: Level = Level.WINDOW) -> Part:
        """Write the folder of a part and give it its name. The manifest does not know it yet."""
        first, last = content.said["sequences"][0][0], content.said["sequences"][-1][1]
        name = part_id(content.said["window"]["source"], first, last)
        half, final = self.root / WRITING / name, self.root / FOLDERS[level] / name
        try:
            self.disk.remove(half)
            folder.write_folder(self.disk, half, content)
            part = part_of(half, folder.read_head(half), level)
            self.disk.rename(half, final)
            self.disk.sync_folder(final.parent)
        except OSError:
            with suppress(OSError):
                self.disk.remove(half)
            raise
        return part

    def replace(self, parts: Sequence[Part], content: Content, level: Level) -> Part:
        """Put one part in the place of several. Whenever that is cut short, every window is in the store once.

        Raises:
            OSError: among others, that there is no room; then all is as it was.
        """
        self._must_write()
        new = self._put(content, level)
        try:
            self.manifest.write_now({"do": "swap", "part": new.said(), "old": [part.id for part in parts]})
        except OSError:
            with suppress(OSError):
                self._away(self.place(new))
            raise
        for part in parts:
            self._away(self.place(part))
        return new

    def set_aside(self, part: Part) -> list[str]:
        """Read every byte of a part, set aside what is not what was written, and return a line for each such file."""
        self._must_write()
        return Mending(self.root, self.manifest, self.disk).look_closely(part)

    def remove(self, part: Part, tier: str | None, reason: str) -> int:
        """Remove a tier of a part, or all of it, and return how many bytes that were. The manifest keeps the record."""
        self._must_write()
        files = [file for file in part.present if tier is None or file.tier == tier]
        size = sum(file.size for file in files)
        place = self.place(part)
        self.manifest.write({"do": "remove", "id": part.id, "tier": tier or ALL, "bytes": size, "reason": reason})
        self._away(place if tier is None else place / tier)
        return size

    def _away(self, place: Path) -> None:
        """Remove a folder: first out of sight, so that no half of it is taken for damaged."""
        if not place.exists():
            return
        half = self.root / WRITING / f"{place.parent.name}-{place.name}"
        self.disk.remove(half)
        self.disk.rename(place, half)
        self.disk.remove(half)

    def rewrite_manifest(self) -> None:
        """Write the manifest anew, without what is no more of interest; where there is no room, it stays as it is."""
        try:
            self.manifest.rewrite()
        except OSError as error:
            if not is_full(error):
                raise

    # Reading

    def windows(
        self, since: int | None = None, until: int | None = None, sources: Collection[str] | None = None
    ) -> list[Part]:
        """Return the parts that are filed between two moments, those of each source by their numbers.

        A window is filed by its middle, and what was put together by the middle of its last window.

        Args:
            since: nanoseconds since the epoch; ``None`` is from the beginning.
            until: likewise; what is filed by this moment is not among them.
            sources: ``None`` is all.
        """
        return [
            part
            for part in self.manifest.in_order()
            if (since is None or part.filed >= since)
            and (until is None or part.filed < until)
            and (sources is None or part.source in sources)
        ]

    def place(self, part: Part) -> Path:
        """Return the folder of a part."""
        return place_of(self.root, part)

    def read(
        self, since: int | None = None, until: int | None = None, sources: Collection[str] | None = None
    ) -> Traffic:
        """Return what was on the wire between two moments, as if one analysis had heard it.

        Windows of which only the tables are left are not in it, nor is what is damaged: ``account``, asked afterwards,
        tells how many those are.

        Raises:
            StoreError: no window is filed there of which there is more than tables.
            Damaged: nothing else is filed there than what is not what was written.
        """
        wrong: list[Damaged] = []

        def read_all() -> list[Traffic]:
            return list(self._sound(self.windows(since, until, sources), wrong))

        parts = self.undisturbed(read_all)
        if not parts and wrong:
            raise wrong[0]
        if not parts:
            raise StoreError(
                f"{self.root}: no window of that time is still whole, or only some of a day that was put "
                "together; `kwel store list` shows the times that can be asked for"
            )
        return joined(parts)

    def _sound(self, parts: Sequence[Part], wrong: list[Damaged]) -> Iterator[Traffic]:
        """Yield the traffic of parts, without those that are damaged: what is wrong with them goes to *wrong*."""
        for part in parts:
            try:
                if part.has_wire:
                    yield self.read_part(part)
            except Damaged as error:
                self.unreadable.add(part.id)
                wrong.append(error)

    def read_part(self, part: Part) -> Traffic:
        """Return the traffic of a part; frames that are not kept are 0.

        Raises:
            Damaged: a table is not what was written.
            FileNotFoundError: it was compacted or removed meanwhile.
        """
        return self.read_with_head(part)[0]

    def read_with_head(self, part: Part) -> tuple[Traffic, dict[str, Any]]:
        """Return the traffic of a part, and what its head says."""
        place = self.place(part)
        said = self._head(place)
        traffic, told = folder.read_traffic(place, said)
        name = f"{part.id}.pcapng"
        file = next((file for file in part.present if file.tier == EVIDENCE), None)
        traffic = cited_in(traffic, name, 0 if file else None)
        size, sha256 = (file.size, file.sha256) if file else (0, None)
        capture = traffic.captures[0]._replace(bytes=size, sha256=sha256)
        if capture.first is None or capture.last is None:
            capture = capture._replace(first=part.opened, last=part.closed)
        from dataclasses import replace

        return replace(traffic, captures=(capture,)), told

    def head_of(self, part: Part) -> dict[str, Any]:
        """Return what the head of a part says.

        Raises:
            Damaged: it is not what was written.
            FileNotFoundError: it was compacted or removed meanwhile.
        """
        return self._head(self.place(part))

    def _head(self, place: Path) -> dict[str, Any]:
        try:
            return folder.read_head(place)
        except Damaged as error:
            if place.is_dir():
                raise
            raise FileNotFoundError(f"{place}: it was compacted or removed") from error

    def undisturbed(self, read: Callable[[], Any]) -> Any:
        """Return what *read* returns; where the writer removed a folder meanwhile, look again what there is."""
        for _ in range(MOST_TRIES):
            try:
                return read()
            except FileNotFoundError:
                if self._lock is None:
                    self.manifest = Manifest(self.root / MANIFEST, self.disk)
        raise StoreError(f"{self.root}: files that the manifest names are not there; run `kwel store check`")

    def account(self, since: int | None = None, until: int | None = None) -> Account:
        """Return what became of the windows that are filed between two moments, nanoseconds since the epoch."""
        from kwel.store.account import account

        return account(self, since, until)

    def check(self) -> list[str]:
        """Return what of the store is not as it was written, a line each: every byte of it is read."""
        from kwel.store.checking import check

        return check(self)

    def paths(self, name: str, parts: Sequence[Part]) -> Iterator[tuple[Part, Path]]:
        """Yield the files of a table, such as ``wire/flows`` or ``tables/dependencies``, that *parts* have."""
        for part in parts:
            if any(file.name == f"{name}.parquet" for file in part.present):
                yield part, self.place(part) / f"{name}.parquet"


def joined(parts: Sequence[Traffic]) -> Traffic:
    """Return the traffic of all parts, as if one analysis had heard it."""
    if len(parts) == 1:
        return parts[0]
    joining: Any = import_module("kwel.merge")
    whole: Traffic = joining.join(parts)
    return whole


def _content(window: Window, concluded: Mapping[str, Any], evidence: Path | None, without: Sequence[str]) -> Content:
    """Return what goes into the folder of a window."""
    from kwel.store import codec

    name = f"{part_id(window.source, window.sequence, window.sequence)}.pcapng"
    cited = EVIDENCE not in without and evidence is not None
    traffic = cited_in(window.traffic, name, 0 if cited else None)
    said = {
        "window": head.say_window(window),
        "sequences": [[window.sequence, window.sequence]],
        "left_out": list(without),
        **head.say_traffic(traffic),
    }
    wire = {} if WIRE in without else codec.spell(traffic)
    return Content(said, wire, concluded, (evidence,) if evidence and cited else (), name)
