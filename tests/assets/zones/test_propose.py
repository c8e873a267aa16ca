"""Zones are proposed by what proves that assets are neighbours, and never in the site's name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from kwel.assets.zones.neighbours import mac_number, neighbours_of
from kwel.assets.zones.propose import MOST, REST, Proposals
from kwel.model.assets import Asset, AssetKind
from kwel.model.claims import Claim, Grade
from kwel.model.records.columns import LAN
from tests.export.plant import SEEN, make_asset


def made(address: str, kind: AssetKind = AssetKind.UNKNOWN, grade: Grade = Grade.A, **parts: Any) -> Asset:
    why = None if kind is AssetKind.UNKNOWN else Claim(kind.value, grade, (SEEN,))
    return make_asset(1, **{"addresses": (address,), "kind": kind, "kind_why": why, "vlans": (), **parts})


def at(vlan: int) -> dict[str, Any]:
    """Return that an asset is proven to stand in a VLAN."""
    return {"vlans": (vlan,), "macs": (Claim("00:90:e8:10:00:32", Grade.A, (SEEN,)),)}


def zones_of(*assets: Asset) -> list[str]:
    """Return the zones of each asset."""
    proposals = Proposals(assets, range(len(assets)), 0)
    return [
        " / ".join(proposals.drafts[place.draft].name.removeprefix("proposed: ") for place in proposals.places[index])
        for index in range(len(assets))
    ]


def test_a_proven_vlan_is_a_zone_with_those_that_routers_showed_elsewhere() -> None:
    proven, routed = made("10.20.1.11", AssetKind.OT, **at(20)), made("10.20.1.12", vlans=(30,))

    assert zones_of(proven, routed) == ["VLAN 20, 10.20.1.0/24 (OT)"] * 2


def test_an_unproven_vlan_proves_nothing() -> None:
    assert zones_of(made("10.20.1.11", vlans=(20,)), made("10.30.1.11", vlans=(20,))) == [
        "10.20.1.0/24",
        "10.30.1.0/24",
    ]


def test_the_same_private_range_in_two_vlans_is_two_zones() -> None:
    assert zones_of(made("192.168.1.2", **at(20)), made("192.168.1.2", **at(30))) == [
        "VLAN 20, 192.168.1.0/24",
        "VLAN 30, 192.168.1.0/24",
    ]


def test_a_flat_network_is_two_zones_where_speech_shows_two_kinds_and_a_hint_makes_none() -> None:
    plc, office = made("10.0.0.1", AssetKind.OT), made("10.0.0.2", AssetKind.IT)
    hinted, nothing = made("10.0.0.3", AssetKind.IT, Grade.D), made("10.0.0.4")

    assert zones_of(plc, office, hinted, nothing) == [
        "10.0.0.0/24 (OT)",
        "10.0.0.0/24 (IT)",
        "10.0.0.0/24 (IT)",
        "10.0.0.0/24 (IT)",
    ]
    assert zones_of(plc, hinted) == ["10.0.0.0/24 (OT)"] * 2


def test_a_level_goes_before_a_kind() -> None:
    host = made("10.0.0.1", AssetKind.OT, level=Claim("3.5", Grade.B, (SEEN,)))

    assert zones_of(host) == ["10.0.0.0/24 (DMZ)"]


def test_both_stacks_of_a_device_are_in_one_zone() -> None:
    both = made("10.0.0.1", addresses=("10.0.0.1", "2001:db8::1"))

    assert zones_of(both, made("2001:db8::2")) == ["10.0.0.0/24 +1"] * 2


def test_what_has_two_feet_stands_in_two_zones() -> None:
    assert zones_of(made("10.0.0.1", addresses=("10.0.0.1", "10.0.1.1"))) == ["10.0.0.0/24 / 10.0.1.0/24"]


def test_whatever_has_no_address_stands_somewhere_too() -> None:
    assert zones_of(made("", addresses=(), **at(20)), made("", addresses=())) == ["VLAN 20", "no IP address"]
    assert zones_of(made("fe80::1"), made("169.254.1.1")) == ["fe80::/64", "169.254.1.0/24"]


def test_what_has_no_address_stands_with_those_that_it_talks_to() -> None:
    plc, office = made("10.0.1.1", AssetKind.OT), made("10.0.9.1", AssetKind.IT)
    drive, other = made("", addresses=()), made("", addresses=())
    proposals = Proposals((plc, office, drive, other), range(4), 0, {2: Counter({0: 900, 1: 2})})

    names = [proposals.drafts[proposals.places[index][0].draft].name for index in range(4)]
    assert names[2] == names[0] == "proposed: 10.0.1.0/24 (OT)"
    assert names[3] == "proposed: no IP address"


def test_neighbours_are_those_that_frames_went_to_or_came_from() -> None:
    macs = [Claim(f"00:1b:1b:00:00:0{n}", Grade.A, (SEEN,)) for n in range(3)]
    plc, drive, switch = (made("10.0.1.1", macs=macs[:1]), made("", addresses=(), macs=macs[1:2]),
                          made("", addresses=(), macs=macs[2:]))  # fmt: skip
    lan = np.zeros(4, LAN)
    lan["source"] = [mac_number(macs[1].value)] * 3 + [mac_number(macs[0].value)]
    lan["destination"] = [mac_number(macs[0].value), 0x01_80C2_0000_0E, 7, mac_number(macs[1].value)]
    lan["frames"] = [5, 100, 100, 3]

    assert neighbours_of(lan, (plc, drive, switch)) == {1: Counter({0: 8})}


def test_a_scan_does_not_make_a_thousand_zones() -> None:
    assets = [made(f"10.{n >> 8}.{n & 255}.1") for n in range(3 * MOST)]
    proposals = Proposals(assets, range(len(assets)), 0)

    assert len(proposals.drafts) == MOST + 1
    assert sum(draft.name == REST for draft in proposals.drafts) == 1
    assert len(proposals.places) == len(assets)
