"""Rules of rules/devices in, checked rules about devices out. docs/rules.md says what each key means."""

from __future__ import annotations

import functools
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kwel.assets import conditions
from kwel.assets.conditions import SIDES, tokens
from kwel.assets.rulekinds import (
    AgentRule,
    DeviceRules,
    MacRule,
    NameRule,
    Needs,
    Role,
    RoleRule,
    Rule,
    Says,
    SpokenRule,
    StackRule,
    VendorRule,
)
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.model.kinds import Application, Lan
from kwel.model.records.syn import Option
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["CONNECT", "DeviceRules", "RoleRule", "Rule"]

FOLDER = "devices"
CONNECT = "http-connect"
"""Not a protocol of its own: HTTP in which a client asks for a way through (RFC 9110 section 9.3.6)."""
APPLICATIONS = (*(a.label for a in Application if a), *(lan.label for lan in Lan), CONNECT)
KINDS = tuple(kind.value for kind in AssetKind)
GRADES = ("A", "B", "C", "D")
LEVELS = ("0", "1", "2", "3", "3.5", "4", "5")
TTLS = (32, 64, 128, 255)
RANKS = ("thing", "service", "generic", "least")
OF_CONDITIONS: Final = "roles-"
"""Files of rules of conditions begin so; the others have a form of their own."""

Base = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""What all rules have."""


@functools.cache
def installed(root: Path | None = None) -> DeviceRules:
    """Return the rules that came with this installation, with those of a user's folder over them.

    Raises:
        RuleError: a file is wrong: ``file:line: key: reason``.
    """
    shipped, own = _files(files("kwel.rules")), _files(root) if root else {}
    for stem in sorted(own.keys() - shipped.keys()):
        if not stem.startswith(OF_CONDITIONS):
            raise RuleError(f"{FOLDER}/{stem}.toml: file: is read by nobody; call it {OF_CONDITIONS}{stem}.toml")
    return _load({**shipped, **own})


def plant_protocols(root: Path | None = None) -> frozenset[int]:
    """Return the numbers of the applications that make a device OT, whichever side of them it is on.

    Raises:
        RuleError: a file is wrong: ``file:line: key: reason``.
    """
    wanted = {rule.application for rule in installed(root).spoken if rule.says.kind == AssetKind.OT}
    return frozenset(int(application) for application in Application if application.label in wanted)


def load(root: Traversable) -> DeviceRules:
    """Read the rules about devices of one folder, which must be whole.

    Raises:
        RuleError: a file is wrong: ``file:line: key: reason``.
    """
    return _load(_files(root))


def lint(root: Path | None = None) -> list[str]:
    """Return what is wrong with the rules about devices, with those of a user's folder over them, one line each."""
    try:
        installed(root)
    except RuleError as error:
        return [str(error)]
    return []


def test(root: Path | None = None) -> list[str]:  # noqa: PT028 - a command, not a test
    """Return the examples of rules about devices that do not hold, one line each."""
    return lint(root) or failing_examples(installed(root))


def failing_examples(rules: DeviceRules) -> list[str]:
    """Return one line for every example that a rule gets wrong, and for every rule without one."""
    problems = []
    for rule in rules.all():
        if not rule.matches or not rule.misses:
            problems.append(f"{rule.source}: examples: one that matches and one that misses are needed")
        for text, wanted in (*((t, True) for t in rule.matches), *((t, False) for t in rule.misses)):
            try:
                if rule.holds(text) != wanted:
                    problems.append(f"{rule.source}: {text!r} should {'' if wanted else 'not '}match")
            except ValueError as error:
                problems.append(f"{rule.source}: {text!r}: {error}")
    return problems


def _files(root: Traversable) -> dict[str, bytes]:
    folder = root / FOLDER
    found = folder.iterdir() if folder.is_dir() else ()
    return {entry.name[:-5]: entry.read_bytes() for entry in found if entry.name.endswith(".toml")}


def _load(texts: Mapping[str, bytes]) -> DeviceRules:
    roles = _read_roles(_File(texts, "roles"))
    others = sorted(stem for stem in texts if stem.startswith(OF_CONDITIONS))
    return DeviceRules(
        roles,
        tuple(_known(rule, base, roles) for stem in others for rule, base in _File(texts, stem).rules()),
        tuple(_spoken(rule, base, roles) for stem in ("spoken", "lan") for rule, base in _File(texts, stem).rules()),
        tuple(_mac(rule, base) for rule, base in _File(texts, "macs").rules()),
        tuple(_vendor(rule, base, roles) for rule, base in _File(texts, "vendors").rules()),
        tuple(_name(rule, base, roles) for rule, base in _File(texts, "names").rules()),
        tuple(_stack(rule, base) for rule, base in _File(texts, "stacks").rules()),
        tuple(_agent(rule, base) for rule, base in _File(texts, "agents").rules()),
    )


class _File:
    """One file: sources, review date and rules."""

    def __init__(self, texts: Mapping[str, bytes], stem: str) -> None:
        self.name = f"{FOLDER}/{stem}.toml"
        if stem not in texts:
            raise RuleError(f"{self.name}: file: missing")
        self.table = RuleTable.parse(texts[stem], self.name)
        self.table.sources()
        self.table.take("unsourced", bool, False)
        self.reviewed = self.table.date("reviewed")

    def rules(self) -> Iterator[tuple[RuleTable, Base]]:
        """Yield each rule with what all rules have."""
        rules, known = self.table.tables("rules"), set()
        self.table.finish()
        for rule in rules:
            identity = rule.text("id")
            if identity in known:
                raise rule.wrong("id", f"{identity!r} is there twice")
            known.add(identity)
            source = f"rules/{self.name} {identity} ({self.reviewed})"
            yield rule, (identity, source, rule.words("matches"), rule.words("misses"))
            rule.finish()


def _read_roles(file: _File) -> dict[str, Role]:
    tables = file.table.take("roles", dict)
    file.table.finish()
    roles = {}
    for name, about in tables.items():
        table = file.table.within(about, "roles", name)
        table.text("means")
        table.text("term", None)
        roles[name] = Role(table.one_of("level", LEVELS, ""), table.one_of("rank", RANKS, "thing"))  # type: ignore[arg-type]
        table.finish()
    return roles


def _grade(rule: RuleTable, key: str, default: str = "D") -> Grade:
    return Grade[rule.one_of(key, GRADES, default)]


def _kind(rule: RuleTable) -> AssetKind | None:
    kind = rule.one_of("kind", KINDS, None)
    return AssetKind(kind) if kind else None


def _others(rule: RuleTable, role: str | None, roles: dict[str, Role]) -> tuple[str, ...]:
    others = rule.words("or", ())
    for other in others:
        if other not in roles or other == role:
            raise rule.wrong("or", f"{other!r} is not another role of {FOLDER}/roles.toml")
    return others


def _known(rule: RuleTable, base: Base, roles: dict[str, Role]) -> RoleRule:
    unsourced = rule.take("unsourced", bool, False)
    if not unsourced:
        rule.source()
    grade, role = rule.one_of("grade", GRADES), rule.one_of("role", tuple(roles), None)
    says = Says(role, Grade[grade], _kind(rule), _grade(rule, "kind_grade", grade), _others(rule, role, roles))
    choices = [conditions.read(each, APPLICATIONS) for each in rule.tables("all")]
    if anything := rule.tables("any"):
        choices.append(tuple(atom for each in anything for atom in conditions.read(each, APPLICATIONS)))
    never = tuple(atom for each in rule.tables("none") for atom in conditions.read(each, APPLICATIONS))
    needs = tuple(choices)
    if not needs:
        raise rule.wrong("all", "missing, and so is any: a rule must ask for something")
    if role is None and says.kind is None:
        raise rule.wrong("role", "missing, and so is kind: a rule must say something")
    _check_reach(rule, says, needs, unsourced)
    return RoleRule(*base, says=says, needs=needs, never=never)


def _check_reach(rule: RuleTable, says: Says, needs: Needs, unsourced: bool) -> None:
    """Refuse a rule that says more than its conditions carry; what nobody looked up carries one grade less."""
    carries = max(min(atom.strength for atom in choice) for choice in needs)
    if len(needs) > 1 and carries < Grade.C:
        carries = Grade.C
    carries = Grade(max(Grade.D, carries - unsourced))
    for key, grade in (("grade", says.role_grade), ("kind_grade", says.kind_grade)):
        if grade > carries:
            raise rule.wrong(key, f"{grade.name} is more than its conditions carry, {carries.name}")
    if says.kind == AssetKind.OT and not any(all(atom.is_own_content for atom in choice) for choice in needs):
        raise rule.wrong("kind", "a name, a MAC address or a port alone makes no asset OT")


def _spoken(rule: RuleTable, base: Base, roles: dict[str, Role]) -> SpokenRule:
    role, kind = rule.one_of("role", tuple(roles)), _kind(rule)
    others = _others(rule, role, roles)
    return SpokenRule(
        *base,
        application=rule.one_of("application", APPLICATIONS),
        side=rule.one_of("side", SIDES),
        says=Says(role, _grade(rule, "role_grade"), kind, _grade(rule, "kind_grade"), others),
        shares=rule.take("shares", bool, False),
        ports=_ports(rule),
    )


def _ports(rule: RuleTable) -> tuple[int, ...]:
    ports = rule.take("ports", list, [])
    for port in ports:
        if type(port) is not int or not 0 < port < 1 << 16:
            raise rule.wrong("ports", f"{port!r} is no port")
    return tuple(ports)


def _mac(rule: RuleTable, base: Base) -> MacRule:
    prefix = rule.text("prefix")
    digits = prefix.replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{6,12}", digits):
        raise rule.wrong("prefix", f"{prefix!r} is no beginning of a MAC address in lower case")
    return MacRule(*base, digits=digits, protocol=rule.text("protocol"))


def _vendor(rule: RuleTable, base: Base, roles: dict[str, Role]) -> VendorRule:
    vendor, kind = rule.text("vendor"), _kind(rule)
    spelt = " ".join(tokens(vendor))
    if vendor != spelt:
        raise rule.wrong("vendor", f"{vendor!r} must be words in lower case, {spelt!r}")
    if kind == AssetKind.OT:
        raise rule.wrong("kind", "a MAC address alone makes no asset OT")
    role = rule.one_of("role", tuple(roles))
    return VendorRule(*base, words=vendor, says=Says(role, kind=kind, others=_others(rule, role, roles)))


def _name(rule: RuleTable, base: Base, roles: dict[str, Role]) -> NameRule:
    role, kind = rule.one_of("role", tuple(roles), None), AssetKind(rule.one_of("kind", KINDS))
    if kind == AssetKind.OT:
        raise rule.wrong("kind", "a name that is asked for makes no asset OT")
    return NameRule(*base, suffixes=rule.suffixes("suffixes"), says=Says(role, kind=kind))


def _stack(rule: RuleTable, base: Base) -> StackRule:
    options, known = rule.words("options"), {option.label for option in Option}
    for layout in options:
        for word in layout.split(","):
            if word not in known:
                raise rule.wrong("options", f"{word!r} is none of {', '.join(sorted(known))}")
    ttl = rule.take("ttl", int)
    if ttl not in TTLS:
        raise rule.wrong("ttl", f"{ttl} is none of {', '.join(map(str, TTLS))}")
    return StackRule(*base, rule.text("system"), ttl, options, _whole(rule, "windows"), _whole(rule, "scales"))


def _whole(rule: RuleTable, key: str) -> tuple[int, ...]:
    numbers = rule.take(key, list, [])
    for number in numbers:
        if type(number) is not int or not 0 <= number < 1 << 16:
            raise rule.wrong(key, f"{number!r} is no number of 16 bits")
    return tuple(numbers)


def _agent(rule: RuleTable, base: Base) -> AgentRule:
    words = rule.words("words")
    for phrase in words:
        if phrase != (spelt := " ".join(tokens(phrase))):
            raise rule.wrong("words", f"{phrase!r} must be words in lower case, {spelt!r}")
    return AgentRule(*base, rule.text("system"), words)
