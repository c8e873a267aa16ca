"""``python -m tests.fuzz``: seconds and a seed in, findings out; exit status 1 where there are any.

Executions run in a process of their own, since one that goes wrong in compiled code may take its process along, or
never come back. The input under way lies in a file, so that it is there afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

from kwel.kernel.build import jit
from tests.conftest import ROOT, SAMPLES
from tests.fuzz import targets
from tests.fuzz.worker import work

SILENCE = 90.0
"""Seconds after which an execution is taken not to end."""
THRIFT = {"MALLOC_MMAP_THRESHOLD_": "262144"}
"""Large tables come from the system, empty as they are, instead of being emptied thousands of times (glibc)."""
COLLECTIONS = ("corpus/captures", "lab/captures", "lab")
"""Beside the repository, where present."""


def seeds() -> list[Path]:
    """Return the captures to begin with: the samples, and a larger collection where there is one."""
    found = sorted(SAMPLES.glob("*.pcap*"))
    for name in COLLECTIONS:
        found += sorted(path for path in (ROOT.parent / "shared" / name).rglob("*") if _may_be_one(path))
    return found


def _may_be_one(path: Path) -> bool:
    return path.is_file() and path.suffix not in {".md", ".yaml", ".json", ".csv", ".py", ".txt"}


def watch(
    command: list[str], folder: Path, seconds: float, silence: float = SILENCE
) -> tuple[dict[str, int], list[str]]:
    """Run one worker and follow it; return its last counts, and what it found."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | THRIFT) as process:
        told, findings, ends = _follow(process, seconds, silence)
        if not ends:
            process.kill()
    died = f"ended its process with status {process.returncode}" if process.returncode else ""
    return told, [*findings, *_under_way(folder, died if ends else "did not end")]


def _follow(process: subprocess.Popen[str], seconds: float, silence: float) -> tuple[dict[str, int], list[str], bool]:
    """Return a worker's last counts, what it found, and whether it ended."""
    lines: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put("")

    threading.Thread(target=listen, daemon=True).start()
    told: dict[str, Any] = {"executions": 0, "features": 0, "findings": {}}
    begun, ends = monotonic(), False
    while not ends:
        try:
            line = lines.get(timeout=silence)
        except queue.Empty:
            break
        ends = not line
        if line:
            told = json.loads(line)
            print(f"\r{monotonic() - begun:6.0f} of {seconds:.0f} s: {told['executions']} executions,", end=" ")
            print(f"{told['features']} features, {len(told['findings'])} findings", end="", flush=True)
    print()
    return told, _texts(told["findings"]), ends


def _texts(findings: dict[str, str]) -> list[str]:
    return [f"{place}: {name}" for place, name in findings.items()]


def _under_way(folder: Path, what: str) -> list[str]:
    """Keep the input that a worker left behind when it died of *what*; nothing where it ended well."""
    if not what:
        return []
    found = []
    for path in folder.glob("current.*"):
        kept = path.with_name(f"{what.split()[0]}-{os.getpid()}{path.suffix}")
        path.rename(kept)
        found.append(f"{what}: {kept.name}")
    return found or [f"{what}: no input"]


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "fuzz", help="where findings are kept")
    parser.add_argument("--again", type=Path, help="execute one finding once more, and let it raise")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.again:
        found = targets.FILES[given.again.suffix.removeprefix(".")](given.again)
        print("\n".join(sorted(found)))
        return 0
    if given.worker:
        work(seeds(), given.folder, given.seed, given.seconds, lambda line: print(line, flush=True))
        return 0
    shutil.rmtree(given.folder, ignore_errors=True)
    given.folder.mkdir(parents=True)
    jit.load()  # the worker shall not be silent while it compiles
    print(f"{len(seeds())} seeds; random seed {given.seed}; findings go to {given.folder}")
    arguments = ["--seconds", str(given.seconds), "--seed", str(given.seed), "--folder", str(given.folder)]
    worker = [sys.executable, "-m", "tests.fuzz", "--worker", *arguments]
    told, findings = watch(worker, given.folder, given.seconds)
    print(f"{told['executions']} executions, {told['features']} features, {len(findings)} findings")
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
