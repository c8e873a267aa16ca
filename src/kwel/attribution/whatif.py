"""The axes of one endpoint in, the smallest changes out that would make another class of it.

Whoever disputes a verdict must know what would have to be otherwise; whoever buys, what to ask for. Each change is one
fact; those listed together are all needed, and none of them can be left out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from kwel.attribution.verdict import Axes, judge
from kwel.model.claims import Grade
from kwel.model.verdicts import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kwel.rulebook.model import Vocabulary

HOME, ABROAD = "inside", "outside"
"""Jurisdictions that stand for any in the bloc, and for any outside."""

INSIDE: dict[str, Callable[[Axes], Axes]] = {
    "operator-identified-inside": lambda axes: replace(
        axes, parent=HOME, operator=HOME, host_grade=Grade.A, contradicted=False
    ),
    "parent-inside": lambda axes: replace(axes, parent=HOME),
    "operator-inside": lambda axes: replace(axes, operator=HOME),
    "licensor-inside": lambda axes: replace(axes, licensors=()),
    "place-inside": lambda axes: replace(axes, places=(HOME,), place_grade=Grade.A, anycast=False),
    "supplier-inside": lambda axes: replace(axes, supplier=(HOME,)),
    "no-front": lambda axes: replace(axes, front=False),
    "no-contradiction": lambda axes: replace(axes, contradicted=False),
}
"""Changes for the better."""
OUTSIDE: dict[str, Callable[[Axes], Axes]] = {
    "parent-outside": lambda axes: replace(axes, parent=ABROAD),
    "operator-outside": lambda axes: replace(axes, operator=ABROAD),
    "place-outside": lambda axes: replace(axes, places=(ABROAD,), place_grade=Grade.A),
    "supplier-outside": lambda axes: replace(axes, supplier=(ABROAD,), supplier_grade=Grade.A),
}
"""Changes for the worse."""


def changes(axes: Axes, inside: Collection[str], words: Vocabulary) -> list[list[str]]:
    """Return which facts, each list together, would turn European into not, or anything else into European."""
    members = frozenset(inside) | {HOME}
    is_european = judge(axes, members, words).verdict.control is Control.EUROPEAN
    moves = {name: move for name, move in (OUTSIDE if is_european else INSIDE).items() if move(axes) != axes}
    if axes.parent is not None and axes.host_grade >= words.counts:
        moves.pop("operator-identified-inside", None)  # known already: its parts say which
    else:
        moves = {name: move for name, move in moves.items() if name not in ("parent-inside", "operator-inside")}
    found: list[set[str]] = []
    for size in range(1, len(moves) + 1):
        for names in combinations(moves, size):
            if any(smaller <= set(names) for smaller in found):
                continue
            changed = axes
            for name in names:
                changed = moves[name](changed)
            if (judge(changed, members, words).verdict.control is Control.EUROPEAN) is not is_european:
                found.append(set(names))
    return [[name for name in moves if name in names] for names in found]
