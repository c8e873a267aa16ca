"""Every frame is either used or set aside for a reason, whatever its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.analysis.stages import read_traffic
from kwel.kernel.fragments import new_store
from kwel.kernel.layers import decode
from kwel.kernel.links import LINKS_READ
from kwel.kernel.rows import PACKET, Stop
from kwel.model.records.columns import RECORD
from tests.conftest import SAMPLES
from tests.streams.making import Talk, dns_answer, ethernet, hear, hello, ipv4, udp, write_pcap

if TYPE_CHECKING:
    from pathlib import Path


def stop_of(frame: bytes, link: int = 1) -> Stop:
    data = np.frombuffer(bytearray(frame or b"\0"), np.uint8)
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), link
    decode(data, record, 1, 1, 0, packet, stops, *new_store())
    return Stop(int(packet["stop"][0]))


@pytest.mark.parametrize(
    ("frame", "stop"),
    [
        (b"", Stop.CUT_LINK),
        (ethernet(b"", 0x88CC), Stop.DISCOVERY),
        (ethernet(bytes(40), 0x8892), Stop.NOT_IP),
        (ethernet(ipv4(b"", 6)[:12]), Stop.CUT_NETWORK),
        (ethernet(bytes([0x41]) + bytes(30)), Stop.BAD_NETWORK),
        (ethernet(ipv4(b"\0", 17)), Stop.CUT_TRANSPORT),
        (ethernet(ipv4(udp(b"", 1, 2), 17)), Stop.USED),
    ],
)
def test_a_frame_is_set_aside_for_its_reason(frame: bytes, stop: Stop) -> None:
    assert stop_of(frame) is stop


def test_a_link_type_that_is_not_read_is_a_reason(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [bytes(60)] * 3, link=220)
    assert dict(traffic.coverage.set_aside) == {"link-type": 3}


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (101, b""), (12, b""), (228, b""), (0, b"\2\0\0\0"), (0, b"\0\0\0\2"), (108, b"\0\0\0\2"),
        (113, bytes(14) + b"\x08\0"), (276, b"\x08\0" + bytes(18)),
    ],
)  # fmt: skip
def test_every_link_type_leads_to_the_same_flow(tmp_path: Path, link: int, head: bytes) -> None:
    assert link in LINKS_READ
    (flow,) = hear(tmp_path, [head + ipv4(udp(b"x", 40000, 2000), 17)], link=link).flows
    assert (flow["initiator_port"], flow["responder_port"]) == (40000, 2000)


def test_nested_tunnels_end(tmp_path: Path) -> None:
    packet = ipv4(udp(b"x", 40000, 2000), 17)
    for _ in range(12):
        packet = ipv4(packet, 4)
    assert dict(hear(tmp_path, [ethernet(packet)]).coverage.set_aside) == {"too-deep": 1}


SEEDS = [
    Talk().up(hello("plant.example", 100), 0),
    ethernet(ipv4(udp(dns_answer("a.example", "203.0.113.5", ["b.example"]), 53, 5000), 17)),
    ethernet(ipv4(udp(bytes.fromhex("0800000000106800") + ethernet(ipv4(udp(b"x"), 17)), 5000, 4789), 17)),
    ethernet(ipv4(bytes.fromhex("00000800") + ipv4(udp(b"x"), 17), 47)),
    ethernet(bytes.fromhex("600000000020000a") + bytes(32) + bytes(32), 0x86DD),
]


@given(seed=st.sampled_from(SEEDS), damage=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
       size=st.integers(0, 400), link=st.sampled_from(LINKS_READ))  # fmt: skip
def test_no_bytes_lead_out_of_bounds(seed: bytes, damage: list[tuple[int, int]], size: int, link: int) -> None:
    frame = bytearray(seed)
    for at, value in damage:
        if at < len(frame):
            frame[at] = value
    stop_of(bytes(frame[:size]), link)


@given(st.data())
def test_damaged_captures_are_heard_without_an_error_and_every_packet_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(
        (SAMPLES / data.draw(st.sampled_from(["mixed_plant.pcapng", "ipv6.pcap", "erspan3.pcap"]))).read_bytes()
    )
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=60)):
        raw[at] = value
    path = tmp_path_factory.mktemp("damaged") / "damaged.pcap"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])

    coverage = read_traffic([str(path)]).coverage
    assert coverage.packets == coverage.used + sum(coverage.set_aside.values())


@given(frames=st.lists(st.binary(max_size=300), max_size=20), link=st.sampled_from(LINKS_READ))
def test_noise_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, frames: list[bytes], link: int) -> None:
    path = write_pcap(tmp_path_factory.mktemp("noise") / "noise.pcap", frames, link=link)
    coverage = read_traffic([str(path)]).coverage
    assert coverage.packets == len(frames) == coverage.used + sum(coverage.set_aside.values())
