"""Windows and what was concluded from them in, alerts out to where the settings say: what the sensor's keeper calls.

Nothing in it raises into its caller, and nothing waits for a network: what cannot be told stays on disk, and its
health says so. Sending is done by threads of their own (``couriers``).
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.alerts import blindness, news
from kwel.alerts.blindness import Condition
from kwel.alerts.couriers import Courier, OutputHealth
from kwel.alerts.kinds import kinds
from kwel.alerts.ledger import DAY, Ledger, LedgerError
from kwel.alerts.made import Fresh, Made
from kwel.alerts.tellings import Tellings, alert_id
from kwel.model.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kwel.alerts.ledger import Usual
    from kwel.alerts.settings import Settings
    from kwel.model.report import Report
    from kwel.model.window import Window

TROUBLE: Final = (OSError, sqlite3.Error, LedgerError, LookupError, ValueError)
"""What a full disk, a damaged file or an attribution that nobody foresaw raise: told as trouble, never passed on."""


class Health(NamedTuple):
    """How alerting fares."""

    trouble: str
    """One line: what went wrong last, or nothing."""
    days_learned: float
    """Of the source that was listened to longest."""
    learning: bool
    outputs: tuple[OutputHealth, ...]


class Alerter:
    """What is new or amiss, told."""

    def __init__(
        self,
        settings: Settings,
        state_folder: Path,
        *,
        sensor: str = "",
        listened: Collection[str] = (),
        version: str = "",
        background: bool = True,
    ) -> None:
        """Open what is known.

        Args:
            settings: of ``settings.load``.
            state_folder: where it is kept; made if it is not there.
            sensor: its name.
            listened: interfaces that are listened to: nothing is ever sent by them.
            version: of kwel, for the structured data of syslog.
            background: whether threads send; else whoever calls ``deliver`` does.
        """
        self.settings, self.sensor, self.trouble = settings, sensor, ""
        self._folder = state_folder
        self._ledger: Ledger | None = None
        self._tellings: Tellings | None = None
        self.couriers = tuple(Courier(output, settings, state_folder, listened, version) for output in settings.outputs)
        with self._telling():
            pass
        if background and not settings.apart:
            for courier in self.couriers:
                courier.start()

    @contextmanager
    def _telling(self) -> Iterator[Tellings | None]:
        """Give the ledger within one transaction; what goes wrong becomes trouble, and the transaction is undone."""
        try:
            if self._ledger is None:
                self._ledger = Ledger(self._folder)
                self._tellings = Tellings(self._ledger, self.settings, self.sensor)
                if self._ledger.set_aside:
                    self.trouble = f"what was known is damaged and lies in {self._ledger.set_aside}: learning anew"
        except TROUBLE as error:
            self.trouble = f"{self._folder}: {error}; nothing is told until it can be opened"
        if self._ledger is None or self._tellings is None:
            yield None
            return
        try:
            with self._ledger.change():
                yield self._tellings
        except TROUBLE as error:
            self.trouble = f"{type(error).__name__}: {error}"
        if self._tellings.posted:
            self._tellings.posted = False
            for courier in self.couriers:
                courier.wake()

    def see(self, window: Window, report: Report) -> None:
        """Take in a window and what was concluded from it."""
        with self._telling() as telling:
            if telling is None:
                return
            learning = self._is_learning(window.source)
            is_first = telling.ledger.listen(window.source, window.sequence, window.lasted)
            self._news(telling, window, report, learning=learning)
            for breach in news.breaches(report):
                telling.note(Made(self.sensor, window, report).of_breach(breach), window.closed)
            self._conditions(telling, window, report, learning=learning, is_first=is_first)

    def _is_learning(self, source: str) -> bool:
        assert self._ledger is not None
        return self._ledger.listened().get(source, 0) < self.settings.learn * DAY

    def _conditions(self, telling: Tellings, window: Window, report: Report, *, learning: bool, is_first: bool) -> None:
        ledger, hour, silent = telling.ledger, blindness.hour_of(window), False

        def know(measure: str) -> Usual:
            return ledger.usual(window.source, measure, hour)

        for found in blindness.find(window, report, know, self.settings, learning=learning):
            silent |= found.kind in ("silence", "no-dns") and found.holds
            if found.holds:
                self._amiss(telling, found, window.source, window.closed, window.sequence)
            elif found.standing:
                telling.over(found.kind, window.source, window.closed)
        if is_first and not silent and blindness.says_what_is_usual(window):
            for measure, value in blindness.measures(window)._asdict().items():
                ledger.measure(window.source, measure, hour, value)

    def _amiss(self, telling: Tellings, found: Condition, source: str, now: int, window: int | None = None) -> None:
        kind, values = kinds()[found.kind], {str(key): str(value) for key, value in found.values.items()}
        alert = Alert(
            alert_id([kind.id, source]), kind.id, kind.severity, now, self.sensor, source, window, values=values
        )
        telling.note(alert, now, standing=found.standing)

    def _news(self, telling: Tellings, window: Window, report: Report, *, learning: bool) -> None:
        made = Made(self.sensor, window, report)
        day = window.closed // DAY
        fresh: list[Fresh] = []
        strangers: set[str] = set()
        for contact in news.contacts(report):
            if telling.ledger.learn(("new-asset", contact.asset), day):
                strangers.add(contact.asset)
            new = tuple(subject for subject in contact.subjects if telling.ledger.learn(subject, day))
            if new or contact.asset in strangers:
                fresh.append(Fresh(contact, new))
        inward = [one for one in news.inbound(report) if telling.ledger.learn(one.subject, day)]
        if not learning:
            for alert in made.of_contacts(fresh, strangers):
                telling.note(alert, window.closed)
            for one in inward:
                telling.note(made.of_inbound(one), window.closed)

    def blind(
        self, kind: str, source: str = "", *, now: int | None = None, standing: bool = True, **values: str
    ) -> None:
        """Take in that the sensor cannot see or do something, as its keeper knows it.

        Args:
            kind: of rules/alerts.toml: ``interface-down``, ``window-lost``, ``disk-full``, ``stopped-working``.
            source: interface, or nothing.
            now: nanoseconds since the epoch; by default the clock.
            standing: whether it goes on until ``over`` is called; else it is something that happened.
            values: what the kind's sentence fills in.
        """
        with self._telling() as telling:
            if telling is not None:
                self._amiss(telling, Condition(kind, True, values, standing), source, now or time.time_ns())

    def over(self, kind: str, source: str = "", *, now: int | None = None) -> None:
        """Take in that something that went on is over; nothing happens where it did not go on."""
        with self._telling() as telling:
            if telling is not None:
                telling.over(kind, source, now or time.time_ns())

    def tick(self, now: int | None = None) -> None:
        """Tell what is due: call it about once a minute."""
        with self._telling() as telling:
            if telling is not None:
                telling.remind(now or time.time_ns())
                telling.sum_up(now or time.time_ns())

    def test(self, now: int | None = None) -> None:
        """Tell every output that this is a test, whatever was told before."""
        with self._telling() as telling:
            if telling is not None:
                now = now or time.time_ns()
                telling.test(
                    Alert(alert_id(["test", str(now)]), "test", kinds()["test"].severity, now, self.sensor), now
                )

    def deliver(self) -> None:
        """Send what waits, and return when that is done or has failed: for whoever has no threads.

        Where another process sends, only count it.
        """
        for courier in self.couriers:
            courier.count() if self.settings.apart else courier.deliver()

    def health(self) -> Health:
        """Return how it fares."""
        days = 0.0
        with self._telling() as telling:
            if telling is not None:
                days = max(telling.ledger.listened().values(), default=0) / DAY
        if self.settings.apart:
            self.deliver()
        outputs = tuple(courier.health() for courier in self.couriers)
        return Health(self.trouble, days, days < self.settings.learn, outputs)

    def close(self) -> None:
        """Stop sending; what waits is sent after the next start."""
        for courier in self.couriers:
            courier.stop()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = self._tellings = None
