"""Reads the rule files on suppliers: one spelling each, and the questions that law and inspectors ask.

``crosswalk/suppliers*.toml`` and ``crosswalk/questions*.toml``. docs/rules.md describes them. Apart from
``rulebook.load``, since most analyses never ask.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from fnmatch import fnmatch
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from kwel.model.law import Words
from kwel.model.suppliers import (
    FACTS,
    Article,
    Crosswalk,
    Heading,
    Instrument,
    Question,
    QuestionExample,
    Spelling,
)
from kwel.rulebook.rulefile import REQUIRED, RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.resources.abc import Traversable

FOLDER: Final = "crosswalk"
CHECKED: Final = ("text", "secondary", "unverified")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WORDS: Final = re.compile(r"[^\W_]+")


def load(root: Traversable | None = None, *, questions: bool = True) -> Crosswalk:
    """Return what the files that ship say, and those of a folder of the user's own laid over them.

    Args:
        root: that folder.
        questions: whether to read what is asked of suppliers; their names need none of it.

    Raises:
        RuleError: a rule is wrong: ``file:line: key: reason``.
    """
    files = dict(sorted(_files(resources.files("kwel.rules"))))
    files |= dict(sorted(_files(root))) if root else {}
    reader = _Reader()
    for name, text in files.items():
        if fnmatch(name, "suppliers*"):
            reader.take_names(RuleTable.parse(text, f"{FOLDER}/{name}"))
        elif questions and fnmatch(name, "questions*"):
            reader.take_questions(RuleTable.parse(text, f"{FOLDER}/{name}"))
    return reader.finish()


def _files(root: Traversable) -> Iterator[tuple[str, bytes]]:
    folder = root / FOLDER
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name.endswith(".toml"):
            yield entry.name, entry.read_bytes()


class _Reader:
    """Collects rows from several files and refuses what is there twice."""

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._spellings: dict[str, Spelling] = {}
        self._headings: dict[str, Heading] = {}
        self._instruments: dict[str, Instrument] = {}
        self._questions: dict[str, tuple[Question, RuleTable]] = {}
        self._examples: list[tuple[QuestionExample, RuleTable]] = []

    def finish(self) -> Crosswalk:
        """Return it; refuse headings and questions that no file has."""
        for question, table in self._questions.values():
            if question.heading not in self._headings:
                raise table.wrong("heading", f"no heading {question.heading!r}")
        for example, table in self._examples:
            for key, names in (("matches", example.matches), ("misses", example.misses)):
                for name in names:
                    if name not in self._questions:
                        raise table.wrong(key, f"no question {name!r}")
        return Crosswalk(
            tuple(self._forms),
            tuple(self._spellings.values()),
            tuple(self._headings.values()),
            tuple(self._instruments.values()),
            tuple(question for question, _ in self._questions.values()),
            tuple(example for example, _ in self._examples),
        )

    def take_names(self, table: RuleTable) -> None:
        """Take one spelling for each supplier."""
        table.sources()
        table.date("reviewed")
        table.take("unsourced", bool, default=False)
        self._forms += [form for form in table.words("legal_forms", ()) if form not in self._forms]
        taken = {word: one.name for one in self._spellings.values() for word in one.spellings}
        for inner in table.tables("suppliers"):
            name = inner.text("name")
            if name in self._spellings:
                raise inner.wrong("name", f"{name!r} is there twice")
            rule = Spelling(name, inner.words("spellings"), inner.words("matches"), inner.words("misses"))
            for word in rule.spellings:
                if word != " ".join(words_of(word)):
                    raise inner.wrong("spellings", f"{word!r} is not words in lower case with a space between")
                if word in taken:
                    raise inner.wrong("spellings", f"{word!r} is already {taken[word]!r}")
                taken[word] = name
            if not rule.matches or not rule.misses:
                raise inner.wrong("matches", "a name needs one that matches and one that does not")
            self._spellings[name] = rule
            inner.finish()
        table.finish()

    def take_questions(self, table: RuleTable) -> None:
        """Take a law or a guideline with its articles and questions."""
        checked = table.one_of("checked", CHECKED)
        name = _new(table, self._instruments)
        instrument = Instrument(
            id=name,
            title=Words(*table.sentence("title")),
            publisher=table.text("publisher"),
            reference=table.text("reference"),
            sources=table.sources(),
            checked=checked,
            reviewed=table.date("reviewed"),
            articles=tuple(_articles(table, checked)),
        )
        self._instruments[name] = instrument
        for inner in table.tables("headings"):
            heading = Heading(_new(inner, self._headings), Words(*inner.sentence("title")))
            self._headings[heading.id] = heading
            inner.finish()
        for inner in table.tables("questions"):
            question = self._question(inner, instrument)
            self._questions[question.id] = question, inner
        for inner in table.tables("examples"):
            facts, matches = _some_of(inner, "facts", FACTS), inner.words("matches")
            example = QuestionExample(table.file, facts, matches, inner.words("misses"))
            self._examples.append((example, inner))
            inner.finish()
        table.finish()

    def _question(self, table: RuleTable, instrument: Instrument) -> Question:
        articles = {article.id for article in instrument.articles}
        question = Question(
            id=_new(table, self._questions),
            heading=table.text("heading"),
            instrument=instrument.id,
            articles=_some_of(table, "articles", articles),
            when=_some_of(table, "when", FACTS),
            text=Words(*table.sentence("text")),
        )
        if not question.articles:
            raise table.wrong("articles", "a question that no article asks")
        table.finish()
        return question


def _articles(table: RuleTable, checked: str) -> Iterator[Article]:
    seen: set[str] = set()
    for inner in table.tables("articles"):
        name = _new(inner, seen)
        seen.add(name)
        yield Article(
            id=name,
            reference=inner.text("reference"),
            asks=Words(*inner.sentence("asks")),
            applies=inner.date("applies"),
            checked=inner.one_of("checked", CHECKED, checked),
        )
        inner.finish()


def _new(table: RuleTable, known: Collection[str]) -> str:
    name = table.text("id")
    if not _ID.fullmatch(name):
        raise table.wrong("id", f"{name!r} is not small letters, digits and hyphens, at most 40")
    if name in known:
        raise table.wrong("id", f"{name!r} is there twice")
    return name


def _some_of(table: RuleTable, key: str, known: Collection[str], default: Any = REQUIRED) -> tuple[str, ...]:
    values = table.words(key, default)
    for value in values:
        if value not in known:
            raise table.wrong(key, f"{value!r} is not one of {', '.join(sorted(known))}")
    return values


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case, without signs.

    >>> words_of("Phoenix Contact GmbH & Co. KG")
    ['phoenix', 'contact', 'gmbh', 'co', 'kg']
    """
    return _WORDS.findall(name.casefold())


class Names:
    """How suppliers are called: one spelling each."""

    def __init__(self, crosswalk: Crosswalk) -> None:
        self._forms = sorted((form.split() for form in crosswalk.legal_forms), key=len, reverse=True)
        self._known = {tuple(word.split()): rule.name for rule in crosswalk.spellings for word in rule.spellings}
        self._longest = max(map(len, self._known), default=0)
        self._ids: dict[str, str] = {}

    def of(self, name: str) -> tuple[str, bool]:
        """Return what to call a supplier, and whether a rule says so; else its own name without legal forms."""
        words = words_of(name)
        for length in range(min(len(words), self._longest), 0, -1):
            if found := self._known.get(tuple(words[:length])):
                return found, True
        return name, False

    def id(self, name: str) -> str:
        """Return a word for links and file names; of spellings that differ in signs and legal form only, the same."""
        found = self._ids.get(name)
        if found is None:
            found = self._ids[name] = self._made(name)
        return found

    def _made(self, name: str) -> str:
        words = words_of(unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode())
        while form := next(
            (form for form in self._forms if len(form) < len(words) and words[-len(form) :] == form), []
        ):
            words = words[: -len(form)]
        return "-".join(words)[:60].strip("-") or f"x{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def lint(root: Traversable | None = None) -> list[str]:
    """Return what is wrong, one line each: among it questions that no example raises, or that none leaves out."""
    try:
        book = load(root)
    except RuleError as error:
        return [str(error)]
    raised = {name for example in book.examples for name in example.matches}
    return [
        f"{FOLDER}/questions*.toml: examples: no example that raises {question.id!r}"
        for question in book.questions
        if question.id not in raised
    ]


def test(root: Traversable | None = None) -> list[str]:  # noqa: PT028 - a command, not a test
    """Return the examples that do not hold, one line each."""
    try:
        book = load(root)
    except RuleError as error:
        return [str(error)]
    names, failed = Names(book), []
    for rule in book.spellings:
        where = f"{FOLDER}/suppliers*.toml: {rule.name}"
        failed += [f"{where}: matches: {name!r} is not" for name in rule.matches if names.of(name) != (rule.name, True)]
        failed += [f"{where}: misses: {name!r} is" for name in rule.misses if names.of(name) == (rule.name, True)]
    for example in book.examples:
        raised = {question.id for question in book.asked(frozenset(example.facts))}
        facts = ", ".join(example.facts)
        lost, stray = set(example.matches) - raised, set(example.misses) & raised
        failed += [f"{example.file}: examples.matches: {n!r}: not raised by {facts}" for n in sorted(lost)]
        failed += [f"{example.file}: examples.misses: {n!r}: raised by {facts}" for n in sorted(stray)]
    return failed
