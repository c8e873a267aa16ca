"""Overrides of a site file in, what they say field by field out, and what an attribution said in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kwel.attribution.steps import lowered
from kwel.model.claims import Claim, Grade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kwel.model.site import Override
    from kwel.model.verdicts import Attribution

GROUPS: Final = {
    "operator": ("operator_id", "operator_jurisdiction", "parent", "parent_jurisdiction", "role", "no_front"),
    "supplier": ("supplier_jurisdiction", "supplier_parent", "supplier_parent_jurisdiction"),
    "service": (),
    "function": (),
    "path": (),
    "impact": (),
    "location": (),
}
"""What may be said, and what goes with it: of two overrides one gives all of a group."""
CLAIMS: Final = ("operator", "parent", "location", "service")
OF_ADDRESS: Final = ("operator", "location")
"""Of these the address says more than a name in doubt."""


class Said(NamedTuple):
    """A field of an attribution as an override has it."""

    value: str
    override: Override
    grade: Grade


def merged(by_address: Override | None, by_name: Override | None, *, weak: bool) -> dict[str, Said]:
    """Return what two overrides say together: what is said of the name goes before what is said of the address.

    Args:
        by_address: the override that fits the address.
        by_name: the override that fits the name.
        weak: whether the name rests on less than it should.
    """
    said: dict[str, Said] = {}
    for override, doubt in ((by_address, False), (by_name, weak)):
        sets = dict(override.sets) if override else {}
        for head, others in GROUPS.items():
            if override is None or head not in sets or (doubt and head in OF_ADDRESS):
                continue
            for key in (head, *others):
                said.pop(key, None)
                if key in sets:
                    said[key] = Said(sets[key], override, lowered(Grade.C, unsourced=doubt))
    return said


def agrees(before: Attribution, key: str, said: Said) -> bool:
    """Return whether an attribution says the same, on evidence that is no weaker."""
    value = getattr(before, key, None)
    if key == "no_front":
        return True  # no field of its own: it says for what the operator counts
    if key == "operator" and before.operator_id is None:
        return False  # a registered name, of whose owner no rule tells anything
    if isinstance(value, Claim):
        return value.value == said.value and value.grade >= said.grade
    return bool(value == said.value)


def told(sets: Mapping[str, str], key: str) -> str:
    """Return what an override says of a field, for a reader: a legal person with the seat."""
    seat, parent = sets.get(f"{key}_jurisdiction"), sets.get(f"{key}_parent")
    if not seat:
        return sets[key]
    owner = f"; {parent}, {sets[f'{key}_parent_jurisdiction']}" if parent else ""
    return f"{sets[key]} ({seat}{owner})"


def shown(before: Attribution, key: str) -> str:
    """Return what an attribution says of a field, for a reader; empty where it does not know."""
    value = getattr(before, key)
    text = value.value if isinstance(value, Claim) else value or ""
    seat = getattr(before, f"{key}_jurisdiction", None)
    return f"{text} ({seat})" if text and seat else text


def source_of(before: Attribution, key: str) -> str:
    """Return the table or rule that says so."""
    claim = getattr(before, key)
    claim = claim if isinstance(claim, Claim) else before.service
    return next((step.source for step in claim.evidence if step.source), "") if claim else ""


def grade_of(before: Attribution, key: str) -> str:
    """Return the grade of a field; what goes with a service has the service's."""
    claim = getattr(before, key)
    claim = claim if isinstance(claim, Claim) else before.service
    return (claim.grade if claim else Grade.U).name
