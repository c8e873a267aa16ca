"""A capture in, the commands of every peer out: what each does, what it needs, and the target that kwel has.

A peer is measured beside `kwel flows`, by turns. Its ratio is its own cost over that of kwel: 5 means that kwel
takes a fifth.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
LOOPS = HERE / "loops.py"
MOST_FLOWS = "4000000"
"""More than any capture has: a peer that may hold few flows would do less work."""
MINUTES = 60.0
SLICE = 100_000
"""Packets that the loops in Python are given; the rest is reckoned."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and with what a measurement is made."""

    capture: Path
    """The file that is read."""
    scratch: Path
    """A folder for whatever a command writes; emptied before each run."""
    kwel: str
    """The program under test."""
    python: str
    """The interpreter that has nfstream, dpkt and scapy."""
    sink: int
    """A UDP port of this machine that takes exported flows and throws them away."""
    limits: Path
    """Folder of the compiled C programs."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The peer has to cost at least so many times what kwel costs."""

    times: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """The command may cost at most so many times what `kwel flows` costs."""

    times: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A program, or a way to use one."""

    name: str
    does: str
    command: Callable[[Bench], list[str]]
    needs: str
    """A program, or ``python:MODULE``, or ``cc``, or ``kwel``."""
    targets: Mapping[str, AtLeast | AtMost] = field(default_factory=dict)
    """By capture."""
    timeout: float = 10 * MINUTES
    sliced: bool = False
    """Given the first packets only; what the whole capture would cost is reckoned from them."""
    on: tuple[str, ...] = ("big", "small", "many", "quic")
    """Captures on which it is worth the wait."""
    most_pairs: int = 99
    """Runs, at most, of one that takes minutes."""
    version: tuple[str, ...] = ()
    """A command that prints its version."""


def missing(peer: Peer, bench: Bench) -> str | None:
    """Return why *peer* cannot be measured here, if it cannot."""
    if peer.needs == "kwel":
        return None
    if not peer.needs.startswith("python:"):
        return None if shutil.which(peer.needs) else f"{peer.needs} is not installed"
    module = peer.needs.removeprefix("python:")
    found = subprocess.run([bench.python, "-c", f"import {module}"], capture_output=True, check=False)
    return f"{bench.python} has no {module} (see --python)" if found.returncode else None


def kwel_flows(bench: Bench) -> list[str]:
    """Return the command that everything is compared with."""
    return [bench.kwel, "flows", str(bench.capture), "--format", "csv", "-o", str(bench.scratch / "flows.csv")]


def _kwel_names(bench: Bench) -> list[str]:
    return [bench.kwel, "names", str(bench.capture), "--format", "csv", "-o", str(bench.scratch / "names.csv")]


def _kwel_report(bench: Bench) -> list[str]:
    return [bench.kwel, "report", str(bench.capture), "-o", str(bench.scratch / "report.html")]


def _softflowd(bench: Bench) -> list[str]:
    # Without a control socket: with one, this version waits for a client after the end of the file.
    files = ["-c", "none", "-p", str(bench.scratch / "pid")]
    export = ["-n", f"127.0.0.1:{bench.sink}", "-v", "10"]
    return ["softflowd", "-d", "-r", str(bench.capture), *export, "-m", MOST_FLOWS, *files]


def _nfpcapd(bench: Bench) -> list[str]:
    return ["nfpcapd", "-r", str(bench.capture), "-w", str(bench.scratch)]


def _argus(bench: Bench) -> list[str]:
    return ["argus", "-X", "-r", str(bench.capture), "-w", "-"]


def _ndpi(bench: Bench) -> list[str]:
    return ["ndpiReader", "-q", "-i", str(bench.capture)]


def _tshark(bench: Bench) -> list[str]:
    fields = ("frame.number", "ip.src", "ip.dst", "tls.handshake.extensions_server_name")
    columns = [word for name in fields for word in ("-e", name)]
    only = "tls.handshake.extensions_server_name"
    return ["tshark", "-n", "-r", str(bench.capture), "-Y", only, "-T", "fields", *columns]


def _loop(name: str) -> Callable[[Bench], list[str]]:
    return lambda bench: [bench.python, str(LOOPS), name, str(bench.capture)]


def _limit(name: str) -> Callable[[Bench], list[str]]:
    return lambda bench: [str(bench.limits / name), str(bench.capture)]


PEERS = (
    Peer("cat", "reads the file, no more", lambda bench: ["cat", str(bench.capture)], "cat"),
    Peer("C walk", "record headers", _limit("walk"), "cc", version=("cc", "--version")),
    Peer("C flow table", "flows, no output", _limit("flows"), "cc", version=("cc", "--version")),
    Peer(
        "softflowd",
        "flows, IPFIX out",
        _softflowd,
        "softflowd",
        {"big": AtLeast(1), "small": AtLeast(2), "many": AtLeast(2)},
        version=("softflowd", "-h"),
    ),
    Peer("nfpcapd", "flows to files", _nfpcapd, "nfpcapd", {"big": AtLeast(1)}, version=("nfdump", "-V")),
    Peer("argus", "flows and their metrics", _argus, "argus", version=("argus", "-h")),
    Peer(
        "ndpiReader",
        "flows, names, protocols",
        _ndpi,
        "ndpiReader",
        {"big": AtLeast(5)},
        version=("ndpiReader", "-h"),
    ),
    Peer(
        "nfstream",
        "the same, in Python",
        _loop("nfstream"),
        "python:nfstream",
        {"big": AtLeast(15)},
        on=("big",),
        most_pairs=2,
    ),
    Peer(
        "tshark SNI",
        "TLS and QUIC names",
        _tshark,
        "tshark",
        {"big": AtLeast(30), "quic": AtLeast(20)},
        on=("big", "quic"),
        most_pairs=2,
        version=("tshark", "-v"),
    ),
    Peer("dpkt loop", "addresses, ports", _loop("dpkt"), "python:dpkt", sliced=True, on=("big",)),
    Peer("scapy loop", "addresses, ports", _loop("scapy"), "python:scapy", sliced=True, on=("big",)),
    Peer("kwel names", "names with frames", _kwel_names, "kwel"),
    Peer("kwel report", "everything, HTML", _kwel_report, "kwel", {"big": AtMost(1.5)}),
)
"""In the order of the table: limits, flow exporters, inspectors, loops, kwel's other commands."""

MOST_MEMORY = {"big": 400.0, "small": 400.0, "many": 700.0, "quic": 400.0}
"""Megabytes that `kwel flows` may have, by capture."""
