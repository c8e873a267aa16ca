"""A small disk is filled again and again while windows are spooled and stored: all adds up, and it goes on by itself.

``python -m tests.store.filling FOLDER --episodes 20`` on a file system of a megabyte or two.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

import kwel.merge
from kwel.store import Level, Store
from kwel.store.compaction import compact
from kwel.store.files import is_full
from kwel.store.quota import Quota, enforce
from kwel.store.spool import Spool, evidence_of, left_out, read_lost, read_window, remove, waiting
from tests.store.windows import PLANT, stacked, tiny

vars(kwel.merge).setdefault("join", stacked)  # what is tested here is where rows lie


def fill(folder: Path, room: int) -> None:
    """Leave so many bytes of room."""
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize
    (folder / "ballast").write_bytes(bytes(max(0, free - room)))


def step(spool: Spool, store: Store, folder: Path, elsewhere: Path, number: int, seen: Counter[str]) -> None:
    """Write one window, store what waits, and count what became of it."""
    frames = elsewhere / "frames.pcapng"
    shutil.copy(PLANT, frames)
    path = spool.write(tiny(number), frames)
    seen["spooled" if path else "not spooled"] += 1
    for path in waiting(folder / "spool"):
        for lost in read_lost(path):
            store.lose(lost)
        seen["spooled without evidence"] += bool(left_out(path))
        added = store.add(read_window(path), {}, evidence_of(path))
        seen[f"stored without {'+'.join(added.left_out) or 'nothing'}"] += 1
        remove(path)


def faults(store: Store, spool: Spool, numbers: int) -> list[str]:
    """Return what does not add up: each number is in the store, or known to be lost, once."""
    found = store.check()
    kept = Counter(n for part in store.windows() for first, last in part.sequences for n in range(first, last + 1))
    lost = Counter(one.sequence for one in store.manifest.lost) + Counter(one.sequence for one in spool.lost)
    both = kept + lost
    found += [f"window {number}: {both[number]} times" for number in range(1, numbers + 1) if both[number] != 1]
    return found


def main() -> int:
    """Fill as often as was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--elsewhere", type=Path, required=True)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, seen, number = random.Random(given.seed), Counter[str](), 0
    spool, store = Spool(given.folder / "spool"), Store(given.folder / "store", write=True)
    for episode in range(1, given.episodes + 1):
        fill(given.folder, chance.choice([0, 4096, 16_384, 65_536, 150_000, 300_000]))
        for _ in range(3):
            number += 1
            step(spool, store, given.folder, given.elsewhere, number, seen)
        try:
            compact(store, [Level.HOUR])
        except OSError as error:
            if not is_full(error):
                raise
        if episode % 4 == 0:  # killed while it was full
            store.close()
            store = Store(given.folder / "store", write=True)
        (given.folder / "ballast").unlink()
        number += 1
        step(spool, store, given.folder, given.elsewhere, number, seen)
        enforce(store, Quota(bytes=600_000))
        store.manifest.flush()
        removed = {n for one in store.manifest.removed if one.tier == "all"
                   for first, last in one.sequences for n in range(first, last + 1)}  # fmt: skip
        found = [
            fault for fault in faults(store, spool, number) if not any(fault == f"window {n}: 0 times" for n in removed)
        ]
        if found:
            sys.stdout.write(f"episode {episode}: {found} {dict(seen)}\n")
            return 1
    sys.stdout.write(f"{given.episodes} episodes, {number} windows: {dict(sorted(seen.items()))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
