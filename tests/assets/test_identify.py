from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from kwel.assets import EXTERNAL, NOBODY, identify
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.kinds import Application
from kwel.model.records.columns import FLOW, MAPPED, Direction, NameSource, address_halves
from tests.assets.plant import CAPTURE, START, TCP, UDP, Plant, names

PLC, HMI, ROUTER, CAMERA = "28:63:36:10:00:11", "00:1b:1b:10:00:21", "00:09:0f:aa:00:01", "44:19:b6:10:00:31"
VRRP = "00:00:5e:00:01:07"


def test_a_controller_and_its_operator_panel_are_ot_with_a_reason() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", Application.S7COMM)

    assets = plant.assets()
    plc, hmi = assets["10.20.1.11"], assets["10.20.2.21"]
    assert plc.kind == hmi.kind == AssetKind.OT
    assert plc.role is not None
    assert hmi.role is not None
    assert (plc.role.value, hmi.role.value) == ("controller", "hmi")
    assert plc.kind_why is not None
    assert [step.kind for step in plc.kind_why.evidence] == ["spoken", "kind-by-protocol"]
    assert str(plc.kind_why.evidence[0].where) == f"{CAPTURE}#1"
    assert dict(plc.kind_why.evidence[0].values) == {"protocol": "s7comm", "role": "server", "peer": "10.20.2.21"}


def test_an_ot_port_alone_makes_nothing_ot() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", responder_port=502)
    plant.flow("10.20.2.21", "10.20.1.11", responder_port=102)

    assert {asset.kind for asset in plant.assets().values()} == {AssetKind.UNKNOWN}


def test_a_guessed_direction_counts_one_grade_lower_unless_the_message_tells_the_role() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", Application.MODBUS, direction=Direction.UNKNOWN)
    guessed = plant.assets()["10.20.1.11"]
    plant.say("role", "server", "modbus", "10.20.1.11")
    told = plant.assets()["10.20.1.11"]

    assert guessed.role is not None
    assert told.role is not None
    assert (guessed.role.grade, told.role.grade) == (Grade.D, Grade.C)
    assert told.kind_why is not None
    assert told.kind_why.grade == Grade.A


def test_the_vendor_comes_from_the_proven_mac() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    vendor = plant.assets()[PLC].vendor

    assert vendor is not None
    assert (vendor.value, vendor.grade) == ("Siemens AG", Grade.B)
    assert [step.kind for step in vendor.evidence] == ["arp-claim", "oui"]
    assert dict(vendor.evidence[1].values)["prefix"] == "28:63:36"


def test_a_vendor_that_mac_and_device_agree_on_is_sure() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("vendor", "SIEMENS", "modbus", "10.20.1.11")
    vendor = plant.assets()[PLC].vendor

    assert vendor is not None
    assert (vendor.value, vendor.grade) == ("Siemens AG", Grade.A)


def test_a_routed_device_has_the_vendor_that_it_states_and_no_other() -> None:
    plant = Plant()
    plant.claim("10.20.0.1", ROUTER)
    plant.flow("10.40.1.11", "10.20.2.21", Application.MODBUS)
    plant.say("vendor", "ACME", "modbus", "10.40.1.11")
    asset = plant.assets()["10.40.1.11"]

    assert asset.macs == ()
    assert asset.vendor is not None
    assert (asset.vendor.value, asset.vendor.grade) == ("ACME", Grade.C)


def test_a_mac_that_routers_share_is_a_routers_and_names_no_vendor() -> None:
    plant = Plant()
    plant.claim("10.20.0.1", VRRP)
    asset = plant.assets()[VRRP]

    assert asset.vendor is None
    assert asset.role is not None
    assert (asset.role.value, asset.role.grade) == ("router", Grade.B)


def test_a_vendor_hint_is_weak_and_gives_way_to_content() -> None:
    plant = Plant()
    plant.claim("10.20.3.31", CAMERA)
    hinted = plant.assets()[CAMERA]
    plant.flow("10.20.2.21", "10.20.3.31", Application.MODBUS)
    spoken = plant.assets()[CAMERA]

    assert hinted.kind_why is not None
    assert (hinted.kind, hinted.kind_why.grade) == (AssetKind.IIOT, Grade.D)
    assert hinted.role is not None
    assert hinted.role.value == "camera"
    assert spoken.kind == AssetKind.OT


def test_whoever_reads_mail_may_be_a_desk() -> None:
    plant = Plant()
    plant.ask(plant.flow("10.30.0.11", "52.97.133.210"), "outlook.office365.com", NameSource.TLS_SNI)
    asset = plant.assets()["10.30.0.11"]

    assert asset.kind_why is not None
    assert (asset.kind, asset.kind_why.grade) == (AssetKind.IT, Grade.D)


def test_an_address_with_a_network_behind_it_is_a_routers_and_no_desk() -> None:
    plant = Plant()
    plant.ask(plant.flow("100.64.0.1", "52.97.133.210"), "outlook.office365.com", NameSource.TLS_SNI)
    asset = plant.assets()["100.64.0.1"]

    assert asset.kind == AssetKind.UNKNOWN
    assert asset.role is not None
    assert (asset.role.value, asset.role.grade) == ("router", Grade.D)


def test_a_resolver_for_ot_and_others_is_shared() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", Application.MODBUS)
    plant.flow("10.20.1.11", "10.20.0.1", Application.DNS)
    ot_only = plant.assets()["10.20.0.1"]
    plant.flow("10.30.0.11", "10.20.0.1", Application.DNS)
    shared = plant.assets()["10.20.0.1"]

    assert ot_only.kind == AssetKind.UNKNOWN
    assert shared.kind == AssetKind.SHARED
    assert shared.role is not None
    assert shared.role.value == "resolver"
    assert shared.kind_why is not None
    assert [step.kind for step in shared.kind_why.evidence] == ["flow-seen", "flow-seen", "serves-both"]


def test_a_controller_that_answers_ntp_stays_ot() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", Application.S7COMM)
    plant.flow("10.20.2.21", "10.20.1.11", Application.NTP, transport=UDP)
    plant.flow("10.30.0.11", "10.20.1.11", Application.NTP, transport=UDP)

    assert plant.assets()["10.20.1.11"].kind == AssetKind.OT


def test_names_rank_by_how_they_came_and_agree_regardless_of_case() -> None:
    plant = Plant()
    plant.claim("10.20.2.21", HMI)
    plant.say("hostname", "HMI-LINE1", "nbns", "10.20.2.21")
    plant.say("hostname", "something", "llmnr", "10.20.2.21")
    plant.say("hostname", "hmi-line1", "dhcp", None, HMI)
    asset = plant.assets()[HMI]

    assert asset.label == "hmi-line1"
    assert [(claim.value, claim.grade) for claim in asset.names] == [("hmi-line1", Grade.A), ("something", Grade.B)]


def test_two_assets_of_one_name_are_told_apart() -> None:
    plant = Plant()
    plant.claim("10.0.0.2", HMI)
    plant.claim("10.0.0.3", PLC)
    plant.say("hostname", "localhost", "mdns", "10.0.0.2")
    plant.say("hostname", "LOCALHOST", "mdns", "10.0.0.3")
    plant.flow("10.0.0.4", "8.8.8.8", vlan=20)
    plant.flow("10.0.0.4", "8.8.8.8", vlan=30)

    labels = {asset.label for asset in plant.assets().values()}
    assert labels == {"localhost (10.0.0.2)", "LOCALHOST (10.0.0.3)", "10.0.0.4@20", "10.0.0.4@30"}


def test_product_and_firmware_come_from_what_says_most() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.say("product", "udhcp 1.30", "dhcp", None, PLC)
    plant.say("product", "6ES7 315-2EH14-0AB0", "s7comm", "10.20.1.11")
    plant.say("firmware", "V3.2.6", "s7comm", "10.20.1.11")
    asset = plant.assets()[PLC]

    assert asset.product is not None
    assert (asset.product.value, asset.product.grade) == ("6ES7 315-2EH14-0AB0", Grade.B)
    assert len(asset.product.evidence) == 2
    assert asset.firmware is not None
    assert asset.firmware.value == "V3.2.6"


def test_modbus_units_stand_in_the_evidence() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.12", Application.MODBUS)
    plant.say("protocol", "modbus/17", "modbus", "10.20.1.12")
    (protocol,) = plant.assets()["10.20.1.12"].protocols

    assert protocol.value == "modbus"
    assert ("value", "modbus/17") in protocol.evidence[1].values


def test_times_span_claims_sayings_and_flows() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.flow("10.20.1.11", "8.8.8.8", last=START + 10**12)
    plant.say("hostname", "plc", "lldp", None, PLC)
    asset = plant.assets()[PLC]

    assert (asset.first, asset.last) == (START + 10**9, START + 10**12)


def test_why_an_address_is_internal_is_shown() -> None:
    plant = Plant()
    plant.flow("145.10.3.4", "8.8.8.8")
    asset = plant.assets("145.10.0.0/16")["145.10.3.4"]

    (step,) = [step for step in asset.evidence if step.kind == "internal-prefix"]
    assert (dict(step.values), step.source) == ({"prefix": "145.10.0.0/16"}, "--internal")


def test_a_public_address_of_the_plant_is_not_outside_even_in_another_vlan() -> None:
    plant = Plant()
    plant.claim("145.10.3.4", HMI, vlan=20)
    plant.claim("145.10.3.1", ROUTER, vlan=20)
    plant.flow("10.0.0.2", "145.10.3.4", vlan=30)
    inventory = plant.inventory()

    assert inventory.assets[int(inventory.asset_of_responder[0])].id == HMI
    halves = [address_halves(a) for a in ("145.10.3.4", "145.10.3.5", "10.9.9.9", "224.0.0.1")]
    hi, lo = (np.array([half[n] for half in halves], np.uint64) for n in (0, 1))
    assert inventory.is_outside(hi, lo).tolist() == [False, True, False, False]


def test_assets_stand_in_a_readers_order() -> None:
    plant = Plant()
    for address in ("fe80::1", "fd00::2", "10.0.0.10", "10.0.0.9"):
        plant.flow(address, "fe80::9" if ":" in address else "8.8.8.8")

    ids = [asset.id for asset in plant.inventory().assets]
    assert ids == ["10.0.0.9", "10.0.0.10", "fd00::2", "fe80::1", "fe80::9"]


def test_a_wrong_prefix_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="x"):
        Plant().inventory("x")


def test_nothing_on_the_wire_is_no_asset() -> None:
    inventory = Plant().inventory()

    assert inventory.assets == ()
    assert len(inventory.asset_of_initiator) == 0


def test_the_same_traffic_gives_the_same_inventory() -> None:
    plant = Plant()
    plant.claim("10.20.1.11", PLC)
    plant.flow("10.20.2.21", "10.20.1.11", Application.MODBUS)
    plant.flow("10.20.1.11", "10.20.0.1", Application.DNS)

    assert plant.inventory().assets == plant.inventory().assets


def test_two_hundred_thousand_flows_of_sixteen_hundred_hosts_take_a_moment() -> None:
    flows, rng = np.zeros(200_000, FLOW), np.random.default_rng(1)
    outside = rng.random(len(flows)) < 0.6
    inside = np.uint64(MAPPED | 0x0A140000)
    flows["initiator_lo"] = inside + rng.integers(1, 1600, len(flows)).astype(np.uint64)
    flows["responder_lo"] = inside + rng.integers(1, 1600, len(flows)).astype(np.uint64)
    flows["responder_lo"][outside] = np.uint64(MAPPED | 0x0D000000) + rng.integers(1, 40_000, outside.sum()).astype(
        np.uint64
    )
    flows["packets_out"] = flows["packets_in"] = 3
    flows["transport"], flows["direction"], flows["state"] = TCP, 1, 1
    flows["application"] = rng.integers(0, 4, len(flows))
    flows["first"] = flows["last"] = START + np.arange(len(flows))
    traffic = replace(Plant().traffic(), flows=flows, names=names())

    began = time.process_time()
    inventory = identify(traffic)
    took = time.process_time() - began

    assert len(inventory.assets) == 1599
    assert set(np.unique(inventory.asset_of_responder).tolist()) >= {EXTERNAL}
    assert NOBODY not in inventory.asset_of_initiator
    assert took < 1.0, "measured 0.2 s on a quiet machine"
