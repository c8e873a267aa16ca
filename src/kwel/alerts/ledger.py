"""What is known, what was told and what waits to be sent in, the same after a power cut out: one SQLite file.

Each change is one transaction that is on disk when it ends, so a kill at any moment leaves what was before it or what
is after it: an alert is never known and yet not waiting to be sent. Everything in it is bounded.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kwel.alerts.kinds import Sort, kinds
from kwel.alerts.opening import FILE, identity, opened
from kwel.model.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

DAY: Final = 86_400_000_000_000
"""Nanoseconds."""
MOST_KNOWN: Final = 200_000
MOST_ALERTS: Final = 10_000
MOST_WAITING: Final = 10_000
"""Of each output; beyond, the oldest make room and are counted."""
REMEMBERED: Final = 300
"""Numbers of windows below the last one of which it is known whether they were seen: a day of five minutes each.
A window further below is of a source whose counting began anew."""
FLEETING: Final = ("new-unknown", "new-attempt")
"""Of these there may be any number, so they are forgotten first."""


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


class Heard(NamedTuple):
    """What a window is to what was seen before."""

    is_new: bool
    """It was not seen before."""
    is_newest: bool
    """None that was seen has a higher number: what it shows is how things are."""


class Lost(NamedTuple):
    """What an output will never have, or what alerting never looked at."""

    number: int = 0
    """Of alerts, or of windows."""
    at: int = 0
    """When that was last, nanoseconds since the epoch."""
    why: str = ""
    """Why the last one was."""


class Ledger:
    """The file, opened. Several processes may have it open; each waits for the other's transaction to end."""

    def __init__(self, folder: Path, *, mend: bool = False) -> None:
        """Open it. *mend*: make it where there is none, and put one that is damaged aside: the sensor alone does.

        Raises:
            LedgerError: it is of a later version; without *mend*, it is not there or is damaged.
            OSError, sqlite3.Error: it cannot be opened or made.
        """
        self._path = folder / FILE
        self.db, self._identity = opened(folder, mend=mend)
        self.known: dict[bytes, int] = {}
        self._remember()

    def is_current(self) -> bool:
        """Return whether its file is still the one that stands there: a damaged one is put aside by the sensor."""
        return identity(self._path) == self._identity

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
            self._remember()
            raise

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def damaged(self) -> str:
        """Return where a damaged file went in whose place this one is: all is learnt anew; else nothing."""
        row = self.db.execute("SELECT aside FROM damages").fetchone()
        return str(row[0]) if row else ""

    def listen(self, source: str, numbers: Sequence[tuple[int, int]], lasted: int) -> Heard:
        """Count a window of a source, or several that were put together. *numbers*: runs, first and last of each."""
        last = numbers[-1][1]
        row = self.db.execute("SELECT sequence, passed FROM sources WHERE source = ?", (source,)).fetchone()
        newest, passed = row or (last, last - REMEMBERED)
        if last <= newest - REMEMBERED:  # counting began anew
            self.db.execute("DELETE FROM seen WHERE source = ?", (source,))
            newest, passed = last, last - REMEMBERED
        new = self._unseen(source, numbers, passed)
        if not new:
            return Heard(False, last >= newest)
        self.db.executemany("INSERT INTO seen VALUES (?, ?)", [(source, number) for number in new])
        heard = max(lasted, 0) * len(new) // _count(numbers)
        self._pass(source, heard, max(newest, last), max(passed, last - REMEMBERED))
        return Heard(True, last >= newest)

    def _pass(self, source: str, lasted: int, newest: int, passed: int) -> None:
        """Put down how far a source is; of what lies that far back nothing is remembered."""
        self.db.execute(
            "INSERT INTO sources (source, listened, sequence, passed) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (source) DO UPDATE SET listened = listened + ?, sequence = ?, passed = ?",
            (source, lasted, newest, passed, lasted, newest, passed),
        )
        for table in ("seen", "begun"):
            self.db.execute(f"DELETE FROM {table} WHERE source = ? AND sequence <= ?", (source, passed))

    def _unseen(self, source: str, numbers: Sequence[tuple[int, int]], passed: int) -> list[int]:
        seen = {number for (number,) in self.db.execute("SELECT sequence FROM seen WHERE source = ?", (source,))}
        wanted = (range(max(first, passed + 1), last + 1) for first, last in numbers)
        return [number for run in wanted for number in run if number not in seen]

    def missed(self, source: str, numbers: Sequence[tuple[int, int]], now: int = 0) -> frozenset[int]:
        """Return the numbers of windows that were not seen, of those that a store has of a source: *numbers*, as runs.

        Of a source that is not known yet all that is stored counts as seen. What lies further back than is remembered
        is overlooked.
        """
        newest = numbers[-1][1] if numbers else 0
        row = self.db.execute("SELECT sequence, passed FROM sources WHERE source = ?", (source,)).fetchone()
        if row is None:
            self._pass(source, 0, newest, newest)
            return frozenset()
        passed = max(row[1], newest - REMEMBERED)
        if passed > row[1]:
            far = sum(number <= passed for number in self._unseen(source, numbers, row[1]))
            self._overlook(source, far, now, f"it lay more than {REMEMBERED} windows back")
            self._pass(source, 0, row[0], passed)
        return frozenset(self._unseen(source, numbers, passed))

    def pass_over(self, source: str, numbers: Sequence[tuple[int, int]], now: int, why: str) -> None:
        """Count windows as seen that are not looked at, and remember that they were not."""
        row = self.db.execute("SELECT passed FROM sources WHERE source = ?", (source,)).fetchone()
        self._overlook(source, len(self._unseen(source, numbers, row[0])) if row else _count(numbers), now, why)
        self.listen(source, numbers, 0)

    def _overlook(self, source: str, windows: int, at: int, why: str) -> None:
        if windows:
            self.db.execute(
                "INSERT INTO overlooked VALUES (?, ?, ?, ?)"
                " ON CONFLICT (source) DO UPDATE SET windows = windows + ?, at = ?, why = ?",
                (source, windows, at, why, windows, at, why),
            )

    def overlooked(self) -> Lost:
        """Return how many windows were stored and never looked at, and when and why that was found last."""
        row = self.db.execute("SELECT sum(windows) OVER (), at, why FROM overlooked ORDER BY at DESC").fetchone()
        return Lost(*row) if row else Lost()

    def begin(self, source: str, number: int) -> int:
        """Put down that a window is about to be looked at; return how often that was begun before and not ended."""
        row = self.db.execute(
            "INSERT INTO begun VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
            (source, number),
        ).fetchone()
        return int(row[0]) - 1

    def end(self, source: str, number: int) -> None:
        """Put down that whoever looked at a window is alive."""
        self.db.execute("DELETE FROM begun WHERE source = ? AND sequence = ?", (source, number))

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
        """Keep an alert; of too many, those go that are missed least, see ``_worth``."""
        alert, *rest = entry
        body = json.dumps(alert.to_json())
        row = (alert.id, alert.kind, body, *rest)
        self.db.execute(f"INSERT OR REPLACE INTO alerts VALUES ({', '.join('?' * len(row))})", row)
        (count,) = self.db.execute("SELECT count(*) FROM alerts").fetchone()
        if count > MOST_ALERTS:
            self.db.execute(
                "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE id != ?"
                f" ORDER BY {_worth()}, held, acked IS NULL, last LIMIT ?)",
                (alert.id, count - MOST_ALERTS),
            )

    def tell(self, now: int, *, is_news: bool, span: int, most: int) -> bool:
        """Count a telling, unless there were too many of its sort within a span of time; return whether it counts."""
        where = "at > ? AND at <= ?"
        row = self.db.execute(
            f"SELECT count(*) FROM tellings WHERE {where} AND is_news = ?", (now - span, now, is_news)
        ).fetchone()
        if row[0] >= most:
            return False
        # what lies far ahead is of a clock that was set back since
        self.db.execute("DELETE FROM tellings WHERE at <= ? OR at > ?", (now - span, now + span))
        self.db.execute("INSERT INTO tellings VALUES (?, ?)", (now, is_news))
        return True

    def acknowledge(self, id: str, by: str, now: int, remark: str) -> bool:
        """Put down that somebody knows of an alert as far as it was seen; return whether there is such an alert."""
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
            self._lose(output, over, told, f"more than {MOST_WAITING} waited")

    def _lose(self, output: str, count: int, at: int, why: str) -> None:
        """Count alerts that an output will never have."""
        self.db.execute(
            "INSERT INTO lost (output, count, at, why) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (output) DO UPDATE SET count = count + ?, at = ?, why = ?",
            (output, count, at, why, count, at, why),
        )

    def refused(self, number: int, output: str, most: int, at: int, why: str) -> None:
        """Count that an output refused an alert; the one that it refused *most* times is lost."""
        with self.change():
            self.db.execute("UPDATE outbox SET tries = tries + 1 WHERE number = ?", (number,))
            gone = self.db.execute("DELETE FROM outbox WHERE number = ? AND tries >= ?", (number, most))
            if gone.rowcount > 0:
                self._lose(output, 1, at, why)

    def waits(self, output: str) -> int:
        """Count what waits for an output."""
        (count,) = self.db.execute("SELECT count(*) FROM outbox WHERE output = ?", (output,)).fetchone()
        return int(count)

    def waits_since(self, output: str) -> int | None:
        """Return when what has waited longest for an output was told, nanoseconds since the epoch."""
        (told,) = self.db.execute("SELECT min(told) FROM outbox WHERE output = ?", (output,)).fetchone()
        return None if told is None else int(told)

    def lost(self, output: str) -> Lost:
        """Return what had to make room before an output took it, or was refused by it."""
        row = self.db.execute("SELECT count, at, why FROM lost WHERE output = ?", (output,)).fetchone()
        return Lost(*row) if row else Lost()

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


@cache
def _worth() -> str:
    """Return how much is missed of an alert that goes, in SQL: nothing of what only says that others were.

    What goes on would be told as if it began, and a breach that somebody acknowledged as new. What is new only once is
    known elsewhere (``learn``).
    """
    news = [kind for kind in kinds().values() if kind.sort is Sort.NEWS]
    known, again = (
        ", ".join(f"'{kind.id}'" for kind in news if kind.unless_known is is_known) for is_known in (True, False)
    )
    return (
        "CASE WHEN kind IN ('over', 'many') THEN 0 WHEN standing THEN 5"
        f" WHEN kind IN ({again}) THEN 3 + (acked IS NOT NULL) WHEN kind IN ({known}) THEN 2 ELSE 1 END"
    )


def _count(runs: Iterable[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in runs)
