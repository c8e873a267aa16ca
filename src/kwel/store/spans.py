"""What a user writes for a moment in, nanoseconds since the epoch out: a date, a time, or how long ago."""

from __future__ import annotations

import datetime
import re

SECOND = 1_000_000_000
UNITS = {"m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
FORMS = "7d, 12h, 2w, 2026-11-01 or 2026-11-01T06:00 (UTC, unless it says otherwise, such as +01:00)"


def moment(text: str, now: int) -> int:
    """Return the moment that *text* names; of a length of time, that long before *now*.

    Programs may write nanoseconds since the epoch.

    Raises:
        ValueError: it names none.

    >>> moment("2h", 7200 * SECOND), moment("1970-01-02", 0) // SECOND, moment("1970-01-01T02:00+01:00", 0) // SECOND
    (0, 86400, 3600)
    """
    ago = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if ago:
        return now - int(ago[1]) * UNITS[ago[2]]
    if re.fullmatch(r"\d{15,19}", text):
        return int(text)
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no moment; write {FORMS}") from error
    when = when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (when - epoch) // datetime.timedelta(microseconds=1) * 1000


def spelt(moment: int) -> str:
    """Return a moment as people read it, to the second, in UTC.

    >>> spelt(1_790_000_000 * SECOND)
    '2026-09-21T14:13:20Z'
    """
    when = datetime.datetime.fromtimestamp(moment // SECOND, datetime.UTC)
    return when.replace(tzinfo=None).isoformat() + "Z"
