"""A process that spools, stores, compacts and removes windows is killed at random moments: none of them is lost.

A kill, unlike a power cut, takes nothing that was written: nobody waits for the disk here, so that more is killed.

``python -m tests.store.killing FOLDER --kills 200 --seed 1`` ends with status 1 and says why where something is.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import kwel.merge
from kwel.store import Level, Store
from kwel.store.compaction import compact
from kwel.store.files import Disk
from kwel.store.parts import overlap
from kwel.store.quota import Quota, enforce
from kwel.store.spool import Spool, evidence_of, read_window, remove, tidy, waiting
from tests.store.windows import LENGTH, PLANT, stacked, tiny

vars(kwel.merge).setdefault("join", stacked)  # what is tested here is where rows lie
SOURCE = "span0"


class Hasty(Disk):
    """A disk that nobody waits for."""

    def sync(self, descriptor: int) -> None:
        """Return at once."""


DISK = Hasty()
READY = b"0\n"


def work(folder: Path, told: int) -> None:
    """Go on where the one before was killed, for ever. Write each number that is safe to *told*."""
    spool, frames = Spool(folder / "spool", DISK), folder / "frames.pcapng"
    tidy(folder / "spool", disk=DISK)
    store = Store(folder / "store", write=True, disk=DISK)
    known = [read_window(path).sequence for path in waiting(folder / "spool")]
    number = max([store.next_sequence(SOURCE) - 1, *known]) + 1
    os.write(told, READY)
    while True:
        shutil.copy(PLANT, frames)
        spool.write(tiny(number), frames)
        os.write(told, f"{number}\n".encode())
        number += 1
        if number % 3 == 0:
            for path in waiting(folder / "spool"):
                store.add(read_window(path), {}, evidence_of(path))
                remove(path, DISK)
        if number % 12 == 0:
            compact(store, [Level.HOUR, Level.DAY])
        if number % 20 == 0:
            enforce(store, Quota(evidence=40 * LENGTH))


def faults(folder: Path, safe: int) -> list[str]:
    """Return what is wrong after a kill: every number up to *safe* has to be somewhere, and once."""
    waits = Counter(read_window(path).sequence for path in waiting(folder / "spool"))
    with Store(folder / "store", write=True, disk=DISK) as store:
        found = store.check()
        kept = Counter(
            number for part in store.windows() for first, last in part.sequences for number in range(first, last + 1)
        )
        found += [f"window {number} is in the store {count} times" for number, count in kept.items() if count > 1]
        everything = set(kept) | set(waits)
        gone = [number for number in range(1, safe + 1) if number not in everything]
        found += [f"window {number} is lost" for number in gone]
        if any(overlap(one.sequences, other.sequences) for one in store.windows() for other in store.windows()
               if one is not other):  # fmt: skip
            found.append("two parts hold the same window")
        found += [f"set aside: {one.name}" for one in _inside(folder / "store" / "aside")]
        if store.manifest.lost:
            found.append(f"counted as lost: {store.manifest.lost}")
    return found


def _warm(folder: Path) -> None:
    """Import here what the processes need, so that they are killed while they work."""
    with Store(folder, write=True, disk=DISK) as store:
        store.add(tiny(1), {})
        store.read()
    shutil.rmtree(folder)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def main() -> int:
    """Kill as often as was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=1.0, help="Seconds before a kill.")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    _warm(given.folder / "warm")
    given.folder.mkdir(parents=True, exist_ok=True)
    safe = 0
    for kill in range(1, given.kills + 1):
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reads)
            work(given.folder, writes)
        os.close(writes)
        os.read(reads, len(READY))
        time.sleep(chance.uniform(0, given.longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reads) as told:
            safe = max([safe, *map(int, told.read().split())])
        found = faults(given.folder, safe)
        if found:
            sys.stdout.write(f"after kill {kill}, {safe} windows: {found}\n")
            return 1
    sys.stdout.write(f"{given.kills} kills, {safe} windows, none lost, none twice\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
