from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from kwel import export
from kwel.analysis.stages import Options
from kwel.export import formats
from kwel.export.schema import TABLES, Column, Table
from kwel.export.write import FORMATS, Format, write_frame
from tests.export import plant
from tests.export.plant import as_cell

SMALL = Table("names", "a row", (Column("text", "text", "", "", optional=True), Column("words", "list", "", "")))


class Plant:
    options = Options()
    traffic = plant.make_traffic()
    report = plant.make_report()


def written(frame: pd.DataFrame, table: Table, form: Format) -> bytes:
    out = io.BytesIO()
    write_frame(frame, table, form, out, 120)
    return out.getvalue()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_csv_json_lines_and_parquet_hold_the_same(table: Table) -> None:
    frame = export.frame(table.name, Plant)
    lines = [json.loads(line) for line in written(frame, table, "jsonl").splitlines()]
    cells = list(csv.DictReader(io.StringIO(written(frame, table, "csv").decode())))
    columns = parquet.read_table(io.BytesIO(written(frame, table, "parquet"))).to_pydict()

    assert len(lines) == len(cells) == len(frame)
    assert list(columns) == list(lines[0]) == list(cells[0]) == list(table.keys)
    for column in table.columns:
        told = [line[column.name] for line in lines]
        if column.kind in ("text", "whole", "flag", "list"):
            assert columns[column.name] == told
        for value, cell in zip(told, (row[column.name] for row in cells), strict=True):
            assert cell.removeprefix("'") == as_cell(value)


def test_times_are_rfc_3339_with_nine_digits() -> None:
    line = json.loads(written(export.frame("flows", Plant), TABLES[0], "jsonl").splitlines()[1])

    assert line["first"] == "2026-03-02T09:14:07.120331005Z"


def test_a_spreadsheet_is_given_nothing_to_calculate() -> None:
    cells = list(csv.DictReader(io.StringIO(written(export.frame("flows", Plant), TABLES[0], "csv").decode())))

    assert cells[1]["name"] == "'" + plant.HOSTILE


def test_rows_are_the_same_however_many_are_written_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.concat([export.frame("flows", Plant)] * 4, ignore_index=True)
    whole = [written(frame, TABLES[0], form) for form in ("csv", "jsonl")]
    monkeypatch.setattr(formats, "CHUNK", 3)

    assert [written(frame, TABLES[0], form) for form in ("csv", "jsonl")] == whole


@pytest.mark.parametrize("form", ["table", "csv", "jsonl", "parquet"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_without_rows_is_still_one(table: Table, form: Format) -> None:
    out = written(export.frame(table.name, Plant).iloc[:0], table, form)

    assert out.count(b"\n") == {"table": out.count(b"\n"), "csv": 1, "jsonl": 0}.get(form, out.count(b"\n"))
    assert form == "jsonl" or table.columns[0].name.encode() in out or form == "table"


anything = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.lists(st.tuples(st.none() | anything, st.lists(anything, max_size=3)), max_size=6))
def test_whatever_the_wire_says_comes_back_out_of_json_and_never_as_control_characters(
    rows: list[tuple[str | None, list[str]]],
) -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series([text for text, _ in rows], dtype="str"),
            "words": pd.Series([words for _, words in rows], dtype="object"),
        }
    )
    out = written(frame, SMALL, "jsonl")

    assert [(line["text"], line["words"]) for line in map(json.loads, out.splitlines())] == rows
    for form in FORMATS[:3]:
        text = written(frame, SMALL, form).decode()
        assert all(character.isprintable() or character == "\n" for character in text)
