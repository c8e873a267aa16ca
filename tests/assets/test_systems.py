"""Several systems behind one address show by the TTLs that they begin with; what else sets TTLs is no system."""

from __future__ import annotations

import io
import json
from itertools import count
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.export.report_json import write_report_json
from tests.streams.making import CLIENT, SERVER, ethernet, ipv4, ipv6, tcp, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kwel.analysis.stages import Analysis

SYN, SYN_ACK, RST, PUSH = 0x02, 0x12, 0x04, 0x18
TAG = bytes.fromhex("81000014")


def connection(port: int, ttl: int, *, data: bytes = b"hello", tags: bytes = b"", source: str = CLIENT) -> list[bytes]:
    """Return a handshake and what the client sends then; without data, a reset."""
    rest = tcp(data, 2, PUSH if data else RST, port)
    up = [ethernet(ipv4(part, 6, source, ttl=ttl), tags=tags) for part in (tcp(b"", 1, SYN, port), rest)]
    return [up[0], ethernet(ipv4(tcp(b"", 1, SYN_ACK, 443, port), 6, SERVER, source), tags=tags), up[1]]


def datagrams(port: int, ttl: int) -> list[bytes]:
    """Return a question and its answer."""
    return [ethernet(ipv4(udp(b"x", port), 17, ttl=ttl)), ethernet(ipv4(udp(b"y", 53, port), 17, SERVER, CLIENT))]


def drawn(folder: Path, frames: Iterable[bytes]) -> Analysis:
    return analyse(str(write_pcap(folder / "plant.pcap", frames)))


def connections(ttls: Iterable[int], first_port: int = 40_000) -> list[bytes]:
    return [frame for port, ttl in zip(count(first_port), ttls) for frame in connection(port, ttl)]


def test_ttls_near_two_beginnings_are_two_systems_each_with_its_first_frame(tmp_path: Path) -> None:
    analysis = drawn(tmp_path, connections([63, 127, 63, 127, 62, 126]))
    systems = analysis.traffic.coverage.systems

    assert {(system.asset, system.address, system.changes) for system in systems} == {(CLIENT, CLIENT, 5)}
    assert [(s.initial, s.lowest, s.highest, s.flows, str(s.where)) for s in systems] == [
        (64, 62, 63, 3, "plant.pcap#1"),
        (128, 126, 127, 3, "plant.pcap#4"),
    ]
    assert analysis.traffic.coverage.notes["behind-address"] == 6
    assert {"behind-address"} <= {of.key for of in analysis.traffic.coverage.shortcomings if of.is_poor}


def test_connections_under_way_before_the_capture_tell_too(tmp_path: Path) -> None:
    frames = connections([64, 128] * 3)
    del frames[::3]
    frames = [frame for answer, data in zip(frames[::2], frames[1::2], strict=True) for frame in (data, answer)]

    assert len(drawn(tmp_path, frames).traffic.coverage.systems) == 2


def test_an_address_that_changed_hands_changed_once(tmp_path: Path) -> None:
    systems = drawn(tmp_path, connections([64] * 4 + [128] * 3)).traffic.coverage.systems

    assert [system.changes for system in systems] == [1, 1]


def test_hop_limits_tell_the_same(tmp_path: Path) -> None:
    inside, outside = bytes.fromhex("fd" + 14 * "00" + "05"), bytes.fromhex("2001") + bytes(13) + b"\7"
    frames = []
    for port, hops in zip(count(40_000), [64, 255] * 3):
        syn, data, back = tcp(b"", 1, SYN, port), tcp(b"x", 2, PUSH, port), tcp(b"", 1, SYN_ACK, 443, port)
        up = [ethernet(ipv6(part, 6, inside, outside, hops), 0x86DD) for part in (syn, data)]
        frames += [up[0], ethernet(ipv6(back, 6, outside, inside), 0x86DD), up[1]]
    systems = drawn(tmp_path, frames).traffic.coverage.systems

    assert [system.initial for system in systems] == [64, 255]


def test_as_many_hops_as_the_way_has_are_no_second_system(tmp_path: Path) -> None:
    coverage = drawn(tmp_path, connections([63] * 6 + [60] * 6)).traffic.coverage

    assert coverage.systems == ()
    assert "behind-address" not in coverage.notes


LATER = range(50_000, 50_009)
NO_SYSTEMS = {
    "a few strange ones": connections([128, 255] * 2, 50_000),
    "further than anybody is": connections([1] * 9 + [65] * 9, 50_000),
    "scanned and reset": [frame for port in LATER for frame in connection(port, 128, data=b"")],
    "data that nobody answered": [ethernet(ipv4(tcp(b"x", 1, PUSH, port), 6, ttl=255)) for port in LATER],
    "unanswered": [ethernet(ipv4(tcp(b"", 1, SYN, port), 6, ttl=255)) for port in LATER],
    "traceroute": [ethernet(ipv4(udp(b"x", port, 33434), 17, ttl=port % 30 + 1)) for port in range(50_000, 50_090)],
    "datagrams": [frame for port in LATER for frame in datagrams(port, 255)],
    "multicast": [ethernet(ipv4(udp(b"x", port, 1900), 17, CLIENT, "239.255.255.250", ttl=2)) for port in LATER],
    "the same address in another VLAN": [frame for port in LATER for frame in connection(port, 128, tags=TAG)],
    "another address": [frame for port in LATER for frame in connection(port, 128, source="10.20.1.6")],
    "outside": [frame for port in LATER for frame in connection(port, 32 + 96 * (port % 2), source="198.51.100.9")],
}


@pytest.mark.parametrize("frames", NO_SYSTEMS.values(), ids=NO_SYSTEMS)
def test_what_is_no_second_system(tmp_path: Path, frames: list[bytes]) -> None:
    coverage = drawn(tmp_path, connections([64] * 9) + frames).traffic.coverage

    assert coverage.systems == ()
    assert "behind-address" not in coverage.notes


def test_the_json_report_has_every_system(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_report_json(drawn(tmp_path, connections([63, 127] * 3)).report, out)

    own = {"asset": CLIENT, "address": CLIENT, "flows": 3, "changes": 5}
    assert json.loads(out.getvalue())["coverage"]["systems"] == [
        {**own, "ttl": 64, "seen": [63, 63], "where": "plant.pcap#1"},
        {**own, "ttl": 128, "seen": [127, 127], "where": "plant.pcap#4"},
    ]
