"""Rules of rules/devices in, checked hints about devices out. The files say what each key means."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from kwel.columns import mac_text
from kwel.kinds import Application, Lan
from kwel.model.assets import AssetKind
from kwel.model.claims import Grade
from kwel.rulefile import RuleTable, suffixes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

FOLDER = "devices"
SIDES = ("server", "client", "publisher", "master", "slave", "station")
"""The last four are of protocols without IP."""
CONNECT = "http-connect"
"""Not a protocol of its own: HTTP in which a client asks for a way through (RFC 9110 section 9.3.6)."""
APPLICATIONS = (*(a.label for a in Application if a), *(lan.label for lan in Lan), CONNECT)
KINDS = tuple(kind.value for kind in AssetKind)
GRADES = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True)
class Rule:
    """What all rules have: an id, and examples that prove it."""

    id: str
    source: str
    """File, id and review date: what evidence shows."""
    matches: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpokenRule(Rule):
    """A device speaks a protocol, on one side of it."""

    application: str
    side: str
    kind: AssetKind | None
    kind_grade: Grade
    role: str
    role_grade: Grade
    shares: bool
    """Whether it may serve OT and IT alike."""

    def holds(self, text: str) -> bool:
        """Return whether ``modbus server`` is meant."""
        return text == f"{self.application} {self.side}"


@dataclass(frozen=True, slots=True)
class MacRule(Rule):
    """A range of MAC addresses that belong to a protocol."""

    digits: str
    protocol: str

    def holds(self, text: str) -> bool:
        """Return whether a MAC address in its usual spelling lies in the range."""
        return text.replace(":", "").startswith(self.digits)


@dataclass(frozen=True, slots=True)
class VendorRule(Rule):
    """The registered name of a vendor contains some words."""

    words: str
    kind: AssetKind
    role: str

    def holds(self, text: str) -> bool:
        """Return whether a vendor's name holds the words, whole and in a row."""
        return f" {self.words} " in f" {_words(text)} "


@dataclass(frozen=True, slots=True)
class NameRule(Rule):
    """A device asks for certain names."""

    suffixes: tuple[str, ...]
    kind: AssetKind

    def holds(self, text: str) -> bool:
        """Return whether a name lies under one of the suffixes."""
        return text.endswith(self.suffixes) and any(parent in self.suffixes for parent in suffixes(text))


@dataclass(frozen=True, slots=True)
class DeviceRules:
    """All rules about devices, each kind in order of precedence."""

    roles: tuple[str, ...]
    spoken: tuple[SpokenRule, ...]
    macs: tuple[MacRule, ...]
    vendors: tuple[VendorRule, ...]
    names: tuple[NameRule, ...]

    def all(self) -> Iterator[SpokenRule | MacRule | VendorRule | NameRule]:
        """Return every rule."""
        yield from self.spoken
        yield from self.macs
        yield from self.vendors
        yield from self.names

    def virtual_mac(self, mac: int) -> MacRule | None:
        """Return the rule of a MAC that routers share."""
        text = mac_text(mac)
        return next((rule for rule in self.macs if rule.holds(text)), None)


@functools.cache
def installed() -> DeviceRules:
    """Return the rules that came with this installation."""
    return load(files("kwel.rules"))


def load(root: Traversable) -> DeviceRules:
    """Read the rules about devices.

    Raises:
        RuleError: a file is wrong: ``file: key: why``.
    """
    roles = _read_roles(_File(root, "roles"))
    return DeviceRules(
        roles,
        tuple(_spoken(rule, base, roles) for stem in ("spoken", "lan") for rule, base in _File(root, stem).rules()),
        tuple(_mac(rule, base) for rule, base in _File(root, "macs").rules()),
        tuple(_vendor(rule, base, roles) for rule, base in _File(root, "vendors").rules()),
        tuple(_name(rule, base) for rule, base in _File(root, "names").rules()),
    )


def failing_examples(rules: DeviceRules) -> list[str]:
    """Return one line for every example that a rule gets wrong, and for every rule without one."""
    problems = []
    for rule in rules.all():
        if not rule.matches or not rule.misses:
            problems.append(f"{rule.source}: examples: one that matches and one that misses are needed")
        problems += [f"{rule.source}: {text!r} should match" for text in rule.matches if not rule.holds(text)]
        problems += [f"{rule.source}: {text!r} should not match" for text in rule.misses if rule.holds(text)]
    return problems


class _File:
    """One file: sources, review date and rules."""

    def __init__(self, root: Traversable, stem: str) -> None:
        self.name = f"{FOLDER}/{stem}.toml"
        self.table = RuleTable.parse((root / FOLDER / f"{stem}.toml").read_bytes(), self.name)
        self.table.sources()
        self.table.take("unsourced", bool, False)
        self.reviewed = self.table.date("reviewed")

    def rules(self) -> Iterator[tuple[RuleTable, tuple[str, str, tuple[str, ...], tuple[str, ...]]]]:
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


def _read_roles(file: _File) -> tuple[str, ...]:
    table = file.table.table("roles")
    file.table.finish()
    return tuple(name for name, _ in table.rest()) if table else ()


def _grade(rule: RuleTable, key: str, default: str = "D") -> Grade:
    return Grade[rule.one_of(key, GRADES, default)]


def _kind(rule: RuleTable) -> AssetKind | None:
    kind = rule.one_of("kind", KINDS, None)
    return AssetKind(kind) if kind else None


def _spoken(
    rule: RuleTable, base: tuple[str, str, tuple[str, ...], tuple[str, ...]], roles: tuple[str, ...]
) -> SpokenRule:
    return SpokenRule(
        *base,
        application=rule.one_of("application", APPLICATIONS),
        side=rule.one_of("side", SIDES),
        kind=_kind(rule),
        kind_grade=_grade(rule, "kind_grade"),
        role=rule.one_of("role", roles),
        role_grade=_grade(rule, "role_grade"),
        shares=rule.take("shares", bool, False),
    )


def _mac(rule: RuleTable, base: tuple[str, str, tuple[str, ...], tuple[str, ...]]) -> MacRule:
    prefix = rule.text("prefix")
    digits = prefix.replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{6,12}", digits):
        raise rule.wrong("prefix", f"{prefix!r} is no beginning of a MAC address in lower case")
    return MacRule(*base, digits=digits, protocol=rule.text("protocol"))


def _vendor(
    rule: RuleTable, base: tuple[str, str, tuple[str, ...], tuple[str, ...]], roles: tuple[str, ...]
) -> VendorRule:
    vendor, kind = rule.text("vendor"), AssetKind(rule.one_of("kind", KINDS))
    if vendor != _words(vendor):
        raise rule.wrong("vendor", f"{vendor!r} must be words in lower case, {_words(vendor)!r}")
    if kind == AssetKind.OT:
        raise rule.wrong("kind", "a MAC address alone makes no asset OT")
    return VendorRule(*base, words=vendor, kind=kind, role=rule.one_of("role", roles))


def _name(rule: RuleTable, base: tuple[str, str, tuple[str, ...], tuple[str, ...]]) -> NameRule:
    return NameRule(*base, suffixes=rule.suffixes("suffixes"), kind=AssetKind(rule.one_of("kind", KINDS)))


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
