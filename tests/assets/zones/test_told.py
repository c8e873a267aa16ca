"""Assets stand where the site says."""

from __future__ import annotations

import pytest

from kwel.assets.zones.told import ToldZones
from kwel.model.site import NamedAsset, Zone
from tests.assets.test_told import make_site
from tests.export.plant import make_asset

ZONES = (
    Zone("Plant", "3", None, ("10.0.0.0/8",), ()),
    Zone("Cell 1", "1", 2, ("10.20.3.0/24",), ()),
    Zone("Office", "4", None, ("2001:db8::/32",), (30,)),
)
NAMED = (NamedAsset("Gate", ("10.20.3.99",), (), "Office"),)


@pytest.mark.parametrize(
    ("parts", "zones"),
    [
        ({"addresses": ("10.20.3.32",)}, ["Cell 1"]),
        ({"addresses": ("10.9.9.9",)}, ["Plant"]),
        ({"addresses": ("10.20.3.32", "2001:db8::1")}, ["Cell 1", "Office"]),
        ({"addresses": ("192.168.1.1",), "vlans": (30,)}, ["Office"]),
        ({"addresses": ("192.168.1.1",), "vlans": (20,)}, []),
        ({"addresses": ("10.20.3.99",)}, ["Office"]),
    ],
)
def test_an_entry_goes_before_an_address_and_that_before_a_vlan(parts: dict[str, object], zones: list[str]) -> None:
    told = ToldZones(make_site(zones=ZONES, assets=NAMED), ())

    assert [told.drafts[place.draft].name for place in told.places(make_asset(32, **parts))] == zones
