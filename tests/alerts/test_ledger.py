"""What is known and what waits survives an upgrade, and which windows were seen is known exactly."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from kwel.alerts.ledger import REMEMBERED, Entry, Heard, Ledger
from kwel.alerts.opening import FILE
from kwel.model.alerts import Alert
from kwel.model.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OF_VERSION_1 = """
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
PRAGMA user_version = 1;
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path, mend=True)
    yield made
    made.close()


def test_a_file_of_the_first_version_is_brought_to_this_one_with_all_that_is_in_it(tmp_path: Path) -> None:
    alert = Alert("A1", "sent", Severity.HIGH, 7, "box", "span0", 5)
    body = json.dumps(alert.to_json())
    with sqlite3.connect(tmp_path / FILE) as old:
        old.executescript(OF_VERSION_1)
        old.execute("INSERT INTO known VALUES (x'00', 'new-asset', 3)")
        old.execute("INSERT INTO sources VALUES ('span0', 77, 5)")
        old.execute("INSERT INTO alerts VALUES ('A1', 'sent', ?, 7, 8, 2, 1, 7, 0, 0, 'anna', 9, 'seen')", (body,))
        old.execute("INSERT INTO outbox (output, telling, told, body) VALUES ('webhook 1', 1, 7, ?)", (body,))
        old.execute("INSERT INTO lost VALUES ('webhook 1', 4)")
    old.close()

    for _ in range(2):
        ledger = Ledger(tmp_path)
        assert ledger.known == {b"\0": 3}
        assert ledger.listened() == {"span0": 77}
        assert ledger.missed("span0", ((1, 6),)) == {6}, "what was seen counts as seen"
        (entry,) = ledger.entries(all=True)
        assert (entry.alert, entry.seen, entry.acked_by) == (alert, 2, "anna")
        assert [of.alert for of in ledger.waiting("webhook 1", 9)] == [alert]
        assert ledger.lost("webhook 1").number == 4
        assert not ledger.tell(8, is_news=False, span=60, most=1), "what was told lately counts"
        assert not ledger.damaged()
        ledger.close()


def test_what_was_stored_before_a_source_was_known_is_not_missed(ledger: Ledger) -> None:
    assert ledger.missed("span0", ((1, 40),)) == frozenset()
    assert ledger.missed("span0", ((1, 42),)) == {41, 42}
    assert ledger.missed("span1", ()) == frozenset()
    assert ledger.missed("span1", ((1, 1),)) == {1}, "its first window, stored as the keeper died"


def test_windows_that_come_out_of_order_are_each_seen_once(ledger: Ledger) -> None:
    heard = [ledger.listen("span0", ((number, number),), 10) for number in (4, 6, 5, 5, 4)]

    assert heard == [Heard(True, True), Heard(True, True), Heard(True, False), Heard(False, False), Heard(False, False)]
    assert ledger.listened() == {"span0": 30}


def test_of_several_that_were_put_together_those_count_that_were_not_seen(ledger: Ledger) -> None:
    ledger.listen("span0", ((1, 1),), 10)

    assert ledger.listen("span0", ((1, 2), (4, 5)), 40) == Heard(True, True)
    assert ledger.listened() == {"span0": 10 + 30}
    assert ledger.missed("span0", ((1, 5),)) == {3}


def test_it_remembers_a_day_and_no_more(ledger: Ledger) -> None:
    with ledger.change():
        for number in range(1, 3 * REMEMBERED, 2):
            ledger.listen("span0", ((number, number),), 1)
    last = 3 * REMEMBERED - 1

    assert ledger.db.execute("SELECT count(*) FROM seen").fetchone()[0] == REMEMBERED // 2
    assert min(ledger.missed("span0", ((1, last),))) == last - REMEMBERED + 1
    assert len(ledger.missed("span0", ((1, last + 5 * REMEMBERED),))) == REMEMBERED, "a store far ahead"


def test_where_counting_began_anew_the_first_window_is_seen(ledger: Ledger) -> None:
    ledger.listen("span0", ((5000, 5000),), 1)

    assert ledger.listen("span0", ((1, 1),), 1) == Heard(True, True)
    assert ledger.listen("span0", ((2, 2),), 1).is_new
    assert not ledger.listen("span0", ((1, 1),), 1).is_new


def test_what_an_output_refuses_ten_times_is_lost_and_no_other(ledger: Ledger) -> None:
    with ledger.change():
        for number in range(2):
            ledger.post("webhook 1", Alert(f"A{number}", "sent", Severity.HIGH, 7, "box"), 1, 7)
    first, second = (of.number for of in ledger.waiting("webhook 1", 9))
    for at in range(3):
        ledger.refused(first, "webhook 1", 3, at, "answers 400")

    assert [of.number for of in ledger.waiting("webhook 1", 9)] == [second]
    assert ledger.lost("webhook 1") == (1, 2, "answers 400")


def test_of_too_many_alerts_those_go_first_that_nobody_misses(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(id: str, kind: str, *, acked: bool = False, standing: bool = False, held: bool = False) -> None:
        by = ("anna", 1, "") if acked else (None, None, None)
        at = len(ledger.entries(all=True))
        ledger.put(Entry(Alert(id, kind, Severity.LOW, at, "box"), at, at, 1, 1, at, held, standing, *by))

    put("goes-on", "drops", acked=True, standing=True)
    put("known-breach", "breach", acked=True)
    put("breach", "breach")
    put("known-operator", "new-operator", acked=True)
    put("untold", "sent", held=True)
    put("event", "sent")
    put("known-event", "sent", acked=True)
    put("over", "over")
    left = [of.alert.id for of in ledger.entries(all=True)]
    monkeypatch.setattr("kwel.alerts.ledger.MOST_ALERTS", len(left))
    for gone in reversed(left):
        put(f"instead of {gone}", "drops", standing=True)
        ids = {of.alert.id for of in ledger.entries(all=True)}
        assert (gone in ids, left.index(gone)) == (False, len(ids & set(left)))
