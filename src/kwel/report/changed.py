"""Changed identities in, lines of what was and what is out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.report import numbers
from kwel.report.text import Text, code, joined, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.changes import Change
    from kwel.report.phrases import Phrases

LISTED = 100
"""Changes in the list of all."""
EACH = 8
"""Changes of one asset on its sheet."""
_ADDRESSES = ("mac", "address-conflict")


@dataclass(frozen=True, slots=True)
class Changed:
    """One identity that is not what it was."""

    what: Text
    subject: Text
    link: str | None
    before: Text
    after: Text
    when: Text
    certainty: Text
    frames: Text


def line(change: Change, links: Mapping[str, str], phrases: Phrases) -> Changed:
    """Return one change."""
    face = code if change.what in _ADDRESSES else wire
    frames = [phrases.frame([step]) for step in change.evidence if step.where is not None]
    return Changed(
        what=phrases.say.term("fact", change.what),
        subject=wire(change.subject, 60),
        link=links.get(change.asset),
        before=face(change.before, 80),
        after=face(change.after, 80),
        when=numbers.time(change.when, seconds=True),
        certainty=phrases.grade(change.grade),
        frames=joined(list(dict.fromkeys(frames)), " "),
    )
