"""A stored window of an older layout in, the same window in the layout of today out, a version at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.store.files import Damaged
from kwel.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    Tables = dict[str, pa.Table]
    Said = dict[str, Any]
    Migration = Callable[[Said, Tables], tuple[Said, Tables]]


def _from_0(said: Said, tables: Tables) -> tuple[Said, Tables]:
    """Version 0, which no release wrote: ends were client and server, and losses had no number of what was missed."""
    renamed = {"client": "initiator", "client_port": "initiator_port"}
    renamed |= {"server": "responder", "server_port": "responder_port"}
    if "flows" in tables:
        flows = tables["flows"]
        tables = {**tables, "flows": flows.rename_columns([renamed.get(key, key) for key in flows.column_names])}
    window = {**said["window"], "losses": [[*loss, None] for loss in said["window"]["losses"]]}
    return {**said, "window": window}, tables


MIGRATIONS: tuple[Migration, ...] = (_from_0,)
"""The one at *n* leads from version *n* to *n* + 1. There are as many as ``schema.VERSION`` says."""


def migrate(said: Said, tables: Tables) -> tuple[Said, Tables]:
    """Return a window as the layout of today has it.

    Raises:
        Damaged: it was written by a kwel that is newer than this one.
    """
    version = said["schema"]
    if version > VERSION:
        raise Damaged(f"it has layout {version}, and this kwel knows layouts up to {VERSION}: use a newer kwel")
    for step in MIGRATIONS[version:]:
        said, tables = step(said, tables)
    return {**said, "schema": VERSION}, tables
