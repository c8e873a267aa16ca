"""A report in, what somebody must still find out in the plant out: what is not known, and what is not what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.report import changed, own, provenance, unknown
from kwel.report.text import NOTHING, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.report import Report
    from kwel.model.talks import Closeup
    from kwel.report.changed import Changed
    from kwel.report.own import Own
    from kwel.report.phrases import Phrases
    from kwel.report.unknown import Unknown


@dataclass(frozen=True, slots=True)
class Lists:
    """Each list with what was left out of it, and the way to each."""

    known: Text
    """How many assets told themselves who they are."""
    ways: list[tuple[str, Text]]
    """Anchors of lists and what is in them; of those alone in which there is something."""
    unknown: list[Unknown]
    unknown_more: Text
    changed: list[Changed]
    changed_more: Text
    own: Own | None
    """What the site's own inventory and the captures say of each other."""


def lists(
    report: Report, strangers: list[int], near: Mapping[int, Closeup], links: Mapping[str, str], phrases: Phrases
) -> Lists:
    """Return the lists; *strangers* are the unknown assets, and *near* what the first of them did."""
    say = phrases.say
    changes = report.changes
    counts = {"unknown": len(strangers), "changed": len(changes)}
    inventory = own.own(report, links, phrases)
    all_counts = {**counts, **(inventory.counts if inventory else {})}

    def more(name: str, limit: int) -> Text:
        return say.count(f"lists.{name}-more", counts[name] - limit) if counts[name] > limit else NOTHING

    return Lists(
        known=provenance.known(report, say) if report.assets else NOTHING,
        ways=[(f"l-{name}", say.count(f"lists.{name}-count", count)) for name, count in all_counts.items() if count],
        unknown=[unknown.unknown(report, index, near[index], links, phrases) for index in strangers[: unknown.LISTED]],
        unknown_more=more("unknown", unknown.LISTED),
        changed=[changed.line(change, links, phrases) for change in changes[: changed.LISTED]],
        changed_more=more("changed", changed.LISTED),
        own=inventory,
    )
