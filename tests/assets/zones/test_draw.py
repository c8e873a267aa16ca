"""Zones and conduits of a plant built by hand, and of the samples."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from kwel.analysis.stages import analyse
from kwel.assets import identify
from kwel.assets.zones import Drawn, draw
from kwel.assets.zones.neighbours import mac_number
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade, Where
from kwel.model.commands import Command, CommandClass, Party
from kwel.model.dependencies import Dependencies
from kwel.model.kinds import Application, Lan
from kwel.model.records.columns import LAN
from kwel.model.site import NamedAsset, Zone
from kwel.model.zones import ConduitState, Origin
from tests.assets.plant import UDP, Plant
from tests.assets.test_told import make_site
from tests.conftest import SAMPLES
from tests.export.plant import make_attribution

if TYPE_CHECKING:
    from kwel.model.site import Site

NONE = np.zeros(0, np.int64)
COLUMNS = ("asset", "attribution", "state", "first", "last", "flows", "bytes_out", "bytes_in")


def drawn(
    plant: Plant, site: Site | None = None, commands: tuple[Command, ...] = (), lan: np.ndarray | None = None
) -> Drawn:
    """Return what is drawn of a plant that needs nothing outside."""
    traffic = replace(plant.traffic(), lan=np.zeros(0, LAN) if lan is None else lan)
    found = identify(traffic, site=site)
    nothing = Dependencies(dict.fromkeys(COLUMNS, NONE), (), lambda _: None)  # type: ignore[arg-type, return-value]
    return draw(
        traffic,
        found.assets,
        (found.asset_of_initiator, found.asset_of_responder),
        nothing,
        site=site,
        commands=commands,
    )


def told(found: Drawn) -> list[str]:
    """Return the conduits in short."""
    zones = [zone.name.removeprefix("proposed: ") for zone in found.zones]
    return [
        f"{zones[of.source]} > {zones[of.target]}: {', '.join(s.label for s in of.services)} ({of.state})"
        for of in found.conduits
    ]


def line() -> Plant:
    """Return a plant of two segments: a controller that is polled from both."""
    plant = Plant()
    plant.flow("10.20.1.21", "10.20.1.11", Application.MODBUS, responder_port=502)
    plant.flow("10.20.2.21", "10.20.1.11", Application.MODBUS, responder_port=502, bytes_out=100, bytes_in=7)
    plant.flow("10.20.2.21", "10.20.1.11", responder_port=8080)
    plant.attempt("10.20.1.11", "10.20.2.99", responder_port=25)
    plant.attempt("10.20.1.11", "10.99.9.9", responder_port=25)
    plant.attempt("10.20.1.11", "10.20.255.255", transport=UDP, responder_port=47808)
    plant.attempt("10.20.1.11", "239.1.1.1", transport=UDP, responder_port=1900)
    return plant


def test_every_asset_stands_in_a_zone_and_what_passes_between_them_is_told() -> None:
    found = drawn(line())

    assert [zone.name for zone in found.zones] == [
        "proposed: 10.20.1.0/24 (OT)",
        "proposed: 10.20.2.0/24 (OT)",
        "proposed: addresses where nobody was heard",
    ]
    assert told(found) == [
        "10.20.1.0/24 (OT) > 10.20.2.0/24 (OT): tcp/25 (attempted)",
        "10.20.1.0/24 (OT) > addresses where nobody was heard: tcp/25 (attempted)",
        "10.20.2.0/24 (OT) > 10.20.1.0/24 (OT): modbus tcp/502, tcp/8080 (used)",
    ]
    assert found.zones[0].kinds == ((AssetKind.OT, 2),)
    assert (found.zones[0].flows, found.zones[0].packets) == (1, 6)
    assert all(asset.zone and asset.zone_why for asset in found.assets)


def test_a_proposal_is_never_shown_as_the_sites_own() -> None:
    for asset in drawn(line()).assets:
        assert asset.zone is not None
        assert asset.zone.startswith("proposed: ")
        assert asset.zone_why is not None
        assert asset.zone_why.grade is Grade.D


def test_a_conduit_names_its_ends_its_volume_and_the_conduit_back() -> None:
    there, _, back = drawn(line()).conduits

    assert (there.back, back.back) == (back.id, there.id)
    assert (back.initiators.first, back.responders.first) == (("10.20.2.21",), ("10.20.1.11",))
    assert (back.flows, back.attempts, back.bytes_out, back.bytes_in) == (2, 0, 100, 7)
    assert [service.grade for service in back.services] == [Grade.B, Grade.D]
    assert [str(step.where) for step in back.evidence] == ["plant.pcapng#2", "plant.pcapng#3"]
    assert there.responders.count == 0


SITE = make_site(
    zones=(
        Zone("Cell 1", "1", 2, ("10.20.1.0/24",), ()),
        Zone("Supervision", "2", None, ("10.20.2.0/24",), ()),
        Zone("Empty", None, None, ("10.77.0.0/16",), ()),
    ),
    assets=(NamedAsset("Panel", ("10.20.1.21",), (), "Supervision"),),
)


def test_zones_of_the_site_come_first_with_its_levels_and_what_it_does_not_place_is_proposed() -> None:
    plant = line()
    plant.flow("10.40.0.1", "10.20.1.11", responder_port=22)
    found = drawn(plant, SITE)
    by_label = {asset.label: asset for asset in found.assets}

    assert [zone.origin for zone in found.zones] == [Origin.SITE] * 3 + [Origin.PROPOSED] * 2
    assert (found.zones[0].level, found.zones[0].security_level) == ("1", 2)
    assert by_label["Panel"].zone == "Supervision"
    assert "Supervision > Cell 1: modbus tcp/502, tcp/8080 (used)" in told(found)
    assert by_label["10.20.1.11"].level is not None
    assert by_label["10.20.1.11"].level.value == "1"
    assert by_label["10.20.1.11"].zone_why is not None
    assert by_label["10.20.1.11"].zone_why.evidence[0].source == "site file site.toml"
    assert by_label["10.40.0.1"].zone == "proposed: 10.40.0.0/24"


def test_an_asset_may_have_a_level_of_its_own_and_a_zone_an_owner() -> None:
    cell = Zone("Cell 1", "1", 2, ("10.20.1.0/24",), (), "Production")
    site = make_site(zones=(cell,), assets=(NamedAsset("Panel", ("10.20.1.21",), (), None, "2", "Shift", "high"),))
    found = drawn(line(), site)
    panel = next(asset for asset in found.assets if asset.label == "Panel")

    assert found.zones[0].owner == "Production"
    assert panel.level is not None
    assert (panel.level.value, panel.zone, panel.owner, panel.criticality) == ("2", "Cell 1", "Shift", "high")


def test_a_device_with_two_feet_stands_in_two_zones_and_crosses_none_by_its_own_address() -> None:
    plant, mac = Plant(), "00:90:e8:10:00:32"
    for address in ("10.20.1.5", "10.20.2.5"):
        plant.claim(address, mac)
    plant.flow("10.20.1.5", "10.20.1.11", responder_port=22)
    plant.flow("10.20.2.5", "10.20.2.21", responder_port=22)
    plant.flow("10.20.2.5", "10.20.1.11", responder_port=80)
    found = drawn(plant)

    assert found.assets[0].zone == "proposed: 10.20.1.0/24 (OT) / 10.20.2.0/24 (OT)"
    assert told(found) == ["10.20.2.0/24 (OT) > 10.20.1.0/24 (OT): tcp/80 (used)"]
    assert [zone.flows for zone in found.zones] == [1, 1]


def test_conduits_count_the_commands_that_pass_them() -> None:
    plant = Plant()
    plant.flow("10.20.2.21", "10.20.1.11", Application.MODBUS, responder_port=502)
    plant.flow("198.51.100.7", "10.20.1.11", Application.MODBUS, responder_port=502)
    hmi, plc = Party("10.20.2.21", "10.20.2.21", "", False), Party("10.20.1.11", "10.20.1.11", "", False)
    writes, stops = (
        Command(hmi, plc, "modbus", kind, ("x",), 12, 0, 0, Where("plant.pcapng", 1), True)
        for kind in (CommandClass.WRITE, CommandClass.MODE)
    )
    intruder = replace(writes, source=Party("198.51.100.7", None, "", True), count=3)
    group = replace(writes, target=Party("239.1.1.1", None, "", False))
    found = drawn(plant, commands=(writes, stops, intruder, group))

    assert [of.commands for of in found.conduits] == [(("mode", 12), ("write", 12)), (("write", 3),)]
    assert found.zones[found.conduits[1].source].key == "unknown"


def test_frames_without_ip_pass_conduits_too() -> None:
    plant, macs = Plant(), ("00:1b:1b:00:00:01", "00:1b:1b:00:00:02")
    plant.claim("10.20.1.11", macs[0])
    plant.claim("10.20.2.21", macs[1])
    lan = np.zeros(2, LAN)
    lan["source"], lan["destination"] = mac_number(macs[0]), [mac_number(macs[1]), 0x010C_CD01_0001]
    lan["frames"], lan["bytes"], lan["first_frame"], lan["protocol"] = 40, 2400, 7, Lan.PROFINET_RT
    lan["first"], lan["last"] = 5, 6
    (of,) = drawn(plant, lan=lan).conduits

    assert [service.label for service in of.services] == [f"{Lan.PROFINET_RT.label} ethernet"]
    assert (of.packets_out, of.bytes_out, of.unsure, of.initiators.count) == (40, 2400, 1, 1)
    assert dict(of.evidence[0].values)["responder"] == macs[1]


def test_an_echo_goes_where_its_address_is_known_to_lie() -> None:
    plant = Plant()
    plant.flow("10.20.1.11", "192.0.2.7", responder_port=443)
    for address in ("192.0.2.7", "192.0.2.8"):
        plant.flow("10.20.1.11", address, transport=1)
    traffic, one = plant.traffic(), np.zeros(1, np.int64)
    found = identify(traffic)
    columns = dict.fromkeys(COLUMNS, one)
    cloud = Dependencies(columns, (make_attribution(),), lambda _: SimpleNamespace(host="iot"), (one, one))  # type: ignore[arg-type, return-value]
    sides = found.asset_of_initiator, found.asset_of_responder
    report = draw(traffic, found.assets, sides, cloud)

    assert {report.zones[of.target].key: of.flows for of in report.conduits} == {
        "cloud-non-european": 2,
        "unknown": 1,
    }


def test_the_outside_is_split_by_who_controls_it() -> None:
    report = analyse(str(SAMPLES / "mixed_plant.pcapng")).report
    outside = {of.key: n for n, of in enumerate(report.zones) if of.origin is Origin.OUTSIDE}
    to_outside = [of for of in report.conduits if report.zones[of.target].origin is Origin.OUTSIDE]

    assert list(outside) == ["cloud-non-european", "cloud-undecided", "cloud-european", "internet"]
    assert sum(of.flows for of in to_outside) == int(report.dependencies.flows.sum())
    assert any("outlook.office365.com" in of.responders.first for of in to_outside)
    assert all(of.evidence and of.state is ConduitState.USED for of in to_outside)
