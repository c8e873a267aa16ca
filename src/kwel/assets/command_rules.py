"""rules/devices/commands.toml in, what the code of a command is called and of which class it is out."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kwel.assets.rules import APPLICATIONS, FOLDER
from kwel.model.commands import CommandClass
from kwel.model.kinds import Application
from kwel.rulebook.rulefile import RuleTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

FILE = "commands.toml"
ANSWER = "answer"
"""The class of what has a code and is no command."""
CLASSES = (*(kind.value for kind in CommandClass), ANSWER)
ASKS = ("initiator", "any")
WHOLE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Codes:
    """What the codes of one protocol mean."""

    application: str
    only_initiator: bool
    """Whether messages do not tell requests from answers, so that those of whoever began are meant."""
    low: int
    """The bits that a code is looked up by when it is not known as a whole."""
    known: Mapping[int, tuple[str, str]]
    """Class and name by code."""
    matches: tuple[str, ...]
    misses: tuple[str, ...]

    def find(self, code: int) -> tuple[str, str]:
        """Return the class and the name of a code."""
        found = self.known.get(code) or self.known.get(code & self.low)
        return found or (CommandClass.OTHER.value, f"0x{code:x}" if code != WHOLE else "…")

    def holds(self, text: str) -> bool:
        """Return whether ``write 0x05`` is right."""
        kind, _, code = text.partition(" ")
        return self.find(int(code, 0))[0] == kind


@functools.cache
def installed() -> Mapping[Application, Codes]:
    """Return the codes that came with this installation, by protocol."""
    return load(files("kwel.rules"))


def load(root: Traversable) -> dict[Application, Codes]:
    """Read the codes of commands.

    Raises:
        RuleError: the file is wrong: ``file:line: key: reason``.
    """
    name = f"{FOLDER}/{FILE}"
    table = RuleTable.parse((root / FOLDER / FILE).read_bytes(), name)
    table.sources()
    table.date("reviewed")
    protocols = table.table("protocols")
    table.finish()
    found: dict[Application, Codes] = {}
    for label, inner in protocols.rest() if protocols else ():
        if label not in APPLICATIONS:
            raise table.wrong(f"protocols.{label}", "is no protocol that kwel recognises")
        known = {codes.application: codes for codes in found.values()}
        found[Application[label.upper()]] = _codes(label, table.within(inner, "protocols", label), known)
    return found


def _codes(label: str, table: RuleTable, others: Mapping[str, Codes]) -> Codes:
    table.sources()
    table.take("unverified", bool, False)
    asks, low = table.one_of("asks", ASKS), table.take("low", int, WHOLE)
    matches, misses = table.words("matches"), table.words("misses")
    like = table.one_of("like", tuple(others), None)
    known = dict(others[like].known) if like else {}
    for kind in CLASSES:
        inner = table.table(kind)
        for code, name in _named(inner) if inner else ():
            if code in known:
                raise table.wrong(kind, f"0x{code:x} is already {' '.join(known[code])}")
            known[code] = kind, name
    table.finish()
    return Codes(label, asks == "initiator", low, known, matches, misses)


def _named(table: RuleTable) -> Iterator[tuple[int, str]]:
    for name, value in table.rest():
        codes: list[Any] = value if isinstance(value, list) else [value]
        for code in codes:
            if type(code) is not int or not 0 <= code < WHOLE:
                raise table.wrong(name, f"{code!r} is no code")
            yield code, name


def failing_examples(rules: Mapping[Application, Codes]) -> list[str]:
    """Return one line for every example that does not hold, and for every protocol without one."""
    problems = []
    for codes in rules.values():
        where = f"rules/{FOLDER}/{FILE} {codes.application}"
        if not codes.matches or not codes.misses:
            problems.append(f"{where}: examples: one that matches and one that misses are needed")
        problems += [f"{where}: {text!r} should match" for text in codes.matches if not codes.holds(text)]
        problems += [f"{where}: {text!r} should not match" for text in codes.misses if codes.holds(text)]
    return problems
