"""The capture of real programs that speak without IP is read as its truth says."""

from __future__ import annotations

import hashlib
from collections import Counter

from kwel.analysis.stages import analyse
from kwel.model.assets import AssetKind
from kwel.model.kinds import Lan
from kwel.model.records.columns import mac_text
from tests.conftest import SAMPLES
from tests.truths import read_truth

FOLDER = SAMPLES / "lan"
TRUTH = read_truth(FOLDER / "no_ip.yaml")
LAYERS = {"pn_dcp": Lan.PROFINET_DCP, "goose": Lan.GOOSE}


def test_the_truth_is_of_this_very_file_and_the_page_names_it() -> None:
    assert hashlib.sha256((FOLDER / TRUTH["file"]).read_bytes()).hexdigest() == TRUTH["sha256"]
    assert f"| `lan/{TRUTH['file']}` | {TRUTH['packets']} |" in (SAMPLES / "README.md").read_text()


def test_every_frame_and_every_station_is_found() -> None:
    report = analyse(str(FOLDER / TRUTH["file"]))
    counts = Counter[int]()
    for row in report.traffic.lan:
        counts[int(row["protocol"])] += int(row["frames"])
    station, engineer = TRUTH["stations"]
    assets = {asset.id: asset for asset in report.assets}
    found = assets[station["mac"]]

    assert {name: counts[lan] for name, lan in LAYERS.items()} == TRUTH["frames"]
    assert report.traffic.coverage.used == report.traffic.coverage.packets == TRUTH["packets"]
    assert set(assets) == {station["mac"], engineer["mac"]}
    assert found.addresses == (station["address"],)
    assert found.kind == AssetKind.OT
    assert {name.value for name in found.names} >= set(station["names"])
    assert found.product
    assert found.product.value == station["product"]
    assert station["goose"] in {fact.claim.value for fact in found.facts if fact.kind == "service"}
    assert {mac_text(int(row["source"])) for row in report.traffic.lan} == set(assets)
