"""What is known of a device in, what it is out: role, kind and level, each with the rule that says so and the frames.

Of the rules that hold, the role is that of the first, in this order:

1. Rules that say what a thing is (PLC, camera, switch), then those that say what it serves others with (resolver,
   proxy), then hints of grade D, then those that say no more than that it answers.
2. The better grade. 3. Rather by anything else than by what somebody called it. 4. More conditions. 5. The order of the
   files: facts, protocols, vendors, names.

The kind is that of the best grade; the rule that gave the role goes first among equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from kwel.assets import evidence
from kwel.assets.activity import Spoken
from kwel.assets.conditions import Index, is_name
from kwel.assets.rulekinds import Judging, NameRule, RoleRule, SpokenRule
from kwel.assets.rules import installed
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Evidence, Grade, Observed, Where
from kwel.model.fast_dataclass import changed, quick

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from kwel.assets.conditions import Statement
    from kwel.assets.devices import Device
    from kwel.assets.evidence import Witness
    from kwel.assets.rulekinds import DeviceRules
    from kwel.model.assets import Asset

LATE: Final = {"generic": 3, "least": 4}
"""Ranks that come after every hint."""
MOST_PLANS: Final = 1 << 14
"""Sets of facts whose rules are remembered."""
PROPOSED: Final = {Grade.A: Grade.C, Grade.B: Grade.C, Grade.C: Grade.D, Grade.D: Grade.D}
"""How far a level carries that was proposed from a role: where a device stands, no frame tells."""


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Verdict:
    """What a device is taken for."""

    role: Claim | None
    role_or: Claim | None
    """What it may be as well."""
    kind: AssetKind
    kind_why: Claim | None


class Choice(NamedTuple):
    """Which of the rules that hold decide, by their place among these."""

    role: int | None
    agreeing: int | None
    """Of a second one that gives the same role by another sort of observation, and so makes it certain."""
    kind: int | None
    role_or: Claim | None


@dataclass(slots=True)
class _Plan:
    """What follows from which atoms hold: the same for thousands of devices of one make."""

    met: list[tuple[int, tuple[int, ...]]]
    """The rules that hold, and the atoms that meet their conditions."""
    choice: Choice | None = None


class Held(Sequence[Candidate]):
    """The rules that hold of one device, in order of the files."""

    def __init__(self, plan: _Plan, held: dict[int, Statement], rules: Sequence[Judging]) -> None:
        self._plan, self._held, self._rules = plan, held, rules

    def __len__(self) -> int:
        return len(self._plan.met)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> list[Candidate]: ...
    def __getitem__(self, index: int | slice) -> Candidate | list[Candidate]:
        """Return one of them, with what shows it."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        place, by = self._plan.met[index]
        shown = {id(said): said for said in map(self._held.__getitem__, by)}
        return Candidate(self._rules[place], tuple(shown.values()), place)

    def choice(self, scales: Scales) -> Choice:
        """Return which of them decide."""
        if self._plan.choice is None:
            self._plan.choice = _choose(self, scales)
        return self._plan.choice


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
        self._plans: dict[frozenset[int], _Plan] = {}
        self._asking: dict[int, list[int]] = {}
        for place, needs in enumerate(self._needs):
            for atom in dict.fromkeys(needs[0]):  # whatever holds must hold in the first choice too
                self._asking.setdefault(atom, []).append(place)

    def holding(self, known: Iterable[Statement]) -> Held:
        """Return the rules that hold, in order of the files."""
        held = self.index.holding(known)
        pattern = frozenset([2 * atom + said.is_certain for atom, said in held.items()])
        if (plan := self._plans.get(pattern)) is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            plan = self._plans[pattern] = _Plan(self._met(held))
        return Held(plan, held, self._rules)

    def _met(self, held: Container[int]) -> list[tuple[int, tuple[int, ...]]]:
        """Return the places of the rules that hold by some atoms, each with the atoms that meet its conditions."""
        found = []
        for place in sorted({place for atom, asking in self._asking.items() if atom in held for place in asking}):
            by = [next((atom for atom in choice if atom in held), -1) for choice in self._needs[place]]
            if -1 not in by and not any(atom in held for atom in self._never[place]):
                found.append((place, tuple(by)))
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
        steps = *role.evidence[:1], _proposed(role.value, known.level)
        return changed(asset, level=Claim(known.level, PROPOSED.get(role.grade, Grade.D), steps))


@cache
def scales_of(root: Path | None = None) -> Scales:
    """Return the scales for the rules that came with this installation, with those of a user's folder over them.

    Raises:
        RuleError: a rule is wrong: ``file:line: key: reason``.
    """
    return Scales(installed(root))


@lru_cache
def _proposed(role: str, level: str) -> Evidence:
    return Evidence("inferred", "level-proposed", (("role", role), ("level", level)))


def _choose(held: Sequence[Candidate], scales: Scales) -> Choice:
    """Return which of the rules that hold decide what a device is."""
    place = {candidate.order: at for at, candidate in enumerate(held)}
    with_role = sorted((c for c in held if c.rule.says.role), key=scales.rank)
    best = with_role[0] if with_role else None
    with_kind = [c for c in held if c.rule.says.kind]
    kind = min(with_kind, key=lambda c: (-c.kind_grade, c is not best, c.order), default=None)
    agreeing = _agreeing(best, with_role[1:]) if best and best.role_grade == Grade.B else None
    return Choice(
        place[best.order] if best else None,
        place[agreeing.order] if agreeing else None,
        place[kind.order] if kind else None,
        _second(best, with_role[1:], scales) if best else None,
    )


def _agreeing(best: Candidate, rest: Sequence[Candidate]) -> Candidate | None:
    """Return a rule that gives the same role, and rests on other sorts of observation."""
    same = (c for c in rest if c.rule.says.role == best.rule.says.role)
    return next((c for c in same if c.role_grade >= Grade.B and not c.basis & best.basis), None)


def weigh(device: Device, held: Held, scales: Scales, witness: Witness) -> Verdict:
    """Return what the rules that hold make of a device."""
    choice = held.choice(scales)
    role = None if choice.role is None else _role(device, held[choice.role], held, choice.agreeing, witness)
    if choice.kind is None or (found := held[choice.kind].rule.says.kind) is None:
        return Verdict(role, choice.role_or, AssetKind.UNKNOWN, None)
    kind = held[choice.kind]
    why = Claim(found, kind.kind_grade, _steps(device, kind, witness, "kind"))
    return Verdict(role, choice.role_or, found, why)


def _role(device: Device, best: Candidate, held: Held, agreeing: int | None, witness: Witness) -> Claim:
    """Return the role; two rules that rest on different sorts of observation and agree make grade A of B."""
    role, steps = best.rule.says.role or "", _steps(device, best, witness, "role")
    if agreeing is not None:
        return Claim(role, Grade.A, (*steps, *_steps(device, held[agreeing], witness, "role")))
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
        claims = tuple(witness.claimed(held) for held in device.proofs[:1])
        return (*claims, evidence.registered(device.mac, said.key))
    if said.sort == "tries" and isinstance(said.by, int):
        step = witness.seen(said.by)
        return (step, Evidence("observed", "tried-many", (("count", str(said.count)),), step.where))
    if isinstance(said.by, Where):
        return (Evidence("observed", "gives-commands", (("what", said.key),), said.by),)
    return (witness.seen(said.by),) if isinstance(said.by, int) else ()
