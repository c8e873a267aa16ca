"""Alerts in, those that are told now out: each once, again after a time, and never more than so many an hour."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from kwel.alerts.kinds import kinds
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
"""Acknowledges what sums up others: nobody has to."""
NEWS: Final = ("new-", "breach", "expired")
"""How kinds begin that are about assets; the others are about the sensor itself, and have a budget of their own."""


def alert_id(subject: Sequence[str]) -> str:
    """Return the id of what an alert is about: the same for ever.

    >>> alert_id(["silence", "span0"])
    'Aa8cf0b3fb1'
    """
    return "A" + blake2b("\0".join(subject).encode("utf-8", "backslashreplace"), digest_size=5).hexdigest()


class Tellings:
    """What is told, through the ledger: call within its ``change``."""

    def __init__(self, ledger: Ledger, settings: Settings, sensor: str) -> None:
        self.ledger, self.settings, self.sensor = ledger, settings, sensor
        self.posted = False
        """Whether something waits for an output that did not before."""

    def note(self, alert: Alert, now: int, *, standing: bool = False) -> None:
        """Put down that something was seen, and tell it if it is time to."""
        old = self.ledger.find(alert.id)
        if old is None:
            entry = Entry(alert, now, now, 1, 0, None, False, standing, None, None, None)
        else:
            entry = old._replace(last=now, seen=old.seen + 1, standing=standing)
            if standing and not old.standing and (old.told is None or not now - HOUR < old.told <= now):
                # it was over and begins anew: who acknowledged the last time knows nothing of this one
                entry = entry._replace(alert=alert, first=now, tellings=0, acked_by=None, acked=None, remark=None)
        if entry.acked is None and not entry.held and self._is_due(entry, now):
            entry = self._tell(entry._replace(alert=alert if entry.tellings else entry.alert), now)
        self.ledger.put(entry)

    def _is_due(self, entry: Entry, now: int) -> bool:
        if not entry.tellings or entry.told is None:
            return True
        pause = min(int(self.settings.again * HOUR) << min(entry.tellings - 1, 20), LONGEST_PAUSE)
        return now >= entry.told + pause or now < entry.told - pause

    def _tell(self, entry: Entry, now: int) -> Entry:
        """Tell it, or hold it back where there were too many within the hour."""
        kind = entry.alert.kind
        alike = [of for of in kinds() if of.startswith(NEWS) == kind.startswith(NEWS) and of != MANY]
        if self.ledger.told_since(now - HOUR, now, alike) >= self.settings.per_hour:
            return entry._replace(held=True)
        return self.send(entry, now)

    def send(self, entry: Entry, now: int) -> Entry:
        """Have every output that wants it take an alert."""
        told = entry._replace(tellings=entry.tellings + 1, told=now, held=False)
        for output in self.settings.outputs:
            if entry.alert.severity >= output.least:
                self.ledger.post(output.name, entry.alert, told.tellings, now)
                self.posted = True
        return told

    def over(self, kind: str, source: str, now: int) -> None:
        """Put down that something that went on is over, and tell so if it was told."""
        old = self.ledger.find(alert_id([kind, source]))
        if old is None or not old.standing:
            return
        self.ledger.put(old._replace(standing=False, held=False))
        if old.tellings and not old.held:
            minutes = str(max(now - old.first, 0) // (60 * 1_000_000_000))
            values = {"what": kind, "minutes": minutes}
            end = Alert(alert_id(["over", kind, source, str(old.first)]), "over", kinds()["over"].severity, now,
                        self.sensor, source, values=values)  # fmt: skip
            self.note(end, now)

    def remind(self, now: int) -> None:
        """Tell again what is about assets and nobody acknowledged: a few times, then it stays in the list."""
        for entry in self.ledger.entries():
            is_news = entry.alert.kind.startswith(NEWS)
            if is_news and 0 < entry.tellings < MOST_TELLINGS and not entry.held and self._is_due(entry, now):
                self.ledger.put(self._tell(entry, now))

    def test(self, alert: Alert, now: int) -> None:
        """Tell every output, whatever it wants."""
        for output in self.settings.outputs:
            self.ledger.post(output.name, alert, 1, now)
            self.posted = True

    def sum_up(self, now: int) -> None:
        """Tell in one alert how many were held back, once the hour is over in which there were too many."""
        held = self.ledger.held()
        if not held:
            return
        last = self.ledger.find(alert_id([MANY]))
        if last and last.told is not None and now - HOUR < last.told <= now:
            return
        counts = _counted(entry.alert.kind for entry in held)
        values = {"count": str(len(held)), "kinds": ", ".join(f"{kind} {count}" for kind, count in counts.items())}
        gravest = max(entry.alert.severity for entry in held)
        many = Alert(alert_id([MANY]), MANY, gravest, now, self.sensor, values=values)
        for entry in held:
            self.ledger.put(entry._replace(held=False, tellings=entry.tellings + 1, told=now - HOUR))
        seen = last.seen + 1 if last else 1
        self.ledger.put(self.send(Entry(many, now, now, seen, 0, None, False, False, NOBODY, now, None), now))


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for word in sorted(words):
        counts[word] = counts.get(word, 0) + 1
    return counts
