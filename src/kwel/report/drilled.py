"""Drills that were judged before in, the list of them out: when what was tried, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kwel.report import numbers
from kwel.report.text import NOT_ANY, Text, code, joined, wire

if TYPE_CHECKING:
    from kwel.model.drill import DrillTold
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue

NAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Drilled:
    """One drill."""

    title: Text
    when: Text
    outcome: Text
    stopped: Text
    uncut: Text
    file: Text


def drilled(report: Report, say: Catalogue) -> list[Drilled]:
    """Return the drills that the report was given."""
    return [_drill(told, say) for told in report.drills]


def _drill(told: DrillTold, say: Catalogue) -> Drilled:
    counts = [joined([say(f"drilled.{judgement}"), numbers.number(count)], " ") for judgement, count in told.counts]
    stopped = _names(told.stopped)
    if told.stopped:
        back, all_ = numbers.number(told.back), numbers.number(len(told.stopped))
        stopped = joined([stopped, say("drilled.back", n=back, all=all_)], "; ")
    return Drilled(
        title=Text(wire(told.title.nl).nl, wire(told.title.en).en),
        when=numbers.date(told.begun[:10]),
        outcome=joined(counts),
        stopped=stopped,
        uncut=_names(told.uncut),
        file=joined([wire(told.file, 60), code(told.sha256[:16])], " "),
    )


def _names(names: tuple[str, ...]) -> Text:
    if not names:
        return NOT_ANY
    more = [numbers.both(f"+{len(names) - NAMES}", f"+{len(names) - NAMES}")] if len(names) > NAMES else []
    return joined([*(wire(name, 40) for name in names[:NAMES]), *more])
