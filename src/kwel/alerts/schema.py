"""A ledger's file of any version in, the same of today's version out, with all that was in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

_FIRST: Final = """
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
_SECOND: Final = """
ALTER TABLE outbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lost ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lost ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
UPDATE sources SET passed = sequence;
CREATE TABLE seen (source TEXT, sequence INTEGER, PRIMARY KEY (source, sequence)) WITHOUT ROWID;
CREATE TABLE tellings (at INTEGER NOT NULL, is_news INTEGER NOT NULL);
INSERT INTO tellings SELECT told, kind LIKE 'new-%' OR kind IN ('breach', 'expired') FROM alerts
  WHERE told IS NOT NULL AND kind != 'many';
CREATE TABLE damages (aside TEXT PRIMARY KEY);
"""
_THIRD: Final = """
CREATE TABLE begun (source TEXT, sequence INTEGER, times INTEGER NOT NULL,
  PRIMARY KEY (source, sequence)) WITHOUT ROWID;
CREATE TABLE overlooked (source TEXT PRIMARY KEY, windows INTEGER NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL);
UPDATE alerts SET acked_by = 'kwel', acked = last WHERE kind = 'over' AND acked IS NULL;
"""
STEPS: Final = (_FIRST, _SECOND, _THIRD)
"""What makes each version of the one before; the first, of an empty file. What was released is never changed."""
VERSION: Final = len(STEPS)


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of a file; 0 where nothing is in it yet."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to today's version: call it within one transaction."""
    for step in STEPS[version_of(db) :]:
        for statement in step.split(";\n"):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
