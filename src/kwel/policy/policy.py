"""Reads and checks a limits file. docs/limits.md describes the keys."""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kwel.model.limits import Action, Condition, Decision, Example, Exemption, Policy, Rule, Words
from kwel.policy.contacts import DIRECTIONS, KEYS
from kwel.policy.words import OPEN, checked
from kwel.rulebook.lines import line_of
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from kwel.policy.words import Vocabulary

LARGEST: Final = 16 << 20
"""Bytes of a limits file: a suggested one has a line for each service of each asset."""
LONGEST: Final = 500
"""Characters of a text."""
MOST: Final = 100_000
NOT: Final = "not_"
DEFAULTS: Final = (*DIRECTIONS, "commands")
WORDS: Final = {
    "undecided": ("incomplete", "show", "fail"),
    "coverage": ("limited", "good"),
    "proposals": ("doubt", "count"),
}
"""Keys of ``[default]`` beside the directions, the first word of each being the default."""
HINTS: Final = {
    "owner": 'write owner = "who answers for it"',
    "reason": 'write reason = "why, and what is done meanwhile"',
    "ticket": 'write ticket = "where it was decided"',
    "expires": "write expires = 2027-06-30, without quotes",
    "rule": 'write rule = "the id of the rule that it is an exception to"',
    "default": 'write default = "deny", or [default] with outbound, inbound, inside and commands',
    "id": 'write id = "a short name"',
    "action": 'write action = "deny", "warn" or "allow"',
}
_ID: Final = re.compile(r"[\w.:-]{1,80}")


class LimitsError(ValueError):
    """A limits file is wrong, or cannot be read: one line."""


def load(path: str | Path, known: Vocabulary) -> Policy:
    """Read a limits file.

    Raises:
        LimitsError: it cannot be read or is wrong: ``file:line: key: why; what to write``.
    """
    return sound(*examine(path, known))


def sound(policy: Policy | None, faults: list[str]) -> Policy:
    """Return a policy with which nothing is wrong.

    Raises:
        LimitsError: something is: the first of it.
    """
    if faults or policy is None:
        raise LimitsError(faults[0])
    return policy


def examine(path: str | Path, known: Vocabulary) -> tuple[Policy | None, list[str]]:
    """Return what a limits file says as far as it can be understood, and everything that is wrong with it.

    Raises:
        LimitsError: it cannot be read at all.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise LimitsError(f"{path}: {error.strerror or error}; name a limits file with --policy") from error
    return parse(text, str(path), known)


def parse(text: bytes, name: str, known: Vocabulary) -> tuple[Policy | None, list[str]]:
    """Return the same of the text of a file."""
    if len(text) > LARGEST:
        return None, [f"{name}: larger than {LARGEST} bytes"]
    try:
        whole = text.decode()
        content = tomllib.loads(whole)
    except RecursionError:
        return None, [f"{name}: nested too deep"]
    except ValueError as error:
        return None, [f"{name}: not TOML: {error}"]
    reader = _Reader(content, name, whole, known)
    policy = reader.read(Path(name).name, hashlib.sha256(text).hexdigest())
    return policy, reader.faults


class LimitsTable(RuleTable):
    """A table of a limits file."""

    FIRST = 1

    @functools.cached_property
    def line(self) -> int:
        """Return the line on which the table begins, 0 where that is not known."""
        return line_of(self._whole, self._at) or 0

    def wrong(self, key: str, why: str) -> RuleError:
        """Return the error to raise, with what to write instead."""
        key = key if key.isprintable() else repr(key)
        needs = why == "missing" or why.startswith(("must be", "is empty"))
        return super().wrong(key, f"{why}; {HINTS[key]}" if needs and key in HINTS else why)

    def says(self, key: str, default: Any = ...) -> str:
        """Return text for a reader, of bounded length."""
        value = self.text(key) if default is ... else self.text(key, default)
        if value is not default and len(value) > LONGEST:
            raise self.wrong(key, f"has {len(value)} characters, more than {LONGEST}")
        return value

    def in_languages(self, key: str) -> Words | None:
        """Return a text that is told once, or in both languages."""
        if key not in self:
            return None
        if type(self._table[key]) is str:
            text = self.says(key)
            return Words(text, text)
        inner = self.within(self.take(key, dict), key)
        words = Words(inner.says("nl"), inner.says("en"))
        inner.finish()
        return words

    def day(self, key: str, default: Any = ...) -> str | None:
        """Return a date as ISO 8601 text."""
        if default is not ... and key not in self:
            return None
        return self.date(key)

    def many(self, key: str) -> tuple[str, ...]:
        """Return one word or several; numbers count as words."""
        self._known.add(key)
        value = self._table.pop(key)
        values = value if type(value) is list else [value]
        words = [str(of) if type(of) in (int, float) else of for of in values]
        for index, word in enumerate(words):
            if type(word) is not str or not word:
                raise self.wrong(key, f"{word!r} is not a word")
            if len(word) > LONGEST:
                raise self.wrong(key, f"has a word of {len(word)} characters, more than {LONGEST}")
            if word in words[:index] and len(words) < MOST:
                raise self.wrong(key, f"{word!r} is there twice")
        if not words:
            raise self.wrong(key, "is empty: then it would never hold")
        return tuple(words)

    def keys_left(self) -> list[str]:
        """Return the keys that nobody took yet."""
        return list(self._table)


class _Reader:
    """Reads a whole file, and collects what is wrong with it."""

    def __init__(self, content: dict[str, Any], name: str, whole: str, known: Vocabulary) -> None:
        self._table = LimitsTable(content, name, whole=whole)
        self._name, self._known = name, known
        self.faults: list[str] = []

    def read(self, file: str, sha256: str) -> Policy | None:
        """Return the policy; ``None`` where not even its head can be understood."""
        table = self._table
        try:
            title = table.in_languages("title") or Words(file, file)
            default, switches = self._default()
            sources = table.words("sources", ())
            reviewed = table.day("reviewed", None)
        except RuleError as error:
            self.faults.append(str(error))
            return None
        rules = tuple(self._each("rules", self._rule))
        exemptions = tuple(self._each("exceptions", self._exemption))
        examples = tuple(self._each("examples", self._example))
        try:
            table.finish()
        except RuleError as error:
            self.faults.append(str(error))
        self._check_together(rules, exemptions)
        return Policy(file, sha256, title, default, rules, exemptions, **switches, examples=examples,
                      sources=sources, reviewed=reviewed)  # fmt: skip

    def _default(self) -> tuple[dict[str, Action], dict[str, str]]:
        table, actions = self._table, tuple(Action)
        if "default" not in table:
            raise table.wrong("default", "missing")
        if type(table._table["default"]) is str:
            word = Action(table.one_of("default", actions))
            return {**dict.fromkeys(DIRECTIONS, word), "commands": Action.ALLOW}, _switches(None)
        inner = table.within(table.take("default", dict), "default")
        default = {name: Action(inner.one_of(name, actions)) for name in DIRECTIONS}
        default["commands"] = Action(inner.one_of("commands", actions, Action.ALLOW.value))
        switches = _switches(inner)
        inner.finish()
        return default, switches

    def _each(self, key: str, read: Any) -> Any:
        """Yield what each table of an array of tables says; what is wrong with one says nothing of the next."""
        tables = self._table.take(key, list, [])
        if not all(isinstance(table, dict) for table in tables) or len(tables) > MOST:
            self.faults.append(str(self._table.wrong(key, f"must be up to {MOST} tables; write [[{key}]]")))
            return
        for number, content in enumerate(tables):
            table = self._table.within(content, key, number)
            try:
                yield read(table, number + 1)
                table.finish()
            except RuleError as error:
                self.faults.append(str(error))

    def _rule(self, table: LimitsTable, number: int) -> Rule:
        name = table.says("id")
        if not _ID.fullmatch(name):
            raise table.wrong("id", f"{name!r} is no short name; write letters, digits, . : _ and -")
        action = Action(table.one_of("action", tuple(Action)))
        because, source = table.in_languages("because"), table.says("source", "")
        return Rule(name, action, self._conditions(table), because, source, table.line)

    def _exemption(self, table: LimitsTable, number: int) -> Exemption:
        rule, owner, reason, ticket = (table.says(key) for key in ("rule", "owner", "reason", "ticket"))
        expires, begins = table.day("expires") or "", table.day("begins", None)
        if begins and begins > expires:
            raise table.wrong("expires", f"{expires} is before {begins}")
        conditions = self._conditions(table)
        if not conditions:
            raise table.wrong("assets", "missing: an exception from a whole rule is none; say for whom or for what")
        return Exemption(number, rule, conditions, owner, reason, ticket, expires, begins, table.line)

    def _example(self, table: LimitsTable, number: int) -> Example:
        expect = table.one_of("expect", tuple(Decision))
        says = []
        for key in table.keys_left():
            if key not in KEYS:
                raise table.wrong(key, "unknown key")
            says.append((key, table.many(key)))
        return Example(tuple(says), expect, table.line)

    def _conditions(self, table: LimitsTable) -> tuple[Condition, ...]:
        found = []
        for name in table.keys_left():
            key = name.removeprefix(NOT)
            if key not in KEYS:
                continue  # ``finish`` complains
            words: list[str] = []
            for word in table.many(name):
                stands_for, wrong = checked(key, word, self._known)
                if wrong:
                    raise table.wrong(name, wrong)
                words += stands_for
            found.append(Condition(key, tuple(dict.fromkeys(words)), name.startswith(NOT)))
        # What is cheap to hold against many contacts comes first: closed lists before names of hosts.
        return tuple(sorted(found, key=lambda of: (of.key in OPEN, KEYS.index(of.key), of.negated)))

    def _check_together(self, rules: tuple[Rule, ...], exemptions: tuple[Exemption, ...]) -> None:
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                self.faults.append(f"{self._at(rule.line)}: rules.id: {rule.id!r} is there twice; give each its own")
            seen.add(rule.id)
        seen |= {f"default: {name}" for name in DEFAULTS}
        for of in exemptions:
            if of.rule not in seen:
                self.faults.append(f"{self._at(of.line)}: exceptions[{of.number}].rule: no rule {of.rule!r}")

    def _at(self, line: int) -> str:
        return f"{self._name}:{line}" if line else self._name


def _switches(table: LimitsTable | None) -> dict[str, str]:
    return {key: table.one_of(key, words, words[0]) if table else words[0] for key, words in WORDS.items()}
