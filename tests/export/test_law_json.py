"""The report's JSON says of law what the rules say, in plain values that docs/formats.md lists."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kwel import analyse
from kwel.analysis.stages import Options
from kwel.export.report_json import write_report_json

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "sample_pcaps" / "mixed_plant.pcapng")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return _json(Options())


def _json(options: Options) -> dict[str, Any]:
    out = io.BytesIO()
    write_report_json(replace(analyse(SAMPLE, options).report, command=""), out)
    content: dict[str, Any] = json.loads(out.getvalue())
    return content


def test_every_key_about_law_is_documented(told: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "formats.md").read_text("utf-8")
    for part in ("laws", "precedents", "offerings", "frameworks"):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{part}` |"))
        assert set(told[part][0]) <= set(re.findall(r"`([a-z_]+)`", row)), part


def test_each_dependency_names_the_laws_that_reach_it_by_kind(told: dict[str, Any]) -> None:
    kinds = {law["id"]: law["kind"] for law in told["laws"]}
    for row in told["dependencies"]:
        for kind in ("access", "interruption"):
            assert {kinds[one.partition(":")[0]] for one in row[kind]} <= {kind}
    foreign = [row for row in told["dependencies"] if row["parent_jurisdiction"] == "US"]
    assert foreign
    assert all(any(one.startswith("us-cloud-act:parent") for one in row["access"]) for row in foreign)


def test_no_ceiling_of_the_plant_is_above_that_of_one_of_its_contacts(told: dict[str, Any]) -> None:
    plant = {
        f"{framework['id']}/{objective['id']}": objective["outcome"]
        for framework in told["frameworks"]
        for objective in framework["objectives"]
    }
    used = [limit for row in told["dependencies"] if row["state"] == "used" for limit in row["limits"]]
    assert used
    for limit in used:
        where, _, outcome = limit.partition(":")
        assert plant[where] <= outcome if outcome.startswith("SEAL") else plant[where] == outcome


def test_a_switch_that_was_set_is_said_and_changes_no_fact(told: dict[str, Any]) -> None:
    switched = _json(Options(accepted=("s3ns",)))

    assert (told["accepted"], switched["accepted"]) == ([], ["s3ns"])
    assert [one["id"] for one in switched["offerings"] if one["accepted"]] == ["s3ns"]
    assert switched["dependencies"] == told["dependencies"], "nothing of S3NS is in the sample"
