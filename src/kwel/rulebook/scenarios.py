"""Reads outage scenarios from rules/scenarios/*.toml or a file of the user.

A scenario with a ``parameter`` is a form: ``region:westeurope`` fills it in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from kwel import rulebook
from kwel.model.law import Words
from kwel.model.outage import Scenario, ScenarioKind, Takes
from kwel.rulebook.rulefile import RuleError, RuleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from kwel.rulebook.model import Rulebook

FOLDER: Final = "scenarios/"
KINDS: Final = get_args(ScenarioKind)
LISTS: Final = tuple(field.name for field in fields(Takes) if field.name != "keys")
BLANK: Final = "{}"
LARGEST: Final = 1 << 20
MOST_DAYS: Final = 10_000
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_EXAMPLE: Final = re.compile(r"(?P<has>\w+=\S+(?: \w+=\S+)*)(?: = (?P<value>\S.*))?")


class ScenarioError(ValueError):
    """There is no such scenario, or its file is wrong: one line."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a scenario promises to take away, or promises not to."""

    has: tuple[tuple[str, str], ...]
    value: str | None
    matches: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A scenario, and the example of what fills it in, where it is a form."""

    scenario: Scenario
    parameter: str | None
    examples: tuple[Example, ...]

    def filled(self, value: str) -> Scenario:
        """Return the scenario of one value."""

        def fill(words: Words) -> Words:
            return Words(*(text.replace(BLANK, value) for text in words))

        matches = tuple(
            Takes(**{key: tuple(value if one == BLANK else one for one in getattr(takes, key)) for key in LISTS})
            for takes in self.scenario.matches
        )
        return replace(
            self.scenario, id=f"{self.scenario.id}:{value}", title=fill(self.scenario.title), matches=matches
        )


def load(root: Traversable | None = None, book: Rulebook | None = None) -> dict[str, Form]:
    """Read every scenario that ships with kwel, with those of a user's folder over them.

    Raises:
        RuleError: one is wrong: ``file:line: key: reason``.
    """
    book = book or rulebook.load(root)
    found = {}
    for name, text in rulebook.read(root).items():
        if name.startswith(FOLDER):
            stem = name.removeprefix(FOLDER).removesuffix(".toml")
            found[stem] = read(RuleTable.parse(text, name), stem, book)
    return found


def plain(forms: Mapping[str, Form]) -> tuple[Scenario, ...]:
    """Return the scenarios that are no forms, in order of their ids."""
    return tuple(form.scenario for _, form in sorted(forms.items()) if form.parameter is None)


def choose(wanted: str, forms: Mapping[str, Form], book: Rulebook) -> Scenario:
    """Return a scenario by its id, by a form and a value (``region:westeurope``), or by a file.

    Raises:
        ScenarioError: there is none, or its file is wrong.
    """
    name, colon, value = wanted.partition(":")
    form = forms.get(name)
    if form and form.parameter is None and not colon:
        return form.scenario
    if form and form.parameter is not None and colon and value:
        scenario = form.filled(value)
        _refuse_unknown(scenario, book)
        return replace(scenario, matches=tuple(_of_region(takes, book) for takes in scenario.matches))
    if form and form.parameter is not None:
        raise ScenarioError(f"scenario {wanted!r}: of which? write {name}:{form.parameter}")
    if wanted.endswith(".toml") or "/" in wanted:
        return _of_file(Path(wanted), book)
    known = [f"{key}:…" if one.parameter else key for key, one in sorted(forms.items())]
    raise ScenarioError(f"no scenario {wanted!r}: there are {', '.join(known)}, or name a file that ends in .toml")


def _of_file(path: Path, book: Rulebook) -> Scenario:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}; docs/outage.md shows how one looks") from error
    if len(text) > LARGEST:
        raise ScenarioError(f"{path}: larger than {LARGEST} bytes; a scenario is a page of text")
    try:
        form = read(RuleTable.parse(text, str(path)), path.stem.lower(), book)
    except RuleError as error:
        raise ScenarioError(str(error)) from error
    except RecursionError as error:
        raise ScenarioError(f"{path}: nested too deep") from error
    return replace(form.scenario, kind="file")


def read(table: RuleTable, stem: str, book: Rulebook) -> Form:
    """Return what one file says."""
    if not _ID.fullmatch(stem):
        raise table.wrong("file", f"{stem!r} is not lower-case letters, digits and hyphens, at most 60")
    everything = table.take("everything", bool, default=False)
    scenario = Scenario(
        id=stem,
        title=Words(*table.sentence("title")),
        why=Words(*table.sentence("why")),
        kind=cast("ScenarioKind", table.one_of("kind", KINDS)),
        matches=tuple(_takes(inner, book) for inner in table.tables("takes")),
        notice=_days(table, "notice", 0),
        duration=_days(table, "duration", None),
        everything=everything,
        source=table.source(),
        reviewed=table.date("reviewed"),
    )
    parameter = table.text("parameter", None)
    if bool(scenario.matches) is everything:
        raise table.wrong("takes", "write either [[takes]] or everything = true")
    form = Form(scenario, parameter, _examples(table, parameter, everything=everything))
    table.finish()
    return form


def _days(table: RuleTable, key: str, usual: Any) -> Any:
    value: int | None = table.take(key, int, usual)
    if value is not None and not 0 <= value <= MOST_DAYS:
        raise table.wrong(key, f"{value} is not a number of days from 0 to {MOST_DAYS}")
    return value


def _takes(table: RuleTable, book: Rulebook) -> Takes:
    known = _known(book)
    lists = {key: table.words(key, ()) for key in LISTS}
    table.finish()
    if not any(lists.values()):
        raise table.wrong("takes", f"is empty; write one of {', '.join(LISTS)}")
    for key, values in lists.items():
        for value in values:
            if value != BLANK and (why := known[key](value) if key in known else None):
                raise table.wrong(key, why)
    return Takes(**lists)


def _known(book: Rulebook) -> dict[str, Callable[[str], str | None]]:
    """Return what says why a word of a list fits nothing that there may be."""
    closed = {
        "operators": tuple(book.operators),
        "functions": tuple(book.vocabulary.functions),
        "roles": tuple(book.vocabulary.kinds),
    }

    def country(value: str) -> str | None:
        return None if re.fullmatch(r"[A-Z]{2}", value) else f"{value!r} is not an upper-case ISO 3166-1 country code"

    def one_of(key: str) -> Callable[[str], str | None]:
        return lambda value: None if value in closed[key] else f"the rules know no {value!r} among the {key}"

    return {**{key: one_of(key) for key in closed}, "jurisdictions": country, "locations": country}


def _of_region(takes: Takes, book: Rulebook) -> Takes:
    """Return what is taken away, where regions are named with whose they may be: a name belongs to its operator."""
    if not takes.regions or takes.operators:
        return takes
    known = [of.id for of in book.operators.values() if set(takes.regions) & set(book.regions.get(of.regions, ()))]
    if not known:
        raise ScenarioError(f"no operator of the rules has a region {takes.regions[0]!r}; they spell it as they do")
    return replace(takes, operators=tuple(known))


def _refuse_unknown(scenario: Scenario, book: Rulebook) -> None:
    for takes in scenario.matches:
        for key, why in _known(book).items():
            for value in getattr(takes, key):
                if said := why(value):
                    raise ScenarioError(f"scenario {scenario.id!r}: {said}")


def _examples(table: RuleTable, parameter: str | None, *, everything: bool) -> tuple[Example, ...]:
    inner = table.table("examples")
    found = []
    for key, matches in (("matches", True), ("misses", False)):
        for text in inner.words(key, ()) if inner else ():
            match = _EXAMPLE.fullmatch(text)
            if not match or (parameter is None) is not (match["value"] is None):
                raise table.wrong(f"examples.{key}", f"{text!r} is not like 'operator=azure region=westeurope'")
            pairs = tuple((one.partition("=")[0], one.partition("=")[2]) for one in match["has"].split(" "))
            found.append(Example(pairs, match["value"], matches))
    if inner:
        inner.finish()
    if not everything and table.file.startswith(FOLDER) and {one.matches for one in found} != {True, False}:
        raise table.wrong("examples", "needs something that matches and something that does not")
    return tuple(found)
