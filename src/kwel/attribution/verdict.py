"""Three graded axes in, one verdict with its reason out: the worst axis decides, and nothing is averaged.

The scheme is that of docs/rules.md, "Verdicts". Unknown never counts as inside the bloc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kwel.model.claims import Grade
from kwel.model.verdicts import Verdict

if TYPE_CHECKING:
    from kwel.rulebook.model import Vocabulary


class Judgement(NamedTuple):
    """A verdict, how far its evidence carries, and the key of the sentence that gives the reason."""

    verdict: Verdict
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Axes:
    """What is known of one endpoint, apart."""

    parent: str | None = None
    """Jurisdiction."""
    operator: str | None = None
    """Jurisdiction."""
    host_grade: Grade = Grade.U
    """Of parent and operator: they stand and fall with the identification of the operator."""
    network_named: bool = False
    """The network has a registered name, and no rule knows it."""
    places: tuple[str, ...] = ()
    """Countries; several where the operator names several."""
    place_grade: Grade = Grade.U
    anycast: bool = False
    supplier: tuple[str, ...] = ()
    """Jurisdictions of whoever answers for the service, and of their parent."""
    supplier_grade: Grade = Grade.U
    own_service: bool = False
    """Whoever answers for the service also controls the operator."""
    front: bool = False
    """Somebody else's origin stands behind the host."""
    contradicted: bool = False
    """Other evidence names an operator outside the bloc."""
    licensors: tuple[str, ...] = ()
    """Jurisdictions of those without whose technology the operator cannot go on."""
    operator_unverified: bool = False
    """Who controls the operator was not checked: as far as known, somebody inside."""
    supplier_unverified: bool = False
    """The same of the supplier."""


def judge(axes: Axes, inside: frozenset[str], words: Vocabulary) -> Judgement:
    """Return the verdict: the first of these that holds."""
    supplier_outside = axes.supplier_grade >= words.counts and not inside.issuperset(axes.supplier)
    host_outside = not inside.issuperset((axes.parent, axes.operator, *axes.licensors))
    # 1. A host of which too little is known decides nothing; its supplier may, and may be a gateway to elsewhere.
    if axes.parent is None or axes.host_grade < words.counts:
        if axes.front and supplier_outside:
            return Judgement(Verdict.FRONT_HIDES_ORIGIN, axes.supplier_grade, "front-foreign")
        return _supplier_foreign(axes) if supplier_outside else _unknown(axes)
    # 2. Behind a front anything may stand.
    if axes.front and host_outside:
        return Judgement(Verdict.FRONT_HIDES_ORIGIN, axes.host_grade, "front-foreign")
    if axes.front:
        return _supplier_foreign(axes) if supplier_outside else Judgement(Verdict.UNKNOWN, Grade.U, "front-european")
    # 3. One axis outside is enough.
    placed = axes.place_grade >= words.counts and bool(axes.places)
    placed_inside = placed and inside.issuperset(axes.places)
    placed_outside = placed and inside.isdisjoint(axes.places)
    if host_outside:
        return _host_foreign(axes, inside, placed_inside=placed_inside, placed_outside=placed_outside)
    if supplier_outside:
        if placed_inside:
            grade = min(axes.host_grade, axes.place_grade, axes.supplier_grade)
            return Judgement(Verdict.EU_LOCATED_ONLY, grade, "supplier-foreign")
        return _supplier_foreign(axes)
    weakest = min(axes.host_grade, axes.place_grade)
    if placed_outside:
        return Judgement(Verdict.EU_PROVIDER_FOREIGN_LOCATION, weakest, "location-foreign")
    # 4. Inside, as far as seen: no contradiction may be left, and the place must be proven.
    if axes.contradicted:
        return Judgement(Verdict.UNKNOWN, Grade.U, "contradiction")
    if not placed_inside:
        return Judgement(Verdict.PLACE_UNPROVEN, min(axes.place_grade, Grade.D), _unplaced(axes))
    if axes.operator_unverified or axes.supplier_unverified:
        return Judgement(Verdict.EU_INDICATED, min(weakest, Grade.C), "owner-unverified")
    if weakest >= words.controlled:
        return Judgement(Verdict.EU_CONTROLLED, weakest, "all-in-bloc")
    return Judgement(Verdict.EU_INDICATED, weakest, "all-in-bloc-indicated")


def _unknown(axes: Axes) -> Judgement:
    if axes.parent is not None:
        return Judgement(Verdict.UNKNOWN, axes.host_grade, "below-threshold")
    return Judgement(Verdict.UNKNOWN, Grade.U, "operator-without-rule" if axes.network_named else "nobody-known")


def _supplier_foreign(axes: Axes) -> Judgement:
    return Judgement(Verdict.FOREIGN, axes.supplier_grade, "supplier-foreign")


def _host_foreign(axes: Axes, inside: frozenset[str], *, placed_inside: bool, placed_outside: bool) -> Judgement:
    weakest = min(axes.host_grade, axes.place_grade)
    if placed_outside:
        return Judgement(Verdict.FOREIGN, weakest, "all-foreign")
    if inside.issuperset((axes.parent, axes.operator)):
        grade = weakest if placed_inside else axes.host_grade
        return Judgement(Verdict.EU_OPERATED_FOREIGN_PARENT, grade, "licensor-foreign")
    if not placed_inside:
        reason = "location-anycast" if axes.anycast else "location-unproven"
        return Judgement(Verdict.FOREIGN, axes.host_grade, reason)
    if axes.operator in inside:
        return Judgement(Verdict.EU_OPERATED_FOREIGN_PARENT, weakest, "parent-foreign")
    reason = "operator-foreign" if axes.parent in inside else "parent-and-operator-foreign"
    return Judgement(Verdict.EU_LOCATED_ONLY, weakest, reason)


def _unplaced(axes: Axes) -> str:
    if axes.anycast:
        return "place-anycast"
    return "place-geolocation-only" if axes.places else "place-unknown"
