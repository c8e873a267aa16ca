"""Reads inventories of devices: CSV from any spreadsheet, NetBox exports as CSV or JSON.

What cannot be understood in a row is named, and the rest of the row counts; a file that is no inventory is refused.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.model.inventory import InventoryFile, OwnInventory
from kwel.site.cells import Rows, merged
from kwel.site.headings import KEYS, installed
from kwel.site.objects import rows_of
from kwel.site.table import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.model.inventory import Entry
    from kwel.site.headings import Headings

LARGEST: Final = 64 << 20
"""Bytes of one file: 50,000 devices as NetBox writes them in JSON."""
MOST: Final = 50_000
"""Entries of all files together."""
MOST_ZONES: Final = 1_000
MOST_COLUMNS: Final = 500
MOST_FILES: Final = 20
BYTE_ORDERS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SEPARATORS: Final = ";,\t|"


def load(paths: Sequence[str | Path]) -> OwnInventory:
    """Read the files of an inventory.

    Raises:
        SiteError: a file cannot be read or is no inventory: ``file:line: why; what to do``.
    """
    if len(paths) > MOST_FILES:
        raise SiteError(f"{len(paths)} files of an inventory, more than {MOST_FILES}; join them")
    headings = installed()
    rows = Rows(headings)
    files: list[InventoryFile] = []
    entries: list[Entry] = []
    tables: list[bool] = []
    for path in map(Path, paths):
        content = _bytes(path)
        before = len(entries)
        for where, cells in _rows(path, content, headings):
            entry = rows.entry(where, cells)
            if entry is None:
                continue
            entries.append(entry)
            tables.append(bool(cells.get("device")))
            if len(entries) > MOST:
                raise SiteError(f"{where}: more than {MOST} devices; split the inventory")
        files.append(InventoryFile(path.name, hashlib.sha256(content).hexdigest(), len(entries) - before))
    zones = {entry.zone for entry in entries if entry.zone}
    if len(zones) > MOST_ZONES:
        raise SiteError(f"{files[-1].file}: {len(zones)} zones, more than {MOST_ZONES}; rename the column `zone`")
    return OwnInventory(tuple(files), tuple(merged(entries, tables)), tuple(rows.problems))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise SiteError(f"{path}: {error.strerror or error}; name an inventory with --inventory") from error
    if len(content) > LARGEST:
        raise SiteError(f"{path}: larger than {LARGEST >> 20} MiB; export the columns that matter")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SiteError(f"{path}: a workbook, not text; save it as CSV")
    return content


def _rows(path: Path, content: bytes, headings: Headings) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield where each row stands and what its columns hold, by field."""
    text = _text(path, content)
    if text.lstrip()[:1] in ("{", "["):
        yield from _objects(path, text, headings)
        return
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    columns: dict[str, list[int]] | None = None
    try:
        for row in lines:
            where = f"{path.name}:{lines.line_num}"
            if len(row) > MOST_COLUMNS:
                raise SiteError(f"{where}: {len(row)} columns, more than {MOST_COLUMNS}; is this an inventory?")
            if columns is None:
                columns = _columns(row, where, headings)
            else:
                yield where, {f: [row[c] for c in of if c < len(row)] for f, of in columns.items()}
    except csv.Error as error:
        raise SiteError(f"{path.name}:{lines.line_num}: not CSV: {error}; save it as CSV again") from error
    if columns is None:
        raise SiteError(f"{path.name}: is empty; the first line names the columns: name, address, mac, serial, ...")


def _columns(row: list[str], where: str, headings: Headings) -> dict[str, list[int]] | None:
    """Return which columns hold what; ``None`` for a line before the one that names them."""
    if not any(cell.strip() for cell in row) or row[0].lower().startswith("sep="):
        return None
    columns = headings.assign(row)
    if not any(field in columns for field in KEYS):
        told = ", ".join(repr(cell.strip()[:30])[1:-1] for cell in row[:8])
        raise SiteError(f"{where}: no column tells which device it is ({told}); name one name, address, mac or serial")
    return columns


def _text(path: Path, content: bytes) -> str:
    """Return a file as text: UTF-8, with or without its mark; UTF-16 with its mark; else what Windows writes."""
    for mark, name in BYTE_ORDERS:
        if content.startswith(mark):
            try:
                return content.decode(name)
            except UnicodeDecodeError as error:
                raise SiteError(f"{path}: damaged UTF-16: {error.reason}; save it as CSV again") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _separator(text: str) -> str:
    """Return what stands between cells: what stands most often in the first line that holds anything."""
    lines = text[: 1 << 16].splitlines()
    first = next((line for line in lines if line.strip(SEPARATORS + ' "')), "")
    if first.lower().startswith("sep=") and len(first) > len("sep="):
        return first[len("sep=")]
    bare = "".join(first.split('"')[::2])  # outside quotation marks
    return max(SEPARATORS, key=bare.count)


def _objects(path: Path, text: str, headings: Headings) -> Iterator[tuple[str, dict[str, list[str]]]]:
    try:
        content: Any = json.loads(text)
    except RecursionError as error:
        raise SiteError(f"{path}: nested too deeply for an inventory; export it again") from error
    except ValueError as error:
        raise SiteError(f"{path}: not JSON: {error}; export it again") from error
    found = rows_of(content, headings)
    if found is None:
        raise SiteError(f"{path}: no list of devices in it; export devices as NetBox's API gives them, or CSV")
    for number, cells in enumerate(found, 1):
        yield f"{path.name}[{number}]", cells
