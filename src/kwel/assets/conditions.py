"""Conditions of rules about devices in, one index over them out: which hold for what is known of a device.

A condition names one sort of observation and what it must hold; docs/rules.md describes them. Written with several
words, it holds with any of them. There is no arithmetic, no nesting and no order: a rule asks for all of some
conditions, for any of others, for none of a third.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from kwel.model.claims import Grade
from kwel.model.commands import CommandClass
from kwel.model.fast_dataclass import quick
from kwel.model.kinds import FactKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kwel.rulebook.rulefile import RuleTable

Sort = Literal["says", "speaks", "calls", "gives", "vendor", "serves", "asks", "tries", "reaches"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
FACT_KINDS: Final[tuple[str, ...]] = get_args(FactKind)
NAMES: Final = ("hostname", "station", "domain", "location", "identity")
"""What a person chose: a name promises nothing of the thing that bears it."""
OBJECT: Final = "snmp object "
"""So begins an identity that is none of these: the number that a maker gave its product (sysObjectID)."""
SIDES: Final = ("client", "server", "publisher", "master", "slave", "station")
"""The last four are of protocols without IP."""
WHERE: Final = ("outside",)
CLASSES: Final = tuple(kind.value for kind in CommandClass)
_PORT: Final = re.compile(r"(tcp|udp)/[1-9]\d{0,4}")
_TOKEN: Final = re.compile(r"[^\W_]+")
SHORTEST: Final = 3
"""Letters and digits before a ``*`` that stands in the first word."""
_STRENGTH: Final[dict[Sort, Grade]] = {
    "says": Grade.B, "speaks": Grade.A, "calls": Grade.B, "gives": Grade.B, "vendor": Grade.D, "serves": Grade.D,
    "asks": Grade.C, "tries": Grade.B, "reaches": Grade.D,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """The smallest thing that holds of a device or does not."""

    sort: Sort
    key: str
    """Of ``says`` the kind of fact, of ``speaks`` the protocol, else what must be there."""
    words: str = ""
    """Of ``says``: words in a row, of which the last may be cut by ``*``; of ``speaks``: the side."""
    least: int = 1
    """Of ``speaks``: distinct others; of ``tries``: hosts and ports."""

    @property
    def strength(self) -> Grade:
        """How far it carries by itself."""
        return Grade.D if self.sort == "says" and is_name(self.key, self.words) else _STRENGTH[self.sort]

    @property
    def is_own_content(self) -> bool:
        """Whether the frames of the device itself say it: not a name, a MAC address, a port or a way it went."""
        return self.sort in ("speaks", "calls", "gives") or (self.sort == "says" and not is_name(self.key, self.words))


@quick
@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is known of a device, as rules ask for it; ``by`` is whatever proves it."""

    sort: Sort
    key: str
    text: str = ""
    count: int = 1
    by: object = None
    is_certain: bool = True
    """Whether it is known who began: of ``speaks``."""

    @classmethod
    def parse(cls, text: str) -> Statement:
        """Read one as examples spell it: the words of a condition, and after them what is there.

        >>> Statement.parse("speaks s7comm as client with 3").count
        3
        >>> Statement.parse("says product CPU 315-2 PN/DP").text
        'CPU 315-2 PN/DP'

        Raises:
            ValueError: it is none.
        """
        sort, _, rest = text.strip().partition(" ")
        if sort not in SORTS or not rest:
            raise ValueError(f"{text!r} must begin with one of {', '.join(SORTS)}")
        if sort == "says":
            kind, _, said = rest.partition(" ")
            return cls("says", kind, said)
        if sort == "speaks":
            name, side, *count = rest.replace(" as ", " ").replace(" with ", " ").split()
            return cls("speaks", name, side, int(count[0]) if count else 1)
        return cls("tries", "", count=int(rest)) if sort == "tries" else cls(cast("Sort", sort), rest)


class Index:
    """All atoms of all rules, found by what a device says, speaks and does."""

    def __init__(self, atoms: Iterable[Atom]) -> None:
        self.atoms = tuple(dict.fromkeys(atoms))
        self.number = {atom: index for index, atom in enumerate(self.atoms)}
        self._exact: dict[tuple[str, str], list[int]] = {}
        self._words: dict[str, _WordIndex] = {}
        for index, atom in enumerate(self.atoms):
            if atom.sort in ("says", "vendor"):
                kind = atom.key if atom.sort == "says" else ""
                self._words.setdefault(kind, _WordIndex()).add(atom.words or atom.key, index)
            else:
                self._exact.setdefault((atom.sort, atom.key), []).append(index)
        self._of_text = lru_cache(1 << 14)(self._find_words)

    def wanted(self, sort: Sort) -> frozenset[str]:
        """Return what rules ask for of one sort."""
        return frozenset(atom.key for atom in self.atoms if atom.sort == sort)

    def is_asked_for(self, name: str) -> bool:
        """Return whether a rule knows a name or a parent of it."""
        return any(("asks", parent) in self._exact for parent in _parents(name))

    def holding(self, statements: Iterable[Statement]) -> dict[int, Statement]:
        """Return the atoms that hold, each with the first statement that shows it."""
        found: dict[int, Statement] = {}
        for statement in statements:
            for index in self._of(statement):
                found.setdefault(index, statement)
        return found

    def _of(self, said: Statement) -> Iterable[int]:
        if said.sort == "says":
            return self._of_text(said.key, said.text)
        if said.sort == "vendor":
            return self._of_text("", said.key)
        if said.sort == "asks":
            return [index for parent in _parents(said.key) for index in self._exact.get(("asks", parent), ())]
        found = self._exact.get((said.sort, said.key))
        return [i for i in found if self._is_met(self.atoms[i], said)] if found else ()

    @staticmethod
    def _is_met(atom: Atom, said: Statement) -> bool:
        return said.count >= atom.least and (atom.sort != "speaks" or said.text == atom.words)

    def _find_words(self, kind: str, text: str) -> tuple[int, ...]:
        index = self._words.get(kind)
        return index.find(text) if index else ()


@dataclass(slots=True)
class _WordIndex:
    """Patterns of words, by their first word."""

    whole: dict[str, list[tuple[tuple[str, ...], bool, int]]] = field(default_factory=dict)
    cut: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def add(self, pattern: str, index: int) -> None:
        """Take in a pattern."""
        is_cut, parts = pattern.endswith("*"), tuple(tokens(pattern))
        if is_cut and len(parts) == 1:
            self.cut.setdefault(parts[0][:SHORTEST], []).append((parts[0], index))
        else:
            self.whole.setdefault(parts[0], []).append((parts, is_cut, index))

    def find(self, text: str) -> tuple[int, ...]:
        """Return the patterns that stand in a text, in order of the pattern."""
        found, said = set(), tokens(text)
        for place, token in enumerate(said):
            for parts, is_cut, index in self.whole.get(token, ()):
                if _stands(parts, is_cut, said[place : place + len(parts)]):
                    found.add(index)
            for beginning, index in self.cut.get(token[:SHORTEST], ()):
                if token.startswith(beginning):
                    found.add(index)
        return tuple(sorted(found))


def _stands(parts: tuple[str, ...], is_cut: bool, said: list[str]) -> bool:
    if len(said) < len(parts) or tuple(said[:-1]) != parts[:-1]:
        return False
    return said[-1].startswith(parts[-1]) if is_cut else said[-1] == parts[-1]


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters and digits.

    >>> tokens("Siemens, 6ES7 315-2EH14")
    ['siemens', '6es7', '315', '2eh14']
    """
    return _TOKEN.findall(text.casefold())


def is_name(kind: str, said: str) -> bool:
    """Return whether a fact is what a person chose to call a device, and promises nothing of what it is.

    >>> is_name("hostname", "plc-07"), is_name("identity", "snmp-object/1.3.6.1.4.1.8691.7.7")
    (True, False)
    """
    return kind in NAMES and not " ".join(tokens(said)).startswith(OBJECT)


def _parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def read(table: RuleTable, applications: tuple[str, ...]) -> tuple[Atom, ...]:
    """Return the atoms of one condition, of which any makes it hold.

    Raises:
        RuleError: the condition is wrong.
    """
    sort = next((sort for sort in SORTS if sort in table), None)
    if sort is None:
        raise table.wrong("condition", f"asks for nothing; begin with one of {', '.join(SORTS)}")
    if sort == "says":
        atoms = _says(table)
    elif sort == "speaks":
        side, least = table.one_of("as", SIDES), table.take("with", int, 1)
        atoms = tuple(Atom("speaks", name, side, least) for name in _listed(table, "speaks", applications))
    elif sort == "tries":
        atoms = (Atom("tries", "", least=table.take("tries", int)),)
    else:
        atoms = tuple(Atom(sort, key) for key in _keys(table, sort, applications))
    table.finish()
    if any(atom.least < 1 for atom in atoms):
        raise table.wrong(sort, "must be asked of at least one")
    return atoms


def _keys(table: RuleTable, sort: Sort, applications: tuple[str, ...]) -> tuple[str, ...]:
    if sort == "asks":
        return table.suffixes("asks")
    if sort in ("calls", "gives", "reaches"):
        return _listed(table, sort, {"calls": applications, "gives": CLASSES, "reaches": WHERE}[sort])
    keys = table.words(sort)
    for key in keys:
        if sort == "serves" and not _PORT.fullmatch(key):
            raise table.wrong(sort, f"{key!r} is no port, such as tcp/554")
        if sort == "vendor":
            _check_words(table, sort, key)
    return keys


def _says(table: RuleTable) -> tuple[Atom, ...]:
    kinds, patterns = _listed(table, "says", FACT_KINDS), table.words("words")
    for pattern in patterns:
        _check_words(table, "words", pattern)
    return tuple(Atom("says", kind, pattern) for kind in kinds for pattern in patterns)


def _listed(table: RuleTable, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    values = table.words(key)
    if not values:
        raise table.wrong(key, "is empty")
    for value in values:
        if value not in known:
            raise table.wrong(key, f"{value!r} is not in the vocabulary ({', '.join(known)})")
    return values


def _check_words(table: RuleTable, key: str, pattern: str) -> None:
    parts = tokens(pattern)
    spelt = " ".join(parts) + "*" * pattern.endswith("*")
    if not parts or pattern != spelt:
        raise table.wrong(key, f"{pattern!r} must be words in lower case, {spelt!r}")
    if pattern.endswith("*") and len(parts) == 1 and len(parts[0]) < SHORTEST:
        raise table.wrong(key, f"{pattern!r} is too short for a *")
