"""The time and the reports that there are in, the reports that are due out: of each whole day, and of each whole week.

Days are those of the place where the sensor stands, so that "yesterday" is what people there call it; a day on which
summer time begins has 23 hours.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Kind = Literal["daily", "weekly"]
LOOK_BACK = {"daily": 7, "weekly": 4}
"""Days and weeks that are caught up with after the machine was off."""
NANOSECONDS = 1_000_000_000


class Due(NamedTuple):
    """A report that should be there."""

    kind: Kind
    name: str
    """``2026-11-25``, ``2026-W48``: the file's name without its ending."""
    since: int
    """Nanoseconds since the epoch, UTC."""
    until: int
    """When the period is over, likewise."""


def due(kinds: Collection[Kind], now: int, heard: Sequence[int], there: Collection[str]) -> list[Due]:
    """Return the reports that should be there and are not, the oldest first.

    Args:
        kinds: which are wanted.
        now: nanoseconds since the epoch.
        heard: when the windows of the store that have packets closed, likewise, the oldest first: of a period without
            any no report can be made.
        there: names of the reports that there are.
    """
    wanted = [one for kind in kinds for one in _periods(kind, now)]
    wanted = [one for one in wanted if one.name not in there and _is_among(heard, one)]
    return sorted(wanted, key=lambda of: of.until)


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
