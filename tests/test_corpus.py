"""Thousands of captures of other projects, where present: none may raise, and the names must be right.

The truth is Wireshark's, and an independent ClientHello reader's; see the corpus's own README.
"""

from __future__ import annotations

import html
import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest

from kwel.columns import NameSource, address_text
from kwel.pipeline import analyse, read_traffic
from kwel.report import headline, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kwel.model import Traffic

Seen = tuple[str, frozenset[tuple[str, int]], str]
RECALL, PRECISION = 0.99, 0.999


def printable(name: str) -> str:
    return "".join(c if "!" <= c <= "~" else "?" for c in name.strip().rstrip(".").lower())


def truth_of(path: Path, corpus: Path, transports: tuple[str, ...]) -> Iterator[Seen]:
    """Yield (file, the two ends, server name) that Wireshark reads, of the innermost packets and of their tunnels."""
    where = path.relative_to(corpus / "captures")
    told: dict[str, Any] = json.loads((corpus / "truth" / f"{where}.json").read_text())
    for row in told.get("sni", []):
        if row["transport"] in transports:
            ends = frozenset((str(ipaddress.ip_address(ip)), port) for ip, port in (row["a"], row["b"]))
            yield str(where), ends, printable(row["sni"])


def heard_in(path: Path, corpus: Path, traffic: Traffic) -> Iterator[Seen]:
    for row in traffic.named[traffic.named["source"] == NameSource.TLS_SNI]:
        flow = traffic.flows[row["flow"]]
        ends = frozenset(
            (address_text(int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])), int(flow[f"{side}_port"]))
            for side in ("initiator", "responder")
        )
        yield str(path.relative_to(corpus / "captures")), ends, printable(traffic.names[int(row["name"])])


def files_of(corpus: Path) -> list[Path]:
    return [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file() and path.name != "README.md"]


@pytest.mark.slow
def test_every_eighth_capture_becomes_a_report(shared: Callable[[str], Path]) -> None:
    for path in files_of(shared("corpus"))[::8]:
        report = analyse(str(path)).report
        page = html.unescape(render(report, "nl")).replace("\N{NO-BREAK SPACE}", " ")
        is_told = headline(report, "nl").rstrip(".") in page
        assert is_told, path


@pytest.mark.slow
def test_every_capture_is_read_and_its_tls_names_are_found(shared: Callable[[str], Path]) -> None:
    corpus = shared("corpus")
    files = files_of(corpus)
    truth: set[Seen] = set()
    heard: set[Seen] = set()
    for path in files:
        traffic = read_traffic(str(path))
        coverage = traffic.coverage
        assert coverage.packets == coverage.used + sum(coverage.set_aside.values()), path
        truth.update(truth_of(path, corpus, ("tls",)))
        heard.update(heard_in(path, corpus, traffic))

    assert len(files) > 2000
    assert len(truth & heard) >= RECALL * len(truth), sorted(map(str, truth - heard))[:20]
    assert len(truth & heard) >= PRECISION * len(heard), sorted(map(str, heard - truth))[:20]
