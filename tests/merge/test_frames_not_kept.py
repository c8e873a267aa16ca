"""A frame that was not kept is nowhere shown as a place that could be opened."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import Options, conclude, read_traffic
from kwel.export.conclusions import assets_table, dependencies_table
from kwel.export.flows import flows_table, names_table
from kwel.model.claims import Where
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic

FRAMES = re.compile("frame|.*_frame|before|after")


def without_frames(traffic: Traffic) -> Traffic:
    """Return traffic of which no frame was kept."""
    tables = {}
    for field in fields(traffic):
        rows = getattr(traffic, field.name)
        if isinstance(rows, np.ndarray) and rows.dtype.names:
            tables[field.name] = rows = rows.copy()
            for name in filter(FRAMES.fullmatch, rows.dtype.names):
                rows[name] = 0
    observed = tuple(replace(one, where=one.where._replace(frame=0) if hasattr(one.where, "_replace") else
                             replace(one.where, frame=0)) for one in traffic.observed)  # fmt: skip
    return replace(traffic, observed=observed, **tables)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def bare() -> Traffic:
    return without_frames(read_traffic([str(SAMPLES / "mixed_plant.pcapng")]))


def test_a_place_that_was_not_kept_says_so() -> None:
    assert str(Where("a.pcap", 7)) == Where("a.pcap", 7).cited == "a.pcap#7"
    assert str(Where("a.pcap", 0)) == "a.pcap (frame not kept)"
    assert Where("a.pcap", 0).cited is None


def test_tables_name_no_frame_0(bare: Traffic) -> None:
    report = conclude(bare, Options()).report
    for table in (dependencies_table(report), assets_table(report)):
        assert "#0" not in table.to_csv()
    assert flows_table(bare)["first_frame"].isna().all()
    assert names_table(bare)["frame"].isna().all()


def test_csv_of_flows_leaves_the_frame_empty(bare: Traffic) -> None:
    from kwel.export.write import write_flows

    out = io.BytesIO()
    write_flows(bare, "csv", out, None)
    head, *rows = out.getvalue().decode().splitlines()
    place = head.split(",").index("first_frame")
    assert rows
    assert {row.split(",")[place] for row in rows} == {""}


def test_the_report_names_no_frame_0(bare: Traffic) -> None:
    from kwel.export.report_json import write_report_json
    from kwel.report import render

    analysis = conclude(bare, Options())
    told, page = io.BytesIO(), render(analysis.report, "en")
    write_report_json(analysis.report, told)
    assert not re.search(r"#0\b", re.sub(r"href=\"#[^\"]*\"", "", page))
    assert "frame not kept" in page
    assert not re.search(r"#0\b", json.dumps(json.loads(told.getvalue())))


def test_of_equal_proof_the_row_with_a_frame_is_shown() -> None:
    traffic = read_traffic([str(SAMPLES / "office_it.pcap")])
    whole = {(row.asset, row.host) for row in conclude(traffic, Options()).report.dependencies if row.flows > 1}
    flows = traffic.flows
    seen = set()
    for row in flows:
        key = row["initiator_lo"], row["responder_lo"], row["name"]
        if key not in seen:
            row["first_frame"] = 0
        seen.add(key)
    shown = [row for row in conclude(traffic, Options()).report.dependencies if (row.asset, row.host) in whole]
    assert shown
    assert any(step.where for row in shown for step in row.evidence if step.kind == "flow-seen")
