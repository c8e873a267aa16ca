"""A table in, lines for a person at a terminal out: as many columns as fit, the most telling first.

Everything that could move the cursor or turn the direction of reading is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from kwel.export.cells import visible
from kwel.export.formats import time_texts

if TYPE_CHECKING:
    from typing import TextIO

    import pandas as pd

    from kwel.export.schema import Column, Table

ROWS = 500
"""More rows than these are no help to a reader; the line below the table says how many there are."""

WIDEST = 44
GAP = 2
UNKNOWN = "-"


def write_terminal(frame: pd.DataFrame, table: Table, out: TextIO, width: int | None = None) -> None:
    """Write the first rows, then what is left out and how to get it."""
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    part = frame.iloc[:ROWS]
    cells = {column.name: _cells(part[column.name], column) for column in table.columns}
    columns = _columns_that_fit(table, cells, console.width)
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(column.name, justify="right" if column.kind == "whole" else "left", no_wrap=True)
    for row in zip(*(cells[column.name] for column in columns), strict=True):
        grid.add_row(*map(Text, row))
    console.print(grid)
    console.print(Text(_footer(len(frame), len(part), len(table.columns), len(columns)), style="dim"))


def _cells(series: pd.Series, column: Column) -> list[str]:
    if column.kind == "time":
        return [text[:19] if text else UNKNOWN for text in time_texts(series).tolist()]
    if column.kind == "list":
        return [_cut(visible(", ".join(values))) or UNKNOWN for values in series.tolist()]
    if column.kind == "text":
        return [_cut(visible(text)) if isinstance(text, str) else UNKNOWN for text in series.tolist()]
    if column.kind == "flag":
        return ["yes" if flag else "no" for flag in series.tolist()]
    return [f"{number}" if known else UNKNOWN for number, known in zip(series.tolist(), series.notna(), strict=True)]


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _columns_that_fit(table: Table, cells: dict[str, list[str]], width: int) -> list[Column]:
    """Return the columns to show: those of rank 0 in front, and then in the table's order.

    Ranks 0 and 1 always, the others while there is room, those last in which no cell says anything.
    """
    chosen: set[str] = set()
    left = width
    says_nothing = {name for name, of in cells.items() if of and set(of) == {UNKNOWN}}
    for column in sorted(
        table.columns, key=lambda column: (column.rank > 1 and column.name in says_nothing, column.rank)
    ):
        need = max([len(column.name), *map(len, cells[column.name])]) + GAP
        if column.rank <= 1 or need <= left:
            chosen.add(column.name)
            left -= need
    return sorted((column for column in table.columns if column.name in chosen), key=lambda column: column.rank > 0)


def _footer(rows: int, shown: int, columns: int, columns_shown: int) -> str:
    left_out = []
    if shown < rows:
        left_out.append(f"{rows - shown} more rows")
    if columns_shown < columns:
        left_out.append(f"{columns - columns_shown} more columns")
    total = f"{rows} row{'' if rows == 1 else 's'}"
    return f"{total}; {' and '.join(left_out)} with --format csv, jsonl or parquet" if left_out else total
