"""Thousands of captures of other projects, where present: none may raise, and the names must be right.

The truth is Wireshark's, and an independent ClientHello reader's; see the corpus's own README.
"""

from __future__ import annotations

import html
import ipaddress
import json
import struct
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kwel.analysis.stages import analyse, read_traffic
from kwel.model.records.columns import NameSource, address_text
from kwel.report import headline, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kwel.model.traffic import Traffic

Seen = tuple[str, frozenset[tuple[str, int]], str]

SOURCES = {
    "tls": (NameSource.TLS_SNI,),
    "quic": (NameSource.QUIC_SNI,),
    "gquic": (NameSource.QUIC_SNI,),
    "dtls": (NameSource.DTLS_SNI,),
}
"""Where kwel reads the names that the truth calls by its transport."""
RECALL = {"tls": 0.995, "quic": 0.99, "gquic": 0.99, "dtls": 1.0}
PRECISION = 0.999
ZEEK, NDPI = "zeek+zeek/testing/btest/Traces/rdp", "ntop+nDPI/tests/cfgs/default/pcap"
BEYOND: dict[Seen, int] = {
    (f"{ZEEK}/rdpeudp-handshake-success.pcap", frozenset({("::1", 61291), ("::1", 3389)}), "localhost"): 3,
    (f"{NDPI}/rdp2.pcap", frozenset({("10.50.181.210", 60355), ("10.50.73.36", 3389)}), "drcsalgfc043"): 35,
}
"""Names that the truth lacks, each with its frame: tshark 4.0 reads TLS inside RDP over UDP of version 2, but of
version 1 it reads no hello, and the second reader knows neither version."""


def printable(name: str) -> str:
    return "".join(c if "!" <= c <= "~" else "?" for c in name.strip().rstrip(".").lower())


def truth_of(path: Path, corpus: Path) -> Iterator[tuple[str, Seen]]:
    """Yield (transport, (file, the two ends, server name)) that Wireshark or the second reader reads."""
    where = path.relative_to(corpus / "captures")
    told: dict[str, Any] = json.loads((corpus / "truth" / f"{where}.json").read_text())
    for row in told.get("sni", []):
        ends = frozenset((str(ipaddress.ip_address(ip)), port) for ip, port in (row["a"], row["b"]))
        yield row["transport"], (str(where), ends, printable(row["sni"]))


def heard_in(path: Path, corpus: Path, traffic: Traffic) -> Iterator[tuple[int, Seen]]:
    """Yield (source, (file, the two ends, server name)) that kwel reads in ClientHellos."""
    wanted = [int(source) for sources in SOURCES.values() for source in sources]
    for row in traffic.named[np.isin(traffic.named["source"], wanted)]:
        flow = traffic.flows[row["flow"]]
        ends = frozenset(
            (address_text(int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])), int(flow[f"{side}_port"]))
            for side in ("initiator", "responder")
        )
        name = printable(traffic.names[int(row["name"])])
        yield int(row["source"]), (str(path.relative_to(corpus / "captures")), ends, name)


def files_of(corpus: Path) -> list[Path]:
    return [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file() and path.name != "README.md"]


@pytest.mark.slow
def test_every_sixteenth_capture_becomes_a_report(shared: Callable[[str], Path]) -> None:
    for path in files_of(shared("corpus"))[::16]:
        report = analyse(str(path)).report
        page = html.unescape(render(report, "nl")).replace("\N{NO-BREAK SPACE}", " ")
        is_told = headline(report, "nl").rstrip(".") in page
        assert is_told, path


@pytest.mark.parametrize("seen", BEYOND, ids=lambda seen: seen[2])
def test_a_name_that_the_truth_lacks_stands_in_its_frame(seen: Seen, shared: Callable[[str], Path]) -> None:
    """The frame holds the whole extension (RFC 6066 section 3), all of its lengths among it."""
    corpus, (where, _, name) = shared("corpus"), seen
    path = corpus / "captures" / where
    host = struct.pack(">BH", 0, len(name)) + name.encode()
    extension = struct.pack(">HHH", 0, len(host) + 2, len(host)) + host
    frames = [row["frame"] for row in read_traffic(str(path)).named if row["frame"] == BEYOND[seen]]

    assert [heard for _, heard in heard_in(path, corpus, read_traffic(str(path)))].count(seen) == 1
    assert frames == [BEYOND[seen]]
    assert path.read_bytes().lower().count(extension) >= 1


def test_tls_inside_rdp_over_udp_is_read_as_wireshark_reads_it(shared: Callable[[str], Path]) -> None:
    corpus = shared("corpus")
    path = corpus / "captures" / NDPI / "rdp2.pcap"
    heard = {seen for _, seen in heard_in(path, corpus, read_traffic(str(path)))}

    assert heard == {seen for _, seen in truth_of(path, corpus)} | {seen for seen in BEYOND if seen[0].startswith(NDPI)}


@pytest.mark.slow
def test_every_capture_is_read_and_its_server_names_are_found(shared: Callable[[str], Path]) -> None:
    corpus = shared("corpus")
    files = files_of(corpus)
    truth: dict[str, set[Seen]] = {transport: set() for transport in SOURCES}
    heard: dict[int, set[Seen]] = defaultdict(set)
    for path in files:
        traffic = read_traffic(str(path))
        coverage = traffic.coverage
        assert coverage.packets == coverage.used + sum(coverage.set_aside.values()), path
        for transport, seen in truth_of(path, corpus):
            truth[transport].add(seen)
        for source, seen in heard_in(path, corpus, traffic):
            heard[source].add(seen)

    assert len(files) > 2000
    everything = set[Seen](BEYOND).union(*truth.values())
    found = set[Seen]().union(*heard.values())
    assert len(everything & found) >= PRECISION * len(found), sorted(map(str, found - everything))[:20]
    for transport, names in truth.items():
        ours = set[Seen]().union(*(heard[int(source)] for source in SOURCES[transport]))
        missed = sorted(map(str, names - ours))
        assert len(names) - len(missed) >= RECALL[transport] * len(names), (transport, missed[:20])
