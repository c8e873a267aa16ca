"""A plan in, what alerts by it out; nothing where the plan alerts nobody."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kwel.sensor.journal import trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kwel.alerts import Alerter
    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.plan import Plan
    from kwel.store.parts import Runs


class Telling:
    """The alerter of one round, if there is one."""

    def __init__(self, alerter: Alerter | None, wrong: str = "") -> None:
        self._alerter, self._wrong = alerter, wrong

    @property
    def is_on(self) -> bool:
        """Return whether anything alerts."""
        return self._alerter is not None

    def missed(self, stored: Mapping[str, Runs]) -> Mapping[str, frozenset[int]]:
        """Return which of the windows that a store has of each source were not seen."""
        return self._alerter.missed(stored) if self._alerter else {}

    def see(self, window: Window, report: Report | None, numbers: Runs = ()) -> None:
        """Take in a window and what was concluded of it, if anything was; *numbers*: of those put together in it."""
        if self._alerter:
            self._alerter.see(window, report, numbers)

    def pass_over(self, source: str, numbers: Runs, why: str) -> None:
        """Count windows as seen that nobody looks at."""
        if self._alerter:
            self._alerter.pass_over(source, numbers, why)

    @contextmanager
    def attempt(self, source: str, number: int) -> Iterator[int]:
        """Have it known, should the body kill this process, that it did; give how often it did."""
        before = self._alerter.begin(source, number) if self._alerter else 0
        try:
            yield before
        finally:
            if self._alerter:
                self._alerter.end(source, number)

    def stands(self, kind: str, holds: bool, source: str = "", **values: Any) -> None:
        """Take in that something goes on, or that it does not."""
        if self._alerter is None:
            return
        if holds:
            self._alerter.blind(kind, source, **values)
        else:
            self._alerter.over(kind, source)

    def happened(self, kind: str, source: str = "", **values: Any) -> None:
        """Take in that something happened."""
        if self._alerter:
            self._alerter.blind(kind, source, **values)

    @property
    def trouble(self) -> str:
        """Return what is wrong with alerting; empty where nothing is."""
        if self._alerter is None:
            return self._wrong
        health = self._alerter.health()
        return health.trouble or next((f"{one.name}: {one.trouble}" for one in health.outputs if one.trouble), "")

    def deliver(self) -> None:
        """Tell what is due, and send what waits."""
        if self._alerter:
            self._alerter.tick()
            self._alerter.deliver()


@contextmanager
def telling(plan: Plan) -> Iterator[Telling]:
    """Give what alerts by *plan*, and let it go afterwards; where its settings are wrong, nothing does, and says so."""
    if not plan.alerts:
        yield Telling(None)
        return
    from kwel import alerts

    interfaces = sorted({post.interface for post in plan.posts if post.interface})
    try:
        settings = alerts.load(plan.alerts, plan.config or "sensor.toml")
    except alerts.SettingsError as error:
        yield Telling(None, str(error))
        return
    alerter = alerts.Alerter(settings, plan.state / "alerts", sensor=plan.sensor, listened=interfaces,
                             background=False, on_fault=trace)  # fmt: skip
    try:
        yield Telling(alerter)
    finally:
        alerter.close()
