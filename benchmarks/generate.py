"""A capture's name in, a pcap file and its truth out: the captures that kwel is measured on.

    python -m benchmarks.generate big|small|many|quic|storm OUT [--scale 0.01]

The same name and scale give the same bytes. Beside OUT a JSON file tells what is in it: packets, flows,
names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.traffic import big, connections, frames, names, storm, uniform
from benchmarks.traffic.dialogue import perform
from benchmarks.traffic.tables import ARP, LLDP, SEED, TCP, UDP, Kind, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from benchmarks.traffic.plan import Capture

PLANS: Mapping[str, Callable[[float], Capture]] = {
    "big": big.plan,
    "small": uniform.plan_small,
    "many": uniform.plan_many,
    "quic": connections.plan,
}

STORM = "storm"
"""Discovery frames alone, which are no flows."""

NAMED: Mapping[str, tuple[Kind, ...]] = {
    "tls-sni": (Kind.TLS,),
    "quic-sni": (Kind.QUIC, Kind.QUIC_TWICE),
    "http-host": (Kind.HTTP,),
    "dns": (Kind.DNS,),
}
"""Source of a name, spelt as kwel spells it, and the flows that have it."""


def _tape(capture: Capture) -> Rows:
    """Return all packets in order of time."""
    tape = np.concatenate([perform(capture.flows, capture.script), capture.tape])
    return tape[np.argsort(tape["time"], kind="stable")]


def _names(capture: Capture) -> dict[str, dict[str, int]]:
    """Return, by source, how many flows carry each name."""
    found = {}
    for source, kinds in NAMED.items():
        numbers = Counter(capture.flows["host"][np.isin(capture.flows["kind"], kinds)].tolist())
        words: Sequence[str] = names.WEB_NAMES if Kind.HTTP in kinds else capture.names
        found[source] = {words[number]: count for number, count in sorted(numbers.items())}
    return found


def _messages(capture: Capture, tape: Rows) -> dict[str, int]:
    flows, size = capture.flows, capture.script.spans[:, 1]
    hellos = flows["message"][flows["kind"] == Kind.TLS]
    page = tape["span"][tape["flow"] >= 0] - capture.pages
    requests = (page >= 0) & (page < 4 * len(names.WEB_NAMES)) & (page % 4 == 0) if capture.names else page[:0]
    return {
        "client_hello": len(hellos),
        "client_hello_in_two_segments": int(np.count_nonzero(size[hellos + 1])),
        "quic_initial": int((flows["kind"] == Kind.QUIC).sum() + 2 * (flows["kind"] == Kind.QUIC_TWICE).sum()),
        "dns_answer": int(np.count_nonzero(flows["kind"] == Kind.DNS)),
        "http_request": int(np.count_nonzero(requests)),
    }


def _truth(capture: Capture, tape: Rows) -> dict[str, Any]:
    flows = capture.flows
    of = flows[tape["flow"][tape["flow"] >= 0]]
    return {
        "packets": {
            "total": len(tape),
            "tcp": int(np.count_nonzero(of["transport"] == TCP)),
            "udp": int(np.count_nonzero(of["transport"] == UDP)),
            "arp": int(np.count_nonzero(tape["flow"] == ARP)),
            "lldp": int(np.count_nonzero(tape["flow"] == LLDP)),
            "tagged": int(np.count_nonzero((of["vlan"] > 0) & (of["outer"] == 0))),
            "tagged_twice": int(np.count_nonzero(of["outer"])),
            "ipv6": int(np.count_nonzero(of["version"] == 6)),
        },
        "flows": {
            "total": len(flows),
            "tcp": int(np.count_nonzero(flows["transport"] == TCP)),
            "udp": int(np.count_nonzero(flows["transport"] == UDP)),
            "by_kind": {kind.name.lower(): int(np.count_nonzero(flows["kind"] == kind)) for kind in Kind},
        },
        "messages": _messages(capture, tape),
        "names": _names(capture),
    }


def _plan(name: str, scale: float) -> tuple[Iterable[bytes | memoryview], dict[str, Any]]:
    """Return the pieces of a capture, and what is in it."""
    if name == STORM:
        return storm.pieces(scale), storm.truth(scale)
    capture = PLANS[name](scale)
    tape = _tape(capture)
    sequences = np.random.RandomState(SEED).randint(0, 1 << 32, (len(capture.flows), 2), np.int64)
    pieces = frames.write(tape, capture.flows, capture.ends, capture.script, capture.pool, sequences)
    return pieces, _truth(capture, tape)


def generate(name: str, path: Path, scale: float = 1.0) -> dict[str, Any]:
    """Write the capture *name* to *path*, its truth beside it, and return the truth."""
    pieces, told = _plan(name, scale)
    digest, size = hashlib.sha256(), 0
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    truth = {"capture": name, "scale": scale, "bytes": size, "sha256": digest.hexdigest()}
    truth |= told
    path.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__.splitlines()[0])
    parser.add_argument("capture", choices=[*PLANS, STORM])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size (default 1)")
    chosen = parser.parse_args(arguments)
    truth = generate(chosen.capture, chosen.out, chosen.scale)
    print(
        f"{chosen.out}: {truth['bytes']:,} bytes, {truth['packets']['total']:,} packets, "
        f"{truth['flows']['total']:,} flows, sha256 {truth['sha256'][:16]}"
    )


if __name__ == "__main__":
    main()
