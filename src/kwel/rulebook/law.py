"""Reads the rule files on laws, offerings and frameworks.

``jurisdictions/laws*.toml``, ``jurisdictions/sovereign*.toml`` and ``frameworks*.toml``: several of each, so that a
user's own rows need not stand among those that kwel ships. docs/rules.md describes them.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, Final

from kwel.model.claims import Grade
from kwel.model.law import (
    OUTCOMES,
    Framework,
    Law,
    LawBook,
    LawExample,
    LawKind,
    LimitRule,
    Objective,
    Offering,
    Precedent,
    Words,
)
from kwel.rulebook.legal_reach import FACTS, LINKS, Held, facts_of, limit_of, reaching
from kwel.rulebook.rulefile import REQUIRED, RuleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from kwel.rulebook.model import Bloc, Operator, Vocabulary

CHECKED: Final = ("text", "secondary", "unverified")
HOW: Final = ("parent", "licensor", "partner")
SETTLES: Final = ("control", "residency")
OBJECTIVES: Final = ("ceiling", "prerequisite", "fact", "not-observable")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}")
WITHOUT_SCALE: Final = {"prerequisite": ("contradicted",), "fact": ("observed",), "not-observable": ()}


def read(
    files: Mapping[str, bytes], blocs: Mapping[str, Bloc], operators: Mapping[str, Operator], vocabulary: Vocabulary
) -> LawBook:
    """Return what the files say of law.

    Raises:
        RuleError: a rule is wrong: ``file:line: key: reason``.
    """
    book = _Reader(blocs, operators, vocabulary)
    for name, text in files.items():
        for pattern, take in book.takers.items():
            if fnmatch(name, pattern):
                take(RuleTable.parse(text, name))
    return book.finish()


class _Reader:
    """Collects rows from several files and refuses an id that is there twice."""

    def __init__(self, blocs: Mapping[str, Bloc], operators: Mapping[str, Operator], vocabulary: Vocabulary) -> None:
        self._blocs, self._operators, self._words = blocs, operators, vocabulary
        self.takers: dict[str, Callable[[RuleTable], None]] = {
            "jurisdictions/laws*.toml": self._take_laws,
            "jurisdictions/sovereign*.toml": self._take_offerings,
            "frameworks*.toml": self._take_frameworks,
        }
        self._laws: dict[str, Law] = {}
        self._precedents: dict[str, tuple[Precedent, RuleTable]] = {}
        self._offerings: dict[str, Offering] = {}
        self._frameworks: dict[str, Framework] = {}
        self._examples: list[LawExample] = []

    def finish(self) -> LawBook:
        """Return the book; refuse a precedent of a law that no file has."""
        for precedent, table in self._precedents.values():
            if precedent.law not in self._laws:
                raise table.wrong("law", f"no law {precedent.law!r}")
        precedents = tuple(precedent for precedent, _ in self._precedents.values())
        laws, frameworks = tuple(self._laws.values()), tuple(self._frameworks.values())
        return LawBook(laws, precedents, self._offerings, frameworks, tuple(self._examples))

    def _rows(self, table: RuleTable, key: str, known: Collection[str]) -> Iterable[tuple[str, RuleTable]]:
        seen: set[str] = set()
        for inner in table.tables(key):
            name = _id(inner)
            if name in known or name in seen or name in self._blocs:
                raise inner.wrong("id", f"{name!r} is there twice")
            seen.add(name)
            yield name, inner
            inner.finish()

    def _take_laws(self, table: RuleTable) -> None:
        reviewed = table.date("reviewed")
        for name, inner in self._rows(table, "laws", self._laws):
            self._laws[name] = self._law(name, inner, reviewed)
        for name, inner in self._rows(table, "precedents", self._precedents):
            first, last = inner.date("first"), _known_on(inner, "last", reviewed)
            if last < first:
                raise inner.wrong("last", f"{last} is before {first}")
            precedent = Precedent(
                name,
                inner.text("law"),
                Words(*inner.sentence("title")),
                first,
                last,
                Words(*inner.sentence("what")),
                inner.source(),
                inner.one_of("checked", CHECKED),
            )
            self._precedents[name] = precedent, inner
        self._examples += _examples(table)
        table.finish()

    def _law(self, name: str, table: RuleTable, reviewed: str) -> Law:
        members, jurisdiction = self._members(table)
        status = table.one_of("status", tuple(self._words.law_statuses))
        return Law(
            id=name,
            title=table.text("title"),
            kind=LawKind(table.one_of("kind", tuple(LawKind))),
            jurisdiction=jurisdiction,
            members=members,
            status=status,
            status_date=_known_on(table, "status_date", reviewed),
            works=self._words.law_statuses[status],
            reference=table.text("reference"),
            reaches=Words(*table.sentence("reaches")),
            through=_some_of(table, "through", LINKS),
            source=table.source(),
            checked=table.one_of("checked", CHECKED),
            note=Words(*table.sentence("note")) if "note" in table else None,
        )

    def _members(self, table: RuleTable) -> tuple[frozenset[str], str]:
        """Return where a law binds: in a state, or in all members of a bloc that made it together."""
        jurisdiction = table.country("jurisdiction")
        bloc = table.text("bloc", None)
        if bloc is None:
            return frozenset({jurisdiction}), jurisdiction
        return self._bloc(table, bloc), jurisdiction

    def _bloc(self, table: RuleTable, name: str) -> frozenset[str]:
        if name not in self._blocs:
            raise table.wrong("bloc", f"no bloc {name!r}")
        return frozenset(self._blocs[name].members)

    def _take_offerings(self, table: RuleTable) -> None:
        reviewed = table.date("reviewed")
        for name, inner in self._rows(table, "offerings", self._offerings):
            one = Offering(
                id=name,
                name=inner.text("name"),
                operators=self._seen_by(inner),
                party=inner.text("party"),
                jurisdiction=inner.country("jurisdiction"),
                how=inner.one_of("how", HOW),  # type: ignore[arg-type]
                settles=inner.one_of("settles", SETTLES),  # type: ignore[arg-type]
                why=Words(*inner.sentence("why")),
                date=_known_on(inner, "date", reviewed),
                source=inner.source(),
                checked=inner.one_of("checked", CHECKED),
            )
            seats = {self._operators[of].parent.jurisdiction for of in one.operators}
            if one.how == "parent" and not seats <= {one.jurisdiction}:
                raise inner.wrong("how", f"the parent of its operators is seated in {', '.join(sorted(seats))}")
            self._offerings[name] = one
        table.finish()

    def _seen_by(self, table: RuleTable) -> tuple[str, ...]:
        """Return the operators by whose hosts an offering is seen: each is of one offering only."""
        operators = table.words("operators")
        taken = {of: one.id for one in self._offerings.values() for of in one.operators}
        for operator in operators:
            if operator not in self._operators:
                raise table.wrong("operators", f"no operator {operator!r}")
            if operator in taken:
                raise table.wrong("operators", f"{operator!r} is already in {taken[operator]!r}")
        return operators

    def _take_frameworks(self, table: RuleTable) -> None:
        reviewed = table.date("reviewed")
        for name, inner in self._rows(table, "frameworks", self._frameworks):
            bloc, levels = inner.text("bloc"), inner.words("levels", ())
            for level in levels:
                _check_id(inner, "levels", level)
            if both := set(levels) & set(OUTCOMES):
                raise inner.wrong("levels", f"{min(both)!r} is an outcome of every framework")
            self._frameworks[name] = Framework(
                id=name,
                title=Words(*inner.sentence("title")),
                publisher=inner.text("publisher"),
                edition=inner.text("edition"),
                status=inner.one_of("status", tuple(self._words.law_statuses)),
                status_date=_known_on(inner, "status_date", reviewed),
                bloc=bloc,
                members=self._bloc(inner, bloc),
                levels=levels,
                objectives=tuple(_objectives(inner, levels)),
                sources=inner.sources(),
                checked=inner.one_of("checked", CHECKED),
                note=Words(*inner.sentence("note")),
            )
        self._examples += _examples(table)
        table.finish()


def _examples(table: RuleTable) -> Iterable[LawExample]:
    for inner in table.tables("examples"):
        links = tuple((link, inner.countries(link)) for link in LINKS if link in inner)
        more = _some_of(inner, "also", FACTS, ())
        yield LawExample(table.file, links, more, inner.words("matches"), inner.words("misses", ()))
        inner.finish()


def _objectives(table: RuleTable, levels: tuple[str, ...]) -> Iterable[Objective]:
    seen: set[str] = set()
    for inner in table.tables("objectives"):
        name, kind = _id(inner), inner.one_of("kind", OBJECTIVES)
        if name in seen:
            raise inner.wrong("id", f"{name!r} is there twice")
        seen.add(name)
        rules = tuple(_limit_rule(one, WITHOUT_SCALE.get(kind, levels)) for one in inner.tables("limits"))
        needs = _some_of(inner, "needs", FACTS, ())
        if bool(rules or needs) is (kind == "not-observable"):
            raise inner.wrong("limits", "an objective has limits, or needs, exactly where it can be observed")
        yield Objective(name, Words(*inner.sentence("title")), kind, rules, needs)  # type: ignore[arg-type]
        inner.finish()
    if not seen:
        raise table.wrong("objectives", "missing")


def _limit_rule(table: RuleTable, outcomes: tuple[str, ...]) -> LimitRule:
    when = _some_of(table, "when", FACTS)
    if not when:
        raise table.wrong("when", "is empty: a limit without a fact is a rating")
    rule = LimitRule(
        when,
        _some_of(table, "unless", FACTS, ()),
        table.one_of("outcome", outcomes),
        Words(*table.sentence("because")),
    )
    table.finish()
    return rule


def _some_of(table: RuleTable, key: str, known: Collection[str], default: Any = REQUIRED) -> tuple[str, ...]:
    values = table.words(key, default)
    for value in values:
        if value not in known:
            raise table.wrong(key, f"{value!r} is not one of {', '.join(sorted(known))}")
    return values


def _known_on(table: RuleTable, key: str, reviewed: str) -> str:
    """Return a date; nobody can have known what came after the review."""
    value = table.date(key)
    if value > reviewed:
        raise table.wrong(key, f"{value} is after the file was reviewed, {reviewed}")
    return value


def _id(table: RuleTable) -> str:
    value = table.text("id")
    _check_id(table, "id", value)
    return value


def _check_id(table: RuleTable, key: str, value: str) -> None:
    """Refuse what could not stand in ``law:link+link``, ``framework/objective:level`` or a link within a page."""
    if not _ID.fullmatch(value):
        raise table.wrong(key, f"{value!r} is not letters, digits and hyphens, at most 60")


def lint(book: LawBook) -> list[str]:
    """Return the laws and objectives that no example proves, one line each."""
    proven = {match for example in book.examples for match in example.matches}
    objectives = {match.partition(":")[0] for match in proven}
    missing = [f"law {law.id!r}" for law in book.laws if law.works and law.through and law.id not in proven]
    missing += [
        f"objective '{framework.id}/{objective.id}'"
        for framework in book.frameworks
        for objective in framework.objectives
        if objective.rules and f"{framework.id}/{objective.id}" not in objectives
    ]
    return [f"{_place(what)}: examples: no example that matches {what}" for what in missing]


def _place(what: str) -> str:
    return "jurisdictions/laws*.toml" if what.startswith("law ") else "frameworks*.toml"


def test(book: LawBook) -> list[str]:
    """Return the examples that do not hold, one line each."""
    failed = []
    for example in book.examples:
        links = {link: Held(values, Grade.A) for link, values in example.links}
        found = {reach.law.id for reach in reaching(links, book.laws)}
        for framework in book.frameworks:
            facts = facts_of(links, framework.members, frozenset(example.also))
            found |= {str(limit_of(framework, objective, facts)) for objective in framework.objectives}
        who = ", ".join(f"{link} {'/'.join(values)}" for link, values in example.links)
        lost, stray = (x for x in example.matches if x not in found), (x for x in example.misses if x in found)
        failed += [f"{example.file}: examples.matches: {one!r} does not follow from {who}" for one in lost]
        failed += [f"{example.file}: examples.misses: {one!r} follows from {who}" for one in stray]
    return failed
