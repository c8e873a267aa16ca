"""Links in, the way from an asset to whoever runs the host out: a word, a name and a grade for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.report.text import NOTHING, Text, code, joined, wire, wrapped

if TYPE_CHECKING:
    from kwel.model.dependencies import Dependency
    from kwel.model.links import Link
    from kwel.model.report import Report
    from kwel.report.phrases import Phrases

LONGEST = 48
ALIASES = 4
"""Aliases that are written out; chains of forty exist."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One link, ready to be read."""

    part: Text
    who: Text
    remark: Text
    """What it is that is not known of whom the name stands for, or nothing."""
    name: Text
    grade: Text


def links_of(report: Report, dependency: Dependency) -> tuple[Link, ...]:
    """Return the links of a dependency, the asset's end first."""
    return report.links(dependency.attribution, dependency.evidence) if report.links else ()


def way(links: tuple[Link, ...], phrases: Phrases) -> list[Stop]:
    """Return the links as a reader sees them."""
    aliases = [link for link in links if link.part == "alias"]
    left_out = {id(link) for link in aliases[ALIASES - 1 : -1]} if len(aliases) > ALIASES else set()
    return [_stop(link, phrases) for link in links if id(link) not in left_out]


def _stop(link: Link, phrases: Phrases) -> Stop:
    say = phrases.say
    who = wrapped("<b>", wire(link.value, LONGEST), "</b>") if link.value else say("word.unknown")
    if link.value and link.jurisdiction:
        law = wrapped('<span class="mut">', say.country(link.jurisdiction), "</span>")
        who = joined([who, law], " ")
    return Stop(
        part=say(f"link.{link.part}"),
        who=who,
        remark=say.first(f"link.by-{link.by}") or NOTHING,
        name=code(link.name) if link.name and link.name != link.value else NOTHING,
        grade=phrases.grade(link.grade) if link.value else NOTHING,
    )
