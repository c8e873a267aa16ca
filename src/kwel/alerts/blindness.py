"""A window in, what keeps its sensor from seeing, or shows that it is not passive, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kwel.alerts.ledger import Usual
    from kwel.alerts.settings import Settings
    from kwel.model.report import Report
    from kwel.model.window import Window

    Know = Callable[[str], Usual]

SECOND: Final = 1_000_000_000
HOUR: Final = 3600 * SECOND
HOURS: Final = 168
"""Of a week."""
SHORTEST: Final = 30 * SECOND
"""A window that lasted less says nothing of what is usual."""
FEWEST_WINDOWS: Final = 6
"""From so many of an hour on it is known what is usual then."""
ALWAYS: Final = 0.95
"""Share of an hour's windows that had something: then nothing is strange."""
NEXT_TO_NOTHING: Final = 0.01
"""Of the least that an hour ever had."""
FEWEST_FLOWS: Final = 20
"""Of fewer, a share says little."""


class Condition(NamedTuple):
    """Something that holds of a window, or does not."""

    kind: str
    holds: bool
    values: Mapping[str, str] = {}


class Measures(NamedTuple):
    """What of a window is held against what is usual."""

    packets: float
    """A second."""
    dns: float
    """Questions and answers."""


def hour_of(window: Window) -> int:
    """Return in which hour of the week a window closed, by UTC: the first begins on a Thursday at 00:00."""
    return window.closed // HOUR % HOURS


def says_what_is_usual(window: Window) -> bool:
    """Return whether a window lasted long enough to tell."""
    return window.lasted >= SHORTEST


def measures(window: Window) -> Measures:
    """Return what of a window is held against what is usual."""
    traffic = window.traffic
    frames = sum(of.frames for of in window.losses) if window.losses else traffic.coverage.packets
    return Measures(frames * SECOND / max(window.lasted, 1), float(len(traffic.questions) + len(traffic.answers)))


def find(
    window: Window, report: Report | None, know: Know, settings: Settings, *, learning: bool
) -> Iterator[Condition]:
    """Yield what holds of a window and what does not.

    Args:
        window: the window.
        report: what was concluded from it; ``None`` where nothing could be.
        know: returns how a measure usually is at this hour.
        settings: from which shares on something is told.
        learning: whether it is too early to say what is usual.
    """
    if not learning and says_what_is_usual(window):
        now = measures(window)
        usual = know("packets")
        silent = _always(usual) and now.packets < usual.low * NEXT_TO_NOTHING
        yield Condition("silence", silent, {"rate": f"{now.packets:.3g}", "usual": f"{usual.low:.3g}"})
        if not silent:
            yield Condition("no-dns", _always(know("dns")) and not now.dns)
    yield from _lost(window, settings)
    if report is not None:
        yield from _one_way(window, report, settings)
    yield from _happened(window)


def _always(usual: Usual) -> bool:
    return usual.windows >= FEWEST_WINDOWS and usual.present >= ALWAYS * usual.windows


def _lost(window: Window, settings: Settings) -> Iterator[Condition]:
    frames, dropped = (sum(getattr(of, key) for of in window.losses) for key in ("frames", "dropped"))
    missed = sum(of.missed or 0 for of in window.losses)
    for kind, key, lost in (("drops", "dropped", dropped), ("card-drops", "missed", missed)):
        share = lost / max(frames + dropped + missed, 1)
        values = {"share": percent(share), key: str(lost), "frames": str(frames + dropped + missed)}
        yield Condition(kind, lost > 0 and share >= settings.drops, values)


def _one_way(window: Window, report: Report, settings: Settings) -> Iterator[Condition]:
    flows, one_way = len(window.traffic.flows), report.coverage.notes.get("one-way", 0)
    if flows >= FEWEST_FLOWS:
        share = one_way / flows
        yield Condition("one-way", one_way > 0 and share >= settings.one_way, {"share": percent(share)})


def _happened(window: Window) -> Iterator[Condition]:
    for step in window.clock_steps:
        if abs(step.by) >= SECOND:
            yield Condition("clock-step", True, {"seconds": f"{step.by / SECOND:+.0f}"})
    for kind, key in (("tried-to-send", "stopped"), ("sent", "sent")):
        if count := sum(getattr(proof, key) or 0 for proof in window.proofs):
            yield Condition(kind, True, {"count": str(count)})


def percent(share: float) -> str:
    """Return a share for a reader: at least two figures of it.

    >>> percent(0.5), percent(0.00123)
    ('50 %', '0.12 %')
    """
    return f"{share * 100:.2g} %" if share < 0.995 else f"{share * 100:.0f} %"
