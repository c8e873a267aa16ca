"""A store and how much of it may stay in, a smaller store out: evidence goes first, what was concluded last."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kwel.store.folder import EVIDENCE, TABLES, TIERS, WIRE
from kwel.store.opening import ASIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.store.parts import Part
    from kwel.store.store import Store

DAY = 86_400 * 1_000_000_000
"""Nanoseconds."""
SPARE = 10
"""Where nobody says how large a store may become: one part in so many of its disk stays free."""


class Quota(NamedTuple):
    """How much of a store may stay. ``None`` is no limit."""

    bytes: int | None = None
    """Of all that is in its folder."""
    evidence: int | None = None
    """Nanoseconds that were heard since: then frames go."""
    wire: int | None = None
    """Likewise: then the tables of what was on the wire go."""
    tables: int | None = None
    """Likewise: then everything of a window goes, but for the record that it was there."""
    fresh: int = DAY
    """Nanoseconds that were heard: younger windows lose something to the limit of bytes only when no older one has
    anything left."""


def enforce(store: Store, quota: Quota) -> int:
    """Remove what is over a quota, and return how many bytes that were.

    First what is too old: evidence, then tables of the wire, then the rest. Then, while there are too many bytes: what
    was set aside; the evidence of the oldest window, of the next, and so on; the tables of the wire likewise; at last
    whole windows. The manifest keeps what was removed of which.

    Age is time that was heard since, added up from the windows themselves: a clock that is set forward by mistake
    removes nothing.
    """
    before = used(store)
    ages = _ages(store)
    limits = {EVIDENCE: quota.evidence, WIRE: quota.wire, TABLES: quota.tables}
    for tier in TIERS:
        limit = limits[tier]
        for part in store.manifest.in_order() if limit is not None else ():
            if ages[part.id] > (limit or 0):
                _remove(store, part, tier, "age")
    if quota.bytes is not None:
        _shrink(store, quota.bytes, ages, quota.fresh)
    store.manifest.flush()
    if store.manifest.is_long:
        store.rewrite_manifest()
    return before - used(store)


def share(folder: Path, taken: int) -> int:
    """Return the bytes that a store may take where nobody says: what leaves a tenth of its disk free.

    What others put on the disk counts too; but a tenth of it is the store's, so that they cannot drive it out.

    Args:
        folder: on that disk.
        taken: bytes that the store takes.

    Raises:
        OSError: there is no such folder.
    """
    space = os.statvfs(folder)
    spare = space.f_blocks * space.f_frsize // SPARE
    return max(taken + space.f_bavail * space.f_frsize - spare, spare)


def scarce(disk: int, most: int) -> int:
    """Return how many bytes of a disk are free where few are: *most*, or half of what ``share`` leaves free.

    Args:
        disk: bytes of all of it.
        most: bytes.
    """
    return min(most, disk // SPARE // 2)


def used(store: Store) -> int:
    """Return the bytes of all files of a store."""
    return _size(store.root)


def _size(folder: str | Path) -> int:
    size = 0
    with suppress(FileNotFoundError), os.scandir(folder) as there:  # another process may just have renamed it
        for one in there:
            with suppress(FileNotFoundError):
                is_folder = one.is_dir(follow_symlinks=False)
                size += _size(one.path) if is_folder else one.stat(follow_symlinks=False).st_size
    return size


def _ages(store: Store) -> dict[str, int]:
    """Return how long was heard since each part, by its source's own windows."""
    ages: dict[str, int] = {}
    heard: dict[str, int] = {}
    for part in reversed(store.manifest.in_order()):
        ages[part.id] = heard.get(part.source, 0)
        heard[part.source] = ages[part.id] + part.lasted
    return ages


def _shrink(store: Store, most: int, ages: dict[str, int], fresh: int) -> None:
    left = used(store)
    aside = store.root / ASIDE
    for one in sorted(aside.iterdir(), key=lambda path: path.stat().st_mtime_ns) if aside.is_dir() else []:
        if left <= most:
            return
        left -= _size(one) if one.is_dir() else one.stat().st_size
        store.disk.remove(one)
    for part, tier in _next(store, ages, fresh):
        if left <= most:
            return
        left -= _remove(store, part, tier, "size")


def _next(store: Store, ages: dict[str, int], fresh: int) -> Iterator[tuple[Part, str]]:
    """Yield what goes next: of old windows first, the oldest of them first."""
    for is_fresh in (False, True):
        for tier in TIERS:
            for part in store.manifest.in_order():
                if (ages[part.id] < fresh) is is_fresh:
                    yield part, tier


def _remove(store: Store, part: Part, tier: str, reason: str) -> int:
    """Remove a tier of a part; with the last one, all of it. Return how many bytes that were."""
    if tier == TABLES:
        return store.remove(part, None, reason)
    return store.remove(part, tier, reason) if any(file.tier == tier for file in part.present) else 0
