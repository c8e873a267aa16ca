"""A packet that a mirror shows twice counts once; a packet that was sent twice counts twice."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.streams.making import CLIENT, SERVER, Talk, ethernet, hear, hello, ipv4, ipv6, names, tcp, udp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VLAN_20, VLAN_30 = bytes.fromhex("81000014"), bytes.fromhex("8100001e")
A, B = bytes.fromhex("20010db8" + "00" * 11 + "05"), bytes.fromhex("20010db8" + "00" * 11 + "07")
LINK_A = bytes.fromhex("fe80" + "00" * 13 + "05")
ALL_NODES = bytes.fromhex("ff02" + "00" * 13 + "01")
FIN_ACK = 0x11


def routed(frame: bytes, tags: bytes = b"", fewer: int = 1) -> bytes:
    """Return a frame as it leaves a router: other MACs, TTL less one, perhaps on another VLAN."""
    at = 14 + 8
    return (
        frame[:4]
        + b"\x77\x77"
        + frame[6:10]
        + b"\x88\x88"
        + tags
        + frame[12:at]
        + bytes([frame[at] - fewer])
        + frame[at + 1 :]
    )


def tagged(frame: bytes, tags: bytes) -> bytes:
    return frame[:12] + tags + frame[12:]


def talk() -> list[bytes]:
    """Return a conversation of ten packets with a name in it."""
    t = Talk()
    return [
        *t.handshake(), t.up(hello("plant.example", 100), 0), t.down(bytes(1000), 0), t.up(b"", 300, 0x10),
        t.down(bytes(500), 1000), t.up(b"", 300, FIN_ACK), t.down(b"", 1500, FIN_ACK), t.up(b"", 301, 0x10),
    ]  # fmt: skip


def each_and(frames: Iterable[bytes], *others) -> list[bytes]:  # type: ignore[no-untyped-def]
    return [shown for frame in frames for shown in (frame, *(other(frame) for other in others))]


@pytest.mark.parametrize(
    "second",
    [
        lambda frame: frame,
        routed,
        lambda frame: tagged(frame, VLAN_20),
        lambda frame: ethernet(
            ipv4(udp(bytes.fromhex("0800000000106800") + frame, 9, 4789), 17, "192.0.2.1", "192.0.2.2")
        ),
    ],
    ids=["the same", "before and after routing", "without and with a tag", "plain and through a tunnel"],
)
def test_a_second_copy_adds_nothing(tmp_path: Path, second) -> None:  # type: ignore[no-untyped-def]
    frames = talk()
    traffic = hear(tmp_path, each_and(frames, second), step=20)

    (flow,) = traffic.flows
    assert traffic.coverage.set_aside == {"duplicate": len(frames)}
    assert traffic.coverage.packets == 2 * len(frames) == traffic.coverage.used + len(frames)
    assert flow["packets_out"] + flow["packets_in"] == len(frames)
    assert flow["bytes_out"] + flow["bytes_in"] == sum(map(len, frames))
    assert names(traffic) == [(1, "plant.example")]


def test_a_third_and_fourth_copy_add_nothing(tmp_path: Path) -> None:
    traffic = hear(tmp_path, each_and(talk(), routed, routed, lambda f: tagged(f, VLAN_20)), step=10)
    assert traffic.coverage.set_aside == {"duplicate": 30}
    assert len(traffic.flows) == 1


def test_two_vlans_that_show_the_same_packets_carry_one_flow(tmp_path: Path) -> None:
    """Requests are seen on VLAN 20 first, answers on VLAN 30 first: before and after the router between them."""
    shown = []
    for frame in talk():
        is_up = frame[26:30] == bytes(map(int, CLIENT.split(".")))
        first, second = (VLAN_20, VLAN_30) if is_up else (VLAN_30, VLAN_20)
        shown += [tagged(frame, first), routed(frame, second)]
    traffic = hear(tmp_path, shown, step=30)

    (flow,) = traffic.flows
    assert (flow["vlan"], flow["packets_out"], flow["packets_in"]) == (20, 6, 4)
    assert traffic.coverage.set_aside == {"duplicate": 10}


def test_a_conversation_after_a_copy_was_lost_stays_one_flow(tmp_path: Path) -> None:
    shown = each_and([tagged(frame, VLAN_20) for frame in talk()], lambda f: f[:12] + VLAN_30 + f[16:])
    del shown[4]  # a first copy: its second one is all there is
    traffic = hear(tmp_path, shown, step=30)

    (flow,) = traffic.flows
    assert flow["packets_out"] + flow["packets_in"] == 10


def test_a_retransmission_counts(tmp_path: Path) -> None:
    """RFC 6298: a timeout takes 200 ms or more in practice, and the packet gets a new identification."""
    t = Talk()
    first = t.up(bytes(500), 0)
    early, late = t.up(bytes(500), 0), first
    traffic = hear(tmp_path, [*t.handshake(), first, early, *[t.down(b"", 0, 0x10)] * 1, late], step=100_001)

    assert not traffic.coverage.set_aside
    assert traffic.flows["payload_out"].tolist() == [1500]


def test_a_probe_that_comes_soon_counts_when_its_number_differs(tmp_path: Path) -> None:
    """RFC 8985 section 7: a tail loss probe may come after two round trips."""
    t = Talk()
    traffic = hear(tmp_path, [*t.handshake(), t.up(bytes(500), 0), t.up(bytes(500), 0)], step=50)
    assert not traffic.coverage.set_aside


def test_duplicate_acknowledgements_count(tmp_path: Path) -> None:
    t = Talk()
    frames = [*t.handshake(), *(t.up(b"", 0, 0x10) for _ in range(3))]
    assert not hear(tmp_path, frames, step=10).coverage.set_aside


def test_acknowledgements_without_a_number_count_unless_the_capture_shows_copies(tmp_path: Path) -> None:
    acknowledgements = [ethernet(ipv6(tcp(b"", 1, 0x10), 6, A, B), 0x86DD)] * 3
    assert not hear(tmp_path, acknowledgements, step=10).coverage.set_aside

    doubled = each_and(talk(), lambda frame: frame)
    assert hear(tmp_path, [*doubled, *acknowledgements], step=10).coverage.set_aside == {"duplicate": 12}


def test_resets_without_a_number_count(tmp_path: Path) -> None:
    """Each of several late segments is answered by a reset of its own, with the same sequence number."""
    resets = [ethernet(ipv4(tcp(b"", 1, 0x04), 6, ident=0))] * 3
    assert not hear(tmp_path, resets, step=20).coverage.set_aside


def test_a_keep_alive_counts(tmp_path: Path) -> None:
    keep_alive = ethernet(ipv6(tcp(b"", 1, 0x10), 6, A, B), 0x86DD)
    assert not hear(tmp_path, [keep_alive] * 5, step=10_000_000).coverage.set_aside


@pytest.mark.parametrize(("step", "copies"), [(400, 1), (600, 0)])
def test_data_without_a_number_is_a_copy_only_at_once(tmp_path: Path, step: int, copies: int) -> None:
    data = ethernet(ipv6(tcp(bytes(100), 1), 6, A, B), 0x86DD)
    coverage = hear(tmp_path, [data, data], step=step).coverage
    assert coverage.set_aside.get("duplicate", 0) == copies


@pytest.mark.parametrize(("hops", "step", "copies"), [(63, 4900, 1), (63, 5100, 0)])
def test_data_without_a_number_from_behind_a_router_may_take_longer(
    tmp_path: Path, hops: int, step: int, copies: int
) -> None:
    frames = [ethernet(ipv6(tcp(b"", 1, 0x10), 6, A, B, h), 0x86DD) for h in (64, hops)]
    assert hear(tmp_path, frames, step=step).coverage.set_aside.get("duplicate", 0) == copies


def test_cyclic_datagrams_with_the_same_content_count(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"status ok", 2222, 2222), 17)) for _ in range(50)]
    assert not hear(tmp_path, frames, step=1000).coverage.set_aside


def test_cyclic_datagrams_without_numbers_count(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"status ok", 2222, 2222), 17, ident=0))] * 50
    assert not hear(tmp_path, frames, step=100).coverage.set_aside


def test_datagrams_without_a_checksum_are_told_apart_by_their_content(tmp_path: Path) -> None:
    frames = [ethernet(ipv4(udp(b"reading %d" % i, 2222, 2222), 17, ident=5)) for i in range(9)]
    assert not hear(tmp_path, frames, step=10).coverage.set_aside


def test_what_stays_on_its_link_is_another_packet_on_another_vlan(tmp_path: Path) -> None:
    advertisement = ethernet(ipv6(bytes([134, 0]) + bytes(14), 58, LINK_A, ALL_NODES, 255), 0x86DD)
    traffic = hear(tmp_path, [tagged(advertisement, VLAN_20), tagged(advertisement, VLAN_30)], step=5)

    assert not traffic.coverage.set_aside
    assert sorted(traffic.flows["vlan"].tolist()) == [20, 30]


def test_fragments_on_two_vlans_count_once(tmp_path: Path) -> None:
    from tests.kernel.test_fragments import ANSWER, pieces

    plain = pieces(ANSWER, [400, 800], source=SERVER, destination=CLIENT)
    shown = each_and([tagged(frame, VLAN_20) for frame in plain], lambda f: f[:12] + VLAN_30 + f[16:])
    traffic = hear(tmp_path, shown, step=20)

    (flow,) = traffic.flows
    assert traffic.coverage.set_aside == {"duplicate": 3}
    assert flow["packets_in"] == 3
    assert len(traffic.answers) == 31


def test_bytes_that_were_acknowledged_and_never_captured_are_counted(tmp_path: Path) -> None:
    t = Talk()
    end = [tcp(b"", 7001 + 3000, FIN_ACK, 443, 40000, ack=1001), tcp(b"", 1001, FIN_ACK, ack=7001 + 3000 + 1)]
    closing = [ethernet(ipv4(end[0], 6, SERVER, CLIENT)), ethernet(ipv4(end[1], 6))]
    parts = [t.down(bytes(1000), offset) for offset in (0, 1000, 2000)]
    notes = [hear(tmp_path, [*t.handshake(), *kept, *closing]).coverage.notes for kept in ([parts[0], parts[2]], parts)]

    assert (notes[0]["bytes-missing"], notes[0]["bytes-acknowledged"]) == (1001, 3001)
    assert "bytes-missing" not in notes[1]


def test_a_firewall_that_sets_numbers_of_its_own_makes_no_bytes_missing(tmp_path: Path) -> None:
    """Both sides of it were captured: the server's SYN-ACK has one number inside and another outside."""
    t = Talk()
    other = ethernet(ipv4(tcp(b"", 900_000, 0x12, 443, 40000), 6, SERVER, CLIENT))
    close = ethernet(ipv4(tcp(b"", 1001, FIN_ACK, ack=900_001), 6))
    assert "bytes-missing" not in hear(tmp_path, [*t.handshake(), other, close]).coverage.notes


def test_a_capture_that_cut_packets_says_nothing_of_missing_bytes(tmp_path: Path) -> None:
    frames = list(itertools.chain(talk()))
    assert "bytes-missing" not in hear(tmp_path, frames, snaplen=80).coverage.notes
