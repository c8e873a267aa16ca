"""Captures in, what their traffic takes in a store out: bytes a flow, and how long writing, reading and asking takes.

    python -m benchmarks.generate many many.pcap --scale 0.1
    python -m benchmarks.store many.pcap [MORE...]

Each capture is one window; it is written without evidence, which takes what its frames take. The peers, in the same
run:
``numpy.save`` of the same rows, which is what they take in memory, synced likewise; and the table of flows alone as
Parquet by pandas. On a disk that others write to, look at the sizes only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kwel.analysis.stages import read_traffic
from kwel.export.flows import flows_table
from kwel.model.window import Window
from kwel.store import Store
from kwel.store.query import ask
from kwel.store.schema import SHAPES
from kwel.store.spool import read_window, write_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.model.traffic import Traffic

BEGIN = 1_790_000_000 * 10**9
LENGTH = 300 * 10**9
MEGA = 1_000_000
QUESTION = "SELECT name, count(*), sum(bytes_out) FROM wire.flows GROUP BY 1 ORDER BY 2 DESC LIMIT 10"


class Took(NamedTuple):
    """One thing that was done."""

    what: str
    seconds: float
    bytes: int


def timed(what: str, do: Callable[[], Any], size: Callable[[], int]) -> Took:
    """Return how long something took, and what it left on the disk."""
    begin = time.perf_counter()
    do()
    return Took(what, time.perf_counter() - begin, size())


def size_of(path: Path) -> int:
    """Return the bytes of all files in a folder, or of a file."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def as_arrays(traffic: Traffic, place: Path) -> None:
    """Write the rows as they lie in memory: the peer."""
    with place.open("wb") as out:
        for key in SHAPES:
            np.save(out, getattr(traffic, key), allow_pickle=False)
        out.write(traffic.names.joined()[0])
        out.flush()
        os.fsync(out.fileno())


def measure(capture: str, folder: Path) -> list[Took]:
    """Return what one capture takes."""
    traffic = read_traffic(capture)
    window = Window("bench", "span0", 1, BEGIN, BEGIN + LENGTH, LENGTH, traffic)
    arrays, parquet, spool, root = (folder / name for name in ("rows.npy", "flows.parquet", "spool", "store"))
    warm = folder / "warm"
    write_window(warm, window, None)
    shutil.rmtree(warm)
    took = [
        timed("rows as in memory (numpy.save)", lambda: as_arrays(traffic, arrays), lambda: size_of(arrays)),
        timed(
            "flows alone (pandas.to_parquet)",
            lambda: flows_table(traffic).to_parquet(parquet),
            lambda: size_of(parquet),
        ),
        timed("spool: write a window", lambda: write_window(spool, window, None), lambda: size_of(spool)),
    ]
    (waits,) = spool.iterdir()
    took.append(timed("spool: read it", lambda: read_window(waits), lambda: 0))
    with Store(root, write=True) as store:
        took.append(timed("store: add it", lambda: store.add(window, {}), lambda: size_of(root)))
        took.append(timed("store: read it", store.read, lambda: 0))
        took.append(timed("store: check every byte", store.check, lambda: 0))
        took.append(timed("store: ask DuckDB", lambda: ask(store, QUESTION), lambda: 0))
    show(capture, traffic, took)
    return took


def show(capture: str, traffic: Traffic, took: list[Took]) -> None:
    """Print what one capture takes."""
    flows, rows = len(traffic.flows), sum(len(getattr(traffic, key)) for key in SHAPES)
    print(f"{Path(capture).name}: {flows} flows, {rows} rows in all, {traffic.coverage.packets} packets")
    for one in took:
        size = f"{one.bytes / max(flows, 1):7.1f} bytes a flow" if one.bytes else " " * 20
        millions = f"{one.bytes / max(flows, 1):7.0f} MB a million" if one.bytes else " " * 18
        print(f"  {one.what:34} {one.seconds:8.3f} s {size} {millions}")
    raw, added = took[0], next(one for one in took if one.what == "store: add it")
    print(f"  in the store it takes {added.bytes / raw.bytes:.2f} of what its rows take in memory")


def main() -> int:
    """Measure each capture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("captures", nargs="+")
    given = parser.parse_args()
    for capture in given.captures:
        with tempfile.TemporaryDirectory() as folder:
            measure(capture, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
