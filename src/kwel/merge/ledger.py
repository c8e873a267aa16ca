"""The coverage of several parts in, that of the whole out: packets added up, pauses only where every part paused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kwel.merge.stacking import span
from kwel.model.coverage import Coverage
from kwel.model.kinds import Asked
from kwel.model.pauses import find_pauses, merge_spells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic


def merge_coverage(parts: Sequence[Traffic], questions: Rows) -> Coverage:
    """Return the ledger of the whole; *questions*: of the whole. What ``findings.measure`` finds is for it to find."""
    aside, notes, links = Counter[str](), Counter[str](), Counter[str]()
    for part in parts:
        aside.update(part.coverage.set_aside)
        notes.update(part.coverage.notes)
        links.update(dict(part.coverage.unread_links))
    before = [part.questions["state"] for part in parts]  # of what was condensed, the notes alone know how many
    notes["dns-unanswered"] += _unanswered(questions["state"]) - sum(map(_unanswered, before))
    packets = sum(part.coverage.packets for part in parts)
    spells = merge_spells(spell for part in parts for spell in _spells(part))
    return Coverage(
        packets=packets,
        used=sum(part.coverage.used for part in parts),
        set_aside={reason: count for reason, count in sorted(aside.items()) if count},
        notes={key: count for key, count in sorted(notes.items()) if count},
        pauses=find_pauses(spells, packets),
        spells=spells,
        unread_links=tuple(links.items()),
    )


def _unanswered(state: NDArray) -> int:
    return int((state == Asked.UNANSWERED).sum())


def _spells(part: Traffic) -> Sequence[tuple[int, int]]:
    """Return when frames came; of a part that does not tell, its whole length but for its pauses."""
    if part.coverage.spells or not part.coverage.packets:
        return part.coverage.spells
    begin, end = span(part)
    borders = [begin, *(time for pause in part.coverage.pauses for time in pause), end]
    return list(zip(borders[::2], borders[1::2], strict=True))
