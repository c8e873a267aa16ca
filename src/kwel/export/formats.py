"""A table in, CSV, JSON Lines or Parquet out: RFC 4180, jsonlines.org, Apache Parquet.

A CSV cell that a spreadsheet would take for a formula gets an apostrophe in front: names come from the wire,
and whoever sent them must not calculate on the analyst's machine. Control characters are escaped for the same
reason in every format that a terminal may be shown.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kwel.export.cells import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from kwel.export.schema import Column, Table

CHUNK = 50_000
"""Rows that are spelt at a time, so that memory does not follow the size of the table."""

LIST_SEPARATOR = " "


def write_csv(frame: pd.DataFrame, table: Table, out: BinaryIO, *, header: bool = True) -> None:
    """Write comma-separated values in UTF-8, with a line of column names unless they go on below others."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(table.keys)
    for _, part in _chunks(frame):
        writer.writerows(zip(*(_csv_column(part[column.name], column) for column in table.columns), strict=True))
    text.detach()


def write_jsonl(frame: pd.DataFrame, table: Table, out: BinaryIO) -> None:
    """Write one JSON object a row, one row a line."""
    line = "{" + ", ".join(f'"{key}": %s' for key in table.keys) + "}\n"
    for _, part in _chunks(frame):
        columns = [_json_column(part[column.name], column) for column in table.columns]
        out.write("".join([line % row for row in zip(*columns, strict=True)]).encode())


def write_parquet(frame: pd.DataFrame, table: Table, out: BinaryIO) -> None:
    """Write an Apache Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {
        "text": pa.string(),
        "list": pa.list_(pa.string()),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("ns", tz="UTC"),
    }
    schema = pa.schema([pa.field(column.name, types[column.kind]) for column in table.columns])
    columns = [pa.array(frame[column.name], type=types[column.kind], from_pandas=True) for column in table.columns]
    parquet.write_table(pa.Table.from_arrays(columns, schema=schema), out)


def _chunks(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield slices of *frame* and where each begins; of an empty one, itself."""
    for at in range(0, max(len(frame), 1), CHUNK):
        yield at, frame.iloc[at : at + CHUNK]


def time_texts(series: pd.Series) -> np.ndarray:
    """Return RFC 3339 times with nine digits of a second; ``None`` where not known."""
    moments = series.dt.tz_localize(None).to_numpy("datetime64[ns]")
    texts = np.char.add(np.datetime_as_string(moments, unit="ns"), "Z").astype(object)
    texts[np.isnat(moments)] = None
    return texts


def _csv_column(series: pd.Series, column: Column) -> list[Any]:
    """Return the cells of a column; pandas would make a column of each anew."""
    if column.kind == "time":
        return list(time_texts(series))
    if column.kind == "flag":
        return list(series.map({True: "true", False: "false"}).astype(object).where(series.notna(), None))
    if column.kind == "list":
        texts = list(map(LIST_SEPARATOR.join, series.tolist()))
    elif column.kind == "text":
        texts = series.astype(object).where(series.notna(), None).tolist()
    else:
        return series.astype(object).where(series.notna(), None).tolist()
    spelt = {text: harmless(text) if text else text for text in dict.fromkeys(texts)}
    return list(map(spelt.__getitem__, texts))


def _json_column(series: pd.Series, column: Column) -> list[str]:
    if column.kind == "time":
        return [f'"{text}"' if text else "null" for text in time_texts(series).tolist()]
    if column.kind == "flag":
        return ["true" if flag else "false" for flag in series.tolist()]
    if column.kind == "list":
        values = series.tolist()
        spelt = {id(value): value for value in values}  # thousands of rows may share a list: each is spelt once
        spelt = {key: json.dumps(value) for key, value in spelt.items()}
        return [spelt[id(value)] for value in values]
    if column.kind == "text":
        return _each(series, json.dumps).fillna("null").tolist()
    numbers = series.astype(object).where(series.notna(), "null") if column.optional else series
    return list(map(str, numbers.tolist()))


def _each(series: pd.Series, spell: Callable[[str], str]) -> pd.Series:
    """Return *spell* of every text, called once for each distinct one; what is missing stays so."""
    codes, distinct = pd.factorize(series)
    words = pd.array([*map(spell, distinct), None], dtype="str")
    return pd.Series(words.take(codes), index=series.index)
