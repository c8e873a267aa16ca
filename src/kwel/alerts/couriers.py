"""An output and what waits for it in, deliveries out: by a thread of its own, again and again until it is taken."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.alerts import messages, send
from kwel.alerts.kinds import shown
from kwel.alerts.ledger import Ledger, Lost
from kwel.alerts.lines import append
from kwel.alerts.settings import Lines, Syslog, Webhook

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from kwel.alerts.ledger import Waiting
    from kwel.alerts.settings import Output, Settings

BATCH: Final = 50
"""Alerts that are sent at once."""
FIRST_PAUSE: Final = 5.0
"""Seconds after a failure; each time twice as long."""
LONGEST_PAUSE: Final = 600.0
IDLE: Final = 10.0
"""Seconds after which it looks without being told to."""
PATIENCE: Final = 2.0
"""Seconds that whoever stops waits for what is being sent."""
TRIES: Final = 10
"""After which a message goes that a receiver will never take: it would hold up all others."""
ROUND: Final = 30.0
"""Seconds in which ``deliver_all`` begins to send; what is under way then has its ``send.MOST_SECONDS``."""
LATE: Final = 15 * 60 * 1_000_000_000
"""After which the sensor tells that what another process has to send is not sent: longer than ``LONGEST_PAUSE``."""
RECENT: Final = 24 * 3600 * 1_000_000_000
"""So long it is told that an alert was lost."""


class OutputHealth(NamedTuple):
    """How one output fares."""

    name: str
    waiting: int
    lost: int
    """That had to make room for later ones, or that the receiver would not take."""
    last_sent: int | None
    """Nanoseconds since the epoch, since this start."""
    trouble: str


class Courier:
    """Brings alerts to one output."""

    def __init__(
        self, output: Output, settings: Settings, folder: Path, listened: Collection[str], version: str
    ) -> None:
        """*folder*: where the ledger is; *listened*: interfaces by which nothing is ever sent."""
        self.output, self._settings, self._folder, self._version = output, settings, folder, version
        self._listened = tuple(listened)
        self._ledger: Ledger | None = None
        self._woken, self._ended = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._waiting, self._lost = 0, Lost()
        self._since: int | None = None
        self.idle, self.trouble = IDLE, ""
        self.last_sent: int | None = None

    def start(self) -> None:
        """Begin a thread that delivers."""
        self._thread = threading.Thread(target=self._run, name=f"alerts to {self.output.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        if self._lock.acquire(
            timeout=PATIENCE
        ):  # else it still sends: what it sends is sent again after the next start
            self._shut()
            self._lock.release()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.deliver():
                self._woken.wait(self.idle)
                self._woken.clear()
            else:
                self._ended.wait(min(FIRST_PAUSE * 2 ** min(self._failures - 1, 20), LONGEST_PAUSE))

    def deliver(self, ends: float = math.inf) -> bool:
        """Send all that waits; return whether nothing failed. *ends*: when to begin no more, by the monotonic clock."""
        with self._lock:
            try:
                self._deliver(ends)
            except Exception as error:  # noqa: BLE001 - a thread that ends for it would never send again
                self._failed(error)
                return False
            return True

    def count(self) -> None:
        """Look at how much waits, and send nothing."""
        with self._lock:
            try:
                self._count(self._opened())
            except (OSError, sqlite3.Error, ValueError) as error:
                self.trouble = shown(str(error))

    def _deliver(self, ends: float) -> None:
        ledger = self._opened()
        while (waiting := ledger.waiting(self.output.name, BATCH)) and time.monotonic() < ends:
            taken = self._taken(ledger, waiting)
            ledger.delivered([of.number for of in taken])
            self._failures, self.trouble = 0, ""
            self.last_sent = time.time_ns()
        self._count(ledger)

    def _opened(self) -> Ledger:
        """Return the ledger that stands there now: the sensor may have put the one of before aside."""
        if self._ledger is not None and not self._ledger.is_current():
            self._shut()
        if self._ledger is None:
            self._ledger = Ledger(self._folder)
        return self._ledger

    def _shut(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _taken(self, ledger: Ledger, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        try:
            return self._take(waiting)
        except send.SendError as error:
            if error.hopeless:
                ledger.refused(waiting[0].number, self.output.name, TRIES, time.time_ns(), shown(str(error)))
            raise

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = shown(str(error) or type(error).__name__)
        with suppress(OSError, sqlite3.Error):
            if self._ledger is not None:
                self._count(self._ledger)
        if not isinstance(error, send.SendError):
            self._shut()

    def _count(self, ledger: Ledger) -> None:
        name = self.output.name
        self._waiting, self._since, self._lost = ledger.waits(name), ledger.waits_since(name), ledger.lost(name)

    def health(self) -> OutputHealth:
        """Return how it fares."""
        lost, trouble, since, now = self._lost, self.trouble, self._since, time.time_ns()
        if self._settings.apart and not trouble and since is not None and abs(now - since) > LATE:
            when = messages.moment(since)[:16]
            trouble = f"{self._waiting} alerts have waited since {when}Z; is kwel-alerts running, and what does it say?"
        if lost.number and not trouble and abs(now - lost.at) < RECENT:
            when = messages.moment(lost.at)[:16]
            trouble = f"{lost.number} alerts never arrived, the last was given up at {when}Z: {lost.why}"
        return OutputHealth(self.output.name, self._waiting, lost.number, self.last_sent, trouble)

    def _take(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        """Send some of what waits, and return what was taken."""
        output, language = self.output, self._settings.language
        if isinstance(output, Lines):
            append(output, [messages.json_line(of, language) for of in waiting])
            return waiting
        if isinstance(output, Syslog):
            is_local = output.transport == "unix"
            spelt = [
                messages.local(of, output, language)
                if is_local
                else messages.syslog(of, output, language, self._version)
                for of in waiting
            ]
            send.send_syslog(output, spelt, self._road())
            return waiting
        assert isinstance(output, Webhook)
        body = json.dumps(messages.plain(waiting[0], language)).encode()
        send.post(output, body, self._road(), time.time())
        return waiting[:1]

    def _road(self) -> send.Road:
        return send.Road(self._listened, self._settings.interface)


def deliver_all(couriers: Sequence[Courier], seconds: float) -> None:
    """Send what waits for several outputs, side by side: none waits for another, and nobody for ever.

    Args:
        couriers: one for each output.
        seconds: in which they begin to send; what is left is for the next call.
    """
    ends = time.monotonic() + seconds
    threads = [threading.Thread(target=courier.deliver, args=(ends,), daemon=True) for courier in couriers]
    for thread in threads:
        thread.start()
    for courier, thread in zip(couriers, threads, strict=True):
        thread.join(max(ends + send.MOST_SECONDS - time.monotonic(), 0))
        if thread.is_alive():
            courier.trouble = f"did not end within {seconds + send.MOST_SECONDS:g} seconds; what waits is sent later"
