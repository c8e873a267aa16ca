"""Which tunnels are mirror sessions, and who is at their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.analysis.stages import Options, conclude
from kwel.model.records.columns import Tunnel, address_text
from tests.streams.making import CLIENT, SERVER, Talk, ethernet, hear, hello, ip4, ipv4, udp

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.records.columns import Rows

SOURCE, COLLECTOR = "10.9.0.1", "10.9.0.2"


def vxlan(frame: bytes, source: str = SOURCE, destination: str = COLLECTOR, number: int = 7) -> bytes:
    header = bytes.fromhex("08000000") + (number << 8).to_bytes(4, "big")
    return ethernet(ipv4(udp(header + frame, 9000, 4789), 17, source, destination))


def erspan(frame: bytes) -> bytes:
    header = bytes.fromhex("100088be00000001") + bytes.fromhex("1000000500000000")
    return ethernet(ipv4(header + frame, 47, SOURCE, COLLECTOR))


def talk() -> list[bytes]:
    t = Talk()
    return [*t.handshake(), t.up(hello("plant.example"), 0), t.down(bytes(900), 0)]


def ends(mirrors: Rows) -> list[tuple[str, str, int, int]]:
    return [
        (
            address_text(int(row["source_hi"]), int(row["source_lo"])),
            address_text(int(row["collector_hi"]), int(row["collector_lo"])),
            int(row["tunnel"]) >> 24,
            int(row["frames"]),
        )
        for row in mirrors
    ]


def test_tunnels_one_way_with_conversations_both_ways_are_a_mirror(tmp_path: Path) -> None:
    traffic = hear(tmp_path, [ethernet(bytes(60), 0x8892), *map(vxlan, talk())])

    assert ends(traffic.mirrors) == [(SOURCE, COLLECTOR, Tunnel.VXLAN, 5)]
    assert traffic.mirrors["first_frame"].tolist() == [2]


def test_tunnels_both_ways_join_networks(tmp_path: Path) -> None:
    up = [vxlan(frame) for frame in talk()[::2]]
    down = [vxlan(frame, COLLECTOR, SOURCE) for frame in talk()[1::2]]
    assert not len(hear(tmp_path, [*up, *down]).mirrors)


def test_tunnels_with_half_of_every_conversation_join_networks(tmp_path: Path) -> None:
    t = Talk()
    assert not len(hear(tmp_path, [vxlan(t.up(bytes(100), 100 * i)) for i in range(9)]).mirrors)


def test_erspan_is_a_mirror_whatever_it_carries(tmp_path: Path) -> None:
    t = Talk()
    assert ends(hear(tmp_path, [erspan(t.up(b"x", 0))]).mirrors) == [(SOURCE, COLLECTOR, Tunnel.ERSPAN, 1)]


def test_sessions_of_one_mirror_are_told_apart_and_counted(tmp_path: Path) -> None:
    frames = [vxlan(frame, number=number) for number in (7, 8) for frame in talk()]
    assert [row[3] for row in ends(hear(tmp_path, frames).mirrors)] == [5, 5]


def test_a_crowd_of_tunnels_is_counted_beyond_what_is_kept(tmp_path: Path) -> None:
    frames = [vxlan(talk()[0], number=number) for number in range(100)]
    traffic = hear(tmp_path, frames)
    assert traffic.coverage.notes["mirrors-not-kept"] == 36


def test_the_collector_is_told_from_the_plant_and_has_no_contacts(tmp_path: Path) -> None:
    """It answers with ICMP errors, and asks a server of its own for something: neither is the plant's."""
    quoted = ipv4(udp(b"", 9000, 4789), 17, SOURCE, COLLECTOR)[:28]
    error = ethernet(ipv4(b"\3\3" + bytes(6) + quoted, 1, COLLECTOR, SOURCE))
    own = [frame.replace(ip4(CLIENT), ip4(COLLECTOR)) for frame in talk()]
    analysis = conclude(hear(tmp_path, [*map(vxlan, talk()), error, *own]), Options())

    roles = {a.addresses[0]: a.role.value if a.role else None for a in analysis.assets if a.addresses}
    assert roles[COLLECTOR] == "collector"
    assert roles[CLIENT] is None
    assert {d.asset for d in analysis.dependencies} == {CLIENT}
    assert analysis.traffic.coverage.notes["mirrored"] == 5


def test_a_source_that_is_heard_itself_is_called_so(tmp_path: Path) -> None:
    ping = ethernet(ipv4(bytes([8, 0]) + bytes(30), 1, SOURCE, "10.9.0.9"))
    analysis = conclude(hear(tmp_path, [*map(vxlan, talk()), ping]), Options())
    (asset,) = [asset for asset in analysis.assets if asset.addresses == (SOURCE,)]

    assert asset.role is not None
    assert asset.role.value == "mirror-source"
    assert dict(asset.role.evidence[0].values) == {"source": SOURCE, "collector": COLLECTOR, "tunnel": "vxlan"}
    assert asset.role.evidence[0].where is not None
    assert SERVER not in {a for asset in analysis.assets for a in asset.addresses}
