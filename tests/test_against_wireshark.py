"""The same captures, read by Wireshark: its conversations, its server names, its questions."""

from __future__ import annotations

import subprocess
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.records.columns import NameSource, address_text
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

pytestmark = pytest.mark.slow  # tshark reads every sample

CAPTURES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".pcap", ".pcapng"))
TUNNELLED = {"erspan2", "erspan2_frag", "erspan3", "gre_teb", "tzsp", "vxlan_mirror"}
each = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem, scope="module")
Ends = frozenset[tuple[str, str]]


class Frame(NamedTuple):
    """What tshark says of a frame: of each field the last, which is that of the innermost packet."""

    number: str
    protocols: str
    source4: str
    source6: str
    target4: str
    target6: str
    tcp_source: str
    tcp_target: str
    udp_source: str
    udp_target: str
    server_name: str
    request: str
    host: str
    question: str

    def has(self, *protocols: str) -> bool:
        return not {*protocols}.isdisjoint(self.protocols.split(":"))


FIELDS = (
    "frame.number", "frame.protocols", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport",
    "udp.srcport", "udp.dstport", "tls.handshake.extensions_server_name", "http.request", "http.host", "dns.qry.name",
)  # fmt: skip
"""Of each ``Frame``."""


@cache
def _frames_of(tshark: str, path: Path) -> list[Frame]:
    """Return every frame. To start tshark takes longer than to read a sample: all tests of a sample do it once."""
    command = [tshark, "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=l"]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [Frame(*line.split("\t")) for line in done.stdout.splitlines()]


@pytest.fixture
def frames(path: Path, require_tool: Callable[[str], str]) -> list[Frame]:
    """Return what tshark says of every frame."""
    return _frames_of(require_tool("tshark"), path)


def ends(flow) -> Ends:  # type: ignore[no-untyped-def]
    return frozenset(
        (address_text(int(flow[f"{side}_hi"]), int(flow[f"{side}_lo"])), str(flow[f"{side}_port"]))
        for side in ("initiator", "responder")
    )


def seen(traffic: Traffic, *sources: NameSource) -> Counter[tuple[str, int]]:
    """Return (name, frame) of every name seen, counted."""
    wanted = {int(source) for source in sources}
    rows = [row for row in traffic.named if int(row["source"]) in wanted]
    return Counter((traffic.names[int(row["name"])], int(row["frame"])) for row in rows)


@each
def test_every_conversation_has_the_packets_that_wireshark_counts(path: Path, frames: list[Frame]) -> None:
    if path.stem in TUNNELLED:
        pytest.skip("tshark prints the ports of the outer and the inner packet in one field")
    expected: Counter[Ends] = Counter()
    for frame in frames:
        if frame.has("icmp", "icmpv6"):
            continue
        source, target = frame.source4 or frame.source6, frame.target4 or frame.target6
        if frame.has("tcp"):
            expected[frozenset([(source, frame.tcp_source), (target, frame.tcp_target)])] += 1
        if frame.has("udp"):
            expected[frozenset([(source, frame.udp_source), (target, frame.udp_target)])] += 1
    if path.stem == "dup_span":  # every frame is there twice, but for those to a group
        expected = Counter({pair: -(-count // 2) for pair, count in expected.items()})
    found: Counter[Ends] = Counter()
    for flow in read_traffic(str(path)).flows:
        if flow["transport"] in (6, 17):
            found[ends(flow)] += int(flow["packets_out"]) + int(flow["packets_in"])

    assert found == expected


@each
def test_every_tls_server_name_of_wireshark_is_found_in_its_frame(path: Path, frames: list[Frame]) -> None:
    named = [frame for frame in frames if frame.server_name and frame.has("tcp")]
    expected = {(frame.server_name.lower(), int(frame.number)) for frame in named}
    found = seen(read_traffic(str(path)), NameSource.TLS_SNI)

    if path.stem == "dup_span":  # every frame is there twice, and a name counts once a flow
        assert {name for name, _ in found} == {name for name, _ in expected}
    else:
        assert set(found) == expected
    assert set(found.values()) <= {1}


@each
def test_every_http_host_and_question_of_wireshark_is_found(path: Path, frames: list[Frame]) -> None:
    traffic = read_traffic(str(path))
    requests = [frame for frame in frames if frame.request and frame.host and frame.has("tcp")]
    questions = [frame for frame in frames if frame.has("dns") and "53" in (frame.udp_source, frame.udp_target)]
    hosts = {frame.host.lower().split(":")[0] for frame in requests}
    asked = {frame.question.lower() for frame in questions}

    assert {name for name, _ in seen(traffic, NameSource.HTTP_HOST, NameSource.HTTP_CONNECT)} == hosts
    assert {name for name, _ in seen(traffic, NameSource.DNS)} == asked
