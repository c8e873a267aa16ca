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
from kwel.alerts.couriers import RECENT, ROUND, Courier, OutputHealth, deliver_all
from kwel.alerts.kinds import Sort, kinds
from kwel.alerts.ledger import DAY, Ledger, Lost
from kwel.alerts.made import Fresh, Made
from kwel.alerts.opening import LedgerError
from kwel.alerts.tellings import Tellings, alert_id
from kwel.model.alerts import Alert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from kwel.alerts.ledger import Usual
    from kwel.alerts.settings import Settings
    from kwel.model.report import Report
    from kwel.model.window import Window

    Runs = Sequence[tuple[int, int]]

DISK: Final = (OSError, sqlite3.Error, LedgerError)
"""What a full disk or a damaged file raises: told as trouble, never passed on."""


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
        clock: Callable[[], int] = time.time_ns,
        on_fault: Callable[[Exception], None] | None = None,
    ) -> None:
        """Open what is known.

        Args:
            settings: of ``settings.load``.
            state_folder: where it is kept; made if it is not there.
            sensor: its name.
            listened: interfaces that are listened to: nothing is ever sent by them.
            version: of kwel, for the structured data of syslog.
            background: whether threads send; else whoever calls ``deliver`` does.
            clock: returns the time, nanoseconds since the epoch.
            on_fault: told of what nobody foresaw, which is a fault of kwel.
        """
        self.settings, self.sensor, self.trouble = settings, sensor, ""
        self._folder, self._clock, self._on_fault, self._faults = state_folder, clock, on_fault, 0
        self._ledger: Ledger | None = None
        self._tellings: Tellings | None = None
        self.couriers = tuple(Courier(output, settings, state_folder, listened, version) for output in settings.outputs)
        with self._telling() as telling:
            if telling is not None:
                self._own_up(telling)
        if background and not settings.apart:
            for courier in self.couriers:
                courier.start()

    @contextmanager
    def _telling(self, now: int | None = None) -> Iterator[Tellings | None]:
        """Give the ledger within one transaction; what goes wrong becomes trouble, and the transaction is undone."""
        telling = self._opened()
        if telling is None:
            yield None
            return
        telling.now = now or self._clock()
        try:
            with telling.ledger.change():
                yield telling
        except DISK as error:
            self.trouble = f"{type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - a window that nobody foresaw must not keep the others from being told
            self.trouble, self._faults = f"a fault of kwel, please report it: {error!r}", self._faults + 1
            if self._on_fault:
                self._on_fault(error)
        if telling.posted:
            telling.posted = False
            for courier in self.couriers:
                courier.wake()

    def _opened(self) -> Tellings | None:
        try:
            if self._tellings is None:
                self._ledger = Ledger(self._folder, mend=True)
                self._tellings = Tellings(self._ledger, self.settings, self.sensor)
        except DISK as error:
            self.trouble = f"{self._folder}: {error}; nothing is told until it can be opened"
        return self._tellings

    def _own_up(self, telling: Tellings) -> None:
        """Tell, once, that what was known is damaged."""
        aside = telling.ledger.damaged()
        if aside and not telling.ledger.find(alert_id(["learns-anew", aside])):
            kind = kinds()["learns-anew"]
            id, now = alert_id([kind.id, aside]), telling.now
            telling.note(Alert(id, kind.id, kind.severity, now, self.sensor, values={"aside": aside}), now)

    def missed(self, stored: Mapping[str, Runs]) -> dict[str, frozenset[int]]:
        """Return which windows of a store were not seen, by source: after a crash or where this could not be written.

        Args:
            stored: the numbers of the windows that the store has of each source that is listened to. Of a source that
                is not known yet they count as seen: an alert on what was before anybody wanted alerts helps nobody.
        """
        with self._telling() as telling:
            if telling is not None:
                return {of: telling.ledger.missed(of, numbers, telling.now) for of, numbers in stored.items()}
        return {}

    def see(self, window: Window, report: Report | None, numbers: Runs = ()) -> None:
        """Take in a window and what was concluded from it; one that was seen already is passed over.

        Args:
            window: the window.
            report: ``None`` where nothing could be concluded: then what the window itself shows is told.
            numbers: of the windows that were put together in it; by default its own.
        """
        numbers = numbers or ((window.sequence, window.sequence),)
        before = self._faults
        self._see(window, report, numbers)
        if report is not None and self._faults > before:  # what the window itself shows is told all the same
            self._see(window, None, numbers)

    def pass_over(self, source: str, numbers: Runs, why: str) -> None:
        """Count windows as seen that nobody looks at; health tells of them for a day."""
        with self._telling() as telling:
            if telling is not None:
                telling.ledger.pass_over(source, numbers, telling.now, why)

    def begin(self, source: str, number: int) -> int:
        """Put down, before it is done, that a stored window is looked at; return how often that killed whoever did."""
        with self._telling() as telling:
            if telling is not None:
                return telling.ledger.begin(source, number)
        return 0

    def end(self, source: str, number: int) -> None:
        """Put down that it was looked at, whatever came of it."""
        with self._telling() as telling:
            if telling is not None:
                telling.ledger.end(source, number)

    def _see(self, window: Window, report: Report | None, numbers: Runs) -> None:
        with self._telling() as telling:
            if telling is not None:
                self._take_in(telling, window, report, numbers)

    def _take_in(self, telling: Tellings, window: Window, report: Report | None, numbers: Runs) -> None:
        learning = self._is_learning(window.source)
        heard = telling.ledger.listen(window.source, numbers, window.lasted)
        if not heard.is_new:
            return
        if report is not None:
            self._news(telling, window, report, learning=learning)
            for breach in news.breaches(report):
                telling.note(Made(self.sensor, window, report).of_breach(breach), window.closed)
        self._conditions(telling, window, report, learning=learning, is_newest=heard.is_newest)

    def _is_learning(self, source: str) -> bool:
        assert self._ledger is not None
        return self._ledger.listened().get(source, 0) < self.settings.learn * DAY

    def _conditions(
        self, telling: Tellings, window: Window, report: Report | None, *, learning: bool, is_newest: bool
    ) -> None:
        ledger, hour, silent = telling.ledger, blindness.hour_of(window), False

        def know(measure: str) -> Usual:
            return ledger.usual(window.source, measure, hour)

        for found in blindness.find(window, report, know, self.settings, learning=learning):
            silent |= found.kind in ("silence", "no-dns") and found.holds
            if kinds()[found.kind].sort is Sort.STATE and not is_newest:
                continue  # a newer window showed already how it is now
            if found.holds:
                self._amiss(telling, found, window.source, window.closed, window.sequence)
            else:
                telling.over(found.kind, window.source, window.closed)
        if not silent and blindness.says_what_is_usual(window):
            for measure, value in blindness.measures(window)._asdict().items():
                ledger.measure(window.source, measure, hour, value)

    def _amiss(self, telling: Tellings, found: Condition, source: str, at: int, window: int | None = None) -> None:
        kind, values = kinds()[found.kind], {str(key): str(value) for key, value in found.values.items()}
        alert = Alert(
            alert_id([kind.id, source]), kind.id, kind.severity, at, self.sensor, source, window, values=values
        )
        telling.note(alert, at)

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

    def blind(self, kind: str, source: str = "", *, now: int | None = None, **values: str) -> None:
        """Take in that the sensor cannot see or do something, as its keeper knows it.

        Args:
            kind: of rules/alerts.toml: ``interface-down``, ``window-lost``, ``disk-full``, ``stopped-working``. One
                that is a state goes on until ``over`` is called.
            source: interface, or nothing.
            now: nanoseconds since the epoch; by default the clock.
            values: what the kind's sentence fills in.
        """
        with self._telling(now) as telling:
            if telling is not None:
                self._amiss(telling, Condition(kind, True, values), source, telling.now)

    def over(self, kind: str, source: str = "", *, now: int | None = None) -> None:
        """Take in that something that went on is over; nothing happens where it did not go on."""
        with self._telling(now) as telling:
            if telling is not None:
                telling.over(kind, source, telling.now)

    def tick(self, now: int | None = None) -> None:
        """Tell what is due: call it about once a minute."""
        with self._telling(now) as telling:
            if telling is not None:
                telling.remind()
                telling.sum_up()

    def test(self, now: int | None = None) -> None:
        """Tell every output that this is a test, whatever was told before."""
        with self._telling(now) as telling:
            if telling is not None:
                id, at = alert_id(["test", str(telling.now)]), telling.now
                telling.test(Alert(id, "test", kinds()["test"].severity, at, self.sensor))

    def deliver(self, seconds: float = ROUND) -> None:
        """Send what waits, for whoever has no threads, and return when that is done, has failed, or time is up.

        What is left waits for the next call. Where another process sends, only count it.
        """
        if self.settings.apart:
            for courier in self.couriers:
                courier.count()
        else:
            deliver_all(self.couriers, seconds)

    def health(self) -> Health:
        """Return how it fares."""
        days, aside, overlooked = 0.0, "", Lost()
        with self._telling() as telling:
            if telling is not None:
                days = max(telling.ledger.listened().values(), default=0) / DAY
                aside, overlooked = telling.ledger.damaged(), telling.ledger.overlooked()
        if self.settings.apart:
            self.deliver()
        learning, trouble = days < self.settings.learn, self.trouble
        if aside and learning and not trouble:
            trouble = f"what was known is damaged and lies in {aside}: learning anew"
        if overlooked.number and abs(self._clock() - overlooked.at) < RECENT and not trouble:
            trouble = f"{overlooked.number} stored windows were never looked at: {overlooked.why}"
        return Health(trouble, days, learning, tuple(courier.health() for courier in self.couriers))

    def close(self) -> None:
        """Stop sending; what waits is sent after the next start."""
        for courier in self.couriers:
            courier.stop()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = self._tellings = None
