"""The nouns of rules about devices: what each sort of rule asks of a device, and what it says of one that meets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from kwel.assets.conditions import SORTS, Atom, Index, Statement, tokens
from kwel.model.claims import Grade
from kwel.rulebook.rulefile import suffixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kwel.model.assets import AssetKind

Rank = Literal["thing", "service", "generic", "least"]
_PARTS: Final = re.compile(rf";\s*(?=(?:{'|'.join(SORTS)}) )")
Needs = tuple[tuple[Atom, ...], ...]
"""All of these, of each any."""


@dataclass(frozen=True, slots=True)
class Role:
    """One word of the closed list of roles."""

    level: str
    """Purdue level that is proposed for it; empty where it has none."""
    rank: Rank
    """Whether it says what a thing is, what it serves others with, no more than that it answers, or even less."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What all rules have: an id, and examples that prove it."""

    id: str
    source: str
    """File, id and review date: what evidence shows."""
    matches: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Says:
    """What a rule says of a device that meets it."""

    role: str | None = None
    role_grade: Grade = Grade.D
    kind: AssetKind | None = None
    kind_grade: Grade = Grade.D
    others: tuple[str, ...] = ()
    """Roles that it may have as well."""


@dataclass(frozen=True, slots=True)
class SpokenRule(Rule):
    """A device speaks a protocol, on one side of it."""

    application: str
    side: str
    says: Says
    shares: bool
    """Whether it may serve OT and IT alike."""
    ports: tuple[int, ...] = ()
    """Of ``server``: where it is known to answer; tells who answers where nobody saw who began."""

    @property
    def needs(self) -> Needs:
        """What it asks for."""
        return ((Atom("speaks", self.application, self.side),),)

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
    says: Says

    @property
    def needs(self) -> Needs:
        """What it asks for."""
        return ((Atom("vendor", self.words),),)

    def holds(self, text: str) -> bool:
        """Return whether a vendor's name holds the words, whole and in a row."""
        return f" {self.words} " in f" {' '.join(tokens(text))} "


@dataclass(frozen=True, slots=True)
class NameRule(Rule):
    """A device asks for certain names."""

    suffixes: tuple[str, ...]
    says: Says

    @property
    def needs(self) -> Needs:
        """What it asks for."""
        return (tuple(Atom("asks", suffix) for suffix in self.suffixes),)

    def holds(self, text: str) -> bool:
        """Return whether a name lies under one of the suffixes."""
        return text.endswith(self.suffixes) and any(parent in self.suffixes for parent in suffixes(text))


@dataclass(frozen=True, slots=True)
class RoleRule(Rule):
    """A device meets all of some conditions, any of others, none of a third."""

    says: Says
    needs: Needs
    never: tuple[Atom, ...]

    def holds(self, text: str) -> bool:
        """Return whether what an example tells, statement by statement between semicolons, meets the conditions."""
        index = Index((*(atom for choice in self.needs for atom in choice), *self.never))
        held = index.holding(Statement.parse(part) for part in _PARTS.split(text))
        met = all(any(index.number[atom] in held for atom in choice) for choice in self.needs)
        return met and not any(index.number[atom] in held for atom in self.never)


@dataclass(frozen=True, slots=True)
class StackRule(Rule):
    """A system opens TCP connections in a certain way."""

    system: str
    ttl: int
    """What its packets begin with."""
    options: tuple[str, ...]
    """Their order, one of these."""
    windows: tuple[int, ...]
    """One of these, or any where there are none; likewise *scales*."""
    scales: tuple[int, ...]

    def fits(self, ttl: int, options: str, window: int, scale: int) -> bool:
        """Return whether a SYN is written so."""
        return (
            ttl == self.ttl
            and options in self.options
            and (not self.windows or window in self.windows)
            and (not self.scales or scale in self.scales)
        )

    def holds(self, text: str) -> bool:
        """Return whether an example is written so: ``ttl 64; window 64240; options mss,sack; scale 7``."""
        told = dict(part.strip().partition(" ")[::2] for part in text.split(";"))
        number = {key: int(told.get(key) or default) for key, default in (("ttl", 0), ("window", 0), ("scale", 255))}
        return self.fits(number["ttl"], told.get("options", ""), number["window"], number["scale"])


@dataclass(frozen=True, slots=True)
class AgentRule(Rule):
    """A browser says which system it runs on."""

    system: str
    words: tuple[str, ...]
    """All of these, each whole and in a row."""

    def holds(self, text: str) -> bool:
        """Return whether a User-Agent holds the words."""
        spelt = f" {' '.join(tokens(text))} "
        return all(f" {words} " in spelt for words in self.words)


Judging = RoleRule | SpokenRule | VendorRule | NameRule
"""Rules that say what a device is."""


@dataclass(frozen=True)
class DeviceRules:
    """All rules about devices, each sort in order of precedence."""

    roles: dict[str, Role]
    known: tuple[RoleRule, ...]
    spoken: tuple[SpokenRule, ...]
    macs: tuple[MacRule, ...]
    vendors: tuple[VendorRule, ...]
    names: tuple[NameRule, ...]
    stacks: tuple[StackRule, ...] = ()
    agents: tuple[AgentRule, ...] = ()

    def all(self) -> Iterator[Judging | MacRule | StackRule | AgentRule]:
        """Return every rule."""
        yield from self.known
        yield from self.spoken
        yield from self.macs
        yield from self.vendors
        yield from self.names
        yield from self.stacks
        yield from self.agents

    def virtual_mac(self, mac: int) -> MacRule | None:
        """Return the rule of a MAC that routers share."""
        digits = f"{mac:012x}"
        if not digits.startswith(self._shared):
            return None
        return next(rule for rule in self.macs if digits.startswith(rule.digits))

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        return tuple(rule.digits for rule in self.macs)
