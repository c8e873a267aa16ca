"""Outages that captures hold in, the list of them out: what stopped answering, and what each asset did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.model.interruptions import Fate
from kwel.report import numbers
from kwel.report.text import NOTHING, Text, joined, wire, wrapped

if TYPE_CHECKING:
    from kwel.model.interruptions import Interruption
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.phrases import Phrases

ROWS: Final = 20
SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stop:
    """One spell in which something did not answer an asset."""

    asset: Text
    host: Text
    when: Text
    lasted: Text
    how: Text
    local: Text
    frame: Text


@dataclass(frozen=True, slots=True)
class Stopped:
    """The list."""

    rows: list[Stop]
    more: Text


def stopped(report: Report, anchors: dict[str, str], phrases: Phrases) -> Stopped:
    """Return the longest outages that the captures hold, in order of time."""
    found = report.interruptions.found
    ends = [capture.last for capture in report.captures if capture.last is not None]
    over = max(ends, default=0)
    kept = sorted(range(len(found)), key=lambda row: -_length(found[row], over))[:ROWS]
    more = len(found) - len(kept) + report.interruptions.left_out
    return Stopped(
        rows=[_stop(report, found[row], over, anchors, phrases) for row in sorted(kept)],
        more=phrases.say.count("stopped.more", more) if more else NOTHING,
    )


def _length(one: Interruption, over: int) -> int:
    return (one.end.before if one.end else over) - one.begin.before


def _stop(report: Report, one: Interruption, over: int, anchors: dict[str, str], phrases: Phrases) -> Stop:
    say = phrases.say
    asset = report.assets[one.asset]
    label = wire(asset.label, 40)
    lasted = numbers.duration(max(_length(one, over), 0))
    return Stop(
        asset=wrapped(f'<a href="#{anchors[asset.id]}">', label, "</a>") if asset.id in anchors else label,
        host=_host(report, one, say),
        when=numbers.time(one.begin.before, seconds=True),
        lasted=lasted if one.end else say("stopped.open", time=lasted),
        how=_how(one, say),
        local=_local(one, say),
        frame=phrases.frame(one.evidence[1:]),
    )


def _host(report: Report, one: Interruption, say: Catalogue) -> Text:
    host = wire(report.assets[one.peer].label if one.peer is not None else one.host, 60)
    if one.common > 1:
        return joined([host, say.count("stopped.together", one.common - 1)], "; ")
    return host


def _how(one: Interruption, say: Catalogue) -> Text:
    """Return the sign, and how the asset tried again."""
    parts = [say(f"stopped.sign-{one.sign}")]
    if one.retries.interval is not None:
        key = "stopped.tries-later" if one.retries.grows else "stopped.tries"
        parts.append(say(key, time=numbers.duration(round(one.retries.interval * SECOND))))
    if one.aftermath.fell_back:
        parts.append(say("stopped.fell-back", host=wire(one.aftermath.fell_back, 60)))
    return joined(parts, "; ")


def _local(one: Interruption, say: Catalogue) -> Text:
    after = one.aftermath.stopped_after
    if one.aftermath.fate == Fate.STOPPED and after is not None and after >= 1:
        return say("stopped.after", time=numbers.duration(round(after * SECOND)))
    return say(f"stopped.fate-{one.aftermath.fate}")
