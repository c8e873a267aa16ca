"""Big tables are written a part at a time: the parts together are what the whole would be."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import analyse
from kwel.export import formats, report_json, write
from kwel.export.conclusions import dependencies_table
from kwel.export.schema import DEPENDENCIES
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from kwel.export.write import Format
    from kwel.model.report import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return analyse(str(SAMPLES / "mixed_plant.pcapng")).report


def written(report: Report, form: Format) -> bytes:
    out = io.BytesIO()
    write.write_dependencies(report, form, out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("rows", [1, 5, 1000])
def test_dependencies_in_parts_are_those_of_the_whole(
    form: Format, rows: int, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = io.BytesIO()
    write.write_frame(dependencies_table(report), DEPENDENCIES, form, whole)
    monkeypatch.setattr(formats, "CHUNK", rows)

    assert len(report.dependencies) > 10
    assert written(report, form) == whole.getvalue()


@pytest.mark.parametrize("rows", [1, 7])
def test_the_report_as_json_is_the_same_in_parts(rows: int, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = io.BytesIO(), io.BytesIO()
    report_json.write_report_json(report, whole)
    monkeypatch.setattr(report_json, "AT_A_TIME", rows)
    report_json.write_report_json(report, parts)

    assert parts.getvalue() == whole.getvalue()
    content = json.loads(whole.getvalue())
    assert len(content["dependencies"]) == len(report.dependencies)
    assert whole.getvalue() == json.dumps(content, indent=1).encode() + b"\n"


def test_no_dependency_is_an_empty_list_and_a_line_of_names() -> None:
    nothing = analyse(str(SAMPLES / "ot_clean.pcap")).report
    out = io.BytesIO()
    report_json.write_report_json(nothing, out)

    assert json.loads(out.getvalue())["dependencies"] == []
    assert written(nothing, "csv").decode().count("\n") == 1
    assert written(nothing, "jsonl") == b""
