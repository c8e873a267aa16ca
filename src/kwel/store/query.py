"""A question in SQL in, rows out: DuckDB over the tables of a store, which it can read, and nothing else.

No file outside the store, no network, no extension, no change of a setting: https://duckdb.org/docs/stable/
operations_manual/securing_duckdb/overview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kwel.store import codec, readable
from kwel.store.folder import TABLES, WIRE
from kwel.store.spans import SECOND
from kwel.store.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from kwel.store.parts import Part
    from kwel.store.store import Store

SEALED = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
MOST_MEMORY = "2GB"
CONCLUDED = ("dependencies", "assets", "facts", "needs", "conduits", "zones", "commands", "interruptions", "inventory")


class Rows(NamedTuple):
    """What a question came to."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def ask(store: Store, sql: str, since: int | None = None, until: int | None = None) -> Rows:
    """Return the answer to a question.

    The tables are ``windows``, those that were concluded, such as ``dependencies``, and those of the wire, such as
    ``wire.flows``; each has the columns ``part`` and ``heard_on`` beside its own, and those of the wire
    ``row_number``, which counts from 0 within a part: what columns such as ``flow`` point to.

    Args:
        store: of which windows that are filed between *since* and *until* are read.
        sql: one statement, ``SELECT`` or ``EXPLAIN``.
        since: nanoseconds since the epoch.
        until: likewise.

    Raises:
        StoreError: it is no question, or cannot be answered.
    """
    import duckdb

    parts = store.windows(since, until)
    with duckdb.connect(":memory:") as connection:
        try:
            _prepare(connection, store, parts)
            statements = connection.extract_statements(sql)
            wanted = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
            if len(statements) != 1 or statements[0].type not in wanted:
                raise StoreError("a store answers one SELECT at a time, and changes nothing")
            answer = connection.execute(statements[0])
            columns = tuple(str(column[0]) for column in answer.description or ())
            return Rows(columns, answer.fetchall())
        except duckdb.Error as error:
            raise StoreError(f"the question cannot be answered: {' '.join(str(error).split())}") from error


def _prepare(connection: Any, store: Store, parts: Sequence[Part]) -> None:
    """Make the tables that may be asked for, and close all other doors."""
    folder = _quoted(str(store.root.resolve()))
    connection.execute(f"SET allowed_directories = [{folder}]")
    connection.execute(f"SET memory_limit = '{MOST_MEMORY}'")
    connection.execute("SET TimeZone = 'UTC'")
    for statement in SEALED:
        connection.execute(statement)
    connection.register("windows", _windows(parts))
    connection.execute("CREATE SCHEMA wire")
    for key in codec.KEYS:
        _view(connection, store, parts, f"wire.{key}", f"{WIRE}/{key}", codec.schema_of(key))
    for key in CONCLUDED:
        _view(connection, store, parts, key, f"{TABLES}/{key}", readable.schema_of(key))


def _view(connection: Any, store: Store, parts: Sequence[Part], name: str, file: str, schema: pa.Schema) -> None:
    """Make a view of all files of one table; where there is none, of no row."""
    files = [str(path.resolve()) for _, path in store.paths(file, parts)]
    numbered = ", NULL::BIGINT AS row_number" if name.startswith("wire.") else ""
    if not files:
        empty = f"none_{name.replace('.', '_')}"
        connection.register(empty, schema.empty_table())
        said = f"NULL::VARCHAR AS part, NULL::VARCHAR AS heard_on{numbered}"
        connection.execute(f"CREATE VIEW {name} AS SELECT {said}, * FROM {empty} WHERE false")
        return
    listed = ", ".join(map(_quoted, files))
    part = "regexp_extract(filename, '([^/]+)/[a-z]+/[^/]+$', 1)"
    numbered = numbered.replace("NULL::BIGINT", "file_row_number")
    connection.execute(
        f"CREATE VIEW {name} AS SELECT windows.part, windows.source AS heard_on{numbered}, "
        "rows.* EXCLUDE (filename, file_row_number) "
        f"FROM read_parquet([{listed}], union_by_name = true, filename = true, file_row_number = true) AS rows "
        f"JOIN windows ON windows.part = {part}"
    )


def _windows(parts: Sequence[Part]) -> pa.Table:
    import pyarrow as pa

    moment = pa.timestamp("ns", tz="UTC")
    columns = {
        "part": pa.array([part.id for part in parts], pa.string()),
        "level": pa.array([part.level.value for part in parts], pa.string()),
        "sensor": pa.array([part.sensor for part in parts], pa.string()),
        "source": pa.array([part.source for part in parts], pa.string()),
        "first": pa.array([part.sequences[0][0] for part in parts], pa.int64()),
        "last": pa.array([part.sequences[-1][1] for part in parts], pa.int64()),
        "opened": pa.array([part.opened for part in parts], pa.int64()).cast(moment),
        "closed": pa.array([part.closed for part in parts], pa.int64()).cast(moment),
        "heard_seconds": pa.array([part.lasted / SECOND for part in parts], pa.float64()),
        "packets": pa.array([part.packets for part in parts], pa.int64()),
        "dropped": pa.array([part.dropped for part in parts], pa.int64()),
        "missed": pa.array([part.missed for part in parts], pa.int64()),
        "bytes": pa.array([part.bytes for part in parts], pa.int64()),
        "gone": pa.array([sorted({*part.gone, *part.left_out}) for part in parts], pa.list_(pa.string())),
    }
    return pa.table(columns)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
