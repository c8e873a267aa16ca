"""The folder of a sensor's alerts in, its SQLite file opened out: one that is damaged is put aside by its sensor alone.

Whoever else opens it (what sends, a command) neither makes nor mends it: two that each put the other's new file aside
would lose what waits, and a file that root made is closed to the sensor.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from kwel.alerts.schema import VERSION, migrate, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "alerts.sqlite"
LOCK: Final = f"{FILE}.lock"
"""Held while the file is made or put aside."""
DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class LedgerError(ValueError):
    """The file is of a later version of kwel, is not there, is damaged, or cannot be opened."""


def identity(path: Path) -> tuple[int, int]:
    """Return which file is at a path now: its device and its number there; zeros where none is."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def opened(folder: Path, *, mend: bool) -> tuple[sqlite3.Connection, tuple[int, int]]:
    """Open the file of a folder; *mend*: make it where there is none, and put one that is damaged aside.

    Returns:
        The connection, and which file it is of.

    Raises:
        LedgerError: it is of a later version; without *mend*, it is not there or is damaged.
        OSError, sqlite3.Error: it cannot be opened or made.
    """
    path = folder / FILE
    if not mend:
        if not path.exists():
            raise LedgerError(f"{path}: is not there yet; the sensor makes it when it alerts first")
        try:
            return _open(path, "rw")
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            raise LedgerError(f"{path}: is damaged; the sensor puts it aside in its next round") from error
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    with _locked(folder):
        try:
            return _open(path, "rwc")
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        _put_aside(path)
        return _open(path, "rwc")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path, mode: str) -> tuple[sqlite3.Connection, tuple[int, int]]:
    before = identity(path)  # if another is there when it is opened, it is opened once more than needed
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, isolation_level=None, check_same_thread=False
    )
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _prepare(db, path)
    except (sqlite3.Error, LedgerError):
        db.close()
        raise
    return db, before if any(before) else identity(path)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        damaged = sqlite3.DatabaseError("malformed")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged
    version = version_of(db)
    if version > VERSION:
        raise LedgerError(f"{path}: is of version {version}, and this kwel knows {VERSION}: use the newer one")
    if version < VERSION:
        db.execute("BEGIN IMMEDIATE")
        try:
            is_new = not version_of(db)  # another process may have made it meanwhile
            migrate(db)
            if is_new and (aside := _newest_aside(path)):
                db.execute("INSERT INTO damages VALUES (?)", (str(aside),))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _asides(path: Path) -> dict[int, Path]:
    found = {}
    for aside in path.parent.glob(f"{path.name}.damaged-*"):
        with suppress(ValueError):
            found[int(aside.name.rpartition("-")[2])] = aside
    return found


def _newest_aside(path: Path) -> Path | None:
    """Return the damaged file in whose place a new one comes, whoever put it aside, and died of it perhaps."""
    found = _asides(path)
    return found[max(found)] if found else None


def _put_aside(path: Path) -> None:
    """Rename a damaged file, and remove what belongs to it."""
    path.rename(path.with_name(f"{path.name}.damaged-{max(_asides(path), default=0) + 1}"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
