"""A report in, what law and frameworks make of the whole plant out: the weakest link decides, nothing is averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kwel.model.report import in_contact

if TYPE_CHECKING:
    from kwel.model.law import Framework, Law, Limit, Objective, Reach, Words
    from kwel.model.report import Report


@dataclass(frozen=True, slots=True)
class Answer:
    """What the plant's contacts together mean for one objective."""

    framework: Framework
    objective: Objective
    outcome: str
    """The worst over all contacts; ``unknown`` only where nothing worse was seen."""
    because: tuple[Words, ...]
    """Reasons of the contacts with that outcome, in order of the rules."""
    counts: dict[str, int]
    """Contacts by outcome, the worst first."""


def answers(report: Report) -> list[Answer]:
    """Return what the plant means for every objective of every framework."""
    counts: dict[int, int] = {}
    kinds: dict[int, tuple[Limit, ...]] = {}
    for attribution, count in in_contact(report):
        kinds[id(attribution.limits)] = attribution.limits
        counts[id(attribution.limits)] = counts.get(id(attribution.limits), 0) + count
    seen = [(limit, counts[key]) for key, limits in kinds.items() for limit in limits]
    return [
        _answer(framework, objective, seen) for framework in report.law.frameworks for objective in framework.objectives
    ]


def _answer(framework: Framework, objective: Objective, seen: list[tuple[Limit, int]]) -> Answer:
    own = [(limit, n) for limit, n in seen if (limit.framework, limit.objective) == (framework.id, objective.id)]
    counts: dict[str, int] = {}
    for limit, count in sorted(own, key=lambda pair: framework.rank(pair[0].outcome)):
        counts[limit.outcome] = counts.get(limit.outcome, 0) + count
    nothing = "not-observable" if objective.kind == "not-observable" else "unknown"
    outcome = next(iter(counts), nothing)
    given = {limit.because for limit, _ in own if limit.outcome == outcome}
    because = tuple(dict.fromkeys(rule.because for rule in objective.rules if rule.because in given))
    return Answer(framework, objective, outcome, because, counts)


def reached(report: Report) -> dict[Law, int]:
    """Return by how many contacts each law of the register is met."""
    counts = dict.fromkeys(report.law.laws, 0)
    totals: dict[int, tuple[tuple[Reach, ...], int]] = {}
    for attribution, count in in_contact(report):
        laws, before = totals.get(id(attribution.laws), (attribution.laws, 0))
        totals[id(attribution.laws)] = laws, before + count
    for laws, count in totals.values():
        for reach in laws:
            counts[reach.law] = counts.get(reach.law, 0) + count
    return counts
