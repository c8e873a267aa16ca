"""A window in, one folder that holds it out: tables, evidence, and a head that tells whether all of it is there."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kwel.store import head, migrations
from kwel.store.files import Damaged, digest_of
from kwel.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from kwel.model.traffic import Traffic
    from kwel.store.files import Disk

    Said = dict[str, Any]

HEAD = "window.json"
"""Written last: a folder without it, or with one that lists what is not there, was not written to its end."""
WIRE = "wire"
"""Tables of what was on the wire; ``codec`` makes traffic of them."""
TABLES = "tables"
"""Tables of what was concluded."""
EVIDENCE = "evidence"
"""Frames, as pcapng."""
TIERS = (EVIDENCE, WIRE, TABLES)
"""What is left out, or removed, first: evidence, then what was on the wire, then what was concluded."""
LEVEL = 3
"""Of zstd: further ones take twice the time for a twentieth of the size."""


class File(NamedTuple):
    """A file of a window."""

    name: str
    """With the folder of its tier: ``wire/flows.parquet``."""
    size: int
    sha256: str

    @property
    def tier(self) -> str:
        """What it belongs to."""
        return self.name.partition("/")[0]


class Content(NamedTuple):
    """What goes into a folder."""

    said: Said
    wire: Mapping[str, pa.Table]
    tables: Mapping[str, pa.Table]
    evidence: Sequence[Path] = ()
    """Capture files, one behind the other."""
    evidence_name: str = ""

    def without(self, tiers: Sequence[str]) -> Content:
        """Return the same without some tiers, and saying so."""
        said = {**self.said, "left_out": sorted({*self.said.get("left_out", ()), *tiers})}
        rest = self._replace(said=said)
        rest = rest._replace(evidence=(), evidence_name="") if EVIDENCE in tiers else rest
        rest = rest._replace(wire={}) if WIRE in tiers else rest
        return rest._replace(tables={}) if TABLES in tiers else rest


def parquet_bytes(table: pa.Table) -> memoryview:
    """Return a table as a Parquet file: words as a dictionary, numbers and times as differences.

    That takes two thirds of what Arrow would choose by itself, in half the time (``benchmarks/store.py``).
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds = pa.types
    words = [f"{field.name}.list.element" for field in table.schema if kinds.is_list(field.type)]
    words += [field.name for field in table.schema if kinds.is_dictionary(field.type) or kinds.is_string(field.type)]
    counted = [field.name for field in table.schema if kinds.is_integer(field.type) or kinds.is_timestamp(field.type)]
    out = pa.BufferOutputStream()
    parquet.write_table(
        table,
        out,
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=words or False,
        column_encoding=dict.fromkeys(counted, "DELTA_BINARY_PACKED"),
    )
    return memoryview(out.getvalue())


def write_folder(disk: Disk, place: Path, content: Content) -> tuple[File, ...]:
    """Write a new folder at *place*, which nobody reads until it is given its name; return its files, the head last.

    Raises:
        OSError: among others, that there is no room.
    """
    files: list[File] = []
    disk.make_folder(place)
    for tier, tables in ((WIRE, content.wire), (TABLES, content.tables)):
        kept = {key: table for key, table in tables.items() if table.num_rows or tier == TABLES}
        for key, table in kept.items():
            disk.make_folder(place / tier)
            name = f"{tier}/{key}.parquet"
            files.append(File(name, *disk.write(place / name, [parquet_bytes(table)])))
        if kept:
            disk.sync_folder(place / tier)
    if content.evidence:
        disk.make_folder(place / EVIDENCE)
        name = f"{EVIDENCE}/{content.evidence_name}"
        files.append(File(name, *disk.copy(content.evidence, place / name)))
        disk.sync_folder(place / EVIDENCE)
    said = {**content.said, "schema": VERSION, "files": files}
    files.append(File(HEAD, *disk.write(place / HEAD, [head.sealed(said)])))
    disk.sync_folder(place)
    return tuple(files)


def read_head(place: Path) -> Said:
    """Return what the head of a folder says.

    Raises:
        Damaged: there is no head, or not the one that was written.
    """
    try:
        said = head.unsealed((place / HEAD).read_bytes())
    except FileNotFoundError as error:
        raise Damaged(f"{place}: it has no {HEAD}") from error
    except (Damaged, ValueError) as error:
        raise Damaged(f"{place / HEAD}: {error}") from error
    except OSError as error:
        if not is_rotten(error):
            raise
        raise Damaged(f"{place / HEAD}: {error.strerror}") from error
    return {**said, "files": tuple(File(*file) for file in said["files"])}


def head_file(place: Path) -> File:
    """Return the head as one of the files."""
    return File(HEAD, (place / HEAD).stat().st_size, digest_of(place / HEAD))


def faults(place: Path, files: Sequence[File], *, hashes: bool = True) -> list[tuple[File, str]]:
    """Return which files are not as they were written, and what is wrong; without *hashes*, their sizes alone count.

    Raises:
        OSError: a file cannot be looked at, which tells nothing of it: among others, this user may not.
    """
    found = []
    for file in files:
        path = place / file.name
        try:
            size = os.stat(path).st_size
        except (FileNotFoundError, NotADirectoryError):
            found.append((file, "is missing"))
            continue
        if size != file.size:
            found.append((file, f"has {size} bytes, and had {file.size}"))
        elif hashes and (wrong := _unlike(path, file)):
            found.append((file, wrong))
    return found


def _unlike(path: Path, file: File) -> str:
    """Return what is wrong with the bytes of a file; empty where nothing is."""
    try:
        digest = digest_of(path)
    except OSError as error:
        if not is_rotten(error):
            raise
        return f"cannot be read: {error.strerror}"
    return "" if digest == file.sha256 else "is not what was written: its SHA-256 is another"


def is_rotten(error: OSError) -> bool:
    """Return whether what a disk or Arrow says is of the bytes: not that this user may not read, or has no memory."""
    return error.errno in (None, errno.EIO, errno.EISDIR, errno.ENOTDIR)


def read_traffic(place: Path, said: Said) -> tuple[Traffic, Said]:
    """Return the traffic of a folder, and what its head says in the layout of today.

    Raises:
        Damaged: a table is not what was written.
        FileNotFoundError: somebody removed it meanwhile.
        OSError: it cannot be read for another reason, such as that this user may not.
    """
    import pyarrow as pa

    from kwel.store import codec

    wire = [file.name for file in said["files"] if file.tier == WIRE]
    try:
        tables = {name.removeprefix(f"{WIRE}/").removesuffix(".parquet"): read_table(place / name) for name in wire}
        told, tables = migrations.migrate(said, tables)
        captures, coverage = head.read_captures(told["captures"]), head.read_coverage(told["coverage"])
        return codec.read(tables, captures, coverage), told
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        if isinstance(error, OSError) and not is_rotten(error):
            raise
        raise Damaged(f"{place}: it cannot be read: {error}") from error


def read_table(path: Path) -> pa.Table:
    """Return the table of a Parquet file."""
    from pyarrow import parquet

    with path.open("rb") as file:  # by its path alone Arrow would take ``=`` in a folder's name for a column
        return parquet.ParquetFile(file).read(use_threads=False)


def named_after(traffic: Traffic, name: str) -> Traffic:
    """Return traffic with a single capture, cited by another name."""
    captures = tuple(one._replace(name=name) for one in traffic.captures)
    observed = tuple(replace(one, where=replace(one.where, capture=name)) for one in traffic.observed)
    return replace(traffic, captures=captures, observed=observed)
