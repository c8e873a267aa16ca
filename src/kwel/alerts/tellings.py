"""Alerts in, those that are told now out: each once, again after a time, and never more than so many an hour."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kwel.alerts.kinds import Sort, kinds
from kwel.alerts.ledger import Entry
from kwel.model.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kwel.alerts.ledger import Ledger
    from kwel.alerts.settings import Settings

HOUR: Final = 3600 * 1_000_000_000
LONGEST_PAUSE: Final = 30 * 24 * HOUR
"""Until the same is told again at the latest."""
MOST_TELLINGS: Final = 4
"""Of what is about assets."""
MANY: Final = "many"
NOBODY: Final = "kwel"
"""Acknowledges what sums up others, and that something is over: nobody has to."""


def alert_id(subject: Sequence[str]) -> str:
    """Return the id of what an alert is about: the same for ever.

    >>> alert_id(["silence", "span0"])
    'Aa8cf0b3fb1'
    """
    return "A" + blake2b("\0".join(subject).encode("utf-8", "backslashreplace"), digest_size=5).hexdigest()


class Tellings:
    """What is told, through the ledger: call within its ``change``, and say before what time it is."""

    def __init__(self, ledger: Ledger, settings: Settings, sensor: str) -> None:
        self.ledger, self.settings, self.sensor = ledger, settings, sensor
        self.now = 0
        """Nanoseconds since the epoch: when what is told is told, whenever it was seen."""
        self.posted = False
        """Whether something waits for an output that did not before."""

    def note(self, alert: Alert, at: int) -> None:
        """Put down that something was seen at a moment, and tell it if it is time to."""
        entry = _seen(self.ledger.find(alert.id), alert, at)
        happens = kinds()[alert.kind].sort is Sort.EVENT
        if entry.acked is None and not entry.held and self._is_due(entry, happens=happens):
            entry = self._tell(entry._replace(alert=alert))
        self.ledger.put(entry)

    def _is_due(self, entry: Entry, *, happens: bool = False) -> bool:
        """Return whether it is time to tell it, after ever longer pauses; *happens*: it did again just now."""
        if entry.told is None:
            return True
        if not entry.tellings:  # it was over and began anew
            return not self.now - HOUR < entry.told <= self.now
        again, times = int(self.settings.again * HOUR), entry.tellings - 1
        happened = happens or (kinds()[entry.alert.kind].sort is Sort.EVENT and entry.last > entry.told)
        pause = again if happened else min(again << min(times, 20), LONGEST_PAUSE)
        return not entry.told - pause <= self.now < entry.told + pause

    def _tell(self, entry: Entry) -> Entry:
        """Tell it, or hold it back where there were too many of its sort within the hour."""
        is_news = _is_news(entry.alert)
        if not self.ledger.tell(self.now, is_news=is_news, span=HOUR, most=self.settings.per_hour):
            return entry._replace(held=True)
        return self._send(entry)

    def _send(self, entry: Entry) -> Entry:
        """Have every output that wants it take an alert."""
        told = entry._replace(tellings=entry.tellings + 1, told=self.now, held=False)
        for output in self.settings.outputs:
            if entry.alert.severity >= output.least:
                self.ledger.post(output.name, entry.alert, told.tellings, self.now)
                self.posted = True
        return told

    def over(self, kind: str, source: str, at: int) -> None:
        """Put down that something that went on is over, and tell so if it was told."""
        old = self.ledger.find(alert_id([kind, source]))
        if old is None or not old.standing:
            return
        # what was never told for there was too much is told with the rest of it
        self.ledger.put(old._replace(standing=False, held=old.held and not old.tellings))
        if old.tellings:
            minutes = str(max(at - old.first, 0) // (60 * 1_000_000_000))
            values = {"what": kind, "minutes": minutes}
            end = Alert(alert_id(["over", kind, source, str(old.first)]), "over", kinds()["over"].severity, at,
                        self.sensor, source, values=values)  # fmt: skip
            self.ledger.put(self._tell(Entry(end, at, at, 1, 0, None, False, False, NOBODY, at, None)))

    def remind(self) -> None:
        """Tell again what nobody acknowledged: what happened without end, what is about assets a few times."""
        for entry in self.ledger.entries():
            most = {Sort.NEWS: MOST_TELLINGS, Sort.EVENT: math.inf}.get(kinds()[entry.alert.kind].sort, 0)
            if 0 < entry.tellings < most and not entry.held and self._is_due(entry):
                self.ledger.put(self._tell(entry))

    def test(self, alert: Alert) -> None:
        """Tell every output, whatever it wants."""
        for output in self.settings.outputs:
            self.ledger.post(output.name, alert, 1, self.now)
            self.posted = True

    def sum_up(self) -> None:
        """Tell in one alert how many were held back, once the hour is over in which there were too many."""
        held = self.ledger.held()
        if not held:
            return
        last = self.ledger.find(alert_id([MANY]))
        if last and last.told is not None and self.now - HOUR < last.told <= self.now:
            return
        counts = _counted(entry.alert.kind for entry in held)
        values = {"count": str(len(held)), "kinds": ", ".join(f"{kind} {count}" for kind, count in counts.items())}
        gravest = max(entry.alert.severity for entry in held)
        many = Alert(alert_id([MANY]), MANY, gravest, self.now, self.sensor, values=values)
        for entry in held:
            self.ledger.put(entry._replace(held=False, tellings=entry.tellings + 1, told=self.now))
        seen = last.seen + 1 if last else 1
        made = Entry(many, self.now, self.now, seen, 0, None, False, False, NOBODY, self.now, None)
        self.ledger.put(self._send(made))


def _is_news(alert: Alert) -> bool:
    """Return whether an alert is about assets; the others are about the sensor, and have a budget of their own."""
    return kinds()[alert.kind].sort is Sort.NEWS


def _seen(old: Entry | None, alert: Alert, at: int) -> Entry:
    """Return an alert with what becomes of it where it is seen once more; *old*: as it was before, if it was."""
    sort = kinds()[alert.kind].sort
    standing = sort is Sort.STATE
    if old is None:
        return Entry(alert, at, at, 1, 0, None, False, standing, None, None, None)
    entry = old._replace(last=at, seen=old.seen + 1, standing=standing)
    begins = standing and not old.standing
    if old.acked is not None and (begins or sort is Sort.EVENT):
        # who acknowledged it knows what was until then, and nothing of this
        return entry._replace(alert=alert, first=at, tellings=0, told=None, acked_by=None, acked=None, remark=None)
    if begins:
        return entry._replace(alert=alert, first=at, tellings=0)
    return entry._replace(alert=alert) if sort is Sort.EVENT else entry  # the last one says it better than the first


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for word in sorted(words):
        counts[word] = counts.get(word, 0) + 1
    return counts
