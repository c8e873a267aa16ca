"""What is known of a device in, what it is out: role, kind and level, each with the rule that says so and the frames.

Of the rules that hold, the role is that of the first, in this order:

1. Rules that say what a thing is (PLC, camera, switch), then those that say what it serves others with (resolver,
   proxy), then hints of grade D, then those that say no more than that it answers.
2. The better grade. 3. Rather by anything else than by what somebody called it. 4. More conditions. 5. The order of the
   files: facts, protocols, vendors, names.

The kind is that of the best grade; the rule that gave the role goes first among equals.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kwel.assets import evidence
from kwel.assets.activity import Spoken
from kwel.assets.conditions import Index, is_name
from kwel.assets.rulekinds import Judging, NameRule, RoleRule, SpokenRule
from kwel.assets.rules import installed
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Observed, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kwel.assets.conditions import Statement
    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.assets.rulekinds import DeviceRules
    from kwel.model.assets import Asset

LATE: Final = {"generic": 3, "least": 4}
"""Ranks that come after every hint."""
PROPOSED: Final = {Grade.A: Grade.C, Grade.B: Grade.C, Grade.C: Grade.D, Grade.D: Grade.D}
"""How far a level carries that was proposed from a role: where a device stands, no frame tells."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that holds of a device, and what shows it."""

    rule: Judging
    shown: tuple[Statement, ...]
    order: int

    @property
    def is_certain(self) -> bool:
        """Whether it is known who began what the rule asks for."""
        return all(said.is_certain for said in self.shown)

    @property
    def role_grade(self) -> Grade:
        """How far the role carries."""
        return self._lowered(self.rule.says.role_grade)

    @property
    def kind_grade(self) -> Grade:
        """How far the kind carries."""
        return self._lowered(self.rule.says.kind_grade)

    @property
    def basis(self) -> frozenset[str]:
        """The sorts of observation that it rests on."""
        return frozenset(said.sort for said in self.shown)

    @property
    def is_by_name(self) -> bool:
        """Whether it rests on nothing but what somebody called the device."""
        return all(said.sort == "says" and is_name(said.key, said.text) for said in self.shown)

    def _lowered(self, grade: Grade) -> Grade:
        return grade if self.is_certain else Grade(max(Grade.D, grade - 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a device is taken for."""

    role: Claim | None
    role_or: Claim | None
    """What it may be as well."""
    kind: AssetKind
    kind_why: Claim | None


class Scales:
    """Weighs rules against what is known of devices."""

    def __init__(self, rules: DeviceRules) -> None:
        self.rules, self._roles = rules, rules.roles
        self._rules: tuple[Judging, ...] = (*rules.known, *rules.spoken, *rules.vendors, *rules.names)
        never = [rule.never if isinstance(rule, RoleRule) else () for rule in self._rules]
        wanted = (atom for rule in self._rules for choice in rule.needs for atom in choice)
        self.index = Index((*wanted, *(atom for atoms in never for atom in atoms)))
        number = self.index.number
        self._needs = [tuple(tuple(number[a] for a in choice) for choice in rule.needs) for rule in self._rules]
        self._never = [tuple(number[atom] for atom in atoms) for atoms in never]
        self._asking: dict[int, list[int]] = {}
        for place, needs in enumerate(self._needs):
            for atom in dict.fromkeys(needs[0]):  # whatever holds must hold in the first choice too
                self._asking.setdefault(atom, []).append(place)

    def holding(self, known: Iterable[Statement]) -> list[Candidate]:
        """Return the rules that hold, in order of the files."""
        held = self.index.holding(known)
        places = sorted({place for atom in held for place in self._asking.get(atom, ())})
        found = []
        for place in places:
            shown = [next((held[a] for a in choice if a in held), None) for choice in self._needs[place]]
            if None not in shown and not any(atom in held for atom in self._never[place]):
                distinct = tuple(dict.fromkeys(said for said in shown if said))
                found.append(Candidate(self._rules[place], distinct, place))
        return found

    def rank(self, candidate: Candidate) -> tuple[int, int, bool, int, int]:
        """Return what puts the rules that give a role in order, the best first."""
        role = self._roles[candidate.rule.says.role or ""]
        grade = candidate.role_grade
        tier = LATE.get(role.rank) or (2 if grade == Grade.D else 1 if role.rank == "service" else 0)
        return tier, -grade, candidate.is_by_name, -len(candidate.rule.needs), candidate.order

    def is_generic(self, role: str) -> bool:
        """Return whether a role says no more than that a device answers."""
        return self._roles[role].rank in LATE

    def is_thing(self, role: Claim) -> bool:
        """Return whether a role is known to say what a device is."""
        return self._roles[role.value].rank == "thing" and role.grade > Grade.D

    def with_level(self, asset: Asset) -> Asset:
        """Return the asset with the Purdue level that its role proposes, unless one is known."""
        role = asset.role
        known = self._roles.get(role.value) if role else None
        if asset.level or role is None or known is None or not known.level:
            return asset
        step = Evidence("inferred", "level-proposed", (("role", role.value), ("level", known.level)))
        return replace(asset, level=Claim(known.level, PROPOSED.get(role.grade, Grade.D), (*role.evidence[:1], step)))


@functools.cache
def scales_of(root: Path | None = None) -> Scales:
    """Return the scales for the rules that came with this installation, with those of a user's folder over them.

    Raises:
        RuleError: a rule is wrong: ``file: key: why``.
    """
    return Scales(installed(root))


def weigh(device: Device, candidates: Sequence[Candidate], scales: Scales, witness: Witness) -> Verdict:
    """Return what the rules that hold make of a device."""
    with_role = sorted((c for c in candidates if c.rule.says.role), key=scales.rank)
    best = with_role[0] if with_role else None
    role = _role(device, best, with_role[1:], witness) if best else None
    with_kind = [c for c in candidates if c.rule.says.kind]
    kind = min(with_kind, key=lambda c: (-c.kind_grade, c is not best, c.order), default=None)
    second = _second(best, with_role[1:], scales) if best else None
    if kind is None or kind.rule.says.kind is None:
        return Verdict(role, second, AssetKind.UNKNOWN, None)
    why = Claim(kind.rule.says.kind, kind.kind_grade, _steps(device, kind, witness, "kind"))
    return Verdict(role, second, kind.rule.says.kind, why)


def _role(device: Device, best: Candidate, rest: Sequence[Candidate], witness: Witness) -> Claim:
    """Return the role; two rules that rest on different sorts of observation and agree make grade A of B."""
    role, steps = best.rule.says.role or "", _steps(device, best, witness, "role")
    agreeing = (c for c in rest if c.rule.says.role == role and c.role_grade >= Grade.B and not c.basis & best.basis)
    if best.role_grade == Grade.B and (other := next(agreeing, None)):
        return Claim(role, Grade.A, (*steps, *_steps(device, other, witness, "role")))
    return Claim(role, best.role_grade, steps)


def _second(best: Candidate, rest: Sequence[Candidate], scales: Scales) -> Claim | None:
    """Return what a device may be as well: by another rule that carries as far, else as the rule itself says."""
    if best.role_grade > Grade.C or scales.is_generic(best.rule.says.role or ""):
        return None
    for other in rest:
        role = other.rule.says.role or ""
        if role != best.rule.says.role and not scales.is_generic(role) and other.role_grade >= best.role_grade:
            return Claim(role, other.role_grade, (_or(role, other),))
    role = next(iter(best.rule.says.others), "")
    return Claim(role, best.role_grade, (_or(role, best),)) if role else None


def _or(role: str, candidate: Candidate) -> Evidence:
    return evidence.by_rule("role-or", candidate.rule, ("role", role))


def _steps(device: Device, candidate: Candidate, witness: Witness, what: str) -> tuple[Evidence, ...]:
    """Return the frames that meet a rule's conditions, and the rule."""
    rule, says = candidate.rule, candidate.rule.says
    if isinstance(rule, SpokenRule):
        role = (("role", says.role or ""),) if what == "role" else ()
        last = evidence.by_rule(f"{what}-by-protocol", rule, ("protocol", rule.application), *role)
    elif isinstance(rule, NameRule):
        last = evidence.by_rule("name-hint", rule, ("name", candidate.shown[0].key))
    elif isinstance(rule, RoleRule):
        value = says.role if what == "role" else says.kind
        last = evidence.by_rule(f"{what}-by-rule", rule, (what, value or ""))
    else:
        last = evidence.by_rule("vendor-hint", rule, ("vendor", candidate.shown[0].key))
    return (*(step for said in candidate.shown for step in _shown(device, said, witness)), last)


def _shown(device: Device, said: Statement, witness: Witness) -> tuple[Evidence, ...]:
    if isinstance(said.by, Spoken):
        return (witness.spoken(said.by),)
    if isinstance(said.by, Observed):
        return (evidence.said(said.by),)
    if said.sort == "vendor" and device.mac is not None:
        claims = tuple(witness.claimed(host, proof) for host, proof in device.proofs[:1])
        return (*claims, evidence.registered(device.mac, said.key))
    if said.sort == "tries" and isinstance(said.by, int):
        step = witness.seen(said.by)
        return (step, Evidence("observed", "tried-many", (("count", str(said.count)),), step.where))
    if isinstance(said.by, Where):
        return (Evidence("observed", "gives-commands", (("what", said.key),), said.by),)
    return (witness.seen(said.by),) if isinstance(said.by, int) else ()
