from __future__ import annotations

import io

import pandas as pd
import pytest

from kwel.export.flows import flows_table
from kwel.export.schema import FLOWS, Column, Table
from kwel.export.terminal import ROWS, write_terminal
from tests.export.plant import make_traffic


def shown(frame: pd.DataFrame, width: int) -> list[str]:
    out = io.StringIO()
    write_terminal(frame, FLOWS, out, width)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 160, 240])
def test_lines_are_no_longer_than_the_terminal_is_wide(width: int) -> None:
    assert max(len(line.rstrip()) for line in shown(flows_table(make_traffic()), width)) <= width


def test_a_wider_terminal_shows_more_columns() -> None:
    counts = [len(shown(flows_table(make_traffic()), width)[0].split()) for width in (80, 160, 400)]

    assert counts == sorted(set(counts))
    assert counts[-1] == len(FLOWS.columns)


def test_what_is_left_out_is_said() -> None:
    many = pd.concat([flows_table(make_traffic())] * ROWS, ignore_index=True)
    lines = shown(many, 100)

    assert len(lines) == ROWS + 2
    assert lines[-1].startswith(f"{2 * ROWS} rows; {ROWS} more rows and ")
    assert lines[-1].endswith("--format csv, jsonl or parquet")


def test_nothing_left_out_is_a_count_only() -> None:
    assert shown(flows_table(make_traffic()).iloc[:1], 400)[-1] == "1 row"


def made(**columns: list[str]) -> tuple[pd.DataFrame, Table]:
    """Return a table whose columns have the rank that their names end with."""
    of = tuple(Column(name, "text", "", '""', optional=True, rank=int(name[-1])) for name in columns)
    return pd.DataFrame({key: pd.Series(values, dtype="str") for key, values in columns.items()}), Table("lan", "", of)


def test_what_people_call_it_leads_wherever_it_stands() -> None:
    frame, table = made(mac_2=["00:1b:1b:10:00:21"], role_1=["hmi"], label_0=["ketelhuis HMI 2"])
    out = io.StringIO()
    write_terminal(frame, table, out, 80)

    assert out.getvalue().splitlines()[0].split() == ["label_0", "mac_2", "role_1"]


def test_a_column_that_says_nothing_gives_way_to_one_that_does() -> None:
    frame, table = made(role_1=["hmi"], firmware_2=[None], neighbour_3=["port-014.switch-3"])  # type: ignore[list-item]
    out = io.StringIO()
    write_terminal(frame, table, out, 30)

    assert out.getvalue().splitlines()[0].split() == ["role_1", "neighbour_3"]
