"""A device's sayings in, each distinct one with the frames that say it out: everything that it tells of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.assets import evidence
from kwel.assets.evidence import STEPS
from kwel.model.assets import Fact
from kwel.model.claims import Claim, Grade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kwel.model.claims import Observed
    from kwel.model.kinds import FactKind

MOST = 32
"""Facts of one kind that are kept of one device: a proxy passes on what a thousand browsers are called."""


def facts_of(observed: Iterable[Observed]) -> tuple[tuple[Fact, ...], int]:
    """Return what a device was heard to say, and how many more facts it told; two protocols that agree make grade A."""
    said: dict[tuple[FactKind, str], list[Observed]] = {}
    kept: dict[FactKind, int] = {}
    left_out: set[tuple[FactKind, str]] = set()
    for one in observed:
        key = one.kind, one.value
        if key not in said:
            if kept.get(one.kind, 0) >= MOST:
                left_out.add(key)
                continue
            kept[one.kind] = kept.get(one.kind, 0) + 1
        said.setdefault(key, []).append(one)
    return tuple(Fact(key[0], _claim(key[1], said[key])) for key in sorted(said)), len(left_out)


def _claim(value: str, by: list[Observed]) -> Claim:
    """Return what several sayings say alike."""
    agree = len(by) > 1 and len({one.protocol for one in by}) > 1
    return Claim(value, Grade.A if agree else Grade.B, tuple([evidence.said(one) for one in by[:STEPS]]))
