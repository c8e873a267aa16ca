"""Coverage in, sentences out: what this report cannot say.

Every count of the ledger has its line. A reason that the catalogue does not know is printed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.report import numbers
from kwel.report.relations import ATTEMPTED, RESOLVED_ONLY
from kwel.report.text import NOTHING, Text, joined, wire, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model import Capture, Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.relations import Relations

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
    notes = [_counted("note", reason, count, say) for reason, count in _largest(coverage.notes)]
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


def _counted(group: str, reason: str, count: int, say: Catalogue) -> Text:
    """Return the sentence of a reason, ``link-type:usb`` or ``link-type`` alike."""
    name, _, detail = reason.partition(":")
    values = {"n": bold(count), "detail": wire(detail) if detail else NOTHING}
    form = "one" if count == 1 else "other"
    known = say.first(f"{group}.{name}.{form}", f"{group}.{name}", **values)
    return known or say(f"{group}.unknown", reason=wire(reason.replace("-", " ")), **values)


def reason_name(reason: str, say: Catalogue) -> Text:
    """Return the short name of a reason for the ledger's one line."""
    name, _, detail = reason.partition(":")
    known = say.first(f"reason.{name}") or wire(name.replace("-", " "), 40)
    return joined([known, wire(detail, 40)], " ") if detail else known


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
    counts = {
        "undecided": int((relations.rank == 2).sum()),  # noqa: PLR2004
        "unnamed": sum(relations.destinations[d].service is None for d in relations.destination.tolist()),
        "attempts": int((state == ATTEMPTED).sum()),
        "lookups": int((state == RESOLVED_ONLY).sum()),
    }
    return [say.count(f"limits.{key}", count, n=bold(count)) for key, count in counts.items() if count]
