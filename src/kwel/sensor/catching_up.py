"""A store in, its windows that alerting has not seen shown to it out: after a crash, or where it could not write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kwel.analysis import stages
from kwel.sensor.journal import say, trace
from kwel.store import Damaged, Level, head
from kwel.store.parts import runs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kwel.analysis.result import Options
    from kwel.model.report import Report
    from kwel.model.window import Window
    from kwel.sensor.telling import Telling
    from kwel.store import Store
    from kwel.store.parts import Part

MOST: Final = 12
"""Windows that are shown in one round; the others follow in the next ones."""
LEVELS: Final = (Level.WINDOW, Level.HOUR)
"""A day that was put together takes longer to conclude from than its news are worth: the report has them."""
DEADLY: Final = 2
"""Times that whoever looked at a window died of it, or of a power cut meanwhile, after which nobody looks at it."""


def unseen(store: Store, alerter: Telling, sources: Collection[str]) -> list[Part]:
    """Return the windows that were stored and not seen, the oldest first: ask before newer ones are taken in."""
    if not alerter.is_on:
        return []
    try:
        parts = store.windows(sources=sources)
        stored = {source: runs_of(run for part in parts if part.source == source for run in part.sequences)
                  for source in sources}  # fmt: skip
        missed = alerter.missed(stored)
        return [part for part in parts if _holds(part, missed.get(part.source, frozenset()))]
    except Exception as error:  # noqa: BLE001 - a fault of ours must not keep new windows out of the store
        say(4, f"alerts: what was stored and not looked at cannot be found: {error!r}")
        trace(error)
        return []


def catch_up(store: Store, parts: Sequence[Part], alerter: Telling, options: Options) -> int:
    """Show windows that were stored and not seen, so many as one round has time for, and return how many that were."""
    for part in parts:
        if part.level not in LEVELS:
            _pass_over(part, alerter, "it was put together to a day already: the report of that day has its news")
    shown = [part for part in parts if part.level in LEVELS][:MOST]
    for part in shown:
        with alerter.attempt(part.source, part.sequences[-1][1]) as before:
            if before < DEADLY:
                _show(store, part, alerter, options)
            else:
                _pass_over(part, alerter, f"whoever looked at it died, {before} times")
    return len(shown)


def _holds(part: Part, numbers: Collection[int]) -> bool:
    return any(first <= number <= last for first, last in part.sequences for number in numbers)


def _pass_over(part: Part, alerter: Telling, why: str) -> None:
    say(4, f"alerts: {part.id} is passed over: {why}")
    alerter.pass_over(part.source, part.sequences, f"{part.id}: {why}")


def _show(store: Store, part: Part, alerter: Telling, options: Options) -> None:
    try:
        traffic, told = store.read_with_head(part)
        window = head.read_window(told["window"], part.sequences[-1][1], traffic)
        alerter.see(window, _concluded(part, window, options), part.sequences)
    except OSError as error:  # the next round tries again
        say(4, f"alerts: {part.id} cannot be read now: {error}")
    except Damaged as error:
        _pass_over(part, alerter, f"{error}; `kwel store check` tells more")
    except Exception as error:  # noqa: BLE001 - a fault of ours must not keep the later ones from being shown
        _pass_over(part, alerter, f"a fault of kwel, please report it: {error!r}")
        trace(error)


def _concluded(part: Part, window: Window, options: Options) -> Report | None:
    """Return what follows from a window; ``None`` where nothing can be concluded."""
    if not part.has_wire:
        return None
    try:
        return stages.conclude(window.traffic, options).report
    except Exception as error:  # noqa: BLE001 - a fault of ours: what the window itself shows is told all the same
        say(4, f"alerts: {part.id}: nothing can be concluded from it: {error!r}")
        trace(error)
        return None
