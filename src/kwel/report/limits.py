"""A report in, what it cannot say out: the ledger of what was captured, and what lies beyond any capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kwel.model.verdicts import Control
from kwel.report.ledger import bold, ledger
from kwel.report.relations import ATTEMPTED, RANKED, RESOLVED_ONLY
from kwel.report.text import Text, wire

if TYPE_CHECKING:
    from kwel.model.report import Report
    from kwel.report.catalogue import Catalogue
    from kwel.report.ledger import Ledger
    from kwel.report.relations import Relations

_ALWAYS = ("elsewhere", "silent", "content", "afterwards", "outside")
"""What no capture can tell, whatever is in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The ledger, and two lists: what was seen and says nothing, and what no capture can show."""

    ledger: Ledger
    unclear: list[Text]
    unseen: list[Text]


def limits(report: Report, relations: Relations, say: Catalogue) -> Limits:
    """Return everything that limits what the report can say."""
    return Limits(
        ledger=ledger(report, say),
        unclear=_undecided(report, relations, say) or [say("limits.all-clear")],
        unseen=[say(f"limits.{key}") for key in _ALWAYS],
    )


def reason_name(reason: str, say: Catalogue) -> Text:
    """Return the short name of a reason for the ledger's one line."""
    return say.first(f"aside.{reason}") or wire(reason.replace("-", " "), 60)


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
