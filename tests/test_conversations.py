"""Who talked to whom, in how many packets and bytes, equals what Wireshark says, over thousands of captures.

Differences that are meant are told apart by cause; see `cause_of`. What is left must be rare.
"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.records.columns import address_text
from tests.test_corpus import files_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

Ends = tuple[str, tuple[str, int], tuple[str, int]]
"""Transport and the two endpoints, in order; no ports where the transport is ``other``."""

WITH_PORTS = {6: "tcp", 17: "udp", 132: "sctp"}
SHARE = 0.99
CARRIERS = frozenset(
    ["gre", "erspan", "vxlan", "geneve", "capwap.data", "tsp", "gtp", "l2tp", "teredo", "mpls", "nsh", "ipv6", "ip"]
)
NOT_OPENED = frozenset(["ayiya", "gtpprime", "sflow", "lisp", "icmp", "icmpv6"])
"""What Wireshark reads packets out of and kwel does not: samples, quotations and tunnels that nobody uses."""


def plain(host: str) -> str:
    """Return the usual spelling; kwel keeps IPv4 as IPv4-mapped IPv6, so it shows the one for the other."""
    address = ipaddress.ip_address(host)
    return str(getattr(address, "ipv4_mapped", None) or address)


def ends_of(transport: str, ends: tuple[tuple[str, int], tuple[str, int]]) -> Ends:
    kept = transport if transport in WITH_PORTS.values() else "other"
    points = [(plain(host), port if kept != "other" else 0) for host, port in ends]
    first, second = sorted(points)
    return kept, first, second


def counted_by_kwel(traffic: Traffic) -> dict[Ends, list[int]]:
    """Return packets and bytes by conversation: VLANs and tunnels taken together, as the truth has them."""
    found: dict[Ends, list[int]] = {}
    for flow in traffic.flows:
        ends = tuple(
            (address_text(int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])), int(flow[f"{side}_port"]))
            for side in ("initiator", "responder")
        )
        row = found.setdefault(ends_of(WITH_PORTS.get(int(flow["transport"]), "other"), (ends[0], ends[1])), [0, 0])
        row[0] += int(flow["packets_out"]) + int(flow["packets_in"])
        row[1] += int(flow["bytes_out"]) + int(flow["bytes_in"])
    return found


def counted_by_wireshark(
    told: dict[str, Any],
) -> tuple[dict[Ends, list[int]], dict[Ends, set[str]], set[frozenset[str]]]:
    """Return packets and bytes by conversation, the layers of each, and pairs of hosts that exchanged fragments."""
    found: dict[Ends, list[int]] = {}
    layers: dict[Ends, set[str]] = {}
    fragmented: set[frozenset[str]] = set()
    for row in told["conversations"]:
        if row["proto"].startswith("l2:"):
            continue
        try:
            ends = ends_of(row["proto"], (tuple(row["a"]), tuple(row["b"])))
        except ValueError:
            continue
        if row["proto"] == "ipfrag":
            fragmented.add(frozenset([ends[1][0], ends[2][0]]))
            continue
        total = found.setdefault(ends, [0, 0])
        total[0] += row["pk_ab"] + row["pk_ba"]
        total[1] += row["by_ab"] + row["by_ba"]
        layers.setdefault(ends, set()).update([*row["layers"], row["proto"]])
    return found, layers, fragmented


def cause_of(
    ends: Ends, counts: tuple[list[int], list[int]], layers: set[str], fragmented: set[frozenset[str]], traffic: Traffic
) -> str:
    """Return why kwel means to differ, or an empty string.

    fragments: Wireshark counts all but the last apart, and uses a datagram that contradicts itself. duplicates: kwel
    counts copies once. AH: Wireshark's truth stops there, kwel goes on. frames: what a tunnel carries is no IP, and
    kwel sets it aside as that, not as traffic of the tunnel's ends. unopened: see `NOT_OPENED`. damaged: the IP header
    or the ports are cut or nonsense.
    """
    aside = traffic.coverage.set_aside
    here, there = counts
    if frozenset([ends[1][0], ends[2][0]]) in fragmented:
        return "fragments"
    if here[0] < there[0] and aside.get("duplicate", 0) >= there[0] - here[0]:
        return "duplicates"
    if layers & {"ah", "esp"}:
        return "AH"
    if layers & NOT_OPENED and here[0] != there[0]:
        return "unopened"
    lost = there[0] - here[0]
    if layers & CARRIERS and 0 < lost <= aside.get("not-ip", 0) + _discovery(traffic):
        return "frames"
    damaged = sum(aside.get(key, 0) for key in ("bad-network", "cut-network", "cut-transport", "cut-link", "fragment"))
    return "damaged" if 0 < lost <= damaged else ""


def _discovery(traffic: Traffic) -> int:
    coverage = traffic.coverage
    flows = traffic.flows
    return coverage.used - int(flows["packets_out"].sum() + flows["packets_in"].sum())


@pytest.mark.slow
def test_conversations_are_those_of_wireshark(shared: Callable[[str], Path]) -> None:
    corpus = shared("corpus")
    equal, causes, unexplained = 0, Counter[str](), list[str]()
    for path in files_of(corpus):
        where = path.relative_to(corpus / "captures")
        told = json.loads((corpus / "truth" / f"{where}.json").read_text())
        traffic = read_traffic(str(path), discovery=False)
        ours = counted_by_kwel(traffic)
        theirs, layers, fragmented = counted_by_wireshark(told)
        for ends, there in theirs.items():
            here = ours.get(ends, [0, 0])
            if here == there:
                equal += 1
            elif cause := cause_of(ends, (here, there), layers[ends], fragmented, traffic):
                causes[cause] += 1
            else:
                unexplained.append(f"{where} {ends} kwel {here} Wireshark {there} {sorted(layers[ends])}")

    assert equal > 10_000
    assert equal >= SHARE * (equal + len(unexplained)), unexplained
    assert sum(causes.values()) - causes["duplicates"] <= 0.02 * equal, causes
