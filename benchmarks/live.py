"""Captures in, what it costs to listen to them live out: kwel's ring beside its peers, on a cable of its own.

    python -m benchmarks.live [--folder build/live] [--seconds 2] [--rounds 3] [--only kwel,ring,…]

Needs root. See benchmarks/README.md for what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.wire import FAR, NEAR, Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

BUFFER_MIB = 64
"""That each peer may let wait, where it has a say: as much as kwel's ring has."""
SETTLE = 1.0
"""Seconds that a receiver has after the last frame."""
STEPS = 5
"""Of the search for the highest rate without a drop; each halves what is not known."""
PYTHON = ("kwel", "flows", "ring", "portable", "recv", "recv-flows", "scapy")
SAYS = {
    "kwel": "kwel: names, flows, who is who",
    "flows": "kwel: names and flows",
    "ring": "kwel's ring, counting only",
    "portable": "kwel's fallback (scapy's socket)",
    "recv": "recv loop in Python, counting only",
    "recv-flows": "recv loop in Python with a dict of IPv4 flows",
    "scapy": "scapy: a packet object a frame",
    "tcpdump": "tcpdump -w /dev/null",
    "dumpcap": "dumpcap -w file",
}
WARM = 50_000
"""Frames that a receiver gets before it is measured: code is loaded and tables are begun once, not for each packet."""
FULL = 600_000
"""Frames sent a second of the measurement, as fast as they go."""
SLOW = {"portable": 100_000, "scapy": 20_000}
"""Packets per second with which the search begins."""
TCPDUMP = re.compile(r"(\d+) packets? captured\n.*?(\d+) packets? dropped by kernel", re.DOTALL)
DUMPCAP = re.compile(r"received/dropped on interface '[^']*': (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one burst."""

    sent: int
    seconds: float
    warm: int
    """Frames sent before the measurement; they are in ``received``, ``dropped`` and ``missed``."""
    received: int
    dropped: int
    missed: int
    cpu: float
    """Seconds of processor time that the receiver took, from when it was ready on."""

    @property
    def rate(self) -> float:
        """Return packets per second that were offered."""
        return self.sent / self.seconds

    @property
    def each(self) -> float:
        """Return microseconds of processor time a packet received."""
        return 1e6 * self.cpu / max(self.received - self.warm, 1)

    @property
    def astray(self) -> int:
        """Return how many frames were neither received nor counted as lost."""
        return self.sent + self.warm - self.received - self.dropped - self.missed

    @property
    def adds_up(self) -> bool:
        """Return whether every frame was received or counted as lost."""
        return self.astray == 0


def within(namespace: str, words: Sequence[str]) -> list[str]:
    """Return a command that runs in a namespace of the network."""
    return ["ip", "netns", "exec", namespace, *words]


def command(way: str, scratch: Path) -> list[str]:
    """Return the command of a receiver."""
    if way == "tcpdump":
        return ["tcpdump", "-i", NEAR, "-w", "/dev/null", "-B", str(BUFFER_MIB << 10), "-Z", "root"]
    if way == "dumpcap":
        return ["dumpcap", "-q", "-i", NEAR, "-B", str(BUFFER_MIB), "-w", str(scratch / "dumpcap.pcapng")]
    return [sys.executable, "-m", "benchmarks.hear", way, NEAR]


def processor(pid: int) -> float:
    """Return the seconds of processor time of a process so far, all its threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) / 1e9 for task in Path(f"/proc/{pid}/task").iterdir())


def burst(wire: Wire, way: str, capture: Path, count: int, rate: float, tool: str = "") -> Outcome:
    """Send *count* frames of a capture and return what a receiver made of them; *tool*: ``tcpreplay`` sends."""
    with ExitStack() as stack:
        hear = stack.enter_context(_started(within(wire.near, command(way, capture.parent))))
        _wait_until_ready(hear, way)
        warm = WARM if way not in SLOW else SLOW[way] // 20
        _send(wire, capture, warm, 4.0 * warm)
        _wait_until_idle(hear.pid)
        if tool:
            sender = stack.enter_context(_started(within(wire.far, _tcpreplay(capture, count, rate))))
        else:
            sender = stack.enter_context(_sender(wire, capture, count, rate))
        before = processor(hear.pid)
        told, _ = sender.communicate("\n", timeout=600)
        sent, seconds = _tcpreplay_sent(told) if tool else tuple(json.loads(told).values())
        _wait_until_idle(hear.pid)
        cpu = processor(hear.pid) - before
        if way in PYTHON:
            heard = json.loads(hear.communicate("\n", timeout=120)[0])
            return Outcome(sent, seconds, warm, heard["received"], heard["dropped"], heard["missed"], cpu)
        hear.send_signal(signal.SIGINT)
        found = (TCPDUMP if way == "tcpdump" else DUMPCAP).search(hear.communicate(timeout=60)[1])
        if found is None:
            raise RuntimeError(f"{way} does not say what it received")
        return Outcome(sent, seconds, warm, int(found[1]), int(found[2]), 0, cpu)


def _started(words: Sequence[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _sender(wire: Wire, capture: Path, count: int, rate: float) -> subprocess.Popen[str]:
    """Return a sender that waits for a line."""
    words = [sys.executable, "-m", "benchmarks.sender", FAR, str(capture), f"--count={count}", f"--rate={rate}"]
    sender = _started(within(wire.far, words))
    assert sender.stdout is not None
    sender.stdout.readline()
    return sender


def _send(wire: Wire, capture: Path, count: int, rate: float) -> None:
    with _sender(wire, capture, count, rate) as sender:
        sender.communicate("\n", timeout=600)


def _wait_until_ready(hear: subprocess.Popen[str], way: str) -> None:
    """Wait until a receiver listens: the programs of others say so on standard error."""
    stream = hear.stdout if way in PYTHON else hear.stderr
    assert stream is not None
    line = stream.readline()
    if not line:
        raise RuntimeError(f"{way} does not start: {hear.communicate()[1].strip()}")
    time.sleep(0.5)


def _wait_until_idle(pid: int) -> None:
    """Wait until a receiver has worked off what was waiting."""
    end, last, idle = time.monotonic() + 120, -1.0, 0
    while time.monotonic() < end and idle < 3:  # three times: one that has to wait for a processor is not idle
        time.sleep(SETTLE / 2)
        now = processor(pid)
        idle = idle + 1 if now - last < 0.002 else 0
        last = now


def _tcpreplay(capture: Path, count: int, rate: float) -> list[str]:
    pace = [f"--pps={rate:.0f}"] if rate else ["--topspeed"]
    return ["tcpreplay", "-K", "-q", "-i", FAR, *pace, f"--limit={count}", str(capture)]


def _tcpreplay_sent(told: str) -> tuple[int, float]:
    found = re.search(r"Actual: (\d+) packets .* in ([\d.]+) seconds", told)
    if found is None:
        raise RuntimeError(f"tcpreplay does not say what it sent: {told[:200]}")
    return int(found[1]), float(found[2])


def highest(wire: Wire, way: str, capture: Path, seconds: float, first: Outcome) -> tuple[float, str]:
    """Return the highest rate without a loss, and ``>=`` where the source was the limit."""
    if not first.dropped and not first.missed:
        return first.rate, ">="
    low, high = 0.0, first.rate
    for _ in range(STEPS):
        middle = (low + high) / 2
        outcome = burst(wire, way, capture, max(int(middle * seconds), 100), middle)
        if outcome.dropped or outcome.missed:
            high = middle
        else:
            low = middle
    return low, ""


def made(folder: Path, name: str, scale: float) -> Path:
    """Return a capture of benchmarks.generate, made if it is not there."""
    path = folder / f"{name}.pcap"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "benchmarks.generate", name, str(path), "--scale", str(scale)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return path


def row(way: str, outcomes: Sequence[Outcome], best: str, kwel: float) -> str:
    """Return a line of the table: medians of what was measured, and the sum of what was lost."""
    lost, astray = sum(one.dropped + one.missed for one in outcomes), sum(one.astray for one in outcomes)
    each = [one.each for one in outcomes]
    cells = (
        SAYS[way],
        f"{median(one.rate for one in outcomes):,.0f}",
        f"{sum(one.received - one.warm for one in outcomes):,}",
        f"{lost:,}" + (f" ({astray:+,} astray)" if astray else ""),
        f"{median(each):.3f} ({min(each):.3f}-{max(each):.3f})",
        f"{median(each) / kwel:.1f}",
        best,
    )
    return "| " + " | ".join(cells) + " |"


def measured(way: str, capture: Path, seconds: float, tool: str = "") -> Outcome:
    """Return what a receiver made of a capture at the highest rate that the source reaches, on a cable of its own."""
    wire = Wire()
    try:
        wire.lay()
        wire.deafen()
        return burst(wire, way, capture, int(seconds * SLOW.get(way, FULL)), float(SLOW.get(way, 0)), tool)
    finally:
        wire.remove()


def searched(way: str, capture: Path, seconds: float, outcomes: Sequence[Outcome]) -> str:
    """Return the highest rate without a loss, in words."""
    wire = Wire()
    try:
        wire.lay()
        wire.deafen()
        worst = max(outcomes, key=lambda one: one.dropped + one.missed)
        rate, sign = highest(wire, way, capture, seconds, worst)
        return f"{sign} {rate:,.0f}"
    finally:
        wire.remove()


def table(title: str, ways: Sequence[str], capture: Path, asked: argparse.Namespace, tool: str = "") -> None:
    """Print what each receiver made of a capture; they are measured by turns, so that all have the same neighbours."""
    print(f"\n{title}\n\n| receiver | offered/s | received | lost | CPU µs a packet | times kwel | most without loss |")
    print("|---|---|---|---|---|---|---|")
    found: dict[str, list[Outcome]] = {way: [] for way in ways}
    for _ in range(asked.rounds):
        for way in ways:
            found[way].append(measured(way, capture, asked.seconds, tool))
    kwel = median(one.each for one in found[ways[0]])
    for way, outcomes in found.items():
        best = "" if asked.no_search or tool else searched(way, capture, asked.seconds, outcomes)
        print(row(way, outcomes, best, kwel), flush=True)


def trickle(capture: Path, rates: Sequence[int], seconds: float) -> None:
    """Print what a packet costs at low rates."""
    print("\n| packets/s | CPU µs a packet | share of a processor |\n|---|---|---|")
    for rate in rates:
        wire = Wire()
        try:
            wire.lay()
            wire.deafen()
            outcome = burst(wire, "kwel", capture, max(int(rate * seconds), 1), rate)
            print(f"| {rate:,} | {outcome.each:.2f} | {outcome.cpu / outcome.seconds:.2%} |", flush=True)
        finally:
            wire.remove()


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("build/live"))
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(SAYS))
    parser.add_argument("--no-search", action="store_true")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the cable is removed
    ways = [way for way in asked.only.split(",") if way in PYTHON or which(way)]
    for way in SAYS:
        if way not in PYTHON and not which(way):
            print(f"{way} is not installed, and left out")
    print("suricata is left out: " + ("see README" if which("suricata") else "it is not installed"))
    small, mixed = made(asked.folder, "small", 0.2), made(asked.folder, "big", 0.1)
    table("60-byte frames, random order", ways, small, asked)
    table("mixed traffic, 560 bytes a frame", ways, mixed, asked)
    if which("tcpreplay"):
        table("the same, sent by tcpreplay", [way for way in ways if way not in SLOW], mixed, asked, "tcpreplay")
    trickle(mixed, (1_000, 10_000, 100_000), 2 * asked.seconds)


if __name__ == "__main__":
    main()
