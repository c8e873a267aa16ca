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

    def __init__(self, alerter: Alerter | None) -> None:
        self._alerter = alerter

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

    def deliver(self) -> None:
        """Tell what is due, and send what waits."""
        if self._alerter:
            self._alerter.tick()
            self._alerter.deliver()


@contextmanager
def telling(plan: Plan) -> Iterator[Telling]:
    """Give what alerts by *plan*, and let it go afterwards.

    Raises:
        SettingsError: the table of the configuration is wrong.
    """
    if not plan.alerts:
        yield Telling(None)
        return
    from kwel import alerts

    interfaces = sorted({post.interface for post in plan.posts if post.interface})
    settings = alerts.load(plan.alerts, plan.config or "sensor.toml")
    alerter = alerts.Alerter(settings, plan.state / "alerts", sensor=plan.sensor, listened=interfaces, background=False)
    try:
        yield Telling(alerter)
    finally:
        alerter.close()
