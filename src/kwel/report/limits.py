"""Coverage in, sentences out: what this report cannot say.

Every count of the ledger has its line. A reason that the catalogue does not know is printed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model import Control
from kwel.report import numbers
from kwel.report.relations import ATTEMPTED, RANKED, RESOLVED_ONLY
from kwel.report.text import Text, wire, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model import Capture, Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Relations

_TOTALS = ("flows", "outside-flows")
"""Notes that limit nothing: what the others are a part of."""
_ENDINGS = ("malformed", "cut", "not-looked-at")
"""What a dissector's own counts end with."""
_ALWAYS = ("elsewhere", "silent", "content", "afterwards", "outside")
"""What no capture can tell, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Three lists: what was there and could not be read, what was read and says nothing, what was never there."""

    unread: list[Text]
    unclear: list[Text]
    unseen: list[Text]


def limits(report: Report, relations: Relations, say: Catalogue) -> Limits:
    """Return everything that limits what the report can say."""
    coverage = report.coverage
    unread = [_counted("set-aside", reason, count, say) for reason, count in _largest(coverage.set_aside)]
    unread += [line for capture in report.captures for line in _problems(capture, say)]
    totals = {name: numbers.number(coverage.notes.get(name, 0)) for name in _TOTALS}
    notes = [
        _counted("note", reason, count, say, **totals)
        for reason, count in _largest(coverage.notes)
        if reason not in _TOTALS
    ]
    return Limits(
        unread=unread or [say("limits.all-read")],
        unclear=[*_undecided(report, relations, say), *notes] or [say("limits.all-clear")],
        unseen=[say(f"limits.{key}") for key in _ALWAYS],
    )


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    present = ((reason, count) for reason, count in counts.items() if count)
    return sorted(present, key=lambda item: (-item[1], item[0]))


def bold(count: int) -> Text:
    """Return a number that stands out."""
    return wrapped("<b>", numbers.number(count), "</b>")


def _counted(group: str, reason: str, count: int, say: Catalogue, **totals: Text) -> Text:
    """Return the sentence of a reason; ``dhcp-malformed`` is ``malformed`` of dhcp where it has none of its own."""
    name, detail = reason, ""
    if f"{group}.{reason}" not in say:
        ending = next((ending for ending in _ENDINGS if reason.endswith(f"-{ending}")), None)
        if ending:
            name, detail = ending, reason.removesuffix(f"-{ending}")
    values = {"n": bold(count), "detail": say.first(f"term.{detail}") or wire(detail), **totals}
    known = say.first(f"{group}.{name}", **values)
    return known or say(f"{group}.unknown", reason=wire(reason.replace("-", " ")), **values)


def reason_name(reason: str, say: Catalogue) -> Text:
    """Return the short name of a reason for the ledger's one line."""
    return say.first(f"aside.{reason}") or wire(reason.replace("-", " "), 60)


def _problems(capture: Capture, say: Catalogue) -> list[Text]:
    lines = []
    name = wire(capture.name)
    if capture.problem:
        lines.append(say("limits.problem", capture=name, problem=wire(capture.problem, 300)))
    if capture.unread_bytes:
        lines.append(say("limits.unread-bytes", capture=name, size=numbers.size(capture.unread_bytes)))
    if capture.dropped:
        lines.append(say.count("limits.dropped", capture.dropped, capture=name))
    return lines


def _undecided(report: Report, relations: Relations, say: Catalogue) -> list[Text]:
    """Return what the dependencies themselves leave open."""
    state = report.dependencies.state
    unnamed = np.array([destination.service is None for destination in relations.destinations], bool)
    counts = {
        "undecided": int((relations.rank == RANKED.index(Control.UNDECIDED)).sum()),
        "unnamed": int(unnamed[relations.destination].sum()),
        "attempts": int((state == ATTEMPTED).sum()),
        "lookups": int((state == RESOLVED_ONLY).sum()),
    }
    return [say.count(f"limits.{key}", count, n=bold(count)) for key, count in counts.items() if count]
