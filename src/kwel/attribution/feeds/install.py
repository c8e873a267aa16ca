"""Finished tables in, an edition in the data folder out: whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.attribution.feeds.formats import FeedError
from kwel.attribution.tables import MANIFEST, Tables

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

MOST_OF_A_DAY = 1000
"""Editions that one day may have."""


@dataclass(frozen=True, slots=True)
class Made:
    """A table, and what the manifest says of it."""

    name: str
    data: bytes
    about: str
    source: str
    licence: str
    date: str
    rows: int
    inputs: tuple[str, ...]
    """What it was made of: each with a date and a checksum."""


def manifest_of(tables: Iterable[Made]) -> str:
    """Return tables.toml: where each table comes from, and how to tell that it is whole."""
    lines = ["# Written with the tables: do not edit.\n"]
    for table in tables:
        inputs = "".join(f"  {_quoted(text)},\n" for text in table.inputs)
        lines.append(
            f"[{_quoted(table.name)}]\nabout = {_quoted(table.about)}\nsource = {_quoted(table.source)}\n"
            f"licence = {_quoted(table.licence)}\ndate = {_quoted(table.date)}\nrows = {table.rows}\n"
            f"inputs = [\n{inputs}]\n"
            f"bytes = {len(table.data)}\ncrc32 = 0x{zlib.crc32(table.data):08x}\n"
            f'sha256 = "{hashlib.sha256(table.data).hexdigest()}"\n'
        )
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return *text* as a basic string of TOML 1.0 on one line."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 0x20 or c in '"\\\x7f' else c for c in text.encode("utf-8", "replace").decode()
    )
    return f'"{escaped}"'


def install(folder: Path, files: Mapping[str, bytes], day: datetime.date) -> Path:
    """Write the files of an edition beside the others and then give it its name; return where it is.

    Args:
        folder: of the editions.
        files: the manifest and the tables that it lists, by name.
        day: on which the edition was made.

    Raises:
        FeedError: it could not be written, or is not what its manifest says.
    """
    beside: str | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = tempfile.mkdtemp(prefix=".new-", dir=folder)
        for name, data in files.items():
            with open(os.path.join(beside, name), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        check(Path(beside))
        os.chmod(beside, 0o755)  # whoever analyses may be another than who fetched
        return _named(Path(beside), folder, day)
    except OSError as error:
        raise FeedError(f"cannot write to {folder}: {error.strerror}; set KWEL_DATA_DIR to another folder") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def check(root: Path) -> None:
    """Open the tables of an edition.

    Raises:
        FeedError: one of them is not what the manifest says.
        OSError: a file is missing or cannot be read.
    """
    import maxminddb

    try:
        manifest = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))
        damaged = [name for name, about in manifest.items() if _digest(root / name) != about["sha256"]]
        for name in manifest:
            if name.endswith(".mmdb") and name not in damaged:
                maxminddb.open_database(root / name).close()
        Tables.infos_of(manifest)
    except (ValueError, KeyError, TypeError, maxminddb.InvalidDatabaseError) as error:
        raise FeedError(f"not an edition: {error}") from error
    if damaged or not manifest:
        raise FeedError(f"{damaged[0] if damaged else MANIFEST} is not what the manifest says")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(beside: Path, folder: Path, day: datetime.date) -> Path:
    for number in range(1, MOST_OF_A_DAY):
        path = folder / (day.isoformat() if number == 1 else f"{day.isoformat()}.{number:03}")
        try:
            os.rename(beside, path)
        except OSError:
            if not path.exists():
                raise
        else:
            return path
    raise FeedError(f"{folder} has {MOST_OF_A_DAY - 1} editions of {day.isoformat()}")
