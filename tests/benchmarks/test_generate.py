"""The generated captures hold what their truth says, the same every time, and others can read them."""

from __future__ import annotations

import struct
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from benchmarks.generate import generate

from kwel.analysis.stages import read_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCALE = 0.004
FILE_HEADER, TCP = 24, 6

pytestmark = pytest.mark.slow  # the first run compiles the generator


class Made(NamedTuple):
    """A capture and its truth."""

    path: Path
    truth: dict[str, Any]


class Segment(NamedTuple):
    """What one frame carries over IP."""

    flow: tuple[Any, ...]
    """The same in both directions."""
    sender: tuple[Any, ...]
    protocol: int
    pseudo: bytes
    segment: bytes


@pytest.fixture(scope="module", params=["big", "small", "many", "quic"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("captures") / f"{request.param}.pcap"
    return Made(path, generate(request.param, path, SCALE))


def test_a_storm_is_of_stations_that_repeat_themselves(tmp_path: Path) -> None:
    path = tmp_path / "storm.pcap"
    truth = generate("storm", path, 0.002)
    traffic = read_traffic(str(path))

    twice = traffic.coverage.set_aside["duplicate"]  # so soon after one another they are taken for copies of a mirror
    assert traffic.coverage.packets == traffic.coverage.used + twice == truth["packets"]["total"] == 4000
    assert len({said.value for said in traffic.observed if said.kind == "station"}) == truth["stations"] == 100


def frames(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    at = FILE_HEADER
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + size]
        at += 16 + size


def segments(path: Path) -> Iterator[Segment]:
    for frame in frames(path):
        at, tags = 12, []
        while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
            tags.append(frame[at + 2 : at + 4])
            at += 4
        kind, packet = frame[at : at + 2], frame[at + 2 :]
        if kind == b"\x08\x00":
            size = struct.unpack_from(">H", packet, 2)[0] - 20
            protocol, addresses, segment = packet[9], packet[12:20], packet[20 : 20 + size]
        elif kind == b"\x86\xdd":
            size = struct.unpack_from(">H", packet, 4)[0]
            protocol, addresses, segment = packet[6], packet[8:40], packet[40 : 40 + size]
        else:
            continue
        half = len(addresses) // 2
        ends = (addresses[:half], segment[:2]), (addresses[half:], segment[2:4])
        pseudo = addresses + struct.pack(">II", size, protocol)
        yield Segment((protocol, *tags, *sorted(ends)), ends[0], protocol, pseudo, segment)


def folded(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total)


def test_the_same_name_and_scale_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    again = generate(made.truth["capture"], tmp_path / "again.pcap", SCALE)

    assert again == made.truth
    assert (tmp_path / "again.pcap").read_bytes() == made.path.read_bytes()


def test_the_capture_has_as_many_packets_and_flows_as_the_truth_says(made: Made) -> None:
    flows = {segment.flow for segment in segments(made.path)}

    assert made.truth["packets"]["total"] == sum(1 for _ in frames(made.path))
    assert made.truth["flows"]["total"] == len(flows)
    assert made.truth["bytes"] == made.path.stat().st_size


def test_every_transport_checksum_is_right(made: Made) -> None:
    wrong = [found for found in segments(made.path) if folded(found.pseudo + found.segment) != 0xFFFF]

    assert wrong == []


def test_each_tcp_segment_begins_where_the_one_before_it_ended(made: Made) -> None:
    following: dict[Any, int] = {}
    for found in segments(made.path):
        flags = found.segment[13] if found.protocol == TCP else 0
        if found.protocol != TCP or flags & 4:
            continue
        sequence = struct.unpack_from(">I", found.segment, 4)[0]
        payload = len(found.segment) - (found.segment[12] >> 4) * 4
        sender = (found.flow, found.sender)
        assert following.setdefault(sender, sequence) == sequence
        following[sender] = (sequence + payload + (flags & 3 != 0)) & 0xFFFFFFFF


def test_wireshark_reads_the_names_of_the_truth(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    path = tmp_path / "big.pcap"
    truth = generate("big", path, SCALE)
    name = "tls.handshake.extensions_server_name"
    fields = ["-T", "fields", "-e", "ip.version", "-e", "tcp.stream", "-e", name]
    command = [require_tool("tshark"), "-n", "-r", str(path), "-Y", name, *fields]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split("\t") for line in lines]

    assert Counter(row[2] for row in rows if row[1]) == Counter(truth["names"]["tls-sni"])
    # Flows that share a connection id are one connection to Wireshark, so it names the first of them alone.
    assert {row[2] for row in rows if not row[1]} == set(truth["names"]["quic-sni"])


def test_wireshark_reads_the_name_of_every_quic_connection(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    path = tmp_path / "quic.pcap"
    truth = generate("quic", path, SCALE)
    name = "tls.handshake.extensions_server_name"
    command = [require_tool("tshark"), "-n", "-r", str(path), "-Y", name, "-T", "fields", "-e", name]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert Counter(lines) == Counter(truth["names"]["quic-sni"])
    assert len(lines) == truth["flows"]["total"]


def test_kwel_reads_the_name_of_every_quic_connection(tmp_path: Path) -> None:
    path = tmp_path / "quic.pcap"
    truth = generate("quic", path, SCALE)
    traffic = read_traffic(str(path))

    assert Counter(traffic.names[number] for number in traffic.flows["name"]) == Counter(truth["names"]["quic-sni"])
