"""What heads say of several windows in, what one head says of them together out: losses, proofs, clock steps, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.model.proofs import NEAR, spells
from kwel.model.window import Losses
from kwel.store import head
from kwel.store.parts import runs_of, sum_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kwel.store.folder import Said
    from kwel.store.parts import Part


def summed_losses(losses: Iterable[Losses]) -> tuple[Losses, ...]:
    """Return what became of the frames of each interface, in all. What the driver does not tell stays not known."""
    found: dict[str, Losses] = {}
    for loss in losses:
        was = found.get(loss.interface)
        if was is None:
            found[loss.interface] = loss
            continue
        missed = sum_known((was.missed, loss.missed))
        counts = was.frames + loss.frames, was.dropped + loss.dropped, missed
        found[loss.interface] = Losses(loss.interface, *counts)
    return tuple(found.values())


def gaps_between(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Return when nothing was heard between parts of a source: from the closing of one to the opening of the next.

    The next is the one whose first number follows on the last of the other. Where a number lies between them, its
    window was heard, and is lost, missing, or in another part.
    """
    closings = {part.sequences[-1][1]: part.closed for part in parts}
    pairs = [(closings.get(part.sequences[0][0] - 1, part.opened), part.opened) for part in parts]
    return [(closed, opened) for closed, opened in pairs if opened - closed > NEAR]


def merged(parts: Sequence[Part], heads: Sequence[Said]) -> dict[str, Any]:
    """Return what the head of a compacted part says, its traffic apart."""
    windows = [said["window"] for said in heads]
    steps = [step for window in windows for step in window["clock_steps"]]
    gaps = [*(tuple(gap) for said in heads for gap in said.get("gaps", ())), *gaps_between(parts)]
    bare = [(first, last) for part, said in zip(parts, heads, strict=True) for first, last in _bare(part, said)]
    return {
        "window": {
            "sensor": parts[0].sensor,
            "source": parts[0].source,
            "opened": min(part.opened for part in parts),
            "closed": max(part.closed for part in parts),
            "lasted": sum(part.lasted for part in parts),
            "losses": summed_losses(loss for window in windows for loss in head.read_losses(window)),
            "proofs": spells(proof for window in windows for proof in head.read_proofs(window)),
            "clock_steps": steps,
            "grade": parts[0].grade,
        },
        "sequences": runs_of(run for part in parts for run in part.sequences),
        "gaps": sorted(gaps),
        "bare": runs_of(bare),
        "left_out": [],
    }


def _bare(part: Part, said: Said) -> Iterable[Any]:
    """Return the numbers of the windows whose evidence is not kept."""
    return said.get("bare", ()) if part.evidence else part.sequences
