"""Traffic in, Arrow tables out that anybody can read; and the same traffic back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from kwel.model.claims import Observed, Where
from kwel.model.records.columns import mac_text
from kwel.model.traffic import Certificate, Traffic
from kwel.store import spelling
from kwel.store.schema import REPEATS, SHAPES, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kwel.model.coverage import Coverage
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture

    Tables = dict[str, pa.Table]

COUNTED = REPEATS in {field.name for field in fields(Traffic)}
"""Whether traffic tells how many flows each of its rows stands for."""
OBSERVED = pa.schema(
    [
        ("kind", spelling.WORD),
        ("value", pa.string()),
        ("protocol", spelling.WORD),
        ("capture", spelling.WORD),
        ("frame", pa.int64()),
        ("time", spelling.MOMENT),
        ("address", spelling.WORD),
        ("mac", spelling.WORD),
        ("vlan", pa.int64()),
        ("last", spelling.MOMENT),
    ]
)
CERTIFICATES = pa.schema(
    [("subject", pa.string()), ("names", pa.list_(pa.string())), ("issuer", pa.string()), ("sha256", pa.string())]
)


def spell(traffic: Traffic) -> Tables:
    """Return the tables of *traffic*: everything of it but its captures and its coverage. Tables may be empty."""
    names, prints = spelling.spell_names(traffic.names), pa.array(list(traffic.fingerprints), pa.string())
    tables = {key: _spell_rows(getattr(traffic, key), shape, names, prints) for key, shape in SHAPES.items()}
    repeats = getattr(traffic, REPEATS, None)
    if repeats is not None and len(repeats):
        tables["flows"] = tables["flows"].append_column(REPEATS, pa.array(repeats))
    tables["names"] = pa.table({"name": names})
    tables["fingerprints"] = pa.table({"ja4": prints})
    tables["certificates"] = _spell_certificates(traffic.certificates)
    tables["observed"] = _spell_observed(traffic.observed)
    return tables


def read(tables: Mapping[str, pa.Table], captures: tuple[Capture, ...], coverage: Coverage) -> Traffic:
    """Return the traffic of *tables*; one that is not there has no rows.

    Raises:
        ValueError, KeyError, OSError: the tables are not what ``spell`` made.
    """
    names = _column(tables, "names", "name")
    prints = [str(text) for text in _column(tables, "fingerprints", "ja4").to_pylist()] or [""]
    places = {text: index for index, text in enumerate(names.to_pylist())}, {t: i for i, t in enumerate(prints)}
    rows = {key: _read_rows(tables.get(key), shape, *places) for key, shape in SHAPES.items()}
    counted: dict[str, Any] = {}
    if COUNTED and "flows" in tables and REPEATS in tables["flows"].column_names:
        counted[REPEATS] = spelling.read_numbers(_whole(tables["flows"], REPEATS), np.dtype(np.uint32))
    return Traffic(
        captures=captures,
        names=spelling.read_names(names if len(names) else pa.array([""])),
        observed=_read_observed(tables.get("observed")),
        coverage=coverage,
        fingerprints=tuple(prints),
        certificates=_read_certificates(tables.get("certificates")),
        **rows,
        **counted,
    )


def schema_of(key: str) -> pa.Schema:
    """Return the columns of the table *key*, for those who ask where there is no row."""
    if key in ("certificates", "observed"):
        return {"certificates": CERTIFICATES, "observed": OBSERVED}[key]
    if key in ("names", "fingerprints"):
        return pa.schema([("name" if key == "names" else "ja4", pa.string())])
    none = pa.array([""], pa.string())
    return _spell_rows(np.zeros(0, SHAPES[key].rows), SHAPES[key], none, none).schema


KEYS = (*SHAPES, "names", "fingerprints", "certificates", "observed")
"""The tables that traffic is stored in."""


def _spell_rows(rows: Rows, shape: Shape, names: pa.Array, prints: pa.Array) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for field in shape.rows.names or ():
        if field.endswith("_lo"):
            continue
        if field.endswith("_hi"):
            end = field.removesuffix("_hi")
            absent = end in shape.absent
            columns[end] = spelling.spell_addresses(rows[field], rows[f"{end}_lo"], may_be_absent=absent)
        else:
            columns[field] = _spell_field(rows[field], field, shape, names, prints)
    return pa.table(columns)


def _spell_field(values: Any, field: str, shape: Shape, names: pa.Array, prints: pa.Array) -> pa.Array:
    if field in shape.moments:
        return spelling.spell_moments(values)
    if field in shape.names:
        return spelling.spell_words(values, names)
    if field in shape.fingerprints:
        return spelling.spell_words(values, prints)
    if field in shape.macs:
        return spelling.spell_macs(values)
    if field in shape.labels:
        return spelling.spell_labels(values, shape.labels[field])
    return spelling.spell_numbers(values)


def _read_rows(table: pa.Table | None, shape: Shape, names: Mapping[str, int], prints: Mapping[str, int]) -> Rows:
    """Return the rows of a table; a column that it has not yet is full of zeros."""
    rows = np.zeros(table.num_rows if table is not None else 0, shape.rows)
    if table is None:
        return rows
    for field in shape.rows.names or ():
        end = field.removesuffix("_hi")
        if field.endswith("_lo") or end not in table.column_names:
            continue
        column = _whole(table, end)
        if end != field:
            rows[field], rows[f"{end}_lo"] = spelling.read_addresses(column)
        else:
            rows[field] = _read_field(column, field, shape, names, prints)
    return rows


def _read_field(column: pa.Array, field: str, shape: Shape, names: Mapping[str, int], prints: Mapping[str, int]) -> Any:
    kind = shape.rows.fields[field][0] if shape.rows.fields else None
    if kind is None:
        raise AssertionError("a record type has fields")
    if field in shape.moments:
        return spelling.read_moments(column, kind)
    if field in shape.names:
        return spelling.read_words(column, names)
    if field in shape.fingerprints:
        return spelling.read_words(column, prints)
    if field in shape.macs:
        return spelling.read_macs(column)
    if field in shape.labels:
        return spelling.read_labels(column, shape.labels[field], kind)
    return spelling.read_numbers(column, kind)


def _column(tables: Mapping[str, pa.Table], key: str, column: str) -> pa.Array:
    return _whole(tables[key], column) if key in tables else pa.array([], pa.string())


def _whole(table: pa.Table, column: str) -> pa.Array:
    """Return a column in one piece."""
    chunks = table.column(column).combine_chunks()
    return chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks


def _spell_certificates(certificates: Sequence[Certificate]) -> pa.Table:
    told = spelling.storable
    rows = [(told(c.subject), [told(name) for name in c.names], told(c.issuer), c.sha256) for c in certificates]
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[]] * 4, schema=CERTIFICATES)


def _read_certificates(table: pa.Table | None) -> tuple[Certificate, ...]:
    if table is None:
        return ()
    columns = [table.column(key).to_pylist() for key in Certificate._fields]
    return tuple(Certificate(subject, tuple(n), issuer, sha) for subject, n, issuer, sha in zip(*columns, strict=True))


def _spell_observed(observed: Sequence[Observed]) -> pa.Table:
    told = spelling.storable
    values = {
        "kind": [one.kind for one in observed],
        "value": [told(one.value) for one in observed],
        "protocol": [one.protocol for one in observed],
        "capture": [told(one.where.capture) for one in observed],
        "frame": [one.where.frame for one in observed],
        "address": [one.address for one in observed],
        "vlan": [one.vlan for one in observed],
    }
    columns: dict[str, pa.Array] = {
        key: pa.array(column, pa.string()).dictionary_encode()
        if OBSERVED.field(key).type == spelling.WORD
        else pa.array(column, OBSERVED.field(key).type)
        for key, column in values.items()
    }
    for key in ("time", "last"):
        columns[key] = spelling.spell_moments(np.array([getattr(one, key) for one in observed], np.int64))
    macs = [None if one.mac is None else mac_text(one.mac) for one in observed]
    columns["mac"] = pa.array(macs, pa.string()).dictionary_encode()
    return pa.table([columns[key] for key in OBSERVED.names], schema=OBSERVED)


def _read_observed(table: pa.Table | None) -> tuple[Observed, ...]:
    if table is None:
        return ()
    column = {key: table.column(key).to_pylist() for key in OBSERVED.names if key not in ("time", "last")}
    moment = np.dtype(np.int64)
    times, lasts = (spelling.read_moments(_whole(table, key), moment).tolist() for key in ("time", "last"))
    places = [Where(*place) for place in zip(column["capture"], column["frame"], strict=True)]
    macs = [None if mac is None else int(mac.replace(":", ""), 16) for mac in column["mac"]]
    order = column["kind"], column["value"], column["protocol"], places, times, column["address"], macs
    return tuple(Observed(*row) for row in zip(*order, column["vlan"], lasts, strict=True))
