"""The time and the reports that there are in, the reports that are due out: of each whole day, and of each whole week.

Days are those of the place where the sensor stands, so that "yesterday" is what people there call it; a day on which
summer time begins has 23 hours.
"""

from __future__ import annotations

import datetime
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Kind = Literal["daily", "weekly"]
LOOK_BACK = {"daily": 7, "weekly": 4}
"""Days and weeks that are caught up with after the machine was off."""
NANOSECONDS = 1_000_000_000
SETTLED = 300 * NANOSECONDS
"""After the last window of a period: then it is written, unless something is amiss."""
PATIENCE = 6 * 3600 * NANOSECONDS
"""After a period: then its report is made, also while windows of it wait."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
WEEK = re.compile(r"(\d{4})-W(\d{2})")


class Due(NamedTuple):
    """A report that should be there."""

    kind: Kind
    name: str
    """``2026-11-25``, ``2026-W48``: the file's name without its ending."""
    since: int
    """Nanoseconds since the epoch, UTC."""
    until: int
    """When the period is over, likewise."""

    def has(self, moment: int) -> bool:
        """Return whether a moment lies in the period."""
        return self.since <= moment < self.until


class Days(NamedTuple):
    """The days of a report. In order of them, the last report is the newest."""

    last: datetime.date
    first: datetime.date


def days_of(name: str) -> Days | None:
    """Return the days that the report of a name is on; ``None`` where it is the name of none.

    >>> days_of("2026-W48")
    Days(last=datetime.date(2026, 11, 29), first=datetime.date(2026, 11, 23))
    """
    try:
        if DAY.fullmatch(name):
            return Days(day := datetime.date.fromisoformat(name), day)
        if of := WEEK.fullmatch(name):
            first = datetime.date.fromisocalendar(int(of[1]), int(of[2]), 1)
            return Days(first + datetime.timedelta(days=6), first)
    except (ValueError, OverflowError):
        pass
    return None


def due(kinds: Collection[Kind], now: int, heard: Sequence[int], there: Collection[str], keep: int) -> list[Due]:
    """Return the reports that should be there and are not, the oldest first.

    Args:
        kinds: which are wanted.
        now: nanoseconds since the epoch.
        heard: moments by which the windows of the store that have packets are filed, likewise, the oldest first: of a
            period without any no report can be made.
        there: names of the reports that there are.
        keep: how many are kept: what would not be among the newest of so many is not made.
    """
    wanted = [one for kind in kinds for one in _periods(kind, now)]
    wanted = [one for one in wanted if one.name not in there and _is_among(heard, one)]
    known = sorted(days for name in {*there, *(one.name for one in wanted)} if (days := days_of(name)))
    newest = set(known[-keep:])
    return sorted((one for one in wanted if days_of(one.name) in newest), key=lambda of: of.until)


def ripe(wanted: Sequence[Due], now: int, window: int, waiting: Sequence[int]) -> list[Due]:
    """Return the reports that can be made now: those that nothing more will come into, or that it was waited for.

    Args:
        wanted: reports that are due.
        now: nanoseconds since the epoch.
        window: length of a window, nanoseconds: half of the last one may lie behind the period.
        waiting: moments by which the windows are filed that are not in the store yet.
    """
    return [
        one
        for one in wanted
        if now >= one.until + window // 2 + SETTLED
        and (now >= one.until + PATIENCE or not any(one.has(moment) for moment in waiting))
    ]


def _is_among(heard: Sequence[int], one: Due) -> bool:
    at = bisect_left(heard, one.since)
    return at < len(heard) and heard[at] < one.until


def _periods(kind: Kind, now: int) -> list[Due]:
    """Return the last whole periods before *now*."""
    today = datetime.datetime.fromtimestamp(now / NANOSECONDS).date()
    end = today if kind == "daily" else today - datetime.timedelta(days=today.weekday())
    length = datetime.timedelta(days=1 if kind == "daily" else 7)
    periods = []
    for back in range(LOOK_BACK[kind]):
        until = end - back * length
        begin = until - length
        year, week, _ = begin.isocalendar()
        name = begin.isoformat() if kind == "daily" else f"{year}-W{week:02d}"
        periods.append(Due(kind, name, _midnight(begin), _midnight(until)))
    return periods


def days_ago(now: int, count: int) -> int:
    """Return when the day began, here, that was some days before *now*, nanoseconds since the epoch."""
    return _midnight(datetime.datetime.fromtimestamp(now / NANOSECONDS).date() - datetime.timedelta(days=count))


def _midnight(day: datetime.date) -> int:
    """Return when a day begins here, nanoseconds since the epoch."""
    return int(datetime.datetime(day.year, day.month, day.day).timestamp()) * NANOSECONDS
