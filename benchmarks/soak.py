"""Hours of traffic with flows and names that were never there before in, whether the sensor lost any or grew out.

    python -m benchmarks.soak [--seconds 7200] [--rate 100000] [--window 300] [--folder build/soak]

Needs root. It lays a cable between two network namespaces of its own, runs `kwel sensor run` at one end and sends at
the other; every few seconds it notes the memory of each process. In the end every packet that was sent is in a window
of the store, or counted as dropped, and the watcher is as large as after the first quarter. Prints JSON, and ends with
status 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.wire import FAR, NEAR, Wire
from kwel.store import spool

GROWTH = 0.05
"""By which a watcher may grow after the first quarter."""
EVERY = 5.0
SETTLE = 3.0


@dataclass(slots=True)
class Soak:
    """What was seen."""

    sent: int = 0
    seconds: float = 0.0
    packets: int = 0
    dropped: int = 0
    missed_by_card: int = 0
    windows: int = 0
    windows_missing: int = 0
    windows_lost: int = 0
    flows: int = 0
    sent_by_sensor: int | None = None
    store_bytes: int = 0
    cpu: float = 0.0
    """Seconds of processor time of the watcher."""
    after_a_quarter: float = 0.0
    """MB of the watcher: the most in the second quarter, and in the last one."""
    at_the_end: float = 0.0
    memory: list[tuple[int, float, float, float]] = field(default_factory=list)
    """Seconds, then MB of the watcher, of the supervisor, of the keeper: what each holds for itself alone."""

    def faults(self) -> list[str]:
        """Return what does not hold."""
        found = []
        if self.sent != self.packets + self.dropped + self.missed_by_card:
            found.append(f"{self.sent} sent, {self.packets} in windows, {self.dropped + self.missed_by_card} dropped")
        if self.windows_missing or self.windows_lost:
            found.append(f"{self.windows_missing} windows are missing, {self.windows_lost} lost")
        for column, what in ((1, "watcher"), (2, "supervisor")):
            early, late = self.quarters(column)
            if not early or not late:
                found.append(f"the memory of the {what} was not measured")
            if late > early * (1 + GROWTH):
                found.append(f"the {what} grew from {early:.0f} to {late:.0f} MB")
        if self.sent_by_sensor != 0:
            told = "an unknown number of" if self.sent_by_sensor is None else self.sent_by_sensor
            found.append(f"the sensor sent {told} frames")
        return found

    def quarters(self, column: int) -> tuple[float, float]:
        """Return the most MB of a process in the second quarter of the time, and in the last one."""
        sizes = [one[column] for one in self.memory]
        quarter = max(len(sizes) // 4, 1)
        return max(sizes[quarter : 2 * quarter], default=0), max(sizes[-quarter:], default=0)


def within(namespace: str, *words: str) -> subprocess.Popen[str]:
    """Start a program of this folder in a namespace."""
    command = ["ip", "netns", "exec", namespace, sys.executable, "-m", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def resident(process: int) -> float:
    """Return the MB that a process holds for itself alone; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return (found["Private_Clean"] + found["Private_Dirty"]) / 1024


def processor_time(process: int) -> float:
    """Return the seconds of processor time that a process and its ended children took."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[tuple[int, str]]:
    """Return the processes that one started, and their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int((path / "stat").read_text().rsplit(")", 1)[1].split()[1]) == process:
                found.append((int(path.name), (path / "cmdline").read_text().replace("\0", " ")))
        except (OSError, ValueError, IndexError):
            continue
    return found


def keepers() -> list[int]:
    """Return the processes of this machine that keep a store."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"kwel.sensor.keeper" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def watch(soak: Soak, supervisor: int, began: float) -> None:
    """Note how large every process is."""
    of = children(supervisor)
    watcher = next((process for process, command in of if "sensor.post" in command), 0)
    keeper = next((process for process, command in of if "sensor.keeper" in command), 0)
    soak.cpu = max(processor_time(watcher), soak.cpu) if watcher else soak.cpu
    soak.memory.append((int(time.monotonic() - began), resident(watcher), resident(supervisor), resident(keeper)))


def run(folder: Path, seconds: float, rate: float, window: int) -> Soak:
    """Run a sensor for some time, and return what was seen."""
    soak, wire = Soak(), Wire()
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    wire.lay()
    sensor = sender = None
    try:
        options = ["run", NEAR, "--store", str(store), "--name", "soak", "--window", str(window)]
        sensor = within(wire.near, "kwel", "sensor", *options)
        state = store / "sensor" / "state" / f"{NEAR}.json"
        while not state.exists() and sensor.poll() is None:
            time.sleep(0.1)
        sender = within(wire.far, "benchmarks.endless", FAR, "--rate", str(rate), "--seconds", str(seconds))
        began = time.monotonic()
        while sender.poll() is None:
            time.sleep(EVERY)
            watch(soak, sensor.pid, began)
        told = json.loads((sender.communicate()[0] or "{}").splitlines()[-1])
        soak.sent, soak.seconds, soak.flows = told["sent"], told["seconds"], told["flows"]
        time.sleep(SETTLE)
        sensor.send_signal(signal.SIGTERM)
        sensor.wait(600)
        until = time.monotonic() + 600
        while time.monotonic() < until and (spool.waiting(store / "sensor" / "spool") or keepers()):
            time.sleep(1)
    finally:
        for process in (sender, sensor):
            if process is not None and process.poll() is None:
                process.terminate()
        wire.remove()
    settle(soak, store)
    return soak


def settle(soak: Soak, folder: Path) -> None:
    """Read what the store says."""
    from kwel.store import Store

    with Store(folder) as store:
        account = store.account()
    soak.packets, soak.dropped, soak.windows = account.packets, account.dropped, account.windows
    soak.windows_missing, soak.windows_lost = account.missing, account.lost
    soak.missed_by_card = sum(loss.missed or 0 for source in account.sources for loss in source.losses)
    sent = [proof.sent for source in account.sources for proof in source.proofs]
    soak.sent_by_sensor = sum(sent) if sent and None not in sent else None  # type: ignore[arg-type]
    soak.store_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    soak.after_a_quarter, soak.at_the_end = soak.quarters(1)


def main() -> int:
    """Soak, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=7200)
    parser.add_argument("--rate", type=float, default=100_000)
    parser.add_argument("--window", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path("build/soak"))
    asked = parser.parse_args()
    soak = run(asked.folder, asked.seconds, asked.rate, asked.window)
    print(json.dumps(asdict(soak)))
    for fault in soak.faults():
        print(f"fault: {fault}", file=sys.stderr)
    return bool(soak.faults())


if __name__ == "__main__":
    sys.exit(main())
