"""A plan in, what alerts by it out; nothing where the plan alerts nobody."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.alerts import Alerter
    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.plan import Plan


class Telling:
    """The alerter of one round, if there is one."""

    def __init__(self, alerter: Alerter | None, wrong: str = "") -> None:
        self._alerter, self._wrong = alerter, wrong

    def see(self, window: Window, report: Report) -> None:
        """Take in a window and what was concluded of it."""
        if self._alerter:
            self._alerter.see(window, report)

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
            self._alerter.blind(kind, source, standing=False, **values)

    @property
    def trouble(self) -> str:
        """Return what is wrong with alerting; empty where nothing is."""
        if self._alerter is None:
            return self._wrong
        health = self._alerter.health()
        return health.trouble or next((one.trouble for one in health.outputs if one.trouble), "")

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
    alerter = alerts.Alerter(settings, plan.state / "alerts", sensor=plan.sensor, listened=interfaces, background=False)
    try:
        yield Telling(alerter)
    finally:
        alerter.close()
