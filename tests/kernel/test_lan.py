"""Protocols without IP are known by content, as Wireshark knows them, and by nothing less."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.kernel.fragments import new_store
from kwel.kernel.layers import decode
from kwel.kernel.rows import PACKET, Stop
from kwel.model.kinds import Lan, LanSide
from kwel.model.records.columns import RECORD
from tests.kernel import lan_frames as made
from tests.streams.making import ethernet as to_one
from tests.streams.making import ipv4, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATION, CLIENT, SERVER = LanSide.STATION, LanSide.CLIENT, LanSide.SERVER
PUBLISHER, MASTER, SLAVE = LanSide.PUBLISHER, LanSide.MASTER, LanSide.SLAVE
ASK = made.dcp(0xFEFE, 5, 0, made.dcp_block(255, 255, b""))
FRAMES = {
    "dcp asks": (0x8892, ASK, Lan.PROFINET_DCP, CLIENT, "pn_dcp"),
    "dcp answers": (0x8892, made.dcp_answer(), Lan.PROFINET_DCP, SERVER, "pn_dcp"),
    "dcp sets": (0x8892, made.dcp(0xFEFD, 4, 0, made.dcp_block(2, 2, b"\0\1a")), Lan.PROFINET_DCP, CLIENT, "pn_dcp"),
    "cyclic": (0x8892, made.cyclic(), Lan.PROFINET_RT, STATION, "pn_rt"),
    "goose": (0x88B8, made.goose(), Lan.GOOSE, PUBLISHER, "goose"),
    "samples": (0x88BA, made.samples(), Lan.SV, PUBLISHER, "sv"),
    "ethercat": (0x88A4, made.ethercat(), Lan.ETHERCAT, MASTER, "ecat"),
    "powerlink soc": (0x88AB, made.POWERLINK_SOC, Lan.POWERLINK, MASTER, "epl"),
    "powerlink preq": (0x88AB, made.POWERLINK_PREQ, Lan.POWERLINK, MASTER, "epl"),
    "powerlink pres": (0x88AB, made.POWERLINK_PRES, Lan.POWERLINK, SLAVE, "epl"),
    "powerlink ident": (0x88AB, made.powerlink_ident(), Lan.POWERLINK, SLAVE, "epl"),
    "powerlink 1": (0x3E3F, made.POWERLINK_SOC, Lan.POWERLINK, MASTER, "epl_v1"),
    "sercos": (0x88CD, made.SERCOS_MDT, Lan.SERCOS, MASTER, "siii"),
    "mrp": (0x88E3, made.MRP_TEST, Lan.MRP, MASTER, "pn_mrp"),
    "dlr": (0x80E1, made.DLR_BEACON, Lan.DLR, MASTER, "dlr"),
    "prp": (0x88FB, made.PRP, Lan.PRP, STATION, "hsr_prp_supervision"),
    "ptp": (0x88F7, made.PTP_SYNC, Lan.PTP, MASTER, "ptp"),
    "ptp power": (0x88F7, made.PTP_POWER, Lan.PTP_POWER, MASTER, "ptp"),
    "bridges": (len(made.BRIDGES), made.BRIDGES, Lan.STP, STATION, "stp"),
    "bacnet": (len(made.BACNET), made.BACNET, Lan.BACNET_LAN, STATION, "bacnet"),
    "bacnet answer": (len(made.BACNET_ANSWER), made.BACNET_ANSWER, Lan.BACNET_LAN, SERVER, "bacnet"),
    "cclink": (0x890F, made.CCLINK, Lan.CCLINK_IE, STATION, ""),
}
"""Ethertype, payload, what it is, the sender's part, and what Wireshark calls it."""
TO_ALL = b"\xff" * 6
VLAN = b"\x81\0\x00\x14"
HSR = bytes.fromhex("892f0046") + b"\0\1"


def ethernet(payload: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    frame = to_one(payload, kind, tags)
    return TO_ALL + frame[6:] if kind == 0x88CD else frame


def seen(frame: bytes) -> tuple[Stop, int, int, int]:
    """Return stop, protocol, side and VLAN."""
    data = np.frombuffer(bytearray(frame), np.uint8)
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), 1
    decode(data, record, 1, 1, 0, packet, stops, *new_store())
    row = packet[0]
    return Stop(int(row["stop"])), int(row["transport"]), int(row["flags"]), int(row["vlan"])


each = pytest.mark.parametrize(
    ("kind", "payload", "protocol", "side"), [frame[:4] for frame in FRAMES.values()], ids=FRAMES
)


@each
def test_a_protocol_is_known_and_the_part_of_who_sends_it(
    kind: int, payload: bytes, protocol: Lan, side: LanSide
) -> None:
    assert seen(ethernet(payload, kind)) == (Stop.LAN, protocol, side, 0)


@each
def test_it_is_known_behind_a_vlan_tag_and_behind_that_of_a_ring(
    kind: int, payload: bytes, protocol: Lan, side: LanSide
) -> None:
    assert seen(ethernet(payload, kind, VLAN)) == (Stop.LAN, protocol, side, 20)
    assert seen(ethernet(payload, kind, HSR)) == (Stop.LAN, protocol, side, 0)


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in FRAMES.values() if kind > 1500}))
@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"A"])
def test_an_ethertype_alone_is_nothing(kind: int, filler: bytes) -> None:
    assert seen(to_one(filler * 60, kind))[0] == Stop.NOT_IP


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (0x8892, made.dcp(0xFEFE, 5, 1, b"")),  # an answer under the id of questions
        (0x8892, made.dcp_answer()[:14]),  # cut: it promises more
        (0x8892, made.cyclic(status=0x31)),  # data that are not valid
        (0x88A4, made.ethercat(15)),  # no such command
        (0x88A4, made.ethercat()[:20]),
        (0x88AB, bytes([1, 255, 7]) + bytes(43)),  # only the managing node begins a cycle
        (0x88B8, made.samples()),
        (0x88F7, bytes([0, 2, 0, 200]) + bytes(44)),
        (0x88E3, b"\0\2" + made.MRP_TEST[2:]),
    ],
)
def test_content_that_contradicts_itself_is_nothing(kind: int, payload: bytes) -> None:
    assert seen(ethernet(payload, kind))[0] == Stop.NOT_IP


@given(st.sampled_from(list(FRAMES.values())), st.data())
def test_no_damage_reads_past_the_frame(frame: tuple[int, bytes, Lan, LanSide, str], data: st.DataObject) -> None:
    whole = bytearray(ethernet(frame[1], frame[0]))
    for at in data.draw(st.lists(st.integers(14, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))

    seen(bytes(whole[: data.draw(st.integers(14, len(whole)))]))


def test_wireshark_calls_them_the_same(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    tshark = require_tool("tshark")
    known = [frame for frame in FRAMES.values() if frame[4]]
    path = write_pcap(tmp_path / "lan.pcap", [ethernet(frame[1], frame[0]) for frame in known])
    command = [tshark, "-n", "-r", str(path), "-T", "fields", "-e", "frame.protocols"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert [layers for layers, frame in zip(told, known, strict=True) if frame[4] not in layers.split(":")] == []


def test_cisco_bridges_are_bridges() -> None:
    payload = bytes.fromhex("aaaa0300000c010b") + made.BRIDGES[3:]
    assert seen(ethernet(payload, len(payload)))[:2] == (Stop.LAN, Lan.STP)


def test_in_a_mirror_tunnel_it_is_the_inner_frame_that_counts() -> None:
    inner = ethernet(made.goose(), 0x88B8)
    vxlan = struct.pack(">II", 0x08000000, 42 << 8) + inner
    assert seen(ethernet(ipv4(udp(vxlan, 50000, 4789), 17)))[:2] == (Stop.LAN, Lan.GOOSE)


@pytest.mark.parametrize(
    ("link", "head", "tail"),
    [(1, bytes(12) + len(made.BACNET).to_bytes(2, "big"), b"~" * 20), (129, bytes.fromhex("c000e800cd"), b"")],
)
def test_a_message_of_bacnet_ends_where_its_frame_says(link: int, head: bytes, tail: bytes) -> None:
    frame = head + made.BACNET + tail
    data = np.frombuffer(bytearray(frame), np.uint8)
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), link
    decode(data, record, 1, 1, 0, packet, stops, *new_store())
    (row,) = packet

    assert row["stop"] == Stop.LAN
    assert frame[row["payload"] : row["end"]] == made.BACNET[3:]


def test_a_data_frame_of_mstp_carries_bacnet_and_its_checksum_is_none_of_it() -> None:
    message = made.BACNET[3:]
    frame = b"\x55\xff\x06\xff\x07" + len(message).to_bytes(2, "big") + b"\0" + message + b"\xab\xcd"
    data = np.frombuffer(bytearray(frame), np.uint8)
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), 165
    decode(data, record, 1, 1, 0, packet, stops, *new_store())
    (row,) = packet

    assert row["stop"] == Stop.LAN
    assert frame[row["payload"] : row["end"]] == message
