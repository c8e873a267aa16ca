"""The program in, how long it takes to begin out: help, a small report, the first compilation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import measure
from benchmarks.rows import figure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_pcaps" / "mixed_plant.pcapng"
TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Start:
    """One way to begin."""

    label: str
    arguments: tuple[str, ...]
    most: float
    """Seconds that it may take."""
    runs: int = 7
    empty_cache: bool = False
    """As on the first day: nothing compiled."""


STARTS = (
    Start("kwel --help", ("--help",), 0.15),
    Start("kwel report of the sample", ("report", str(SAMPLE), "-o", "{folder}/sample.html"), 2.0),
    Start("first compilation, kwel warmup", ("warmup",), 10.0, runs=2, empty_cache=True),
)


def _costs(kwel: str, start: Start, folder: Path) -> Iterator[measure.Cost]:
    for number in range(start.runs):
        arguments = [argument.format(folder=folder) for argument in start.arguments]
        environment = {"KWEL_CACHE_DIR": str(folder / f"cache-{number}")} if start.empty_cache else {}
        yield measure.run(
            [kwel, *arguments], timeout=TIMEOUT, complaints=folder / "complaints", environment=environment
        )


def rows(kwel: str) -> Iterator[str]:
    """Yield one line a start."""
    with tempfile.TemporaryDirectory() as name:
        for start in STARTS:
            try:
                costs = list(_costs(kwel, start, Path(name)))
            except measure.Unmeasured as reason:
                yield f"| {start.label:<31} | skipped: {reason}"
                continue
            wall, cpu = median(c.wall for c in costs), median(c.cpu for c in costs)
            peak = max(c.peak for c in costs)
            passed = "pass" if wall <= start.most else "FAIL"
            yield (
                f"| {start.label:<31} | {figure(cpu):<6} | {figure(wall):<6} | {figure(peak):<6} "
                f"| ≤ {start.most:<6g} | {passed} |"
            )


def header() -> str:
    """Return the head of the table."""
    return (
        f"| {'start':<31} | cpu s  | wall s | MB     | target s | {'':<4} |\n"
        f"| {'-' * 31} | ------ | ------ | ------ | -------- | ---- |"
    )
