"""Every asset of the laboratory's captures, whose roles are known: what its packets tell, it is called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from kwel.analysis.stages import read_traffic
from kwel.assets import identify
from tests.truths import read_truth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROLES: Final = {
    "PLC (S7)": "controller", "PLC (Modbus/TCP)": "controller", "PLC (EtherNet/IP)": "controller",
    "RTU (IEC 60870-5-104)": "rtu", "BMS controller (BACnet/IP)": "bms-controller", "HMI": "hmi",
    "Historian server": "historian", "OPC UA server": "opc-server", "Engineering workstation": "engineering-station",
    "IP camera": "camera", "IIoT gateway": "gateway", "Remote-access router": "remote-access-router",
    "Office PC": "office-pc",
}  # fmt: skip
LEAST: Final = 86
"""Of 117: the others show nothing of what they are in their capture (a historian that only talks to a cloud)."""


def test_assets_of_the_laboratory_are_called_what_they_are(shared: Callable[[str], Path]) -> None:
    folder = shared("lab/captures")
    right, wrong = 0, Counter[tuple[str, str, str]]()
    for truth in map(read_truth, sorted(folder.glob("*.yaml"))):
        by = {
            a: asset for asset in identify(read_traffic([str(folder / truth["file"])])).assets for a in asset.addresses
        }
        for device in (truth["assets"] or {}).values():
            asset = by.get(device["ip"][0])
            if asset is None or asset.role is None:
                continue
            right += asset.role.value == ROLES[device["kind"]]
            if asset.role.value != ROLES[device["kind"]]:
                wrong[ROLES[device["kind"]], asset.role.value, asset.role.grade.name] += 1

    assert right >= LEAST
    assert {(said, grade) for _, said, grade in wrong} <= {("computer", "D"), ("hmi", "C"), ("camera", "B")}, wrong
