"""Whatever the other stages say of the sample captures, the report has a sentence for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.report import catalogue
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kwel.model.assets import Asset
    from kwel.model.claims import Evidence
    from kwel.model.report import Report

SAY = catalogue.load()
CAPTURES = sorted(file for file in SAMPLES.glob("*.pcap*") if file.is_file())


def evidence_of(report: Report) -> Iterator[Evidence]:
    for dependency in report.dependencies:
        yield from (*dependency.evidence, *dependency.attribution.evidence, *dependency.attribution.rejected)
    for asset in report.assets:
        yield from (*asset.evidence, *claimed(asset))
    for finding in report.findings:
        yield from finding.evidence


def claimed(asset: Asset) -> Iterator[Evidence]:
    single = (asset.kind_why, asset.role, asset.vendor, asset.product, asset.firmware)
    for claim in (*single, *asset.macs, *asset.names, *asset.protocols):
        yield from claim.evidence if claim else ()


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda file: file.stem)
def test_everything_that_is_said_of_a_sample_has_its_sentence(capture: Path) -> None:
    from kwel.analysis.stages import analyse

    report = analyse([str(capture)]).report

    used = {f"evidence.{evidence.kind}" for evidence in evidence_of(report)}
    used |= {f"finding.{finding.kind}.title" for finding in report.findings}
    used |= {f"reason.{attribution.reason}" for attribution in report.dependencies.attributions}
    used |= {f"role.{asset.role.value}" for asset in report.assets if asset.role}
    assert {key for key in used if key not in SAY} == set()
