"""The capture of a real DNP3 stack is read as its truth says: conversations, link addresses, commands, identity."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.model.assets import AssetKind
from kwel.model.commands import CommandClass
from kwel.model.kinds import Application
from tests.conftest import SAMPLES
from tests.truths import read_truth

if TYPE_CHECKING:
    from kwel.analysis.result import Analysis
    from kwel.model.assets import Asset

FOLDER = SAMPLES / "ot"
TRUTH = read_truth(FOLDER / "dnp3.yaml")
CONFIRM = 0
CLASSES = {
    1: CommandClass.READ, 2: CommandClass.WRITE, 3: CommandClass.WRITE, 4: CommandClass.WRITE, 5: CommandClass.WRITE,
    7: CommandClass.WRITE, 13: CommandClass.MODE, 18: CommandClass.MODE, 20: CommandClass.WRITE,
    21: CommandClass.WRITE, 23: CommandClass.DIAGNOSE, 28: CommandClass.PROGRAM,
}  # fmt: skip
"""Functions that the truth counts, and what each does to an outstation."""
KINDS = {252: "vendor", 250: "product", 248: "serial", 247: "station", 242: "firmware"}
"""Variations of group 0 and what they are called here."""


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(str(FOLDER / TRUTH["file"]))


def test_the_truth_is_of_this_very_file_and_the_page_names_it() -> None:
    assert hashlib.sha256((FOLDER / TRUTH["file"]).read_bytes()).hexdigest() == TRUTH["sha256"]
    assert f"| `ot/{TRUTH['file']}` | {TRUTH['packets']} |" in (SAMPLES / "README.md").read_text()


def test_both_conversations_are_recognised_also_at_a_port_of_no_protocol(analysis: Analysis) -> None:
    flows = analysis.traffic.flows

    assert analysis.traffic.coverage.packets == TRUTH["packets"]
    assert {
        int(port): Application(kind) for port, kind in zip(flows["responder_port"], flows["application"], strict=True)
    } == dict.fromkeys(TRUTH["functions"], Application.DNP3)


def test_commands_are_counted_by_class_as_often_as_wireshark_sees_them(analysis: Analysis) -> None:
    want, found = Counter[CommandClass](), Counter[CommandClass]()
    for functions in TRUTH["functions"].values():
        for code, count in functions.items():
            if code != CONFIRM:
                want[CLASSES[code]] += count
    for command in analysis.report.commands:
        assert (command.source.address, command.target.address) == (
            TRUTH["master"]["address"],
            TRUTH["outstation"]["address"],
        )
        found[command.kind] += command.count

    assert found == want


def test_master_and_outstations_are_told_apart_and_the_attributes_are_read(analysis: Analysis) -> None:
    assets = {asset.id: asset for asset in analysis.assets}
    master, outstation = assets[TRUTH["master"]["mac"]], assets[TRUTH["outstation"]["mac"]]

    def said(asset: Asset) -> set[tuple[str, str]]:
        """Return what DNP3 tells: how its system opens connections is no matter here."""
        return {(fact.kind, fact.claim.value) for fact in asset.facts if fact.kind != "system"}

    assert set(assets) == {master.id, outstation.id}
    assert master.kind == outstation.kind == AssetKind.OT
    assert said(master) == {
        ("protocol", f"dnp3/{TRUTH['master']['link']}"),
        ("role", "client"),
    }
    assert said(outstation) == {
        ("role", "server"),
        *(("protocol", f"dnp3/{link}") for link in TRUTH["outstation"]["link"]),
        *((KINDS[variation], value) for variation, value in TRUTH["attributes"].items()),
    }
    assert outstation.role
    assert outstation.role.value == "rtu"
