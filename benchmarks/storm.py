"""A storm of discovery frames in, what it costs to read it and to conclude from it out.

    python -m benchmarks.storm [--captures DIR] [--scale 1.0] [--times 3]

Two million frames of LLDP, CDP, PROFINET DCP, ARP and mDNS from 50,000 stations. Reading is measured by `kwel lan`
(every frame decoded, every pair of stations counted) and by a program that also reads what stations say of themselves;
`kwel assets` draws conclusions as well. Whole processes, from a warm page cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import captures, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

KWEL = [sys.executable, "-m", "kwel"]
READ = "import gc, sys; gc.disable(); from kwel.analysis.stages import read_traffic; read_traffic(sys.argv[1])"
"""What `kwel report` does first, and no more."""
LIMIT = 600


def commands(capture: Path, out: Path) -> dict[str, list[str]]:
    """Return what is measured, by name."""
    return {
        "kwel lan": [*KWEL, "lan", "--format", "csv", "-o", str(out), str(capture)],
        "reading, with what stations say": [sys.executable, "-c", READ, str(capture)],
        "kwel assets": [*KWEL, "assets", "--format", "csv", "-o", str(out), str(capture)],
    }


def left_out(capture: Path) -> dict[str, int]:
    """Return what a report says that there was no room for."""
    done = subprocess.run([*KWEL, "report", "--json", str(capture)], check=True, capture_output=True)
    notes: dict[str, int] = json.loads(done.stdout)["coverage"]["notes"]
    return {key: count for key, count in notes.items() if key.endswith(("-not-looked-at", "-left-out", "-not-kept"))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__.splitlines()[0])
    parser.add_argument("--captures", type=Path, default=Path("build/benchmarks"), help="where captures are made")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default 1)")
    parser.add_argument("--times", type=int, default=3, help="how often each is run (default 3)")
    chosen = parser.parse_args(arguments)
    subject = captures.prepare(chosen.captures, "storm", chosen.scale)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*KWEL, "warmup"], check=True)
        for name, command in commands(subject.path, Path(folder) / "out").items():
            complaints = Path(folder) / "complaints"
            costs = [measure.run(command, timeout=LIMIT, complaints=complaints) for _ in range(chosen.times)]
            cpu, wall = median(cost.cpu for cost in costs), median(cost.wall for cost in costs)
            print(
                f"{name:34} {cpu:6.2f} s processor, {wall:6.2f} s elapsed, {subject.packets / wall:10,.0f} packets/s, "
                f"{max(cost.peak for cost in costs):5.0f} MB at most"
            )
    print("left out:", ", ".join(f"{key} {count:,}" for key, count in left_out(subject.path).items()) or "nothing")


if __name__ == "__main__":
    main()
