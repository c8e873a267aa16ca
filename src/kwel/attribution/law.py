"""What is known of one endpoint and the rules on law in, what an attribution says of law out.

What reaches and what limits is decided in reach.py; here stands who is held to be where, and what the user accepts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kwel.attribution.steps import inferred
from kwel.attribution.verdict import Axes, Judgement, judge
from kwel.rulebook.legal_reach import Held, facts_of, limit_of, reaching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.claims import Evidence
    from kwel.model.law import Limit, Offering, Reach
    from kwel.model.verdicts import Control
    from kwel.rulebook.model import Operator, Rulebook, Vocabulary


def links_of(axes: Axes, words: Vocabulary) -> dict[str, Held]:
    """Return what is known well enough to count, by link."""
    found = {
        "parent": Held((axes.parent,) if axes.parent else (), axes.host_grade),
        "operator": Held((axes.operator,) if axes.operator else (), axes.host_grade),
        "licensor": Held(axes.licensors, axes.host_grade),
        "supplier": Held(axes.supplier, axes.supplier_grade),
        "location": Held(() if axes.anycast else axes.places, axes.place_grade),
    }
    return {link: held for link, held in found.items() if held.jurisdictions and held.grade >= words.counts}


class LawReader:
    """Knows the laws, the offerings and which of them the user accepts."""

    def __init__(self, book: Rulebook, inside: frozenset[str], accepted: tuple[str, ...]) -> None:
        book.law.check_accepted(accepted)
        self._book = book.law
        self._words = book.vocabulary
        self._inside = inside
        self._accepted = frozenset(accepted)
        self._offerings = {operator: one for one in book.law.offerings.values() for operator in one.operators}
        self._limits: dict[tuple[object, ...], tuple[Limit, ...]] = {}
        self._reaches: dict[tuple[object, ...], tuple[Reach, ...]] = {}

    def offering(self, operator: Operator | None) -> Offering | None:
        """Return the offering that an operator's hosts belong to."""
        return self._offerings.get(operator.id) if operator else None

    def licensors(self, operator: Operator | None) -> tuple[str, ...]:
        """Return the jurisdictions of those without whose technology an operator cannot go on."""
        one = self.offering(operator)
        return (one.jurisdiction,) if one and one.how == "licensor" else ()

    def judge(self, axes: Axes, operator: Operator | None) -> Judgement:
        """Return the verdict, with what the user accepts taken as settled, and said so where that decides."""
        plain = judge(axes, self._inside, self._words)
        settled = self.settled(axes, operator)
        if settled is axes:
            return plain
        found = judge(settled, self._inside, self._words)
        return found if found.verdict is plain.verdict else found._replace(reason="offering-accepted")

    def settled(self, axes: Axes, operator: Operator | None) -> Axes:
        """Return the axes as the user's switches leave them."""
        one = self.offering(operator)
        return _without_influence(axes) if one and one.id in self._accepted and one.settles == "control" else axes

    def toggled(self, axes: Axes, operator: Operator | None, control: Control) -> tuple[tuple[str, Control], ...]:
        """Return the offering under whose other position the class would be another."""
        one = self.offering(operator)
        if one is None or one.settles != "control":
            return ()
        other = axes if one.id in self._accepted else _without_influence(axes)
        found = judge(other, self._inside, self._words).verdict.control
        return ((one.id, found),) if found is not control else ()

    def evidence(self, operator: Operator | None) -> tuple[Evidence, ...]:
        """Return the step that says whose influence there is on an offering."""
        one = self.offering(operator)
        if one is None or (one.settles == "residency" and one.id not in self._accepted):
            return ()
        kind = "offering-accepted" if one.id in self._accepted else "offering"
        source = f"{one.source} ({one.checked})"
        return (inferred(kind, source, offering=one.name, party=one.party, jurisdiction=one.jurisdiction, how=one.how),)

    def of(self, axes: Axes, operator: Operator | None, path: str | None) -> dict[str, Any]:
        """Return what an attribution says of law, by the names of its fields."""
        links = links_of(axes, self._words)
        one = self.offering(operator)
        more = {"front"} if axes.front else set()
        more |= {"control-path"} if path == "control" else set()
        laws = self._reaching(links)
        if one and one.id in self._accepted:
            more.add("offering-accepted" if one.settles == "control" else "residency-accepted")
            if axes.own_service and one.settles == "control" and "operator" in links:
                links["supplier"] = links["operator"]
        return {"offering": one, "laws": laws, "limits": self._limited(links, frozenset(more))}

    def _reaching(self, links: Mapping[str, Held]) -> tuple[Reach, ...]:
        """Return the same object for the same links: thousands of destinations are under the same laws."""
        key = tuple(links.items())
        if key not in self._reaches:
            self._reaches[key] = reaching(links, self._book.laws)
        return self._reaches[key]

    def _limited(self, links: Mapping[str, Held], more: frozenset[str]) -> tuple[Limit, ...]:
        key = more, *((link, held.jurisdictions) for link, held in links.items())
        if key not in self._limits:
            found: list[Limit] = []
            for framework in self._book.frameworks:
                facts = facts_of(links, framework.members, more)
                found += [limit_of(framework, objective, facts) for objective in framework.objectives]
            self._limits[key] = tuple(found)
        return self._limits[key]


def _without_influence(axes: Axes) -> Axes:
    own = (axes.operator,) if axes.own_service and axes.operator else axes.supplier
    return replace(
        axes,
        parent=axes.operator,
        licensors=(),
        supplier=own,
        operator_unverified=False,
        supplier_unverified=axes.supplier_unverified and not axes.own_service,
    )
