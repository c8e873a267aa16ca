"""The same captures, read by Wireshark: its conversations, its server names, its questions."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kwel.columns import NameSource, address_text
from kwel.pipeline import read_traffic
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kwel.model.traffic import Traffic

pytestmark = pytest.mark.slow  # tshark reads every sample

CAPTURES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".pcap", ".pcapng"))
TUNNELLED = {"erspan2", "erspan2_frag", "erspan3", "gre_teb", "tzsp", "vxlan_mirror"}
each = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
Ends = frozenset[tuple[str, str]]


@pytest.fixture
def fields(require_tool: Callable[[str], str]) -> Callable[..., list[list[str]]]:
    """Return a function: rows of fields that tshark prints of the frames that a filter selects."""
    tshark = require_tool("tshark")

    def ask(path: Path, only: str, *names: str) -> list[list[str]]:
        command = [tshark, "-n", "-r", str(path), "-Y", only, "-T", "fields", "-E", "occurrence=l"]
        for name in names:
            command += ["-e", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    return ask


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
def test_every_conversation_has_the_packets_that_wireshark_counts(
    path: Path, fields: Callable[..., list[list[str]]]
) -> None:
    if path.stem in TUNNELLED:
        pytest.skip("tshark prints the ports of the outer and the inner packet in one field")
    expected: Counter[Ends] = Counter()
    for transport in ("tcp", "udp"):
        rows = fields(
            path, f"{transport} && !icmp && !icmpv6",
            "ip.src", "ipv6.src", f"{transport}.srcport", "ip.dst", "ipv6.dst", f"{transport}.dstport",
        )  # fmt: skip
        for source4, source6, source_port, target4, target6, target_port in rows:
            expected[frozenset([(source4 or source6, source_port), (target4 or target6, target_port)])] += 1
    if path.stem == "dup_span":  # every frame is there twice, but for those to a group
        expected = Counter({pair: -(-count // 2) for pair, count in expected.items()})
    found: Counter[Ends] = Counter()
    for flow in read_traffic(str(path)).flows:
        if flow["transport"] in (6, 17):
            found[ends(flow)] += int(flow["packets_out"]) + int(flow["packets_in"])

    assert found == expected


@each
def test_every_tls_server_name_of_wireshark_is_found_in_its_frame(
    path: Path, fields: Callable[..., list[list[str]]]
) -> None:
    rows = fields(
        path, "tls.handshake.extensions_server_name && tcp", "tls.handshake.extensions_server_name", "frame.number"
    )
    expected = {(name.lower(), int(frame)) for name, frame in rows}
    found = seen(read_traffic(str(path)), NameSource.TLS_SNI)

    if path.stem == "dup_span":  # every frame is there twice, and a name counts once a flow
        assert {name for name, _ in found} == {name for name, _ in expected}
    else:
        assert set(found) == expected
    assert set(found.values()) <= {1}


@each
def test_every_http_host_and_question_of_wireshark_is_found(path: Path, fields: Callable[..., list[list[str]]]) -> None:
    traffic = read_traffic(str(path))
    hosts = {row[0].lower().split(":")[0] for row in fields(path, "http.request && tcp && http.host", "http.host")}
    asked = {row[0].lower() for row in fields(path, "dns && !mdns && udp.port == 53", "dns.qry.name")}

    assert {name for name, _ in seen(traffic, NameSource.HTTP_HOST, NameSource.HTTP_CONNECT)} == hosts
    assert {name for name, _ in seen(traffic, NameSource.DNS)} == asked
