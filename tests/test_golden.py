"""The conclusions of every sample capture, one JSON each in tests/golden: what a user reads, not how it came about.

``make golden`` writes them anew; the difference is then reviewed like any other change.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from kwel.analysis.stages import analyse
from tests.conftest import ROOT, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.analysis.stages import Analysis

GOLDEN = ROOT / "tests" / "golden"
CAPTURES = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".pcap", ".pcapng"))
WRITE = os.environ.get("KWEL_GOLDEN") == "write"


def conclusions(analysis: Analysis) -> dict[str, Any]:
    """Return what a user would read."""
    report = analysis.report
    return {
        "packets": {
            "in": report.coverage.packets,
            "used": report.coverage.used,
            "aside": dict(report.coverage.set_aside),
        },
        "notes": dict(report.coverage.notes),
        "coverage": [report.coverage.grade.value, *(of.key for of in report.coverage.shortcomings)],
        "assets": [
            {
                "asset": asset.label,
                "kind": asset.kind.value,
                "role": asset.role and asset.role.value,
                "vendor": asset.vendor and asset.vendor.value,
                "addresses": list(asset.addresses),
                "macs": [mac.value for mac in asset.macs],
            }
            for asset in report.assets
        ],
        "dependencies": [
            {
                "asset": dependency.asset_label,
                "host": dependency.host,
                "operator": at.operator and at.operator.value,
                "parent": at.parent_jurisdiction,
                "location": at.location and f"{at.location.value} ({at.location.grade.name})",
                "region": at.region,
                "supplier": at.supplier,
                "service": at.service and at.service.value,
                "state": dependency.state.value,
                "verdict": f"{at.verdict.value} ({dependency.attribution.grade.name})",
                "evidence": [f"{step.kind} {step.where}" for step in dependency.evidence if step.where],
            }
            for dependency in report.dependencies
            for at in [dependency.attribution]
        ],
        "findings": [f"{finding.id} {finding.kind} {finding.asset_label}" for finding in report.findings],
    }


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_conclusions_are_as_reviewed(path: Path) -> None:
    golden = GOLDEN / f"{path.name}.json"
    found = json.loads(json.dumps(conclusions(analyse(str(path)))))
    if WRITE:
        golden.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(golden.read_text())


def test_every_golden_file_has_its_capture() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {f"{path.name}.json" for path in CAPTURES}
