"""What is known, what was told and what waits to be sent in, the same after a power cut out: one SQLite file.

Each change is one transaction that is on disk when it ends, so a kill at any moment leaves what was before it or what
is after it: an alert is never known and yet not waiting to be sent. Everything in it is bounded.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.model.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FILE: Final = "alerts.sqlite"
VERSION: Final = 1
DAY: Final = 86_400_000_000_000
"""Nanoseconds."""
MOST_KNOWN: Final = 200_000
MOST_ALERTS: Final = 10_000
MOST_WAITING: Final = 10_000
"""Of each output; beyond, the oldest make room and are counted."""
RESEEN: Final = 64
"""A window whose number is at most so far below the last one was seen before; further below, counting began anew."""
FLEETING: Final = ("new-unknown", "new-attempt")
"""Of these there may be any number, so they are forgotten first."""
SCHEMA: Final = """
CREATE TABLE known (subject BLOB PRIMARY KEY, kind TEXT NOT NULL, day INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (source TEXT PRIMARY KEY, listened INTEGER NOT NULL, sequence INTEGER NOT NULL);
CREATE TABLE usual (source TEXT, measure TEXT, hour INTEGER, windows INTEGER, present INTEGER, low REAL,
  PRIMARY KEY (source, measure, hour)) WITHOUT ROWID;
CREATE TABLE alerts (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, seen INTEGER NOT NULL, tellings INTEGER NOT NULL, told INTEGER,
  held INTEGER NOT NULL DEFAULT 0, standing INTEGER NOT NULL DEFAULT 0, acked_by TEXT, acked INTEGER, remark TEXT);
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, telling INTEGER NOT NULL,
  told INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX waiting ON outbox (output, number);
CREATE TABLE lost (output TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class LedgerError(ValueError):
    """The file is of a later version of kwel, or cannot be opened."""


class Usual(NamedTuple):
    """How a measure of a source usually is at an hour of the week."""

    windows: int
    present: int
    """Windows in which it was more than nothing."""
    low: float
    """The least that it was then."""


class Entry(NamedTuple):
    """An alert with what became of it."""

    alert: Alert
    first: int
    last: int
    seen: int
    tellings: int
    told: int | None
    held: bool
    """Whether it still waits to be told: there were too many within an hour."""
    standing: bool
    """Whether what it is about goes on, as far as is known."""
    acked_by: str | None
    acked: int | None
    remark: str | None


class Waiting(NamedTuple):
    """An alert that an output has not had yet."""

    number: int
    alert: Alert
    telling: int
    told: int


class Ledger:
    """The file, opened. Several processes may have it open; each waits for the other's transaction to end."""

    def __init__(self, folder: Path) -> None:
        """Open it, or make it.

        Raises:
            LedgerError: it is of a later version.
            OSError, sqlite3.Error: it cannot be opened or made.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.set_aside = ""
        """Where a damaged file went, if there was one; then everything is learned again."""
        path = folder / FILE
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            self.set_aside = _put_aside(path)
            self._open(path)
        self.known: dict[bytes, int] = {}
        self._remember()

    def _open(self, path: Path) -> None:
        self.db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            self._prepare(path)
        except (sqlite3.Error, LedgerError):
            self.db.close()
            raise

    def _prepare(self, path: Path) -> None:
        if self.db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            damaged = sqlite3.DatabaseError("malformed")
            damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damaged
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise LedgerError(f"{path}: is of version {version}, and this kwel knows {VERSION}: use the newer one")
        if version < VERSION:
            with self.change():
                if not self.db.execute("PRAGMA user_version").fetchone()[0]:
                    for statement in SCHEMA.split(";\n"):
                        self.db.execute(statement)
                    self.db.execute(f"PRAGMA user_version = {VERSION}")

    def _remember(self) -> None:
        self.known = dict(self.db.execute("SELECT subject, day FROM known"))

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make one transaction of the body: all of it is kept, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if hasattr(self, "known"):
                self._remember()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def listen(self, source: str, sequence: int, lasted: int) -> bool:
        """Count a window of a source; return whether it was not counted before."""
        row = self.db.execute("SELECT sequence FROM sources WHERE source = ?", (source,)).fetchone()
        if row and row[0] - RESEEN < sequence <= row[0]:
            return False
        self.db.execute(
            "INSERT INTO sources VALUES (?, ?, ?)"
            " ON CONFLICT (source) DO UPDATE SET listened = listened + ?, sequence = ?",
            (source, max(lasted, 0), sequence, max(lasted, 0), sequence),
        )
        return True

    def listened(self) -> dict[str, int]:
        """Return for how long each source was listened to, nanoseconds by a clock that nobody can set."""
        return dict(self.db.execute("SELECT source, listened FROM sources ORDER BY source"))

    def learn(self, subject: Sequence[str], day: int) -> bool:
        """Make a thing known; return whether it was not."""
        key = blake2b(json.dumps(subject).encode(), digest_size=16).digest()
        seen = self.known.get(key)
        if seen == day:
            return False
        if seen is None and len(self.known) >= MOST_KNOWN:
            self._forget()
        self.known[key] = day
        self.db.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (key, subject[0], day))
        return seen is None

    def _forget(self) -> None:
        """Forget a tenth of what is known: what there may be any number of first, then what was not seen longest."""
        fleeting = ", ".join("?" * len(FLEETING))
        self.db.execute(
            "DELETE FROM known WHERE subject IN (SELECT subject FROM known"
            f" ORDER BY kind IN ({fleeting}) DESC, day, subject LIMIT {MOST_KNOWN // 10})",
            FLEETING,
        )
        self._remember()

    def usual(self, source: str, measure: str, hour: int) -> Usual:
        """Return how a measure usually is at an hour of the week; all zero where nothing is known."""
        where = "source = ? AND measure = ? AND hour = ?"
        row = self.db.execute(
            f"SELECT windows, present, low FROM usual WHERE {where}", (source, measure, hour)
        ).fetchone()
        return Usual(*row) if row else Usual(0, 0, 0.0)

    def measure(self, source: str, measure: str, hour: int, value: float) -> None:
        """Add how a measure was in a window."""
        old = self.usual(source, measure, hour)
        low = old.low if not value else min(value, old.low or value)
        new = (source, measure, hour, old.windows + 1, old.present + bool(value), low)
        self.db.execute("INSERT OR REPLACE INTO usual VALUES (?, ?, ?, ?, ?, ?)", new)

    def find(self, id: str) -> Entry | None:
        """Return an alert with what became of it."""
        return next(iter(self._entries("WHERE id = ?", (id,))), None)

    def entries(self, *, all: bool = False) -> list[Entry]:
        """Return the alerts that nobody acknowledged, or *all*, the latest last."""
        return list(self._entries("" if all else "WHERE acked IS NULL", ()))

    def held(self) -> list[Entry]:
        """Return the alerts that wait because there were too many within an hour."""
        return list(self._entries("WHERE held", ()))

    def _entries(self, where: str, values: Iterable[Any]) -> Iterator[Entry]:
        columns = "body, first, last, seen, tellings, told, held, standing, acked_by, acked, remark"
        for body, *rest in self.db.execute(f"SELECT {columns} FROM alerts {where} ORDER BY last, id", tuple(values)):
            first, last, seen, tellings, told, held, standing, *acked = rest
            alert = Alert.from_json(json.loads(body))
            yield Entry(alert, first, last, seen, tellings, told, bool(held), bool(standing), *acked)

    def put(self, entry: Entry) -> None:
        """Keep an alert; of too many, those go that were acknowledged or seen longest ago."""
        alert, *rest = entry
        body = json.dumps(alert.to_json())
        row = (alert.id, alert.kind, body, *rest)
        self.db.execute(f"INSERT OR REPLACE INTO alerts VALUES ({', '.join('?' * len(row))})", row)
        (count,) = self.db.execute("SELECT count(*) FROM alerts").fetchone()
        if count > MOST_ALERTS:
            self.db.execute(
                "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE id != ?"
                " ORDER BY acked IS NULL, last LIMIT ?)",
                (alert.id, count - MOST_ALERTS),
            )

    def told_since(self, since: int, until: int, kinds: Iterable[str]) -> int:
        """Count the alerts of some kinds that were told last within a span of time."""
        names = tuple(kinds)
        where = f"told > ? AND told <= ? AND kind IN ({', '.join('?' * len(names))})"
        row = self.db.execute(f"SELECT count(*) FROM alerts WHERE {where}", (since, until, *names)).fetchone()
        return int(row[0])

    def acknowledge(self, id: str, by: str, now: int, remark: str) -> bool:
        """Put down that somebody has seen an alert: it is not told again. Return whether there is such an alert."""
        with self.change():
            done = self.db.execute(
                "UPDATE alerts SET acked_by = ?, acked = ?, remark = ?, held = 0 WHERE id = ?", (by, now, remark, id)
            )
        return done.rowcount > 0

    def post(self, output: str, alert: Alert, telling: int, told: int) -> None:
        """Have an alert wait for an output."""
        body = json.dumps(alert.to_json())
        self.db.execute(
            "INSERT INTO outbox (output, telling, told, body) VALUES (?, ?, ?, ?)", (output, telling, told, body)
        )
        over = self.waits(output) - MOST_WAITING
        if over > 0:
            self.db.execute(
                "DELETE FROM outbox WHERE number IN"
                " (SELECT number FROM outbox WHERE output = ? ORDER BY number LIMIT ?)",
                (output, over),
            )
            self.lose(output, over)

    def lose(self, output: str, count: int) -> None:
        """Count alerts that an output will never have."""
        added = "ON CONFLICT (output) DO UPDATE SET count = count + ?"
        self.db.execute(f"INSERT INTO lost VALUES (?, ?) {added}", (output, count, count))

    def waits(self, output: str) -> int:
        """Count what waits for an output."""
        (count,) = self.db.execute("SELECT count(*) FROM outbox WHERE output = ?", (output,)).fetchone()
        return int(count)

    def lost(self, output: str) -> int:
        """Count what had to make room before an output took it."""
        row = self.db.execute("SELECT count FROM lost WHERE output = ?", (output,)).fetchone()
        return int(row[0]) if row else 0

    def waiting(self, output: str, most: int) -> list[Waiting]:
        """Return what has waited longest for an output."""
        rows = self.db.execute(
            "SELECT number, body, telling, told FROM outbox WHERE output = ? ORDER BY number LIMIT ?", (output, most)
        )
        return [Waiting(number, Alert.from_json(json.loads(body)), n, told) for number, body, n, told in rows]

    def delivered(self, numbers: Sequence[int]) -> None:
        """Forget what an output has taken."""
        with self.change():
            self.db.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])


def _put_aside(path: Path) -> str:
    """Rename a damaged file, and remove what belongs to it; return where it went."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return str(aside)
