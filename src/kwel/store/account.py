"""A store and a span of time in, what of it is there, missing, lost or removed out, for each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kwel.model.proofs import spells
from kwel.model.window import ClockStep, Partly
from kwel.store import head
from kwel.store.files import Damaged
from kwel.store.manifest import ALL
from kwel.store.merging import gaps_between, summed_losses
from kwel.store.parts import between, count_of, middle_of, runs_of

if TYPE_CHECKING:
    from kwel.model.window import Losses, Proof
    from kwel.store.parts import Lost, Part, Removed, Runs
    from kwel.store.store import Store


class Gap(NamedTuple):
    """Windows that the store should have, and knows nothing of."""

    first: int
    last: int
    since: int
    """When the window before them closed, nanoseconds since the epoch."""
    until: int
    """When the one behind them opened."""

    @property
    def windows(self) -> int:
        """How many."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """What became of the windows of one source."""

    sensor: str
    source: str
    grade: str
    sequences: Runs
    """Of the windows that are there."""
    missing: tuple[Gap, ...]
    lost: tuple[Lost, ...]
    removed: tuple[Removed, ...]
    opened: int
    closed: int
    lasted: int
    packets: int
    losses: tuple[Losses, ...]
    proofs: tuple[Proof, ...]
    clock_steps: tuple[ClockStep, ...]
    gaps: tuple[tuple[int, int], ...]
    """When nothing was heard between windows, though none is missing: the sensor did not run."""
    without_evidence: int
    """Windows of which no frame is kept."""
    without_wire: int
    """Windows of which only tables are left, or that are damaged: they are in no report."""
    partly: tuple[Partly, ...]
    """What was put together, and is only in part of the span."""
    damaged: int
    """Parts of which the head, or what was on the wire, cannot be read; `check` names them."""

    @property
    def windows(self) -> int:
        """How many are there."""
        return count_of(self.sequences)

    @property
    def dropped(self) -> int:
        """Frames that the sensor was too slow for."""
        return sum(loss.dropped for loss in self.losses)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of all windows that are filed within a span of time."""

    sources: tuple[SourceAccount, ...]

    def _sum(self, key: str) -> int:
        return sum(int(getattr(source, key)) for source in self.sources)

    @property
    def windows(self) -> int:
        """How many are there."""
        return self._sum("windows")

    @property
    def packets(self) -> int:
        """Packets in them."""
        return self._sum("packets")

    @property
    def dropped(self) -> int:
        """Frames that the sensor was too slow for."""
        return self._sum("dropped")

    @property
    def missing(self) -> int:
        """Windows that nothing is known of."""
        return sum(gap.windows for source in self.sources for gap in source.missing)

    @property
    def lost(self) -> int:
        """Windows that are known to be lost."""
        return sum(len(source.lost) for source in self.sources)

    @property
    def is_whole(self) -> bool:
        """Whether every window of the span is in the store with all that was on the wire."""
        return not (self.missing or self.lost or self._sum("without_wire") or self._removed() or self._left_out())

    def _left_out(self) -> int:
        return sum(not one.is_taken for source in self.sources for one in source.partly)

    def _removed(self) -> int:
        return sum(one.tier in (ALL, "wire") for source in self.sources for one in source.removed)


def account(store: Store, since: int | None = None, until: int | None = None) -> Account:
    """Return what became of the windows that are filed between two moments, nanoseconds since the epoch."""
    names = {(part.sensor, part.source) for part in store.manifest.parts.values()}
    names |= {(lost.sensor, lost.source) for lost in store.manifest.lost}
    names |= {(one.sensor, one.source) for one in store.manifest.removed}

    def told() -> list[SourceAccount | None]:
        return [_of_source(store, *name, since, until) for name in sorted(names)]

    return Account(tuple(one for one in store.undisturbed(told) if one is not None))


def _of_source(store: Store, sensor: str, source: str, since: int | None, until: int | None) -> SourceAccount | None:
    def within(begin: int, end: int) -> bool:
        return (since is None or end >= since) and (until is None or begin < until)

    manifest = store.manifest
    every = [part for part in manifest.in_order() if (part.sensor, part.source) == (sensor, source)]
    parts = [part for part in store.windows(since, until) if (part.sensor, part.source) == (sensor, source)]
    lost = [
        one
        for one in manifest.lost
        if one[:2] == (sensor, source) and within(middle := middle_of(one.opened, one.closed), middle)
    ]
    removed = [one for one in manifest.removed if one[:2] == (sensor, source) and within(one.opened, one.closed)]
    missing = [gap for gap in _missing(store, sensor, source, every) if within(gap.since, gap.until)]
    partly = [one for one in (_partly(part, since, until) for part in every) if one]
    if not (parts or lost or removed or missing or partly):
        return None
    times = [(one.opened, one.closed) for one in parts] + [(one.opened, one.closed) for one in lost]
    times += [(one.opened, one.closed) for one in removed] + [(gap.since, gap.until) for gap in missing]
    times = times or [(one.opened, one.closed) for one in partly]
    return SourceAccount(
        sensor=sensor,
        source=source,
        grade=parts[0].grade if parts else "packets",
        sequences=runs_of(run for part in parts for run in part.sequences),
        missing=tuple(missing),
        lost=tuple(lost),
        removed=tuple(removed),
        opened=min(opened for opened, _ in times),
        closed=max(closed for _, closed in times),
        lasted=sum(part.lasted for part in parts),
        packets=sum(part.packets for part in parts),
        partly=tuple(partly),
        **_said(store, parts),
    )


def _partly(part: Part, since: int | None, until: int | None) -> Partly | None:
    """Return a part of which some windows are within a span and some are not, as far as their mean length tells."""
    count = count_of(part.sequences)
    first = part.opened + part.lasted // count // 2
    if count > 1 and until is not None and first < until <= part.filed:
        return Partly(part.source, part.opened, part.closed, is_taken=False)
    if count > 1 and since is not None and first < since <= part.filed:
        return Partly(part.source, part.opened, part.closed, is_taken=True)
    return None


def _said(store: Store, parts: list[Part]) -> dict[str, Any]:
    """Return what the heads of the parts tell."""
    heads, damaged = _heads(store, parts)
    windows = [said["window"] for said in heads]
    gaps = [(int(begin), int(end)) for said in heads for begin, end in said.get("gaps", ())]
    whole = [part for part in parts if part not in damaged]
    bare = [
        count_of(_runs(said.get("bare", ()))) if part.evidence else count_of(part.sequences)
        for part, said in zip(whole, heads, strict=True)
    ]
    unread = {part.id for part in damaged} | store.unreadable
    return {
        "without_wire": sum(count_of(part.sequences) for part in parts if not part.has_wire or part.id in unread),
        "losses": summed_losses(loss for window in windows for loss in head.read_losses(window)),
        "proofs": spells(proof for window in windows for proof in head.read_proofs(window)),
        "clock_steps": tuple(ClockStep(*step) for window in windows for step in window["clock_steps"]),
        "gaps": tuple(sorted([*gaps, *gaps_between(parts)])),
        "without_evidence": sum(bare),
        "damaged": sum(part.id in unread for part in parts),
    }


def _heads(store: Store, parts: list[Part]) -> tuple[list[dict[str, Any]], list[Part]]:
    """Return what the heads of parts say, and the parts whose head cannot be read."""
    heads, damaged = [], []
    for part in parts:
        try:
            heads.append(store.head_of(part))
        except Damaged:
            damaged.append(part)
    return heads, damaged


def _missing(store: Store, sensor: str, source: str, parts: list[Part]) -> list[Gap]:
    """Return the runs of numbers that the store knows nothing of, and when they were."""
    known: list[tuple[int, int, int, int]] = [
        (first, last, part.opened, part.closed) for part in parts for first, last in part.sequences
    ]
    losses = [one for one in store.manifest.lost if one[:2] == (sensor, source)]
    known += [(one.sequence, one.sequence, one.opened, one.closed) for one in losses]
    for one in store.manifest.removed:
        if one[:2] == (sensor, source) and one.tier == ALL:
            known += [(first, last, one.opened, one.closed) for first, last in one.sequences]
    found = []
    for first, last in between(runs_of((begin, end) for begin, end, _, _ in known)):
        before = next(row for row in known if row[1] == first - 1)
        behind = next(row for row in known if row[0] == last + 1)
        same = before[2:] == behind[2:]
        found.append(Gap(first, last, before[2] if same else before[3], behind[3] if same else behind[2]))
    return found


def _runs(said: Any) -> Runs:
    return tuple((int(first), int(last)) for first, last in said)
