"""A packet is found in every link and tunnel that kwel opens, and whatever is no tunnel stays what it is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.kernel.fragments import new_store
from kwel.kernel.layers import MAX_DEPTH, decode
from kwel.kernel.links import LINKS_READ
from kwel.kernel.rows import PACKET, Stop
from kwel.model.records.columns import MAPPED, RECORD, Tunnel
from tests.kernel.wrapping import (
    FRAME,
    INNER,
    L2TP,
    LINKS,
    SNAP,
    TUNNELS,
    gre,
    mpls,
    over_udp,
    pppoe,
    radiotap,
    wlan,
)
from tests.streams.making import ethernet, hear, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

STORE = new_store()


def decoded(frame: bytes, link: int = 1) -> Any:
    """Return the row of one frame, in a buffer that ends where it ends: a read behind it is an error."""
    data = np.frombuffer(bytearray(frame or b"\0"), np.uint8)
    record, packet, stops = np.zeros(1, RECORD), np.zeros(1, PACKET), np.zeros(len(Stop), np.int64)
    record["captured"], record["wire"], record["link"] = len(frame), len(frame), link
    decode(data, record, 1, 1, 0, packet, stops, *STORE)
    return packet[0]


def ports(packet: Any) -> tuple[int, int]:
    assert packet["stop"] == Stop.USED, Stop(packet["stop"])
    return int(packet["source_port"]), int(packet["destination_port"])


@pytest.mark.parametrize("case", LINKS)
def test_a_packet_is_found_behind_every_link_header(case: str) -> None:
    link, frame = LINKS[case]
    packet = decoded(frame, link)
    assert ports(packet) == (40000, 2000)
    assert packet["end"] - packet["payload"] == len(b"what is inside")
    assert packet["source_lo"] == (0x11 if packet["version"] == 6 else MAPPED | 0xC0000201)


def test_every_link_type_that_is_read_has_a_case() -> None:
    alike = {11: 100}
    assert {alike.get(link, link) for link in LINKS_READ} == {link for link, _ in LINKS.values()}


@pytest.mark.parametrize("case", TUNNELS)
def test_a_packet_is_found_inside_every_tunnel(case: str) -> None:
    frame, tunnel = TUNNELS[case]
    packet = decoded(frame)
    assert ports(packet) == (40000, 2000)
    assert packet["end"] - packet["payload"] == len(b"what is inside")
    assert packet["tunnel"] == tunnel


def test_every_kind_of_tunnel_has_a_case() -> None:
    assert {tunnel >> 24 for _, tunnel in TUNNELS.values()} == {int(kind) for kind in Tunnel}


@pytest.mark.parametrize("case", [*LINKS, *TUNNELS])
def test_a_frame_cut_at_any_offset_is_read_to_its_end_and_no_further(case: str) -> None:
    link, frame = LINKS[case] if case in LINKS else (1, TUNNELS[case][0])
    for size in range(len(frame)):
        packet = decoded(frame[:size], link)
        assert packet["payload"] <= packet["end"] <= size or packet["stop"] != Stop.USED


@given(
    case=st.sampled_from([*LINKS.values(), *((1, frame) for frame, _ in TUNNELS.values())]),
    damage=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
)
def test_no_damage_leads_out_of_bounds(case: tuple[int, bytes], damage: list[tuple[int, int]]) -> None:
    link, frame = case[0], bytearray(case[1])
    for at, value in damage:
        if at < len(frame):
            frame[at] = value
    decoded(bytes(frame), link)


@pytest.mark.parametrize(
    ("link", "frame", "stop"),
    [
        (105, wlan(bytes(40), flags=0x41), Stop.WIRELESS_ENCRYPTED),
        (127, radiotap(wlan(bytes(40), 0x88, 0x42, more=bytes(2))), Stop.WIRELESS_ENCRYPTED),
        (105, wlan(bytes(40), 0x80), Stop.NOT_IP),  # a beacon
        (105, wlan(bytes(40), 0x48), Stop.NOT_IP),  # no data
        (105, wlan(SNAP + INNER)[:22] + b"\x01\0" + SNAP + INNER, Stop.FRAGMENT),
        (1, ethernet(bytes.fromhex("0c00 00000001") + bytes(60), 0x88E5), Stop.LINK_ENCRYPTED),
        (9, b"\xff\x03\x00\xfd" + bytes(40), Stop.LINK_ENCRYPTED),
        (9, b"\xff\x03\xc0\x21" + bytes(40), Stop.NOT_IP),  # LCP
        (1, ethernet(pppoe(INNER), 0x8863), Stop.NOT_IP),  # discovery
        (1, ethernet(bytes.fromhex("424203") + bytes(40), 38), Stop.LAN),  # spanning tree
        (1, ethernet(bytes.fromhex("aaaa0300000c2000") + bytes(40), 48), Stop.DISCOVERY),  # CDP
        (1, over_udp(b"\x08\0\0\0\0\1\2\0" + ethernet(bytes(46), 0x88CC), 4789), Stop.DISCOVERY),
        (1, over_udp(b"\x08\0\0\0\0\1\2\0" + ethernet(bytes(46), 0x8892), 4789), Stop.NOT_IP),
    ],
)
def test_a_frame_that_leads_to_no_packet_is_set_aside_for_its_reason(link: int, frame: bytes, stop: Stop) -> None:
    assert decoded(frame, link)["stop"] == stop


@pytest.mark.parametrize(
    ("body", "port"),
    [
        (b"", 4789),
        (b"\x08\0\0\0\0\1\2\0" + bytes(40), 4789),
        (b"\xff" * 60, 8472),
        (b"\0\0\x65\x58\0\1\2\0" + bytes(40), 6081),
        (b"\x40\0\x65\x58\0\1\2\0" + FRAME, 6081),
        (b"\0\0\x08\0\0\1\2\0" + bytes(40), 6081),
        (b"\x0c\0\0\6\0\1\2\0" + INNER, 4790),
        (b"\x30\xff\0\x40\0\0\0\7" + bytes(40), 2152),
        (b"\x32\1\0\4\0\0\0\0" + INNER, 2152),  # an echo request
        (b"\x60" + bytes(20), 3544),
        (b"\xc8\2\0\x40" + INNER, 1701),  # control
        (L2TP + b"\xff\3\xc0\x21" + bytes(20), 1701),  # LCP
        (b"\1\0\0\0\x16\xfe\xfd" + bytes(40), 5247),  # DTLS
        (b"\0\x10\x03\x08\0\0\0\0" + bytes(40), 5247),  # a keep-alive
        (bytes(60), 4341),
        (bytes(60), 4754),
        (b"\0\0\x88\x6d" + bytes(60), 4754),
        (b"\xff" * 60, 6635),
        (b"\1\0\0\2\1" + FRAME, 37008),
    ],
)
def test_a_datagram_with_a_tunnels_port_that_carries_none_stays_a_datagram(body: bytes, port: int) -> None:
    packet = decoded(over_udp(body, port))
    assert ports(packet) == (50000, port)
    assert packet["tunnel"] == 0
    assert packet["end"] - packet["payload"] == len(body)


@pytest.mark.parametrize(
    "packet",
    [
        gre(bytes(40), 0x0800),
        gre(bytes(40), 0xFEFE),
        gre(b"", 0, 0x2000, bytes(4)),  # a keep-alive
        gre(b"", 0x880B, 0x2081, b"\0\0\0\1" + bytes(4)),  # an acknowledgement of PPTP
        gre(b"\xc0\x21" + bytes(30), 0x880B, 0x3001, b"\0\x20\0\1" + bytes(4)),
        ipv4(bytes(40), 4),
        ipv4(bytes(40), 41),
        ipv4(b"\x20" + bytes(40), 103),
        ipv4(bytes(40), 115),
        ipv4(b"\x11\xff" + bytes(40), 51),
    ],
)
def test_a_packet_that_seems_to_carry_one_and_does_not_stays_what_it_is(packet: bytes) -> None:
    row = decoded(ethernet(packet))
    assert ports(row) == (0, 0)
    assert (row["transport"], row["tunnel"], row["version"]) == (packet[9], 0, 4)


def there_and_back(there: bytes, back: bytes, folder: Path) -> int:
    """Return how many flows two frames are."""
    return len(hear(folder, [there, back]).flows)


BACK = ipv4(udp(b"an answer", 2000, 40000), 17, "192.0.2.2", "192.0.2.1")


def test_numbers_that_each_direction_chooses_do_not_split_a_conversation(tmp_path: Path) -> None:
    def gtp(teid: int, packet: bytes) -> bytes:
        return over_udp(struct.pack(">BBHI", 0x30, 255, len(packet), teid) + packet, 2152)

    assert there_and_back(gtp(7, INNER), gtp(9, BACK), tmp_path) == 1
    assert there_and_back(ethernet(mpls(INNER, 1), 0x8847), ethernet(mpls(BACK, 3), 0x8847), tmp_path) == 1
    other = L2TP[:2] + b"\0\x33\0\x44"
    assert (
        there_and_back(over_udp(L2TP + b"\0\x21" + INNER, 1701), over_udp(other + b"\0\x21" + BACK, 1701), tmp_path)
        == 1
    )
    assert there_and_back(
        ethernet(gre(ethernet(INNER), 0x6558, 0x2000, b"\0\x12\x34\x05")),
        ethernet(gre(ethernet(BACK), 0x6558, 0x2000, b"\0\x12\x34\x77")),
        tmp_path,
    ) == 1  # fmt: skip


def test_the_same_addresses_in_two_networks_are_two_conversations(tmp_path: Path) -> None:
    def vxlan(network: int, payload: bytes) -> bytes:
        packet = ipv4(udp(payload, 40000, 2000), 17, "192.0.2.1", "192.0.2.2")
        return over_udp(b"\x08\0\0\0" + struct.pack(">I", network << 8) + ethernet(packet), 4789)

    assert there_and_back(vxlan(1, b"to one host"), vxlan(2, b"to another"), tmp_path) == 2


def nested(depth: int) -> bytes:
    """Return *depth* tunnels of several kinds, one in the other."""
    packet = INNER
    for i in range(depth):
        if i % 3 == 0:
            packet = gre(packet, 0x0800)
        elif i % 3 == 1:
            packet = ipv4(udp(b"\x08\0\0\0\0\0\1\0" + ethernet(packet, 0x0800, b"\x81\0\0\x14"), 50000, 4789), 17)
        else:
            packet = ipv4(packet, 4)
    return ethernet(packet)


def test_eight_nested_tunnels_are_opened_and_ten_are_set_aside() -> None:
    assert ports(decoded(nested(MAX_DEPTH))) == (40000, 2000)
    assert decoded(nested(MAX_DEPTH + 1))["stop"] == Stop.TOO_DEEP
    assert decoded(nested(10))["stop"] == Stop.TOO_DEEP
