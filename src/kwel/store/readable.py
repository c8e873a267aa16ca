"""Tables of conclusions as pandas has them in, Arrow tables as the contract of kwel's tables types them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from kwel.export.schema import Table


def contract_of(name: str) -> Table:
    """Return the columns of a table.

    Raises:
        ValueError: there is no such table.
    """
    from kwel.export.schema import INVENTORY, TABLES

    for table in (*TABLES, INVENTORY):
        if table.name == name:
            return table
    raise ValueError(f"{name}: no table of conclusions is called so")


def schema_of(name: str) -> pa.Schema:
    """Return the columns of a table as Arrow types them."""
    import pyarrow as pa

    types = {
        "text": pa.dictionary(pa.int32(), pa.string()),
        "list": pa.list_(pa.string()),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("ns", tz="UTC"),
    }
    return pa.schema([pa.field(column.name, types[column.kind]) for column in contract_of(name).columns])


def arrow_tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    """Return tables of conclusions to be stored.

    Raises:
        ValueError: a name is of no table.
    """
    import pyarrow as pa

    found: dict[str, Any] = {}
    for name, frame in sorted(frames.items()):
        schema = schema_of(name)
        columns = [_array(frame[field.name], field.type) for field in schema]
        found[name] = pa.table(columns, schema=schema)
    return found


def _array(series: pd.Series, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return pa.array(series, type=pa.string(), from_pandas=True).dictionary_encode()
    return pa.array(series, type=kind, from_pandas=True)
