"""A store in, its windows that alerting has not seen shown to it out: after a crash, or where it could not write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel import pipeline
from kwel.sensor.journal import say, trace
from kwel.store import Damaged, Level, head
from kwel.store.parts import runs_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from kwel.analysis import Options
    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.telling import Telling
    from kwel.store import Store
    from kwel.store.parts import Part

MOST: Final = 12
"""Windows that are shown in one round; the others follow in the next ones."""
LEVELS: Final = (Level.WINDOW, Level.HOUR)
"""A day that was put together takes longer to conclude from than its news are worth: the report has them."""


def catch_up(store: Store, alerter: Telling, sources: Collection[str], options: Options) -> int:
    """Show the windows that were stored and not seen, the oldest first, and return how many that were."""
    if not alerter.is_on:
        return 0
    parts = store.windows(sources=sources)
    stored = {source: runs_of(run for part in parts if part.source == source for run in part.sequences)
              for source in sources}  # fmt: skip
    missed = alerter.missed(stored)
    unseen = [part for part in parts if part.level in LEVELS and _holds(part, missed.get(part.source, frozenset()))]
    for part in unseen[:MOST]:
        _show(store, part, alerter, options)
    return len(unseen[:MOST])


def _holds(part: Part, numbers: Collection[int]) -> bool:
    return any(first <= number <= last for first, last in part.sequences for number in numbers)


def _show(store: Store, part: Part, alerter: Telling, options: Options) -> None:
    try:
        traffic, told = store.read_with_head(part)
        window = head.read_window(told["window"], part.sequences[-1][1], traffic)
    except OSError as error:  # the next round tries again
        say(4, f"alerts: {part.id} cannot be read now: {error}")
        return
    except Damaged as error:
        say(4, f"alerts: {part.id} is passed over: {error}; `kwel store check` tells more")
        alerter.pass_over(part.source, part.sequences)
        return
    alerter.see(window, _concluded(part, window, options), part.sequences)


def _concluded(part: Part, window: Window, options: Options) -> Report | None:
    """Return what follows from a window; ``None`` where nothing can be concluded."""
    if not part.has_wire:
        return None
    try:
        return pipeline.conclude(window.traffic, options).report
    except Exception as error:  # noqa: BLE001 - a fault of ours: what the window itself shows is told all the same
        say(4, f"alerts: {part.id}: nothing can be concluded from it: {error!r}")
        trace(error)
        return None
