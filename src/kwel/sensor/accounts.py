"""A store's account of a span of time in, what a report says of the sensor out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.model.proofs import spells
from kwel.model.window import Account, Gap
from kwel.store.merging import summed_losses
from kwel.store.parts import overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kwel.store.account import Account as Stored
    from kwel.store.account import SourceAccount


def told(stored: Stored, waiting: Sequence[Gap] = ()) -> Account | None:
    """Return what a report says; ``None`` where the store has nothing of that time.

    *waiting*: windows of that time that are not in the store yet.
    """
    sources = [source for source in stored.sources if source.windows or source.lost or source.missing]
    if not sources:
        return None
    waits = [gap for gap in waiting if not any(_has(source, gap) for source in sources)]
    return Account(
        sensors=tuple(sorted({source.sensor for source in sources})),
        opened=min(source.opened for source in sources),
        closed=max(source.closed for source in sources),
        windows=stored.windows,
        only_tables=sum(source.without_wire for source in sources),
        packets=stored.packets,
        losses=summed_losses(loss for source in sources for loss in source.losses),
        proofs=spells(proof for source in sources for proof in source.proofs),
        gaps=tuple(sorted([gap for source in sources for gap in _gaps(source)] + waits, key=_place)),
        partly=tuple(one for source in stored.sources for one in source.partly),
        clock_steps=tuple(sorted({step for source in sources for step in source.clock_steps})),
    )


def _place(gap: Gap) -> tuple[str, int]:
    return gap.source, gap.first


def _has(source: SourceAccount, gap: Gap) -> bool:
    return source.source == gap.source and bool(overlap(source.sequences, ((gap.first, gap.last),)))


def _gaps(source: SourceAccount) -> Iterator[Gap]:
    for gap in source.missing:
        yield Gap(source.source, gap.first, gap.last, "missing", gap.since, gap.until)
    for opened, closed in source.gaps:
        yield Gap(source.source, 0, -1, "not-running", opened, closed)
    for lost in source.lost:
        yield Gap(source.source, lost.sequence, lost.sequence, lost.reason, lost.opened, lost.closed, lost.packets)
