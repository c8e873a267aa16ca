"""Finds the laws that reach a service, and the result of a framework for it.

Pure: the same links and rules give the same answer. What is not known reaches nothing and proves nothing. Access and
interruption stay apart, and no outcome is a rating (docs/rules.md, "Law").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.model.claims import Grade
from kwel.model.law import Limit, Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.law import Framework, Law, Objective

LINKS: Final = ("parent", "operator", "licensor", "supplier", "location")
"""Through what a law may reach, in the order in which it is named: who decides first."""
FACTS: Final = frozenset(
    f"{link}-{what}" for link in LINKS for what in ("inside", "outside", "unknown") if link != "licensor"
) | {"licensor-outside", "front", "control-path", "offering-accepted", "residency-accepted"}
"""What the rules of a framework may ask for: where each link is, held against what the framework calls inside."""


class Held(NamedTuple):
    """Under which jurisdictions a link is, and how well that is known."""

    jurisdictions: tuple[str, ...]
    grade: Grade


def reaching(links: Mapping[str, Held], laws: tuple[Law, ...]) -> tuple[Reach, ...]:
    """Return the laws that reach a service, in order of the register."""
    found = []
    for law in laws:
        through = tuple(link for link in LINKS if law.works and link in law.through and _bound(links, link, law))
        if through:
            grade = max(links[link].grade for link in through)
            found.append(Reach(law, through, _lowered(grade, law)))
    return tuple(found)


def _bound(links: Mapping[str, Held], link: str, law: Law) -> bool:
    held = links.get(link)
    if held is None:
        return False
    if link == "location":  # one of several countries: it may as well be another
        return law.members.issuperset(held.jurisdictions)
    return not law.members.isdisjoint(held.jurisdictions)


def facts_of(links: Mapping[str, Held], inside: frozenset[str], more: frozenset[str]) -> frozenset[str]:
    """Return the facts that a framework's rules ask for, held against what it calls inside."""
    found = set(more)
    for link in LINKS:
        held = links.get(link)
        if held is None:
            found.add(f"{link}-unknown")
        elif inside.issuperset(held.jurisdictions):
            found.add(f"{link}-inside")
        elif link == "supplier" or inside.isdisjoint(held.jurisdictions):
            found.add(f"{link}-outside")
        else:
            found.add(f"{link}-unknown")
    if "front" in more:  # what is inside is the front; who stands behind it is not known
        for link in ("parent", "operator", "location"):
            if f"{link}-inside" in found:
                found = found - {f"{link}-inside"} | {f"{link}-unknown"}
    if "residency-accepted" in found and "location-unknown" in found:
        found = found - {"location-unknown"} | {"location-inside"}
    return frozenset(found)


def limit_of(framework: Framework, objective: Objective, facts: frozenset[str]) -> Limit:
    """Return what the facts mean for one objective: the lowest outcome of all rules that hold."""
    if objective.kind == "not-observable":
        return Limit(framework.id, objective.id, objective.kind, None)
    holding = [rule for rule in objective.rules if facts.issuperset(rule.when) and facts.isdisjoint(rule.unless)]
    if holding:
        worst = min(holding, key=lambda rule: framework.rank(rule.outcome))
        return Limit(framework.id, objective.id, worst.outcome, worst.because)
    outcome = "open" if facts.issuperset(objective.needs) else "unknown"
    return Limit(framework.id, objective.id, outcome, None)


def _lowered(grade: Grade, law: Law) -> Grade:
    return Grade(max(grade - 1, Grade.U)) if law.checked == "unverified" else grade
