"""Programs and captures in, one table out: kwel beside its peers and its limits.

    python -m benchmarks.run [--captures DIR] [--only big] [--peers softflowd nfpcapd] [--pairs 3]

Captures that are absent are made first. Every peer is run by turns with `kwel flows`, from a warm page cache; whole
processes are measured, and a ratio is that of two neighbours, so a busy machine spoils figures less. Nothing leaves
the machine: the one peer that exports flows sends them to a port of 127.0.0.1 that this program holds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import captures, measure, peers, rows, start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.captures import Subject
    from benchmarks.peers import Bench, Peer

LIMITS = Path(__file__).parent / "limits"
VERSION = re.compile(r"\d+(?:\.\d+)+")


def compile_limits(folder: Path) -> None:
    """Compile the C programs, if there is a compiler."""
    if shutil.which("cc"):
        for source in sorted(LIMITS.glob("*.c")):
            subprocess.run(["cc", "-O2", "-o", str(folder / source.stem), str(source)], check=True)


def _run(bench: Bench, command: Sequence[str], timeout: float) -> measure.Cost:
    """Run *command* with an empty scratch folder."""
    shutil.rmtree(bench.scratch, ignore_errors=True)
    bench.scratch.mkdir()
    return measure.run(command, timeout=timeout, complaints=bench.limits / "complaints")


def _kwel(bench: Bench) -> measure.Cost:
    """Measure `kwel flows`. Code that changed since the last run is compiled first, which is not measured here."""
    try:
        _run(bench, [bench.kwel, "warmup"], 600)
        return _run(bench, peers.kwel_flows(bench), 600)
    except measure.Unmeasured as reason:
        raise measure.Unmeasured(f"kwel flows: {reason}") from reason


def _reckoned(peer: Peer, bench: Bench, subject: Subject) -> measure.Cost:
    """Return what the whole capture would cost, from its first packets and from a capture without packets."""
    count = min(peers.SLICE, subject.packets)
    part, none = (bench.limits / f"{subject.name}-{size}.pcap" for size in (count, 0))
    if not part.exists():
        captures.cut(subject.path, count, part)
        captures.cut(subject.path, 0, none)
    costs = [_run(bench, peer.command(replace(bench, capture=path)), peer.timeout) for path in (none, part)]
    begin, sliced = costs
    times = subject.packets / count
    return measure.Cost(
        begin.cpu + (sliced.cpu - begin.cpu) * times,
        begin.wall + (sliced.wall - begin.wall) * times,
        sliced.peak,
    )


def _peer(peer: Peer, bench: Bench, subject: Subject) -> measure.Cost:
    if peer.sliced:
        return _reckoned(peer, bench, subject)
    return _run(bench, peer.command(bench), peer.timeout)


def pairs(peer: Peer, bench: Bench, subject: Subject, count: int) -> list[rows.Pair]:
    """Measure *peer* and kwel by turns."""
    turns = range(min(count, peer.most_pairs))
    return [rows.Pair(_peer(peer, bench, subject), _kwel(bench)) for _ in turns]


def table(bench: Bench, subject: Subject, chosen: Sequence[Peer], count: int) -> Iterator[tuple[str, list[rows.Pair]]]:
    """Yield the row of each peer, and the pairs that it rests on."""
    for peer in chosen:
        reason = peers.missing(peer, bench)
        if subject.name not in peer.on:
            reason = "measured on " + " and ".join(peer.on) + " alone"
        if reason is None:
            try:
                measured = pairs(peer, bench, subject, count)
            except measure.Unmeasured as problem:
                reason = str(problem)
            else:
                yield rows.row(peer.name, peer.does, measured, peer.targets.get(subject.name)), measured
                continue
        yield rows.skipped(peer.name, peer.does, reason), []


def _agreement(bench: Bench, subject: Subject) -> str:
    if subject.truth is None:
        return "agreement with the truth: not known, the capture has none beside it"
    flows, names = bench.limits / "flows.csv", bench.limits / "names.jsonl"
    for table, form, path in (("flows", "csv", flows), ("names", "jsonl", names)):
        _run(bench, [bench.kwel, table, str(subject.path), "--format", form, "-o", str(path)], 600)
    compare = [sys.executable, "-m", "benchmarks.agreement", str(subject.truth), str(flows), str(names)]
    return subprocess.run(compare, check=True, capture_output=True, text=True).stdout.strip()


def _per_connection(bench: Bench, subject: Subject, cpu: float) -> str:
    """Return what a connection costs beyond the start: of *cpu*, less what a capture of one packet takes."""
    if subject.truth is None:
        return "cost of a connection: not known, the capture has no truth beside it"
    short = captures.cut(subject.path, 1, bench.limits / "one-packet.pcap")
    start_alone = _kwel(replace(bench, capture=short)).cpu
    flows = json.loads(subject.truth.read_text(encoding="utf-8"))["flows"]["total"]
    return (
        f"cost of a connection: {(cpu - start_alone) / flows * 1e6:.1f} microseconds of processor, all its packets read"
    )


def show(bench: Bench, subject: Subject, chosen: Sequence[Peer], count: int) -> None:
    """Print everything about one capture."""
    size = subject.path.stat().st_size / 1e9
    print(f"\n## {subject.name}: {size:.2f} GB, {subject.packets:,} packets\n")
    print(rows.header())
    highest, costs = 0.0, list[float]()
    for line, measured in table(bench, subject, chosen, count):
        print(line, flush=True)
        highest = max([highest, *(pair.kwel.peak for pair in measured)])
        costs += [pair.kwel.cpu for pair in measured]
    print()
    if costs and subject.name == "quic":
        print(_per_connection(bench, subject, median(costs)), flush=True)
    if highest:
        print(rows.verdict("peak memory of kwel flows", highest, peers.MOST_MEMORY[subject.name], "MB"))
    try:
        print(_agreement(bench, subject), flush=True)
    except measure.Unmeasured as problem:
        print(f"agreement with the truth: not known, {problem}")


def commands(bench: Bench, chosen: Sequence[Peer]) -> Iterator[str]:
    """Yield the exact command of each peer, with its version."""
    yield f"kwel flows: {shlex.join(peers.kwel_flows(bench))}"
    for peer in chosen:
        version = _version(peer, bench)
        yield f"{peer.name}{' ' + version if version else ''}: {shlex.join(peer.command(bench))}"


def _version(peer: Peer, bench: Bench) -> str:
    command = list(peer.version)
    if peer.needs.startswith("python:"):
        module = peer.needs.removeprefix("python:")
        command = [bench.python, "-c", f"import importlib.metadata as m; print(m.version({module!r}))"]
    if not command or not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = VERSION.search(done.stdout + done.stderr)
    return found[0] if found else ""


def machine() -> str:
    """Return one line on what the figures were measured with."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} processors, load {load}, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    beside = Path(sys.executable).with_name("kwel")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    parser.add_argument("--captures", type=Path, default=Path("build/benchmarks"), help="folder of the captures")
    parser.add_argument("--only", nargs="+", choices=captures.NAMES, default=captures.NAMES, help="captures")
    parser.add_argument("--peers", nargs="*", choices=[p.name for p in peers.PEERS], help="default: all")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each peer (default 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of captures that are made")
    parser.add_argument("--kwel", default=str(beside), help="another kwel to measure")
    parser.add_argument("--python", default=sys.executable, help="one that has nfstream, dpkt and scapy")
    parser.add_argument("--no-start", action="store_true", help="leave out how long kwel takes to begin")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Print the tables."""
    options = arguments(given)
    wanted = options.peers if options.peers is not None else [peer.name for peer in peers.PEERS]
    chosen = [peer for peer in peers.PEERS if peer.name in wanted]
    print(machine())
    print("ratio: the peer's cost over that of kwel flows, median and range of pairs; MB: highest of all runs")
    with (
        tempfile.TemporaryDirectory(prefix="kwel-bench-") as folder,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))
        work = Path(folder)
        compile_limits(work)
        for name in options.only:
            subject = captures.prepare(options.captures, name, options.scale)
            bench = peers.Bench(subject.path, work / "run", options.kwel, options.python, sink.getsockname()[1], work)
            show(bench, subject, chosen, options.pairs)
        print("\n## Commands\n")
        for line in commands(bench, chosen):
            print(line)
    if not options.no_start:
        print(f"\n## Start\n\n{start.header()}")
        for line in start.rows(options.kwel):
            print(line, flush=True)


if __name__ == "__main__":
    main()
