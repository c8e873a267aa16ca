"""An output and what waits for it in, deliveries out: by a thread of its own, again and again until it is taken."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.alerts import messages, send
from kwel.alerts.kinds import shown
from kwel.alerts.ledger import Ledger
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
        self._failures, self._hopeless = 0, 0
        self._waiting, self._lost = 0, 0
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
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
            self._lock.release()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.deliver():
                self._woken.wait(self.idle)
                self._woken.clear()
            else:
                self._ended.wait(min(FIRST_PAUSE * 2 ** min(self._failures - 1, 20), LONGEST_PAUSE))

    def deliver(self) -> bool:
        """Send all that waits; return whether nothing is left."""
        with self._lock:
            try:
                self._deliver()
            except (OSError, sqlite3.Error, LookupError, ValueError) as error:
                self._failed(error)
                return False
            return True

    def count(self) -> None:
        """Look at how much waits, and send nothing."""
        with self._lock:
            try:
                if self._ledger is None:
                    self._ledger = Ledger(self._folder)
                self._count()
            except (OSError, sqlite3.Error, ValueError) as error:
                self.trouble = shown(str(error))

    def _deliver(self) -> None:
        if self._ledger is None:
            self._ledger = Ledger(self._folder)
        while waiting := self._ledger.waiting(self.output.name, BATCH):
            taken = self._take(waiting)
            self._ledger.delivered([of.number for of in taken])
            self._failures, self._hopeless, self.trouble = 0, 0, ""
            self.last_sent = time.time_ns()
        self._count()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = shown(str(error))
        try:
            if self._ledger is not None:
                self._count()
                if isinstance(error, send.SendError) and error.hopeless:
                    self._hopeless += 1
                    if self._hopeless >= TRIES:
                        self._give_up(self._ledger)
        except (OSError, sqlite3.Error):
            pass

    def _give_up(self, ledger: Ledger) -> None:
        first = ledger.waiting(self.output.name, 1)
        ledger.delivered([of.number for of in first])
        with ledger.change():
            ledger.lose(self.output.name, len(first))
        self._hopeless = 0

    def _count(self) -> None:
        assert self._ledger is not None
        self._waiting, self._lost = self._ledger.waits(self.output.name), self._ledger.lost(self.output.name)

    def health(self) -> OutputHealth:
        """Return how it fares."""
        return OutputHealth(self.output.name, self._waiting, self._lost, self.last_sent, self.trouble)

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
