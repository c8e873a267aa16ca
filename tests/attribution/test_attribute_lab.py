"""The truth of the sample captures: each cloud event's host must be named with its operator, law and place.

What cannot be known from an address and a name alone is listed here, with the reason.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kwel import rulebook
from kwel.attribution.attribute import Attributor
from kwel.attribution.tables import Tables
from kwel.model.verdicts import Control
from tests.truths import read_truth

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "sample_pcaps", ROOT.parent / "shared" / "lab" / "captures")

NAMED_OTHERWISE = {
    "SURF (NL)": "SURF",
    "TeamViewer/Anexia": "Anexia",  # the host; TeamViewer is the supplier
}
PARENT_OTHERWISE = {"TeamViewer/Anexia": "AT"}
"""The truth gives the supplier's."""
SUPPLIERS = {
    "eu.hik-connect.com": ("Hikvision", "CN"),
    "www.easy4ipcloud.com": ("Dahua", "CN"),
    "device.vpn.talk2m.com": ("Ewon (HMS Networks)", "SE"),
    "master3.teamviewer.com": ("TeamViewer", "DE"),
    "iot-060a0c9b.mqtt.iothub.aliyuncs.com": ("Alibaba Cloud", "CN"),
}
PLACE_UNKNOWABLE = {
    "telemetry.plantcloud.ovh": "OVHcloud publishes no place for its ranges, and its network stands on four continents",
    "iot-060a0c9b.mqtt.iothub.aliyuncs.com": "Alibaba Cloud publishes no ranges, and the name has no region",
    "www.easy4ipcloud.com": "Alibaba Cloud publishes no ranges, and the name has no region",
    "master3.teamviewer.com": "Anexia publishes no place for its ranges",
}
SEVERAL_PLACES = {"Hetzner": {"DE", "FI"}, "Open Telekom Cloud": {"DE", "NL"}}
"""The network's documented countries; which of them is not told by the address."""
BEHIND_PROXY_UNKNOWABLE = {"telemetry.plantcloud.ovh"}
"""Anybody may register a name under .ovh: without an address nothing says who runs it."""


def _events() -> dict[tuple[Any, ...], dict[str, Any]]:
    events: dict[tuple[Any, ...], dict[str, Any]] = {}
    for path in sorted(path for folder in FOLDERS for path in folder.glob("*.yaml")):
        for event in read_truth(path)["cloud_events"] or []:
            address = None if "via_proxy" in event else event["dst_ip"]
            chain = () if address is None else tuple(event["cname_chain"])
            events.setdefault((address, event["hostname"], chain), event)
    return events


EVENTS = _events()
IDS = [f"{name or address}{'' if address else ' by proxy'} {address or ''}".strip() for address, name, _ in EVENTS]


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return Attributor(rulebook.load(), Tables.open())


def test_there_are_events_to_hold_this_against() -> None:
    assert EVENTS or not any(folder.exists() for folder in FOLDERS)


@pytest.mark.parametrize(("asked", "truth"), EVENTS.items(), ids=IDS)
def test_operator_and_parent_are_those_of_the_truth(
    attributor: Attributor, asked: tuple[Any, ...], truth: dict[str, Any]
) -> None:
    found = attributor.attribute(*asked)
    if asked[0] is None and asked[1] in BEHIND_PROXY_UNKNOWABLE:
        assert (found.operator, found.verdict.value) == (None, "unknown")
        return

    provider = truth["provider"]
    assert found.operator is not None
    assert found.operator.value == NAMED_OTHERWISE.get(provider, provider)
    assert found.parent_jurisdiction == PARENT_OTHERWISE.get(provider, truth["provider_hq"])


@pytest.mark.parametrize(("asked", "truth"), EVENTS.items(), ids=IDS)
def test_the_place_is_that_of_the_truth_or_not_known(
    attributor: Attributor, asked: tuple[Any, ...], truth: dict[str, Any]
) -> None:
    found = attributor.attribute(*asked)
    place, told = found.location.value if found.location else None, truth["region"]
    if asked[1] in PLACE_UNKNOWABLE:
        assert found.location is None or found.location.grade.name == "D"
    elif told in ("anycast", "edge"):
        assert place == "anycast"
    elif told == "EU":
        assert place in attributor.members or (asked[0] is None and place is None)
    elif truth["provider"] in SEVERAL_PLACES:
        assert place is not None
        assert set(place.split("/")) == SEVERAL_PLACES[truth["provider"]]
    else:
        name, _, country = told.removesuffix(")").rpartition(" (")
        assert place == (country if name else told)
        assert name in (found.region, found.place and found.place.partition(" (")[0], "")


@pytest.mark.parametrize(("asked", "truth"), EVENTS.items(), ids=IDS)
def test_control_is_that_of_the_truth(attributor: Attributor, asked: tuple[Any, ...], truth: dict[str, Any]) -> None:
    control = attributor.attribute(*asked).verdict.control

    assert (control is Control.NON_EUROPEAN) is truth["non_european_provider"]
    if control is Control.UNDECIDED:
        assert asked[1] in PLACE_UNKNOWABLE


@pytest.mark.parametrize("asked", [asked for asked in EVENTS if asked[1] in SUPPLIERS], ids=str)
def test_the_supplier_is_shown_beside_the_host(attributor: Attributor, asked: tuple[Any, ...]) -> None:
    found = attributor.attribute(*asked)

    assert (found.supplier, found.supplier_jurisdiction) == SUPPLIERS[asked[1]]
