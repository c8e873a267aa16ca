"""Which MAC sends packets of which address is noted, within bounds; and who claims an address again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.model.records.columns import address_text, mac_text
from kwel.streams.senders import MOST_OF_ONE
from tests.streams.making import CLIENT, MAC_A, SERVER, ethernet, hear, ip4, ipv4, ipv6, tcp, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.records.columns import Rows

A, B = "00:1b:1b:10:00:21", "02:00:00:00:00:0b"
TO_ALL = "224.0.0.251"


def from_mac(frame: bytes, mac: str) -> bytes:
    return frame[:6] + bytes.fromhex(mac.replace(":", "")) + frame[12:]


def noted(rows: Rows) -> list[tuple[str, str]]:
    return [(mac_text(int(r["mac"])), address_text(int(r["address_hi"]), int(r["address_lo"]))) for r in rows]


def test_each_direction_shows_who_sends_it(tmp_path: Path) -> None:
    up, again = (ethernet(ipv4(udp(b"x"), 17)) for _ in range(2))
    down = from_mac(ethernet(ipv4(udp(b"y", 53, 40000), 17, SERVER, CLIENT, ttl=57)), B)
    senders = hear(tmp_path, [up, down, again]).senders

    assert noted(senders) == [(A, CLIENT), (B, SERVER)]
    assert senders["packets"].tolist() == [[0, 2, 0, 0], [0, 1, 0, 0]]
    assert senders["lowest"].tolist() == [[0, 64, 0, 0], [0, 57, 0, 0]]
    assert senders["frame"].tolist() == [1, 2]


@pytest.mark.parametrize(("ttl", "place"), [(1, 0), (32, 0), (33, 1), (64, 1), (65, 2), (128, 2), (129, 3), (255, 3)])
def test_ttls_are_kept_by_what_they_began_with(tmp_path: Path, ttl: int, place: int) -> None:
    (row,) = hear(tmp_path, [ethernet(ipv4(udp(b"x"), 17, ttl=ttl))]).senders
    assert row["packets"].tolist() == [int(at == place) for at in range(4)]
    assert (row["lowest"][place], row["highest"][place]) == (ttl, ttl)


def test_tags_are_stepped_over_and_ipv6_counts(tmp_path: Path) -> None:
    inside, outside = bytes.fromhex("fd" + 14 * "00" + "05"), bytes.fromhex("2001") + bytes(13) + b"\7"
    frames = [
        ethernet(ipv4(udp(b"x"), 17), tags=bytes.fromhex("81000014")),
        ethernet(ipv6(udp(b"x"), 17, inside, outside), 0x86DD),
        ethernet(ipv6(udp(b"x"), 17, inside, bytes.fromhex("ff02") + bytes(13) + b"\xfb", 255), 0x86DD),
    ]
    senders = hear(tmp_path, frames).senders

    assert noted(senders) == [(A, CLIENT), (A, "fd00::5")]
    assert senders["vlan"].tolist() == [20, 0]
    assert senders["link_frame"].tolist() == [0, 3]


def test_what_a_tunnel_carries_is_not_of_whoever_sent_the_tunnel(tmp_path: Path) -> None:
    inner = ipv4(udp(b"x"), 17, "192.168.1.1", "192.168.1.2")
    assert len(hear(tmp_path, [ethernet(ipv4(inner, 4))]).senders) == 0


@pytest.mark.parametrize(
    ("destination", "ttl", "proves"),
    [(TO_ALL, 255, True), (TO_ALL, 1, True), (TO_ALL, 64, False), ("239.255.255.250", 1, False), (SERVER, 255, False)],
)
def test_only_what_no_router_passes_on_proves_the_mac(tmp_path: Path, destination: str, ttl: int, proves: bool) -> None:
    frame = ethernet(ipv4(udp(b"x", 5353, 5354), 17, CLIENT, destination, ttl=ttl))
    (row,) = hear(tmp_path, [frame]).senders
    assert bool(row["link_frame"]) == proves


def test_of_one_mac_a_few_addresses_are_enough(tmp_path: Path) -> None:
    frames = [
        ethernet(ipv4(tcp(b"x", 1, source=n + 1), 6, f"10.20.{n >> 8}.{n & 255}")) for n in range(MOST_OF_ONE + 50)
    ]
    traffic = hear(tmp_path, frames)

    assert len(traffic.senders) == MOST_OF_ONE
    assert "senders-not-kept" not in traffic.coverage.notes


def arp(mac: str, address: str = CLIENT) -> bytes:
    sender = bytes.fromhex(mac.replace(":", ""))
    return b"\xff" * 6 + sender + bytes.fromhex("08060001080006040002") + sender + ip4(address) + MAC_A + ip4(SERVER)


@pytest.mark.parametrize(
    ("order", "returns", "back_frame"),
    [("AAA", [0], [0]), ("AB", [0, 0], [0, 0]), ("AABBA", [1, 0], [5, 0]), ("ABABAB", [2, 2], [5, 6])],
)
def test_who_claims_an_address_again_is_counted(
    tmp_path: Path, order: str, returns: list[int], back_frame: list[int]
) -> None:
    claims = hear(tmp_path, [arp({"A": A, "B": B}[of]) for of in order]).claims

    assert claims["returns"].tolist() == returns
    assert claims["back_frame"].tolist() == back_frame
    assert claims["last"].tolist() == [
        1_700_000_000_000_000_000 + order.rindex(of) * 1_000_000 if order.count(of) > 1 else 0
        for of in dict.fromkeys(order)
    ]


def test_claims_to_other_addresses_are_no_return(tmp_path: Path) -> None:
    claims = hear(tmp_path, [arp(A), arp(B, "10.20.1.6"), arp(A)]).claims
    assert claims["returns"].tolist() == [0, 0]
