"""The truth of the sample captures: each device is one asset with its MAC, and OT speaks OT."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kwel.analysis.stages import read_traffic
from kwel.assets import Inventory, identify
from kwel.model.assets import Asset, AssetKind
from tests.truths import read_truth

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"


def truth_of(name: str) -> dict[str, Any]:
    return read_truth(SAMPLES / f"{name}.yaml")


@cache
def inventory_of(name: str) -> Inventory:
    return identify(read_traffic([str(SAMPLES / truth_of(name)["file"])]))


def asset_at(name: str, address: str) -> Asset | None:
    return next((asset for asset in inventory_of(name).assets if address in asset.addresses), None)


NAMES = sorted(path.stem for path in SAMPLES.glob("*.yaml"))
UNHEARD = ("eu_only", "off1")
"""The one device of the truth whose address is in no frame of its capture."""
DEVICES = [(name, device) for name in NAMES for device in truth_of(name).get("assets") or {}]


@pytest.mark.parametrize(("name", "device"), DEVICES)
def test_every_device_of_the_truth_is_one_asset_with_its_mac(name: str, device: str) -> None:
    truth = truth_of(name)["assets"][device]
    found = {asset.id for address in truth["ip"] if (asset := asset_at(name, address))}

    if (name, device) == UNHEARD:
        assert not found
        return
    assert len(found) == 1
    if found != {truth["mac"]}:  # no ARP, Neighbour Discovery or DHCP of it was captured
        assert found <= set(truth["ip"])
        assert truth["mac"] not in {asset.id for asset in inventory_of(name).assets}


@pytest.mark.parametrize("name", NAMES)
def test_no_asset_is_public_and_none_has_the_vendor_of_another(name: str) -> None:
    truth = truth_of(name)
    macs = {device["mac"]: device for device in (truth.get("assets") or {}).values()}
    clouds = {event["dst_ip"] for event in truth["cloud_events"]} - {"10.20.0.1"}
    for asset in inventory_of(name).assets:
        assert not clouds & set(asset.addresses)
        if asset.id in macs:
            assert set(macs[asset.id]["ip"]) >= {a for a in asset.addresses if not a.startswith("fe80")}


OT_PROTOCOLS = {"S7comm", "Modbus/TCP", "OPC UA", "IEC 60870-5-104", "EtherNet/IP (CIP)", "BACnet/IP"}
"""As the truth files of the laboratory spell them."""
SILENT = 6
"""Packets of a connection that opens and closes, and says nothing: no content tells what it would have spoken."""


@pytest.mark.parametrize("name", NAMES)
def test_ot_is_whoever_speaks_a_protocol_of_the_plant(name: str) -> None:
    truth = truth_of(name)
    speakers = {
        device
        for event in truth["ot_local_events"]
        if event["protocol"] in OT_PROTOCOLS and event["packets"] > SILENT
        for device in (event["src"], event["dst"])
    }
    expected = {truth["assets"][device]["ip"][0] for device in speakers}
    ot = {asset.addresses[0] for asset in inventory_of(name).assets if asset.kind == AssetKind.OT}

    assert ot == expected


def test_one_client_with_two_leases_is_one_asset_with_its_name() -> None:
    truth = truth_of("dhcp_dns_tls")["dhcp_asset"]
    (asset,) = [asset for asset in inventory_of("dhcp_dns_tls").assets if asset.id == truth["mac"]]

    assert list(asset.addresses) == truth["addresses"]
    assert asset.label == truth["hostname"]


def test_behind_nat_there_is_one_address_without_a_proven_mac_and_its_own_router() -> None:
    asset, uplink = inventory_of("nat_wan").assets

    assert (asset.id, asset.macs, asset.kind) == ("100.64.0.1", (), AssetKind.UNKNOWN)
    assert (uplink.addresses, uplink.role and uplink.role.value) == ((), "router")


def test_behind_nat_up_to_as_many_stand_as_conversations_began_beyond_it() -> None:
    asset, _ = inventory_of("nat_wan").assets

    assert asset.behind
    sign, limit = asset.behind.evidence
    assert (sign.kind, dict(sign.values)["ttl"], limit.kind) == ("passes-on-as-its-own", "63", "one-a-conversation")
    assert asset.behind.value == dict(limit.values)["count"]


def test_a_vlan_belongs_to_the_asset() -> None:
    assert {asset.label: asset.vlans for asset in inventory_of("vlan_trunk").assets} == {
        "10.20.0.1": (20, 30),
        "10.20.1.11": (20,),
        "10.20.1.12": (20,),
        "10.20.2.21": (20,),
        "10.20.2.22": (20,),
        "10.20.3.32": (20,),
        "10.30.0.11": (30,),
    }


def test_names_come_from_lldp_and_mdns() -> None:
    labels = {asset.label for asset in inventory_of("ot_clean").assets}

    assert {"plc1", "hmi1"} <= labels
