"""Kills, full disks and clock jumps at random moments in, whether the store is whole and counts nothing twice out.

    python -m benchmarks.endure [--kills 200] [--full 20] [--jumps 20] [--seed 1] [--folder build/endure]

Needs root. A sensor with windows of two seconds hears a cable between two network namespaces; every frame that is sent
bears a number of its own, so that in the end the store says of each whether it is there, and whether more than once.
Prints JSON, and ends with status 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.soak import children
from benchmarks.wire import FAR, NEAR, Wire
from kwel.sensor.lockdown import inside
from kwel.store import spool

RATE = 1000
WINDOW = 2
STORING = 120
"""Seconds that the last windows have to be stored."""
ROOM = 64 << 20
"""Bytes of the disk that gets full."""
HERE = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Endured:
    """What was done to a sensor, and what its store says."""

    what: str
    times: int = 0
    sent: int = 0
    kept: int = 0
    twice: int = 0
    """Frames that are in more than one window."""
    windows: int = 0
    missing: int = 0
    lost: int = 0
    dropped: int = 0
    allowed: int = 0
    """Windows that may be missing or lost: one for each time."""
    patience: float = 0.0
    """Seconds of frames that may be lost with these windows."""
    deaf: float = 0.0
    """Seconds in which no process was there to listen, as each was being started again."""
    sender_died: bool = False
    damaged: list[str] = field(default_factory=list)
    """What the store says of itself."""
    longest_gap: int = 0
    """Frames in a row that are not there."""

    def faults(self) -> list[str]:
        """Return what does not hold."""
        found = [f"{self.what}: {line}" for line in self.damaged]
        if self.twice:
            found.append(f"{self.what}: {self.twice} frames were counted twice")
        if self.missing + self.lost > self.allowed:
            found.append(f"{self.what}: {self.missing} windows missing, {self.lost} lost, of {self.allowed} allowed")
        if not self.kept or self.sender_died:
            found.append(f"{self.what}: nothing was kept" if not self.kept else f"{self.what}: the sender died")
        gone = self.sent - self.kept - self.dropped
        if gone > (self.patience + self.deaf) * RATE:
            bound = f"{self.patience:.0f} s of windows and {self.deaf:.0f} s without a listener"
            found.append(f"{self.what}: {gone} frames are nowhere: more than {bound} explain")
        return found


class Numbered(threading.Thread):
    """Sends frames, each with a number of its own, until told to end."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(daemon=True)
        with inside(wire.far):
            self._out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._out.bind((FAR, 0))
        self.sent, self._ended, self.has_died = 0, threading.Event(), False

    def run(self) -> None:
        """Send, at a steady rate."""
        began = time.monotonic()
        while not self._ended.is_set():
            self._out.send(numbered(self.sent))
            self.sent += 1
            early = began + self.sent / RATE - time.monotonic()
            if early > 0:
                time.sleep(early)

    def end(self) -> int:
        """Stop; return how many frames were sent."""
        self.has_died = not self.is_alive()
        self._ended.set()
        self.join()
        self._out.close()
        return self.sent


class Deafness(threading.Thread):
    """Adds up the seconds in which no process was there to listen."""

    EVERY = 0.02

    def __init__(self, state: Path) -> None:
        super().__init__(daemon=True)
        self._state, self._ended, self.seconds = state, threading.Event(), 0.0

    def run(self) -> None:
        """Look, until told to end."""
        looked = time.monotonic()
        while not self._ended.is_set():
            time.sleep(self.EVERY)
            now = time.monotonic()
            if not self._hears():
                self.seconds += now - looked
            looked = now

    def _hears(self) -> bool:
        with suppress(OSError, ValueError):
            process = json.loads(self._state.read_bytes())["process"]
            return b"kwel.sensor" in Path(f"/proc/{process}/cmdline").read_bytes()
        return False

    def end(self) -> float:
        """Stop; return the seconds."""
        self._ended.set()
        self.join()
        return self.seconds


def numbered(number: int) -> bytes:
    """Return a datagram from an address that no other frame has."""
    source = struct.pack(">I", 10 << 24 | number)
    udp = struct.pack(">HHHH", 40000, 9999, 28, 0) + b"kwel endures this..."
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 48, number & 0xFFFF, 0, 64, 17, 0) + source + bytes([198, 18, 0, 1])
    return bytes.fromhex("00090faa0001001b1b1000210800") + ip + udp


class Sensor:
    """A sensor under test, which is started again when it is killed, as systemd would."""

    def __init__(self, wire: Wire, store: Path, jump: Path) -> None:
        self._wire, self.store, self._jump = wire, store, jump
        self._said = open(store.parent / "said.txt", "ab")  # noqa: SIM115
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(HERE / "benchmarks" / "jumping"), str(HERE / "src"), str(HERE)])
        environment = {**os.environ, "KWEL_JUMP_FILE": str(self._jump), "PYTHONPATH": path}
        words = ["kwel", "sensor", "run", NEAR, "--store", str(self.store), "--window", str(WINDOW), "--name", "endure"]
        command = ["ip", "netns", "exec", self._wire.near, sys.executable, "-m", *words]
        return subprocess.Popen(command, env=environment, stdout=self._said, stderr=self._said)

    def wait(self) -> None:
        """Wait until it hears."""
        state, before = self.store / "sensor" / "state" / f"{NEAR}.json", time.time()
        while not (state.exists() and state.stat().st_mtime > before):
            self.revive()
            time.sleep(0.05)

    def revive(self) -> None:
        """Start it again if it is dead; what it had started ends with it, as a service's processes do."""
        if self.process.poll() is None:
            return
        for process in self._ours():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process = self._start()

    def _ours(self) -> list[int]:
        """Return the processes that bear the mark of this sensor, whoever started them."""
        mark, found = f"KWEL_JUMP_FILE={self._jump}\0".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found

    def victims(self) -> dict[str, list[int]]:
        """Return the processes by what they are."""
        found: dict[str, list[int]] = {"supervisor": [self.process.pid]}
        for process, command in children(self.process.pid):
            kind = "watcher" if "sensor.post" in command else "keeper"
            found.setdefault(kind, []).append(process)
            for child, _ in children(process):
                found.setdefault("scribe" if kind == "watcher" else "keeper", []).append(child)
        return found

    def end(self) -> None:
        """End it politely, once all that waits is stored."""
        self.revive()
        until = time.monotonic() + STORING
        time.sleep(3 * WINDOW)
        while spool.waiting(self.store / "sensor" / "spool") and time.monotonic() < until:
            time.sleep(0.5)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(300)
        while self._ours() and time.monotonic() < until + STORING:  # the keeper finishes what it is at
            time.sleep(0.5)
        self._said.close()


def settle(told: Endured, store: Path) -> Endured:
    """Read what the store says of every frame."""
    from kwel.store import Store

    with Store(store) as one:
        account, told.damaged = one.account(), one.check()
        flows = [one.read_part(part).flows for part in one.windows()]
    told.windows, told.missing, told.lost, told.dropped = (
        account.windows,
        account.missing,
        account.lost,
        account.dropped,
    )
    seen = np.zeros(told.sent, np.int64)
    for rows in flows:
        ours = rows[rows["responder_port"] == 9999]
        np.add.at(
            seen, (ours["initiator_lo"] & np.uint64(0xFFFFFF)).astype(np.int64), ours["packets_out"].astype(np.int64)
        )
    told.kept, told.twice = int((seen > 0).sum()), int((seen > 1).sum())
    there = np.flatnonzero(np.concatenate([[1], seen, [1]]))
    told.longest_gap = int(np.diff(there).max()) - 1
    return told


def kill(sensor: Sensor, chance: random.Random, times: int) -> tuple[int, float]:
    """Kill -9 whatever there is, at random; return how many windows that may cost, and seconds of them."""
    costs = 0
    for _ in range(times):
        time.sleep(chance.uniform(0.2, 3 * WINDOW))
        victims = sensor.victims()
        kind = chance.choice(sorted(victims))
        with suppress(ProcessLookupError):
            os.kill(chance.choice(victims[kind]), signal.SIGKILL)
        costs += kind != "keeper"
        time.sleep(0.05)
        if kind == "supervisor":
            sensor.revive()
    return costs, 2.0 * WINDOW * costs


def fill(sensor: Sensor, chance: random.Random, times: int) -> tuple[int, float]:
    """Fill the disk at random and make room again; return how many windows that may cost, and seconds of them."""
    ballast, costs, patience = sensor.store.parent / "ballast", 0, 0.0
    for _ in range(times):
        time.sleep(chance.uniform(0.5, 3))
        with suppress(OSError), open(ballast, "wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        full = chance.uniform(1, 8)
        time.sleep(full)
        ballast.unlink()
        costs += int(full // WINDOW) + 2
        patience += full + 2 * WINDOW
        sensor.revive()
    return costs, patience


def jump(sensor: Sensor, chance: random.Random, times: int, file: Path) -> tuple[int, float]:
    """Set the clock at random, back and forth; that may cost no window."""
    for _ in range(times):
        time.sleep(chance.uniform(0.5, 4))
        file.write_text(str(chance.choice([-86_400 * 400, -3600, -61, -2, 2, 59, 3600, 86_400 * 30])))
        sensor.revive()
    return 0, 0.0


def endure(what: str, times: int, seed: int, folder: Path) -> Endured:
    """Do one thing to a sensor, many times."""
    chance, told, wire = random.Random(seed), Endured(what, times), Wire()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    is_mounted = what == "full"
    if is_mounted:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(folder)], check=True)
    jumped = folder / "jump"
    jumped.write_text("0")
    wire.lay()
    try:
        sensor = Sensor(wire, folder / "store", jumped)
        sensor.wait()
        sender = Numbered(wire)
        sender.start()
        deafness = Deafness(folder / "store" / "sensor" / "state" / f"{NEAR}.json")
        deafness.start()
        time.sleep(WINDOW)
        does = {"kills": kill, "full": fill}.get(what)
        costs = does(sensor, chance, times) if does else jump(sensor, chance, times, jumped)
        told.allowed, told.patience = costs
        time.sleep(WINDOW)
        told.sent, told.sender_died, told.deaf = sender.end(), sender.has_died, deafness.end()
        sensor.end()
        return settle(told, folder / "store")
    finally:
        wire.remove()
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def main() -> int:
    """Endure all of it, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for what, times in (("kills", 200), ("full", 20), ("jumps", 20)):
        parser.add_argument(f"--{what}", type=int, default=times)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/endure"))
    asked = parser.parse_args()
    faults: list[str] = []
    for what in ("kills", "full", "jumps"):
        if times := getattr(asked, what):
            told = endure(what, times, asked.seed, asked.folder / what)
            print(json.dumps(asdict(told)), flush=True)
            faults += told.faults()
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
