"""Who only speaks without IP is an asset by its MAC; what switches' ports say makes none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.assets import devices, identify
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from tests.kernel import lan_frames as made
from tests.streams.making import MAC_A, MAC_B, ethernet, hear, ip4

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.model.assets import Asset

A, B, C = "00:1b:1b:10:00:21", "00:09:0f:aa:00:01", "00:a0:45:00:00:03"


def frame(source: str, destination: str, kind: int, payload: bytes, tags: bytes = b"") -> bytes:
    macs = b"".join(bytes.fromhex(mac.replace(":", "")) for mac in (destination, source))
    return macs + tags + kind.to_bytes(2, "big") + payload


def assets_of(folder: Path, frames: list[bytes]) -> dict[str, Asset]:
    return {asset.id: asset for asset in identify(hear(folder, frames)).assets}


def part_of(asset: Asset) -> tuple[str, str, str]:
    """Return kind, role, and the side that evidence tells."""
    said = dict(asset.protocols[0].evidence[0].values)
    return asset.kind, asset.role.value if asset.role else "", said["role"]


def role_of(asset: Asset) -> tuple[str, Grade]:
    assert asset.role
    return asset.role.value, asset.role.grade


def test_a_publisher_is_an_ied_known_by_its_mac(tmp_path: Path) -> None:
    (asset,) = assets_of(tmp_path, [frame(A, "01:0c:cd:01:00:01", 0x88B8, made.goose(), b"\x81\0\0\x14")] * 2).values()

    assert (asset.id, asset.addresses, asset.vlans) == (A, (), (20,))
    assert part_of(asset) == (AssetKind.OT, "ied", "publisher")
    assert [(fact.kind, fact.claim.value) for fact in asset.facts] == [
        ("service", "IED1PROT/LLN0$GO$gcb01"),
        ("station", "IED1PROT"),
    ]
    assert asset.last - asset.first == 1_000_000
    assert str(asset.macs[0].evidence[0].where) == "made.pcap#1"


def test_whoever_exchanges_cyclic_data_with_several_is_their_controller(tmp_path: Path) -> None:
    pairs = [(A, B), (B, A), (A, C), (C, A)]
    found = assets_of(tmp_path, [frame(*pair, 0x8892, made.cyclic()) for pair in pairs])

    assert {mac: part_of(asset)[1:] for mac, asset in found.items()} == {
        A: ("controller", "master"), B: ("device", "station"), C: ("device", "station"),
    }  # fmt: skip
    assert role_of(found[A]) == ("controller", Grade.C)


def test_what_a_station_says_of_itself_goes_before_that(tmp_path: Path) -> None:
    found = assets_of(tmp_path, [frame(A, B, 0x8892, made.dcp_answer()), frame(A, B, 0x8892, made.cyclic())])

    (asset,) = found.values()  # B never sent anything
    roles = {dict(e.values)["role"] for claim in asset.protocols for e in claim.evidence if e.kind == "spoken"}
    assert roles == {"server", "master"}
    assert asset.addresses == ("10.20.1.16",)
    assert (asset.product.value if asset.product else "", asset.role.value if asset.role else "") == (
        "S7-300",
        "controller",
    )


def test_an_address_told_by_dcp_joins_the_flows_to_the_station(tmp_path: Path) -> None:
    arp = bytes.fromhex("0001080006040002") + MAC_A + ip4("10.20.1.16") + MAC_B + ip4("10.20.1.9")
    found = assets_of(tmp_path, [ethernet(made.dcp_answer(), 0x8892), ethernet(arp, 0x0806)])

    assert found[A].addresses == ("10.20.1.16",)


def test_the_frame_that_comes_back_from_the_slaves_is_no_second_master(tmp_path: Path) -> None:
    back = f"02{A[2:]}"
    found = assets_of(tmp_path, [frame(mac, "ff:ff:ff:ff:ff:ff", 0x88A4, made.ethercat()) for mac in (A, back)])

    assert {mac: part_of(asset) for mac, asset in found.items()} == {A: (AssetKind.OT, "controller", "master")}


@pytest.mark.parametrize(("kind", "payload"), [(0x88E3, made.MRP_TEST), (0x88F7, made.PTP_SYNC), (38, made.BRIDGES)])
def test_ports_of_switches_are_no_assets(tmp_path: Path, kind: int, payload: bytes) -> None:
    assert assets_of(tmp_path, [frame(A, "01:80:c2:00:00:0e", kind, payload)]) == {}


def test_a_name_that_is_set_is_the_receivers(tmp_path: Path) -> None:
    setting = made.dcp(0xFEFD, 4, 0, made.dcp_block(2, 2, b"\0\1press-2"))
    found = assets_of(tmp_path, [frame(A, B, 0x8892, setting)])

    assert [(fact.kind, fact.claim.value) for fact in found[B].facts] == [("station", "press-2")]
    assert found[A].facts == ()


def test_no_more_devices_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MOST_SILENT", 5)
    macs = [f"00:1b:1b:00:00:{i:02x}" for i in range(8)]
    inventory = identify(hear(tmp_path, [frame(mac, B, 0x8892, made.cyclic()) for mac in macs]))

    assert (len(inventory.assets), inventory.left_out["addresses-left-out"]) == (5, 3)


def test_cooked_frames_have_no_sender_that_could_be_told(tmp_path: Path) -> None:
    cooked = bytes(14) + b"\x88\xb8" + made.goose()
    traffic = hear(tmp_path, [cooked], link=113)

    assert [said.mac for said in traffic.observed] == [None, None]
    assert identify(traffic).assets == ()
