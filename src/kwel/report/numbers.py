"""Whole numbers, sizes and moments in, the way Dutch and English write them out. No locale of the machine is asked.

Times are UTC throughout: a capture does not say which local time applied.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kwel.report.text import DASH, NOT_ANY, Text, plain

MINUTE, HOUR, DAY = 60, 3_600, 86_400
NANO = 1_000_000_000

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # years 1 to 9999, which is what datetime can hold
_MONTHS_NL = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPACE = "\N{NO-BREAK SPACE}"


def both(nl: str, en: str) -> Text:
    """Return a pair of plain strings as text."""
    return Text(plain(nl).nl, plain(en).en)


def number(value: int) -> Text:
    """Return a whole number with its thousands apart.

    >>> number(1234567).nl, number(1234567).en
    (Markup('1.234.567'), Markup('1,234,567'))
    """
    english = f"{value:,}"
    return both(english.replace(",", "."), english)


def size(value: int) -> Text:
    r"""Return an amount of bytes in decimal units, two or three digits that matter.

    >>> size(2_100_000_000).nl
    Markup('2,1\xa0GB')
    """
    for unit, name in _UNITS:
        if value >= unit:
            scaled = value / unit
            english = f"{scaled:.1f}" if scaled < 99.95 else f"{scaled:,.0f}"
            return both(f"{_dutch(english)}{_SPACE}{name}", f"{english}{_SPACE}{name}")
    return plain(f"{value}{_SPACE}B")


def _dutch(english: str) -> str:
    return english.translate(str.maketrans(".,", ",."))


def moment(nanoseconds: int) -> datetime | None:
    """Return a time stamp as a date, or ``None`` for one that no calendar holds."""
    seconds = nanoseconds // NANO
    return datetime.fromtimestamp(seconds, UTC) if _FIRST <= seconds <= _LAST else None


def time(nanoseconds: int, *, seconds: bool = False) -> Text:
    """Return day and time of day, UTC."""
    when = moment(nanoseconds)
    if when is None:
        return both("tijd onleesbaar", "time out of range")
    clock = f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"
    return both(f"{_day(when, _MONTHS_NL)} {clock}", f"{_day(when, _MONTHS_EN)} {clock}")


def day(nanoseconds: int) -> Text:
    """Return the day, without its year."""
    when = moment(nanoseconds)
    if when is None:
        return NOT_ANY
    return both(f"{when.day} {_MONTHS_NL[when.month - 1]}", f"{when.day} {_MONTHS_EN[when.month - 1]}")


def clock(nanoseconds: int, step: int) -> Text:
    """Return a moment as finely as a scale with this *step* needs: the day, the time of day, the seconds."""
    when = moment(nanoseconds)
    if when is None or step >= DAY * NANO:
        return day(nanoseconds)
    if step < MINUTE * NANO:
        return plain(f"{when:%H:%M:%S}")
    midnight = when.hour == when.minute == 0
    return day(nanoseconds) if midnight else plain(f"{when:%H:%M}")


def date(iso: str) -> Text:
    """Return an ISO 8601 date as a reader writes it; anything else as it is."""
    try:
        when = datetime.strptime(iso, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return plain(iso)
    return both(_day(when, _MONTHS_NL), _day(when, _MONTHS_EN))


def _day(when: datetime, months: tuple[str, ...]) -> str:
    return f"{when.day} {months[when.month - 1]} {when.year}"


def period(first: int, last: int) -> Text:
    """Return a period, its second day only where that differs from the first."""
    start, end = moment(first), moment(last)
    fine = last - first < 10 * MINUTE * NANO
    if start is not None and end is not None and start.date() == end.date():
        clock = f"{end:%H:%M:%S}" if fine else f"{end:%H:%M}"
        begin = time(first, seconds=fine)
        return both(f"{begin.nl} {DASH} {clock}{_SPACE}UTC", f"{begin.en} {DASH} {clock}{_SPACE}UTC")
    begin, finish = time(first, seconds=fine), time(last, seconds=fine)
    return both(f"{begin.nl} {DASH} {finish.nl}{_SPACE}UTC", f"{begin.en} {DASH} {finish.en}{_SPACE}UTC")


def duration(nanoseconds: int) -> Text:
    """Return a length of time in its two largest units.

    >>> duration(93_600 * NANO).en
    Markup('1 day 2 hours')
    """
    seconds = nanoseconds // NANO
    if seconds < 1:
        return both(f"{nanoseconds // 1_000_000} ms", f"{nanoseconds // 1_000_000} ms")
    parts: list[tuple[str, str]] = []
    for length, nl, en in _LENGTHS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append((f"{count} {nl[count > 1]}", f"{count} {en[count > 1]}"))
        elif parts:
            break
    shown = parts[:2]
    return both(" ".join(nl for nl, _ in shown), " ".join(en for _, en in shown))


def trip(microseconds: int) -> Text:
    r"""Return a round trip in milliseconds, as finely as light in fibre is: a thousandth is a hundred metres.

    >>> trip(31).nl, trip(12_340).en
    (Markup('0,031\xa0ms'), Markup('12.3\xa0ms'))
    """
    english = f"{microseconds / 1000:.{3 if microseconds < 10_000 else 1}f}{_SPACE}ms"
    return both(_dutch(english), english)


_LENGTHS = (
    (DAY, ("dag", "dagen"), ("day", "days")),
    (HOUR, ("uur", "uur"), ("hour", "hours")),
    (MINUTE, ("minuut", "minuten"), ("minute", "minutes")),
    (1, ("seconde", "seconden"), ("second", "seconds")),
)
